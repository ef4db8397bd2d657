//! Several endpoints and keys as one backend.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, atomic::AtomicU64},
    task::{Context, Poll},
    time::Duration,
};

use tokio::sync::Notify;
use tower_service::Service;

use self::{key::Key, member::Member, ring::Ring, source::Source};
use super::{Circuits, RateLimit, Stack, life::Life, rate::limiter::Limiter};
use crate::{Backend, BackendInfo, Call, Error, Reply, Result, Secret, Stats};

mod attempt;
mod choose;
mod gauges;
mod health;
mod hold;
mod key;
mod member;
mod ring;
mod source;
mod speed;

pub use source::{KeySource, Token, TokenSource};

/// Backends that stand for each other: the same models at several places.
///
/// Every attempt goes to one of them: not to one whose circuit is open, whose key rests or that
/// failed this call before, unless there is no other. Of two that are drawn at random the one
/// takes it that would answer sooner, by what it has to do and by how long it takes to the first
/// content. What a call counts for its endpoint lasts to the end of its stream. An endpoint that
/// tells how busy it is, by its metrics, is asked once a second while it is used, so that what
/// others have it do counts as well.
///
/// One that fails five times in a row is left out for 30 s, longer each time, and returns by one
/// call that tries; never more than half of them are out.
///
/// Give it [bare](crate::Account::bare) backends, so that nothing retries twice. An account with
/// several keys or endpoints is a pool by itself.
///
/// ```
/// # fn demo(near: trunkline_core::Backend, far: trunkline_core::Backend) -> trunkline_core::Result<()> {
/// use trunkline_core::middleware::Pool;
///
/// let backend = Pool::new([near]).member(far, 3).build()?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a pool does nothing until it is built"]
pub struct Pool {
    members: Vec<(Backend, u32)>,
    stack: Stack,
}

impl Pool {
    /// These backends, with equal weights.
    pub fn new(members: impl IntoIterator<Item = Backend>) -> Self {
        Self {
            members: members.into_iter().map(|backend| (backend, 1)).collect(),
            stack: Stack::default(),
        }
    }

    /// Adds one that takes `weight` times what one of weight 1 takes.
    pub fn member(mut self, backend: Backend, weight: u32) -> Self {
        self.members.push((backend, weight));
        self
    }

    /// Sets the layers around it, and the breaker, queue and limits of each member.
    pub fn stack(mut self, stack: Stack) -> Self {
        self.stack = stack;
        self
    }

    /// The pool behind its stack. It is described as its first member is.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): it has no members, or one twice, a weight is zero, or a
    /// setting of the stack cannot work.
    pub fn build(self) -> Result<Backend> {
        self.stack.check()?;
        let Some((first, _)) = self.members.first() else {
            return Err(Error::config(
                "a pool without members: it could serve nothing; give it at least one backend",
            ));
        };
        let twice = |(at, (backend, _)): (usize, &(Backend, u32))| {
            self.members
                .iter()
                .take(at)
                .any(|(other, _)| other.is(backend))
        };
        if self.members.iter().enumerate().any(twice) {
            return Err(Error::config(format!(
                "a member of the pool was given twice ({}); give each once, and a weight if it shall take more",
                first.info().name
            )));
        }
        let info = first.info().clone();
        let mut sites: Vec<Site> = Vec::with_capacity(self.members.len());
        for (backend, weight) in self.members {
            let name = backend.info().name.clone();
            let same = sites.iter().filter(|site| site.name == name).count();
            let label = match same {
                0 => name.clone(),
                same => format!("{name}#{}", same + 1).into(),
            };
            let keys = vec![KeyPart::of_backend(&label)];
            sites.push(Site {
                backend,
                name,
                label,
                weight,
                keys: Some(keys),
            });
        }
        let shared = Shared::new(info, sites, Vec::new(), &self.stack)?;
        Ok(self.stack.over(shared))
    }
}

/// Whom to ask of several endpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pick {
    /// Of two drawn at random the one that would answer sooner. Needs no warming up, and never
    /// sends everybody to the same place at once.
    #[default]
    LeastLoaded,
    /// One after the other, by their weights and whatever their load.
    RoundRobin,
    /// The first that can serve: the others stand by.
    First,
}

/// One endpoint, for the making of a pool.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) backend: Backend,
    pub(crate) name: Arc<str>,
    /// What it is called in errors and statistics; no two alike.
    pub(crate) label: Arc<str>,
    pub(crate) weight: u32,
    /// Its own keys; `None` where it shares those of the account.
    pub(crate) keys: Option<Vec<KeyPart>>,
}

/// One key, for the making of a pool.
#[derive(Debug)]
pub(crate) struct KeyPart {
    source: Source,
    tenant: Option<Arc<str>>,
}

impl KeyPart {
    /// The backend's own credentials, whatever they are.
    pub(crate) fn of_backend(label: &str) -> Self {
        Self {
            source: Source::backend(label),
            tenant: None,
        }
    }

    /// The only key of an account, which the backend has already.
    pub(crate) fn sole(secret: &Secret) -> Self {
        Self::of_backend(&source::label_of(secret))
    }

