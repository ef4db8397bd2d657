//! All limits of one key, and what its provider told of them. Pure: time is passed in.

use std::time::Duration;

use super::gcra::Gcra;
use crate::protocol::hints::Counted;

/// The longest pause that is believed.
const LONGEST_PAUSE: Duration = Duration::from_secs(3_600);

/// What calls take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) requests: u64,
    pub(super) tokens: u64,
}

impl Cost {
    /// One request of so many tokens.
    pub(super) fn of_request(tokens: u64) -> Self {
        Self {
            requests: 1,
            tokens,
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.tokens = self.tokens.saturating_add(other.tokens);
    }

    pub(super) fn subtract(&mut self, other: Self) {
        self.requests = self.requests.saturating_sub(other.requests);
        self.tokens = self.tokens.saturating_sub(other.tokens);
    }
}

/// It needs more tokens than ever are there at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NeverFits {
    pub(super) tokens: u64,
    pub(super) most: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Limits {
    requests: Option<Gcra>,
    tokens: Option<Gcra>,
    paused_until: Duration,
    /// What calls took that no answer has come to yet: the provider may not have counted it in
    /// what it says is left.
    unheard: Cost,
}

impl Limits {
    pub(super) fn new(requests: Option<Gcra>, tokens: Option<Gcra>) -> Self {
        Self {
            requests,
            tokens,
            ..Self::default()
        }
    }

    /// How long until `cost` can be taken after `ahead` was.
    pub(super) fn ready_in(
        &mut self,
        cost: Cost,
        ahead: Cost,
        now: Duration,
    ) -> Result<Duration, NeverFits> {
        let mut wait = self.paused_until.saturating_sub(now);
        if let Some(requests) = &mut self.requests {
            // One request fits every bucket.
            wait = wait.max(
                requests
                    .ready_in(1, ahead.requests, now)
                    .unwrap_or_default(),
            );
        }
        if let Some(tokens) = &mut self.tokens {
            let most = tokens.burst();
            let ready = tokens.ready_in(cost.tokens, ahead.tokens, now);
            wait = wait.max(ready.ok_or(NeverFits {
                tokens: cost.tokens,
                most,
            })?);
        }
        Ok(wait)
    }

    /// Takes `cost` for a call that is about to be sent.
    pub(super) fn take(&mut self, cost: Cost) {
        if let Some(requests) = &mut self.requests {
            requests.charge(cost.requests);
        }
        self.charge_tokens(cost.tokens);
        self.unheard.add(cost);
    }

    /// An answer came to a call that took `cost`.
    pub(super) fn hear(&mut self, cost: Cost) {
        self.unheard.subtract(cost);
    }

    pub(super) fn give_back(&mut self, cost: Cost) {
        if let Some(requests) = &mut self.requests {
            requests.give_back(cost.requests);
        }
        if let Some(tokens) = &mut self.tokens {
            tokens.give_back(cost.tokens);
        }
    }

    pub(super) fn charge_tokens(&mut self, more: u64) {
        if let Some(tokens) = &mut self.tokens {
            tokens.charge(more);
        }
    }

    /// The provider says that so many are left, and when they are whole again.
    pub(super) fn learn(
        &mut self,
        counted: Counted,
        left: u64,
        reset: Option<Duration>,
        now: Duration,
    ) {
        let (bucket, unheard) = match counted {
            Counted::Requests => (&mut self.requests, self.unheard.requests),
            Counted::Tokens => (&mut self.tokens, self.unheard.tokens),
            Counted::Other => (&mut None, 0),
        };
        if let Some(bucket) = bucket {
            bucket.lower_to(left.saturating_sub(unheard), now);
        }
        if left == 0
            && let Some(reset) = reset
        {
            self.pause(reset, now);
        }
    }

    /// Lets nothing in for so long, an hour at most. A pause is never shortened.
    pub(super) fn pause(&mut self, wait: Duration, now: Duration) {
        let until = now.saturating_add(wait.min(LONGEST_PAUSE));
        self.paused_until = self.paused_until.max(until);
    }

    pub(super) fn resume(&mut self) {
        self.paused_until = Duration::ZERO;
    }

    pub(super) fn paused_until(&self, now: Duration) -> Option<Duration> {
        (self.paused_until > now).then_some(self.paused_until)
    }
}

#[cfg(test)]
mod tests;
