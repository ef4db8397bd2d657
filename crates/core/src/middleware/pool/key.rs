//! One key and its standing with the provider.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::source::{Current, FAILURE_LASTS, Source};
use crate::{
    Error, ErrorKind, Result,
    middleware::{gate::Line, rate::limiter::Limiter},
    stats::{KeyState, KeyStats},
};

/// A key's longest rest, whatever the provider asks for.
const LONGEST_REST: Duration = Duration::from_secs(3_600);
/// The first rest after a refusal without a hint; each further one is twice as long.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_UNTOLD_REST: Duration = Duration::from_secs(20);
/// How long an account without money is left alone.
const EXHAUSTED_FOR: Duration = Duration::from_secs(3_600);
/// How long a model that a key may not use is not asked for with it.
const DENIED_FOR: Duration = Duration::from_secs(300);
/// Of how many models a key's standing is remembered.
const MAX_MODELS: usize = 256;

/// One key. Its standing is that of the key as a whole, and of single models: providers limit
/// each model by itself.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) source: Source,
    /// The only tenant that may use it.
    pub(super) tenant: Option<Arc<str>>,
    pub(super) limiter: Limiter,
    pub(super) line: Option<Line>,
    /// Attempts that were sent with it.
    pub(super) calls: AtomicU64,
    standing: Mutex<Standing>,
    /// Wakes those who wait for what a probe finds.
    changed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Standing {
    whole: Whole,
    /// When it was last refused as a whole.
    refused_at: Option<Instant>,
    models: Vec<(Arc<str>, Rest)>,
    refused: u64,
    /// When its secret could not be fetched.
    unfetched_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Whole {
    #[default]
    Active,
    /// The provider does not know it, in this generation of its secret.
    Invalid { generation: u64 },
    /// No money left.
    Exhausted { until: Instant, probing: bool },
}

/// Why a model is not asked for, and until when.
#[derive(Clone, Copy, Debug)]
struct Rest {
    until: Instant,
    denied: bool,
    /// When the refusal came that it rests for.
    refused_at: Option<Instant>,
    /// How many refusals without a hint came in a row.
    untold: u32,
    /// After the rest one call tries whether it is over.
    probing: bool,
}

/// When a key could be used.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Availability {
    Now,
    /// At that time.
    At(Instant),
    /// When the call that tries it has its answer.
    AfterProbe,
    Never(ErrorKind),
}

impl Key {
    pub(super) fn new(
        source: Source,
        tenant: Option<Arc<str>>,
        limiter: Limiter,
        line: Option<Line>,
        changed: Arc<Notify>,
    ) -> Self {
        Self {
            source,
            tenant,
            limiter,
            line,
            calls: AtomicU64::new(0),
            standing: Mutex::default(),
            changed,
        }
    }

    /// When it could be used for `model`. A lone key is used whatever its standing, but while it
    /// rests: there is nobody to go to instead, and only the provider knows when it is good again.
    pub(super) fn availability(&self, model: &str, lone: bool) -> Availability {
        let now = Instant::now();
        let standing = self.standing();
        match standing.whole {
            Whole::Active => {}
            _ if lone => {}
            Whole::Invalid { .. } if self.source.is_refreshable() => {}
            Whole::Invalid { .. } => return Availability::Never(ErrorKind::Auth),
            Whole::Exhausted { probing: true, .. } => return Availability::AfterProbe,
            Whole::Exhausted { until, .. } if until > now => {
                return Availability::Never(ErrorKind::QuotaExhausted);
            }
            Whole::Exhausted { .. } => {}
        }
        let rest = standing.rest(model).copied();
        drop(standing);
        if let Some(rest) = rest.filter(|rest| !(rest.denied && lone)) {
            match (rest.until > now, rest.denied) {
                (true, true) => return Availability::Never(ErrorKind::Permission),
                (true, false) => return Availability::At(rest.until),
                (false, _) if rest.probing => return Availability::AfterProbe,
                (false, _) => {}
            }
        }
        match self.limiter.paused_until().filter(|until| *until > now) {
            Some(until) => Availability::At(until),
            None => Availability::Now,
        }
    }

