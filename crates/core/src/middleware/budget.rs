//! A budget of retries that successes fill.

use std::sync::{Arc, Mutex};

use tokio::time::Instant;

/// Tokens that retries cost and successes earn, shared by all calls of a backend: while most calls
/// succeed there are plenty, in an outage they run dry and load is not multiplied.
///
/// Ten tokens at the start, a hundred at most; a success earns 0.2, a minute 1. So `n` calls make at
/// most `n · (1 + 0.2 · successes / n) + 10 + minutes` requests. A hundred, since a replica that ends
/// takes all calls with it that it had under way, and they shall be asked again at another.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Mutex<Tokens>>);

#[derive(Debug)]
struct Tokens {
    /// In thousandths: sums of tenths must come out even.
    left: u64,
    refilled: Option<Instant>,
}

const TOKEN: u64 = 1_000;
const START: u64 = 10 * TOKEN;
const CAPACITY: u64 = 100 * TOKEN;
const PER_SUCCESS: u64 = TOKEN / 5;
/// A token a minute.
const MILLIS_PER_THOUSANDTH: u64 = 60;

impl Default for Budget {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Tokens {
            left: START,
            refilled: None,
        })))
    }
}

impl Budget {
    /// A call succeeded.
    pub fn deposit(&self) {
        self.with(|tokens| tokens.left = (tokens.left + PER_SUCCESS).min(CAPACITY));
    }

    /// Takes `cost` tokens for a retry; `false` if there are not so many.
    #[must_use]
    pub fn withdraw(&self, cost: u32) -> bool {
        self.with(|tokens| {
            tokens.refill();
            tokens
                .left
                .checked_sub(TOKEN * u64::from(cost))
                .map(|left| tokens.left = left)
                .is_some()
        })
    }

    /// How many tokens are left.
    pub fn left(&self) -> f64 {
        self.with(|tokens| {
            tokens.refill();
            tokens.left as f64 / TOKEN as f64
        })
    }

    fn with<T>(&self, f: impl FnOnce(&mut Tokens) -> T) -> T {
        // Nothing here panics while it holds the lock, so a poisoned one is sound.
        f(&mut self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl Tokens {
    /// What the time since the last look has earned. The part of it that makes no whole thousandth
    /// stays for the next look.
    fn refill(&mut self) {
        let now = Instant::now();
        let since = *self.refilled.get_or_insert(now);
        let millis =
            u64::try_from(now.saturating_duration_since(since).as_millis()).unwrap_or(u64::MAX);
        let earned = millis / MILLIS_PER_THOUSANDTH;
        self.left = self.left.saturating_add(earned).min(CAPACITY);
        let counted =
            std::time::Duration::from_millis(earned.saturating_mul(MILLIS_PER_THOUSANDTH));
        self.refilled = since.checked_add(counted).or(Some(now));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_outage_drains_it_and_successes_and_time_fill_it() {
        let budget = Budget::default();
        assert_eq!((0..100).filter(|_| budget.withdraw(1)).count(), 10);

        for _ in 0..10 {
            budget.deposit();
        }
        assert_eq!((0..100).filter(|_| budget.withdraw(1)).count(), 2);

        tokio::time::advance(Duration::from_secs(181)).await;
        assert_eq!((0..100).filter(|_| budget.withdraw(1)).count(), 3);
    }

    #[test]
    fn it_never_holds_more_than_its_capacity() {
        let budget = Budget::default();
        for _ in 0..1_000 {
            budget.deposit();
        }
        assert!((budget.left() - 100.0).abs() < f64::EPSILON);
    }
}
