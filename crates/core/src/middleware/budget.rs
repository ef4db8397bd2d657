//! A budget of retries that successes fill.

use std::sync::{Arc, Mutex};

use tokio::time::Instant;

/// Tokens that retries cost and successes earn, shared by all calls of a backend: while most calls
/// succeed there are plenty, in an outage they run dry and load is not multiplied.
///
/// At most 10 tokens, 10 at the start; a success earns 0.2, a minute 1. So `n` calls make at most
/// `n · (1 + 0.2 · successes / n) + 10 + minutes` requests.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Mutex<Tokens>>);

#[derive(Debug)]
struct Tokens {
    left: f64,
    refilled: Option<Instant>,
}

const CAPACITY: f64 = 10.0;
const PER_SUCCESS: f64 = 0.2;
const PER_SECOND: f64 = 1.0 / 60.0;

impl Default for Budget {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Tokens { left: CAPACITY, refilled: None })))
    }
}

impl Budget {
    /// A call succeeded.
    pub fn deposit(&self) {
        self.with(|tokens| tokens.left = (tokens.left + PER_SUCCESS).min(CAPACITY));
    }

    /// Takes `cost` tokens for a retry; `false` if there are not so many.
    #[must_use]
    pub fn withdraw(&self, cost: f64) -> bool {
        self.with(|tokens| {
            let now = Instant::now();
            let elapsed = tokens.refilled.map_or(0.0, |last| now.saturating_duration_since(last).as_secs_f64());
            tokens.refilled = Some(now);
            tokens.left = (tokens.left + elapsed * PER_SECOND).min(CAPACITY);
            if tokens.left < cost {
                return false;
            }
            tokens.left -= cost;
            true
        })
    }

    /// How many tokens are left.
    pub fn left(&self) -> f64 {
        self.with(|tokens| tokens.left)
    }

    fn with<T>(&self, f: impl FnOnce(&mut Tokens) -> T) -> T {
        // Nothing here panics while it holds the lock, so a poisoned one is sound.
        f(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_outage_drains_it_and_successes_and_time_fill_it() {
        let budget = Budget::default();
        assert_eq!((0..100).filter(|_| budget.withdraw(1.0)).count(), 10);

        for _ in 0..10 {
            budget.deposit();
        }
        assert_eq!((0..100).filter(|_| budget.withdraw(1.0)).count(), 2);

        tokio::time::advance(Duration::from_secs(181)).await;
        assert_eq!((0..100).filter(|_| budget.withdraw(1.0)).count(), 3);
    }

    #[test]
    fn it_never_holds_more_than_its_capacity() {
        let budget = Budget::default();
        for _ in 0..1_000 {
            budget.deposit();
        }
        assert!(budget.left() <= CAPACITY);
    }
}