    /// How busy it is, for choosing among several. One whose secret could not be fetched a moment
    /// ago is taken where there is no other.
    pub(super) fn load(&self) -> usize {
        let unfetched_at = self.standing().unfetched_at;
        if unfetched_at.is_some_and(|at| at.elapsed() < FAILURE_LASTS) {
            return usize::MAX;
        }
        self.line
            .as_ref()
            .map_or(0, |line| line.running() + line.waiting())
    }

    /// A use of it. If it was resting, this is the probe that the others wait for; a lone key is
    /// not probed, since all calls would stand behind one.
    pub(super) fn lease(self: &Arc<Self>, model: &str, lone: bool) -> Lease {
        let mut probing = false;
        if lone {
            return Lease {
                key: self.clone(),
                model: None,
                probing,
            };
        }
        let mut standing = self.standing();
        if let Whole::Exhausted { probing: flag, .. } = &mut standing.whole {
            probing |= !std::mem::replace(flag, true);
        }
        let model = match standing.rest_mut(model) {
            Some((model, rest)) => {
                probing |= !std::mem::replace(&mut rest.probing, true);
                Some(model.clone())
            }
            None => None,
        };
        drop(standing);
        Lease {
            key: self.clone(),
            model: model.filter(|_| probing),
            probing,
        }
    }

    /// The secret to use, fetched if need be.
    pub(super) async fn secret(&self) -> Result<Option<Current>> {
        let invalid = match self.standing().whole {
            Whole::Invalid { generation } => Some(generation),
            _ => None,
        };
        self.source.current(invalid).await
    }

    /// Its secret could not be fetched.
    pub(super) fn unfetched(&self) {
        self.standing().unfetched_at = Some(Instant::now());
    }

    /// The provider answered what was sent at that time. Says whether that is news.
    pub(super) fn served(&self, model: &str, sent: Instant) -> bool {
        let mut standing = self.standing();
        if standing.whole == Whole::Active && standing.models.is_empty() {
            return false;
        }
        // What was let in before a refusal says nothing of the time after it.
        let is_after = |refused_at: Option<Instant>| refused_at.is_none_or(|at| sent >= at);
        if is_after(standing.refused_at) {
            standing.whole = Whole::Active;
        }
        standing
            .models
            .retain(|(name, rest)| **name != *model || !is_after(rest.refused_at));
        true
    }

    /// The provider refused what was sent at that time, for a reason that may be this key.
    pub(super) fn refused(&self, model: &str, generation: u64, sent: Instant, error: &Error) {
        let now = Instant::now();
        let mut standing = self.standing();
        match error.kind() {
            ErrorKind::Auth | ErrorKind::QuotaExhausted => standing.refused_at = Some(now),
            ErrorKind::Permission | ErrorKind::RateLimited => {}
            // The key was good enough for the provider to look further.
            _ => return,
        }
        standing.refused += 1;
        match error.kind() {
            // A late refusal of an older secret says nothing of the newer one.
            ErrorKind::Auth => {
                let known = match standing.whole {
                    Whole::Invalid { generation } => generation,
                    _ => 0,
                };
                let generation = generation.max(known);
                standing.whole = Whole::Invalid { generation };
            }
            ErrorKind::QuotaExhausted => {
                let until = now + EXHAUSTED_FOR;
                standing.whole = Whole::Exhausted {
                    until,
                    probing: false,
                };
            }
            ErrorKind::Permission => standing.rest_for(model, |rest| {
                rest.denied = true;
                rest.refused_at = Some(now);
                rest.until = now + DENIED_FOR;
            }),
            ErrorKind::RateLimited => standing.rest_for(model, |rest| {
                // Calls that were under way together are refused together: that is no second
                // refusal in a row.
                let is_next = rest.refused_at.is_none_or(|at| sent > at);
                let before = match is_next {
                    true => rest.untold,
                    false => rest.untold.saturating_sub(1),
                };
                let untold = FIRST_REST
                    .saturating_mul(1 << before.min(16))
                    .min(LONGEST_UNTOLD_REST)
                    // So that clients that were refused together do not come back together.
                    .mul_f64(0.5 + fastrand::f64() / 2.0);
                if is_next {
                    rest.refused_at = Some(now);
                    rest.untold = match error.retry_after() {
                        None => rest.untold + 1,
                        Some(_) => 0,
                    };
                }
                rest.denied = false;
                let wait = error.retry_after().unwrap_or(untold).min(LONGEST_REST);
                rest.until = rest.until.max(now + wait);
            }),
            _ => {}
        }
    }

