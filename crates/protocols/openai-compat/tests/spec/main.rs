//! What this wire does, case by case. `bug_…` are named after `field-bugs.md`, `f…` after
//! `faults.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

mod answers;
mod bugs;
mod capabilities;
mod corners;
mod dialect;
mod errors;
mod faults;
mod filters;
mod fixture_kit;
mod properties;
mod round_trip;
mod routed;
mod sources;
mod support;
mod told;
mod usage;
mod wire;
