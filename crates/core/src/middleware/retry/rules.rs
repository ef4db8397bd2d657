//! Whether a failed call may be asked for again: by the error, and by what a second time would do.

use crate::{Class, Delivery, Error, ErrorKind, Recovery};

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Stop,
    Again { when: When, tokens: u32 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// The endpoint or the key will be another one.
    AtOnce,
    /// After the provider's hint, or a backoff.
    Later,
}

/// What one call has used up of what it may do only once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spent {
    /// Attempts that may have been acted on, for all we know, and are asked for again only once.
    doubtful: bool,
    /// Attempts that may have been acted on at all.
    pub(super) maybe_acted_on: bool,
    /// Another key or endpoint after a refusal or a silence.
    moved: bool,
    /// A try that only the provider's `x-should-retry` allowed.
    upgraded: bool,
}

impl Spent {
    /// Another try follows on `error`.
    pub(super) fn on(&mut self, error: &Error) {
        self.doubtful |= is_doubtful(error);
        self.maybe_acted_on |= error.delivery() == Delivery::MaybeProcessed;
        // A connection that came to nothing in time is asked again as often as others are.
        self.moved |= moves_once(error.kind()) && error.recovery() == Recovery::Elsewhere;
        self.upgraded |= error.should_retry() == Some(true);
    }
}

/// What a try costs that may double work under way: a silent provider may still be at it.
const DEAR: u32 = 2;

pub(super) fn step(class: Class, error: &Error, spent: &Spent) -> Step {
    if !error.may_go_on() {
        return Step::Stop;
    }
    let again = |when, tokens| Step::Again { when, tokens };
    match error.recovery() {
        // Only who has somewhere else to go says so; a lone endpoint is not asked twice.
        Recovery::Elsewhere if error.is_told_elsewhere() => match error.kind() {
            kind if moves_once(kind) && spent.moved => Step::Stop,
            ErrorKind::Timeout if class == Class::Effect && !is_unharmful(error) => Step::Stop,
            ErrorKind::Timeout => again(When::AtOnce, DEAR),
            // Refused before any work was done.
            ErrorKind::Auth | ErrorKind::Permission | ErrorKind::QuotaExhausted => {
                again(When::AtOnce, 0)
            }
            _ if may_repeat(class, error, spent) => again(When::AtOnce, 1),
            _ => Step::Stop,
        },
        Recovery::Later if may_repeat(class, error, spent) => again(When::Later, 1),
        _ if is_upgraded(error) && !spent.upgraded => again(When::Later, 1),
        _ => Step::Stop,
    }
}

/// Whether a second time does no more harm than it is worth.
fn may_repeat(class: Class, error: &Error, spent: &Spent) -> bool {
    match class {
        Class::Read => true,
        Class::Billed => !(is_doubtful(error) && spent.doubtful),
        Class::Effect => is_unharmful(error),
    }
}

/// What one call does only once, however many keys or endpoints there are.
fn moves_once(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Auth | ErrorKind::Permission | ErrorKind::QuotaExhausted | ErrorKind::Timeout
    )
}

/// Whether the provider may have acted on it, or failed in the midst of it: to pay for it twice is
/// enough.
fn is_doubtful(error: &Error) -> bool {
    let cut_off =
        error.kind() == ErrorKind::Interrupted && error.delivery() == Delivery::MaybeProcessed;
    cut_off
        || error
            .status()
            .is_some_and(|status| matches!(status.as_u16(), 424 | 499))
}

/// Whether the provider had certainly not begun, or would know the second request for the first.
fn is_unharmful(error: &Error) -> bool {
    match (error.delivery(), error.kind()) {
        (Delivery::NotSent, _) => true,
        (
            Delivery::Rejected,
            ErrorKind::RateLimited | ErrorKind::NotReady | ErrorKind::Interrupted,
        ) => true,
        (Delivery::Rejected, ErrorKind::Overloaded) => {
            error.retry_after().is_some() || error.is_keyed()
        }
        // The protocol says that what stands in the way will be gone.
        (Delivery::Rejected, ErrorKind::Conflict) => error.recovery() == Recovery::Later,
        (Delivery::MaybeProcessed, ErrorKind::Server | ErrorKind::Interrupted) => error.is_keyed(),
        _ => false,
    }
}

/// Whether the provider itself asks for another try where we would not make one.
fn is_upgraded(error: &Error) -> bool {
    let may = |status: http::StatusCode| matches!(status.as_u16(), 409 | 424 | 499 | 500..=599);
    error.should_retry() == Some(true)
        && error.status().is_some_and(may)
        && error.delivery() != Delivery::Committed
}
