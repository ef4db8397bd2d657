//! The embedded provider, seen from a client that speaks raw bytes.
// Clippy's exception for tests does not reach the helpers beside them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice
)]
#![allow(unreachable_pub)]

mod chat;
mod client;
mod embeddings;
mod refusals;
