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
mod fallback_scope;
mod fold;
mod follow;
mod gate;
mod health;
mod idempotency;
mod laws;
mod layers;
mod limits;
#[cfg(feature = "metrics")]
mod metrics;
mod operating;
mod operations;
mod outage;
mod pool_cancel;
mod pool_close;
mod pool_endpoints;
mod pool_keys;
mod pool_returns;
mod pool_standing;
mod pool_tokens;
mod rate;
mod rate_learned;
mod registry;
mod registry_config;
mod registry_discover;
mod retry;
mod serde_forms;
mod streams;
mod support;
mod timers;
mod trace;
mod trace_calls;
mod variables;