    pub(crate) fn fixed(secret: Secret, tenant: Option<Arc<str>>) -> Self {
        Self {
            source: Source::fixed(secret),
            tenant,
        }
    }

    pub(crate) fn fetched(from: impl KeySource, number: usize) -> Self {
        Self {
            source: Source::fetched(from, number),
            tenant: None,
        }
    }

    pub(crate) fn tokens(from: impl TokenSource, number: usize) -> Self {
        Self {
            source: Source::tokens(from, number),
            tenant: None,
        }
    }
}

/// The pool itself, of one endpoint with one key as well as of many.
pub(crate) struct Shared {
    info: BackendInfo,
    members: Vec<Arc<Member>>,
    rings: Vec<Arc<Ring>>,
    pick: Pick,
    /// There is one endpoint with one key: nowhere else to go.
    lone: bool,
    limits_keys: bool,
    life: Life,
    turn: AtomicU64,
    ejecting: Mutex<()>,
    /// A key or an endpoint may be used again; wakes those who wait for one.
    changed: Arc<Notify>,
}

impl Shared {
    /// A pool of `sites`, which share `keys` where they have none of their own.
    pub(crate) fn new(
        info: BackendInfo,
        sites: Vec<Site>,
        keys: Vec<KeyPart>,
        stack: &Stack,
    ) -> Result<Arc<Self>> {
        if let Some(site) = sites.iter().find(|site| site.weight == 0) {
            return Err(Error::config(format!(
                "the `weight` of {} is zero: it would serve nothing; leave it out instead",
                site.label
            )));
        }
        let changed = Arc::new(Notify::new());
        let ring = |keys: Vec<KeyPart>| {
            let key = |part: KeyPart| {
                let unlimited = RateLimit::new();
                let limiter = Limiter::telling(
                    stack.key_limits.as_ref().unwrap_or(&unlimited),
                    Some(changed.clone()),
                );
                let line = stack.key_gate.as_ref().map(super::Gate::open);
                Arc::new(Key::new(
                    part.source,
                    part.tenant,
                    limiter,
                    line,
                    changed.clone(),
                ))
            };
            Arc::new(Ring {
                keys: keys.into_iter().map(key).collect(),
            })
        };
        let of_account = ring(keys);
        let mut rings = vec![of_account.clone()];
        let mut members = Vec::with_capacity(sites.len());
        for site in sites {
            let ring = match site.keys {
                Some(own) => {
                    rings.push(ring(own));
                    rings.last().cloned().unwrap_or_default()
                }
                None => of_account.clone(),
            };
            let breaker = stack.breaker;
            let circuits = breaker.map(|breaker| breaker.circuits_of(&site.label));
            members.push(Arc::new(Member::new(
                site.backend,
                site.label,
                site.weight,
                ring,
                circuits.transpose()?,
                stack.gate.as_ref().map(super::Gate::open),
            )));
        }
        let keys: usize = rings.iter().map(|ring| ring.keys.len()).sum();
        Ok(Arc::new(Self {
            info,
            lone: members.len() == 1 && keys <= 1,
            members,
            rings,
            pick: stack.pick,
            limits_keys: stack.key_limits.is_some(),
            life: Life::default(),
            turn: AtomicU64::new(0),
            ejecting: Mutex::default(),
            changed,
        }))
    }

    pub(crate) fn info(&self) -> &BackendInfo {
        &self.info
    }

    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        for member in &self.members {
            stats.merge(member.stats());
        }
        for ring in &self.rings {
            stats.keys.extend(ring.stats());
        }
        stats
    }

    pub(crate) fn members(&self) -> Vec<Backend> {
        self.members
            .iter()
            .map(|member| member.backend.clone())
            .collect()
    }

    pub(crate) fn circuits(&self) -> Vec<(Arc<str>, Circuits)> {
        let of = |member: &Arc<Member>| Some((member.label.clone(), member.circuits.clone()?));
        self.members.iter().filter_map(of).collect()
    }

    /// See [`Backend::restore`].
    pub(crate) fn restore(&self) {
        for member in &self.members {
            member.health.restore();
            if let Some(circuits) = &member.circuits {
                circuits.reset();
            }
        }
        for key in self.rings.iter().flat_map(|ring| &ring.keys) {
            key.restore();
        }
        self.changed.notify_waiters();
    }

    /// Who is being served: for the outermost of the layers around it.
    pub(crate) fn life(&self) -> &Life {
        &self.life
    }

    /// See [`Backend::close`].
    pub(crate) fn close(&self, patience: Duration) -> impl Future<Output = ()> + Send + 'static {
        let life = self.life.clone();
        async move { life.close(patience).await }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("members", &self.members.len())
            .finish_non_exhaustive()
    }
}

/// A pool as the innermost service of a stack.
#[derive(Clone, Debug)]
pub(crate) struct PoolService(pub(crate) Arc<Shared>);

impl Service<Call> for PoolService {
    type Response = Reply;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Reply>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Self::Future {
        Box::pin(self.0.clone().serve(call))
    }
}
