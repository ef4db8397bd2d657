//! Which endpoint and which key.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::time::{Instant, timeout_at};

use super::{
    Pick, Shared,
    health::Standing,
    key::{Availability, Lease},
    member::{Member, Probe, Running},
    ring::{Taken, Wish, sooner, time_until},
};
use crate::{
    Call, Delivery, Error, ErrorKind, Phase, Recovery, Result, Scope,
    middleware::rate::reservation::Reservation,
};

/// How long a call waits for a key that rests. Beyond it, who has a fallback wants to know now.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Where a call goes, and with what.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) running: Running,
    pub(super) lease: Option<Lease>,
    pub(super) reservation: Option<Reservation>,
    /// It finds out whether an ejected endpoint is well again.
    pub(super) probe: Option<Probe>,
}

/// What stands in the way at the moment.
#[derive(Debug)]
struct Obstacles {
    keys: Availability,
    /// Why the circuits that are open refuse; of several, the one that lets somebody try soonest.
    open: Option<Error>,
    too_large: Option<Error>,
}

impl Shared {
    /// An endpoint and a key, as soon as there are any. `refused` are endpoints that would not
    /// take this call here and now.
    pub(super) async fn choose(&self, call: &Call, refused: &[Arc<str>]) -> Result<Chosen> {
        let limit = Instant::now() + LONGEST_WAIT;
        let limit = call.deadline.map_or(limit, |deadline| deadline.min(limit));
        loop {
            // Before looking, so that nothing that changes meanwhile is missed.
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let obstacles = match self.choose_now(call, refused) {
                Ok(chosen) => return Ok(chosen),
                Err(obstacles) => obstacles,
            };
            let until = match obstacles.keys {
                Availability::At(until) if until <= limit => until,
                Availability::AfterProbe if Instant::now() < limit => limit,
                _ => return Err(obstacles.into_error(self.lone, limit)),
            };
            // Late or not: look again.
            let _ = timeout_at(until, changed).await;
        }
    }

    fn choose_now(&self, call: &Call, refused: &[Arc<str>]) -> Result<Chosen, Obstacles> {
        let mut obstacles = Obstacles {
            keys: Availability::Never(ErrorKind::QueueFull),
            open: None,
            too_large: None,
        };
        let wish = self.wish(call);
        let usable = |member: &&Arc<Member>, obstacles: &mut Obstacles| {
            !refused.contains(&member.label) && member.is_usable(call, wish, obstacles)
        };
        // A list is made only where there is a choice.
        if let [sole] = self.members.as_slice() {
            let taken = usable(&sole, &mut obstacles)
                .then(|| sole.take(call, wish, &mut obstacles))
                .flatten();
            return taken.ok_or(obstacles);
        }
        let members = self.members.iter();
        let mut candidates: Vec<&Arc<Member>> = members
            .filter(|member| usable(member, &mut obstacles))
            .collect();
        prefer(&mut candidates, |member| {
            !call.avoid.contains(&member.label)
        });
        prefer(&mut candidates, |member| {
            member.health.standing() != Standing::Out
        });
        while let Some(at) = self.pick(&candidates) {
            let member = candidates.remove(at);
            if let Some(chosen) = member.take(call, wish, &mut obstacles) {
                return Ok(chosen);
            }
        }
        Err(obstacles)
    }

    /// Nobody took a call, since the circuits are open.
    pub(super) fn count_shut_out(&self, model: &str) {
        if let [sole] = self.members.as_slice() {
            return sole.count_refusal(ErrorKind::CircuitOpen);
        }
        let open = |member: &&Arc<Member>| member.is_open(model);
        for member in self.members.iter().filter(open) {
            member.count_refusal(ErrorKind::CircuitOpen);
        }
    }

    /// Whether anybody but `failed` could serve `call` at once.
    pub(super) fn has_other(&self, call: &Call, failed: &Arc<Member>, scope: Scope) -> bool {
        let wish = self.wish(call);
        let of_key = matches!(scope, Scope::Key | Scope::Account);
        self.members.iter().any(|member| {
            let is_other = !Arc::ptr_eq(member, failed) && !call.avoid.contains(&member.label);
            (is_other || of_key)
                && !member.is_open(wish.model)
                && member.key_availability(call, wish) == Availability::Now
        })
    }

    pub(super) fn wish<'a>(&self, call: &'a Call) -> Wish<'a> {
        Wish {
            model: call.op.model(),
            tenant: call.tenant.as_deref(),
            lone: self.lone,
            limited: self.limits_keys.then_some(&call.op),
        }
    }

    /// The place in `candidates` of the one to ask.
    fn pick(&self, candidates: &[&Arc<Member>]) -> Option<usize> {
        match (self.pick, candidates.len()) {
            (_, 0) => None,
            (Pick::First, _) | (_, 1) => Some(0),
            (Pick::RoundRobin, _) => {
                let turn = self.turn.fetch_add(1, Relaxed);
                by_weight(candidates, None, |total| turn % total)
            }
            (Pick::LeastLoaded, _) => {
                candidates.iter().for_each(|member| member.look());
                let draw = |total| fastrand::u64(..total);
                let one = by_weight(candidates, None, draw)?;
                let other = by_weight(candidates, Some(one), draw)?;
                let (a, b) = (candidates.get(one)?, candidates.get(other)?);
                Some(if is_better(a, b) { one } else { other })
            }
        }
    }
}

