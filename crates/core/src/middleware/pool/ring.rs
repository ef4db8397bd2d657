//! The keys of an account.

use std::sync::Arc;

use tokio::time::Instant;

use super::key::{Availability, Key, Lease};
use crate::{
    Error, ErrorKind, Op,
    middleware::rate::{limiter::Refused, reservation::Reservation},
    stats::KeyStats,
};

/// Keys that stand for each other, shared by the endpoints that take them.
#[derive(Debug, Default)]
pub(super) struct Ring {
    pub(super) keys: Vec<Arc<Key>>,
}

/// For whom a key is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wish<'a> {
    pub(super) model: &'a str,
    pub(super) tenant: Option<&'a str>,
    /// There is no other key or endpoint to go to.
    pub(super) lone: bool,
    /// What is to be asked, where requests and tokens are limited.
    pub(super) limited: Option<&'a Op>,
}

/// What came of asking for a key.
#[derive(Debug)]
pub(super) enum Taken {
    Key(Lease, Option<Reservation>),
    NotNow(Availability),
    TooLarge(Error),
}

impl Ring {
    /// When any of the keys could be used.
    pub(super) fn availability(&self, wish: Wish<'_>) -> Availability {
        self.of(wish)
            .map(|key| key.availability(wish.model, wish.lone))
            .reduce(sooner)
            // Nobody may use another's key.
            .unwrap_or(Availability::Never(ErrorKind::Permission))
    }

    /// The key with the least to do that can be used now.
    pub(super) fn take(&self, wish: Wish<'_>) -> Taken {
        let mut otherwise = Availability::Never(ErrorKind::Permission);
        let mut too_large = None;
        // A list is made only where the first choice has used up its limits.
        let mut over: Vec<&Arc<Key>> = Vec::new();
        while let Some(key) = self.least_busy(wish, &over, &mut otherwise) {
            let reserved = wish
                .limited
                .map(|op| key.limiter.try_reserve(op))
                .transpose();
            match reserved {
                Ok(reservation) => {
                    let reservation = reservation.map(Reservation::of_pool);
                    return Taken::Key(key.lease(wish.model, wish.lone), reservation);
                }
                Err(Refused::Wait { until }) => {
                    otherwise = sooner(otherwise, Availability::At(until));
                }
                Err(Refused::TooLarge(error)) => too_large = Some(error),
            }
            over.push(key);
        }
        match (otherwise, too_large) {
            (Availability::Never(_), Some(error)) => Taken::TooLarge(error),
            (otherwise, _) => Taken::NotNow(otherwise),
        }
    }

    /// Of those that can be used now and are not `over` their limits; the first where they are
    /// alike, since a list of keys often begins with the preferred one. Why the others cannot be
    /// used goes into `otherwise`.
    fn least_busy<'a>(
        &'a self,
        wish: Wish<'a>,
        over: &[&Arc<Key>],
        otherwise: &mut Availability,
    ) -> Option<&'a Arc<Key>> {
        let is_over = |key: &Arc<Key>| over.iter().any(|other| Arc::ptr_eq(key, other));
        let mut best: Option<(&Arc<Key>, usize)> = None;
        for key in self.of(wish).filter(|key| !is_over(key)) {
            match key.availability(wish.model, wish.lone) {
                Availability::Now => {
                    let load = key.load();
                    if best.is_none_or(|(_, least)| load < least) {
                        best = Some((key, load));
                    }
                }
                later => *otherwise = sooner(*otherwise, later),
            }
        }
        best.map(|(key, _)| key)
    }

    /// Those that the tenant may use: its own where it has any, else those that are nobody's.
    fn of<'a>(&'a self, wish: Wish<'a>) -> impl Iterator<Item = &'a Arc<Key>> {
        let owns = |key: &Arc<Key>| key.tenant.as_deref() == wish.tenant;
        let tenant = wish.tenant.filter(|_| self.keys.iter().any(owns));
        self.keys
            .iter()
            .filter(move |key| key.tenant.as_deref() == tenant)
    }

    /// Whether another key than this one could be used now.
    pub(super) fn has_other(&self, wish: Wish<'_>, key: &Arc<Key>) -> bool {
        self.of(wish).any(|other| {
            let is_free = || other.availability(wish.model, wish.lone) == Availability::Now;
            !Arc::ptr_eq(other, key) && is_free()
        })
    }

    /// Whether a rejected key can be fetched anew.
    pub(super) fn is_refreshable(&self) -> bool {
        self.keys.iter().any(|key| key.source.is_refreshable())
    }

    pub(super) fn stats(&self) -> impl Iterator<Item = KeyStats> {
        self.keys.iter().map(|key| key.stats())
    }
}

pub(super) fn sooner(one: Availability, other: Availability) -> Availability {
    use Availability::{AfterProbe, At, Never, Now};
    match (one, other) {
        (Now, _) | (_, Now) => Now,
        (At(one), At(other)) => At(one.min(other)),
        (At(at), AfterProbe) | (AfterProbe, At(at)) => At(at),
        (At(at), Never(_)) | (Never(_), At(at)) => At(at),
        (AfterProbe, _) | (_, AfterProbe) => AfterProbe,
        // What passes by itself says more than what does not.
        (Never(ErrorKind::QuotaExhausted), _) => one,
        (Never(_), Never(_)) => other,
    }
}

/// How long until then, for an error.
pub(super) fn time_until(at: Instant) -> std::time::Duration {
    at.saturating_duration_since(Instant::now())
}
