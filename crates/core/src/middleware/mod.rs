//! tower middleware whose unit is the whole reply, and the [`Stack`] that puts it in order.
//!
//! Each layer stands alone as well: `backend.layer(Retry::default())`. So does every tower layer
//! of others.

pub(crate) mod breaker;
mod budget;
mod deadline;
mod fallback;
mod follow;
pub(crate) mod gate;
pub(crate) mod life;
#[cfg(feature = "metrics")]
mod metrics;
pub(crate) mod pool;
pub(crate) mod rate;
mod retry;
mod semconv;
mod stack;
mod times;
mod trace;

pub use breaker::{Breaker, BreakerFuture, BreakerService, CircuitState, CircuitStatus, Circuits};
pub use budget::Budget;
pub use deadline::{Deadline, DeadlineFuture, DeadlineService};
pub use fallback::Fallback;
pub use gate::{Gate, GateFuture, GateService};
#[cfg(feature = "metrics")]
pub use metrics::{Metrics, MetricsFuture, MetricsService};
pub use pool::{KeySource, Pick, Pool, Token, TokenSource};
pub use rate::{RateLimit, RateLimitFuture, RateLimitService};
pub use retry::{Retry, RetryFuture, RetryService};
pub use stack::Stack;
pub use times::Times;
pub use trace::{KeyId, Trace, TraceFuture, TraceService};