impl Member {
    /// Whether its circuit lets a call pass and a key is free; else why not.
    fn is_usable(&self, call: &Call, wish: Wish<'_>, obstacles: &mut Obstacles) -> bool {
        if let Some(refusal) = self.refusal(wish.model) {
            obstacles.open = Some(match obstacles.open.take() {
                Some(other) if !is_sooner(&refusal, &other) => other,
                _ => refusal,
            });
            return false;
        }
        match self.key_availability(call, wish) {
            Availability::Now => true,
            later => {
                obstacles.keys = sooner(obstacles.keys, later);
                false
            }
        }
    }

    /// A place here with a key; else why not.
    fn take(
        self: &Arc<Self>,
        call: &Call,
        wish: Wish<'_>,
        obstacles: &mut Obstacles,
    ) -> Option<Chosen> {
        let (lease, reservation) = match &call.key {
            Some(_) => (None, None),
            None => match self.ring.take(wish) {
                Taken::Key(lease, reservation) => (Some(lease), reservation),
                Taken::NotNow(later) => {
                    obstacles.keys = sooner(obstacles.keys, later);
                    return None;
                }
                Taken::TooLarge(error) => {
                    obstacles.too_large = Some(error);
                    return None;
                }
            },
        };
        Some(Chosen {
            running: self.begin(),
            lease,
            reservation,
            probe: self.probe(),
        })
    }

    /// Whether its circuit lets no call of the model pass.
    fn is_open(&self, model: &str) -> bool {
        let circuits = self.circuits.as_ref();
        circuits.is_some_and(|circuits| circuits.is_open(model))
    }

    /// What its circuit would say to a call of the model, if it is open.
    fn refusal(&self, model: &str) -> Option<Error> {
        self.circuits.as_ref()?.of(model).refusal()
    }

    fn key_availability(&self, call: &Call, wish: Wish<'_>) -> Availability {
        match call.key {
            // Its standing is the caller's business.
            Some(_) => Availability::Now,
            None => self.ring.availability(wish),
        }
    }
}

/// Keeps those that `is_good` says, unless there are none.
fn prefer(candidates: &mut Vec<&Arc<Member>>, is_good: impl Fn(&Member) -> bool) {
    if candidates.iter().any(|member| is_good(member)) {
        candidates.retain(|member| is_good(member));
    }
}

/// The one at a point of all weights in a row; `except` one has none.
fn by_weight(
    candidates: &[&Arc<Member>],
    except: Option<usize>,
    point: impl FnOnce(u64) -> u64,
) -> Option<usize> {
    let weights = || {
        let all = candidates.iter().enumerate();
        let others = all.filter(|(at, _)| Some(*at) != except);
        others.map(|(at, member)| (at, u64::from(member.weight)))
    };
    let mut left = point(weights().map(|(_, weight)| weight).sum());
    for (at, weight) in weights() {
        match left.checked_sub(weight) {
            Some(less) => left = less,
            None => return Some(at),
        }
    }
    None
}

/// Whether `a` would answer sooner than `b`: by what each has to do, and how long each takes where
/// both are known. Where they are alike the one that was drawn first is as good, so that weights
/// count without any load, too.
fn is_better(a: &Member, b: &Member) -> bool {
    let (speed_a, speed_b) = match (a.speed.seconds(), b.speed.seconds()) {
        (Some(a), Some(b)) => (a, b),
        _ => (1.0, 1.0),
    };
    let cost = |member: &Member, seconds: f64| (member.load() + 1.0) * seconds.max(0.001);
    cost(a, speed_a) <= cost(b, speed_b)
}

/// Whether one refusal is over before another; one that only a hand ends is over last.
fn is_sooner(refusal: &Error, other: &Error) -> bool {
    let left = |error: &Error| error.retry_after().unwrap_or(Duration::MAX);
    left(refusal) < left(other)
}

impl Obstacles {
    fn into_error(self, lone: bool, limit: Instant) -> Error {
        // Here nobody can serve it, and that is known.
        let recovery = Recovery::OtherModel;
        if let Some(error) = self.too_large {
            return error;
        }
        let error = match (self.keys, self.open) {
            (Availability::At(until), _) => Error::new(
                ErrorKind::RateLimited,
                if lone {
                    "the key rests, longer than this call may wait: the provider asked for it, or its own limit is used up"
                } else {
                    "every key rests, longer than this call may wait: the provider asked for it, or their own limits are used up"
                },
            )
            .with_retry_after(time_until(until)),
            (Availability::AfterProbe, _) => {
                return Error::timeout(Phase::Queue, LONGEST_WAIT.min(time_until(limit)));
            }
            (_, Some(refusal)) => refusal,
            (Availability::Never(ErrorKind::Auth), None) => Error::new(
                ErrorKind::Auth,
                "every key was rejected by the provider; set another one",
            ),
            (Availability::Never(ErrorKind::QuotaExhausted), None) => Error::new(
                ErrorKind::QuotaExhausted,
                "every key's account is without money or quota",
            ),
            (Availability::Never(ErrorKind::Permission), None) => Error::new(
                ErrorKind::Permission,
                "no key may be used: the provider denied them this model, or they are reserved for other tenants",
            ),
            _ => Error::new(
                ErrorKind::QueueFull,
                "every endpoint has too many calls waiting",
            ),
        };
        error
            .with_delivery(Delivery::NotSent)
            .with_recovery(recovery)
    }
}
