//! What a program does with buckets: over a store of our own that breaks where it is told to, and over
//! real ones where there are some.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests"
)]

mod account;
mod download;
mod large;
mod pools;
mod requests;
mod servers;
mod store;
mod upload;
