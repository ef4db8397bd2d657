//! One call's attempts: whether there is another, and when.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};
use tower::retry::Policy;

use super::{
    Retry,
    rules::{self, Step, When},
};
use crate::{
    Call, Error, ErrorKind, Reply, Result, Scope,
    middleware::{
        Times,
        trace::{self, Told},
    },
};

/// What has been spent on one call.
#[derive(Clone, Debug)]
pub(super) struct History {
    retry: Retry,
    waited: Duration,
    spent: rules::Spent,
    attempt_began: Instant,
    /// How many attempts layers below had told of when this one began.
    told: u32,
}

/// Less than this before the deadline is no time for an attempt.
const SHORTEST_ATTEMPT: Duration = Duration::from_millis(100);

impl History {
    pub(super) fn new(retry: Retry) -> Self {
        Self {
            retry,
            waited: Duration::ZERO,
            spent: rules::Spent::default(),
            attempt_began: Instant::now(),
            told: 0,
        }
    }

    fn tell<'a>(&self, call: &Call, told: impl FnOnce() -> Told<'a>) {
        trace::attempt(call, self.told, || told().budget(self.retry.budget.left()));
    }

    /// How long to wait before the next attempt; `None` if there is none.
    fn delay(&self, call: &Call, error: &Error) -> Option<Duration> {
        if call.attempt + 1 >= self.retry.attempts {
            return None;
        }
        let Step::Again { when, tokens } = rules::step(call.op.class(), error, &self.spent) else {
            return None;
        };
        let delay = match (when, error.retry_after()) {
            (When::AtOnce, _) => Duration::ZERO,
            (When::Later, Some(hint)) if hint > self.retry.cap => return None,
            (When::Later, Some(hint)) => {
                hint.saturating_add(jitter((hint / 10).min(Duration::from_secs(1))))
            }
            (When::Later, None) => self.backoff(error.kind(), call.attempt),
        };
        if self.waited.saturating_add(delay) > self.retry.total_wait {
            return None;
        }
        // Nor one beyond what a clock can hold, where nothing bounds the waits.
        let sent_by = Instant::now()
            .checked_add(delay)?
            .checked_add(SHORTEST_ATTEMPT)?;
        if call.deadline.is_some_and(|deadline| sent_by > deadline) {
            return None;
        }
        self.retry.budget.withdraw(tokens).then_some(delay)
    }

    /// Full jitter under an exponential ceiling.
    fn backoff(&self, kind: ErrorKind, attempt: u32) -> Duration {
        let base = match kind {
            ErrorKind::Overloaded | ErrorKind::NotReady | ErrorKind::RateLimited => {
                self.retry.base.saturating_mul(4)
            }
            _ => self.retry.base,
        };
        jitter(
            base.saturating_mul(1 << attempt.min(16))
                .min(self.retry.ceiling),
        )
    }
}

fn jitter(ceiling: Duration) -> Duration {
    ceiling.mul_f64(fastrand::f64())
}

impl Policy<Call, Reply, Error> for History {
    type Future = Wait;

    fn retry(&mut self, call: &mut Call, result: &mut Result<Reply>) -> Option<Wait> {
        let error = match result {
            Ok(reply) => {
                self.retry.budget.deposit();
                self.tell(call, || Told::answered(reply, self.attempt_began.elapsed()));
                if let Some(meta) = reply.meta_mut() {
                    meta.attempts = call.attempt + 1;
                    meta.maybe_duplicate |= self.spent.maybe_acted_on;
                }
                return None;
            }
            Err(error) => error,
        };
        error.set_model(call.op.model());
        let delay = self.delay(call, error);
        let mut attempt = error.as_attempt(self.attempt_began.elapsed());
        attempt.waited = delay;
        self.tell(call, || Told::failed(&attempt));
        let Some(delay) = delay else {
            call.trail.close(error);
            error.mark_exhausted();
            return None;
        };
        call.trail.note(error, Some(delay));
        self.spent.on(error);
        call.attempt += 1;
        // A rejected key says nothing of the endpoint; a limit may be the endpoint's own.
        let is_of_endpoint = matches!(error.scope(), Scope::Endpoint | Scope::Provider)
            || error.kind() == ErrorKind::RateLimited;
        if let Some(endpoint) = error.endpoint().filter(|_| is_of_endpoint) {
            call.avoid.push(endpoint.into());
        }
        self.waited += delay;
        if let Some(times) = Times::of(call) {
            times.add_wait(delay);
        }
        self.attempt_began = Instant::now() + delay;
        Some(Wait {
            sleep: sleep(delay),
        })
    }

    fn clone_request(&mut self, call: &Call) -> Option<Call> {
        // Asked for right before each attempt.
        if let Some(times) = Times::of(call).filter(|_| call.attempt > 0) {
            times.add_attempt();
        }
        self.told = trace::told_of(call);
        Some(call.clone())
    }
}

pin_project! {
    /// The time before the next attempt. It holds nothing, so dropping it cancels the call.
    pub(super) struct Wait {
        #[pin]
        sleep: Sleep,
    }
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().sleep.poll(cx)
    }
}
