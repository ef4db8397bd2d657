//! What core promises, as specifications: over a transport in memory and a clock that stands still.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice
)]

mod account;
mod answers;
mod breaker;
mod breaker_circuits;
mod breaker_streams;
mod driver;
mod escape;
mod fallback;
mod fold;
mod laws;
mod layers;
mod limits;
mod retry;
mod serde_forms;
mod streams;
mod support;
mod timers;
mod trace;
