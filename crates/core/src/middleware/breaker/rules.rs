//! What a circuit is told, and what it answers.

use std::time::Duration;

use serde::Serialize;

/// What a circuit does with calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CircuitState {
    /// Lets them pass, and watches how they end.
    #[default]
    Closed,
    /// Refuses them until its rest is over.
    Open,
    /// Lets a few pass, to see whether the endpoint is well again.
    HalfOpen,
    /// Refuses them until told otherwise.
    ForcedOpen,
    /// Lets them pass and watches nothing until told otherwise.
    ForcedClosed,
}

impl CircuitState {
    #[cfg(feature = "metrics")]
    pub(crate) const ALL: [Self; 5] = [
        Self::Closed,
        Self::Open,
        Self::HalfOpen,
        Self::ForcedOpen,
        Self::ForcedClosed,
    ];

    /// A name that does not change: `half_open`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::ForcedClosed => "forced_closed",
        }
    }
}

/// When to open, for how long, and how to close again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rules {
    pub(crate) failure_rate: f64,
    pub(crate) over: u32,
    pub(crate) consecutive: u32,
    pub(crate) slow: Option<Slow>,
    pub(crate) rest: Duration,
    pub(crate) longest_rest: Duration,
    pub(crate) probes: u32,
    pub(crate) lease: Duration,
}

/// What is slow, and how much of it is too much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Slow {
    pub(crate) threshold: Duration,
    pub(crate) rate: f64,
}

/// When something happens, since an arbitrary start, and how the dice fell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment {
    pub(crate) now: Duration,
    /// What a rest that begins now is multiplied by.
    pub(crate) jitter: f64,
}

/// What is known of a failure.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Failure {
    /// How long the server asks to be left alone.
    pub(crate) hint: Option<Duration>,
    /// Its content did not come in time.
    pub(crate) slow: bool,
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) from: CircuitState,
    pub(crate) to: CircuitState,
}

/// How long calls are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Until(Duration),
    UntilToldOtherwise,
}
