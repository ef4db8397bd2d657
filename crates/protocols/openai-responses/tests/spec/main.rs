//! The Responses API, by its public surface: bytes in, an answer out, and the other way about.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that panics has failed"
)]

mod bugs;
mod corners;
mod support;
