//! Where the secret of a key comes from.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::{Error, ErrorKind, Phase, Result, Secret, middleware::KeyId};

/// Where a key comes from that may change while the program runs: a vault, a file that is
/// rotated, a token service.
///
/// It is asked before the first call, and again when the provider has rejected what it gave: once
/// for each secret that was rejected, however many calls were under way. It has 30 s to answer.
pub trait KeySource: Send + Sync + 'static {
    /// The secret as it is now.
    ///
    /// # Errors
    ///
    /// Any: the calls that needed it fail with [`Auth`](ErrorKind::Auth) and this as their source.
    fn fetch(&self) -> impl Future<Output = Result<Secret>> + Send;
}

/// The secret of a key.
pub(super) enum Source {
    /// The backend has its own credentials.
    Backend {
        label: Arc<str>,
    },
    Fixed {
        secret: Secret,
        label: Arc<str>,
    },
    Fetched(Fetched),
}

/// A secret, and which one in a row it is.
#[derive(Clone, Debug)]
pub(super) struct Current {
    pub(super) secret: Secret,
    pub(super) generation: u64,
}

pub(super) struct Fetched {
    from: Arc<dyn Erased>,
    /// Which secret is in use; none was fetched yet at 0.
    generation: AtomicU64,
    held: Mutex<Held>,
    label: Arc<str>,
}

#[derive(Default)]
struct Held {
    current: Option<Current>,
    failed: Option<Instant>,
}

/// For how long a source that failed is not asked again.
pub(super) const FAILURE_LASTS: Duration = Duration::from_secs(1);

/// How long a source has: calls that hold places in queues wait for it.
const LONGEST_FETCH: Duration = Duration::from_secs(30);

impl Source {
    pub(super) fn fixed(secret: Secret) -> Self {
        let label = label_of(&secret);
        Self::Fixed { secret, label }
    }

    pub(super) fn backend(name: &str) -> Self {
        Self::Backend { label: name.into() }
    }

    pub(super) fn fetched(from: impl KeySource, number: usize) -> Self {
        Self::Fetched(Fetched {
            from: Arc::new(from),
            generation: AtomicU64::new(0),
            held: Mutex::default(),
            label: format!("source-{number}").into(),
        })
    }

    /// A name for logs and statistics that tells nothing of the secret.
    pub(super) fn label(&self) -> &Arc<str> {
        match self {
            Self::Backend { label } | Self::Fixed { label, .. } => label,
            Self::Fetched(fetched) => &fetched.label,
        }
    }

    /// Whether another secret can be fetched where one was rejected.
    pub(super) fn is_refreshable(&self) -> bool {
        matches!(self, Self::Fetched(_))
    }

    /// The secret, and not the `rejected` one. `None` where the backend has its own.
    pub(super) async fn current(&self, rejected: Option<u64>) -> Result<Option<Current>> {
        match self {
            Self::Backend { .. } => Ok(None),
            Self::Fixed { secret, .. } => Ok(Some(Current {
                secret: secret.clone(),
                generation: 0,
            })),
            Self::Fetched(fetched) => fetched.current(rejected).await.map(Some),
        }
    }
}

impl Fetched {
    /// Whoever comes first fetches; the others wait for the lock and find the new secret. If the
    /// first is dropped meanwhile, the next one fetches.
    async fn current(&self, rejected: Option<u64>) -> Result<Current> {
        let mut held = self.held.lock().await;
        if let Some(current) = held
            .current
            .as_ref()
            .filter(|current| rejected.is_none_or(|rejected| current.generation > rejected))
        {
            return Ok(current.clone());
        }
        if held
            .failed
            .is_some_and(|failed| failed.elapsed() < FAILURE_LASTS)
        {
            return Err(Error::new(
                ErrorKind::Auth,
                "the key's source failed a moment ago",
            ));
        }
        let fetched = match timeout(LONGEST_FETCH, self.from.fetch()).await {
            Ok(fetched) => fetched,
            Err(_) => Err(Error::timeout(Phase::Head, LONGEST_FETCH)),
        };
        let secret = match fetched {
            Ok(secret) => secret,
            Err(error) => {
                held.failed = Some(Instant::now());
                return Err(
                    Error::new(ErrorKind::Auth, "the key's source failed").with_source(error)
                );
            }
        };
        let current = Current {
            secret,
            generation: self.generation.fetch_add(1, Relaxed) + 1,
        };
        held.failed = None;
        held.current = Some(current.clone());
        Ok(current)
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.label())
    }
}

trait Erased: Send + Sync {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Secret>> + Send + '_>>;
}

impl<S: KeySource> Erased for S {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Secret>> + Send + '_>> {
        Box::pin(KeySource::fetch(self))
    }
}

/// A name for a secret that tells nothing of it.
pub(super) fn label_of(secret: &Secret) -> Arc<str> {
    KeyId::of(secret).to_string().into()
}