    /// Makes it usable again, whatever its standing was.
    pub(super) fn restore(&self) {
        *self.standing() = Standing::default();
        self.limiter.resume();
    }

    pub(super) fn stats(&self) -> KeyStats {
        let now = Instant::now();
        let standing = self.standing();
        let resting = |denied: bool| {
            let of_kind = standing
                .models
                .iter()
                .filter(|(_, rest)| rest.denied == denied);
            of_kind
                .filter(|(_, rest)| rest.until > now)
                .map(|(model, _)| model.to_string())
                .collect()
        };
        let (cooling, denied): (Vec<String>, Vec<String>) = (resting(false), resting(true));
        let probing = standing.models.iter().any(|(_, rest)| rest.probing);
        let state = match standing.whole {
            Whole::Invalid { .. } => KeyState::Invalid,
            Whole::Exhausted { .. } => KeyState::Exhausted,
            Whole::Active if !cooling.is_empty() || self.limiter.paused_until() > Some(now) => {
                KeyState::Cooling
            }
            Whole::Active if probing => KeyState::Probing,
            Whole::Active => KeyState::Active,
        };
        KeyStats {
            id: self.source.label().to_string(),
            tenant: self.tenant.as_deref().map(str::to_owned),
            state,
            calls: self.calls.load(Relaxed),
            cooling,
            denied,
            refused: standing.refused,
            running: self.line.as_ref().map(|line| line.running() as u64),
            queued: self.line.as_ref().map_or(0, |line| line.waiting() as u64),
        }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        // Nothing panics while it holds the lock, so a poisoned one is sound.
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standing {
    fn rest(&self, model: &str) -> Option<&Rest> {
        self.models
            .iter()
            .find(|(name, _)| **name == *model)
            .map(|(_, rest)| rest)
    }

    fn rest_mut(&mut self, model: &str) -> Option<(&Arc<str>, &mut Rest)> {
        self.models
            .iter_mut()
            .find(|(name, _)| **name == *model)
            .map(|(name, rest)| (&*name, rest))
    }

    fn rest_for(&mut self, model: &str, change: impl FnOnce(&mut Rest)) {
        if self.rest(model).is_none() {
            let now = Instant::now();
            if self.models.len() >= MAX_MODELS {
                // Who has rested longest is forgotten: it may have been over for a while.
                self.models.retain(|(_, rest)| rest.until > now);
                self.models.truncate(MAX_MODELS - 1);
            }
            let rest = Rest {
                until: now,
                denied: false,
                refused_at: None,
                untold: 0,
                probing: false,
            };
            self.models.push((model.into(), rest));
        }
        if let Some((_, rest)) = self.rest_mut(model) {
            rest.probing = false;
            change(rest);
        }
    }
}

/// One use of a key. Dropped without a verdict, it makes room for another probe: for one of those
/// who wait for it.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) key: Arc<Key>,
    model: Option<Arc<str>>,
    probing: bool,
}

impl Lease {
    /// Whether it may still be used, after a while in line.
    pub(super) fn is_good(&self, model: &str, lone: bool) -> bool {
        match self.key.availability(model, lone) {
            Availability::Now => true,
            // This is the one that the others wait for.
            Availability::AfterProbe => self.probing,
            Availability::At(_) | Availability::Never(_) => false,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.probing {
            return;
        }
        let mut standing = self.key.standing();
        if let Whole::Exhausted { probing, .. } = &mut standing.whole {
            *probing = false;
        }
        if let Some(model) = &self.model
            && let Some((_, rest)) = standing.rest_mut(model)
        {
            rest.probing = false;
        }
        drop(standing);
        self.key.changed.notify_waiters();
    }
}
