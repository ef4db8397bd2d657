//! The corners where a conversation loses something between two wires: what becomes of each on
//! this one.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod answers;
mod platforms;
mod settings;
mod state;
mod support;
mod turns;
