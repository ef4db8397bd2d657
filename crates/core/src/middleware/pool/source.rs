//! Where the secret of a key comes from.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::{Error, ErrorKind, Phase, Result, Secret, middleware::KeyId};

/// Where a key comes from that may change while the program runs: a vault, a file that is
/// rotated.
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

/// Where tokens come from that end by themselves: a cloud's metadata server, an identity provider.
///
/// It is asked as a [`KeySource`] is, and again before a token ends: in the last tenth of its life,
/// five minutes at most, one call renews it while the others go on with the one there is.
pub trait TokenSource: Send + Sync + 'static {
    /// A token.
    ///
    /// # Errors
    ///
    /// Any: the calls that needed it fail with [`Auth`](ErrorKind::Auth) and this as their source.
    fn token(&self) -> impl Future<Output = Result<Token>> + Send;
}

/// A secret that ends.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Token {
    /// The secret.
    pub secret: Secret,
    /// How long it will live from now; `None` if it does not end.
    pub lasts: Option<Duration>,
}

impl Token {
    /// A token that ends in so long.
    pub fn new(secret: impl Into<Secret>, lasts: impl Into<Option<Duration>>) -> Self {
        Self {
            secret: secret.into(),
            lasts: lasts.into(),
        }
    }
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
    life: Option<Life>,
}

/// When a token is renewed, and when it is over.
#[derive(Clone, Copy, Debug)]
struct Life {
    renewed_from: Instant,
    ends: Instant,
}

pub(super) struct Fetched {
    from: Arc<dyn Erased>,
    /// Who holds it fetches.
    fetching: Mutex<()>,
    held: std::sync::Mutex<Held>,
    label: Arc<str>,
}

#[derive(Default)]
struct Held {
    current: Option<Current>,
    /// How many were fetched.
    generation: u64,
    failed: Option<Instant>,
}

/// For how long a source that failed is not asked again.
pub(super) const FAILURE_LASTS: Duration = Duration::from_secs(1);

/// How long before its end a token is renewed, at most.
const EARLIEST: Duration = Duration::from_secs(300);

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
        Self::of(Arc::new(Keys(from)), number)
    }

    pub(super) fn tokens(from: impl TokenSource, number: usize) -> Self {
        Self::of(Arc::new(from), number)
    }

    fn of(from: Arc<dyn Erased>, number: usize) -> Self {
        Self::Fetched(Fetched {
            from,
            fetching: Mutex::default(),
            held: std::sync::Mutex::default(),
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
                life: None,
            })),
            Self::Fetched(fetched) => fetched.current(rejected).await.map(Some),
        }
    }
}

impl Fetched {
    /// Whoever comes first fetches; the others wait and find the new secret, or go on with the one
    /// that has a while to live. If the first is dropped meanwhile, the next one fetches.
    async fn current(&self, rejected: Option<u64>) -> Result<Current> {
        let usable = |rejected| self.held().usable(rejected);
        let _fetching = match usable(rejected) {
            Some(current) if !current.is_due() => return Ok(current),
            Some(current) => match self.fetching.try_lock() {
                Ok(fetching) => fetching,
                Err(_) => return Ok(current),
            },
            None => self.fetching.lock().await,
        };
        let old = usable(rejected);
        if let Some(current) = old.as_ref().filter(|current| !current.is_due()) {
            return Ok(current.clone());
        }
        let error = if self.held().has_just_failed() {
            Error::new(ErrorKind::Auth, "the key's source failed a moment ago")
        } else {
            match self.fetch().await {
                Ok(token) => return Ok(self.held().renew(token)),
                Err(error) => {
                    self.held().failed = Some(Instant::now());
                    Error::new(ErrorKind::Auth, "the key's source failed").with_source(error)
                }
            }
        };
        // There is a while yet to try again in.
        old.ok_or(error)
    }

    async fn fetch(&self) -> Result<Token> {
        match timeout(LONGEST_FETCH, self.from.fetch()).await {
            Ok(fetched) => fetched,
            Err(_) => Err(Error::timeout(Phase::Head, LONGEST_FETCH)),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// What can be used, if it is not the `rejected` one.
    fn usable(&self, rejected: Option<u64>) -> Option<Current> {
        let current = self.current.as_ref()?;
        let is_new = rejected.is_none_or(|rejected| current.generation > rejected);
        (is_new && !current.is_over()).then(|| current.clone())
    }

    fn has_just_failed(&self) -> bool {
        let since = self.failed.map(|failed| failed.elapsed());
        since.is_some_and(|since| since < FAILURE_LASTS)
    }

    fn renew(&mut self, token: Token) -> Current {
        self.generation += 1;
        self.failed = None;
        let current = Current {
            secret: token.secret,
            generation: self.generation,
            life: token.lasts.and_then(Life::of),
        };
        self.current = Some(current.clone());
        current
    }
}

impl Current {
    fn is_due(&self) -> bool {
        self.life
            .is_some_and(|life| life.renewed_from <= Instant::now())
    }

    fn is_over(&self) -> bool {
        self.life.is_some_and(|life| life.ends <= Instant::now())
    }
}

impl Life {
    /// `None` if it ends beyond what a clock can hold.
    fn of(lasts: Duration) -> Option<Self> {
        let ends = Instant::now().checked_add(lasts)?;
        let early = (lasts / 10).min(EARLIEST);
        Some(Self {
            renewed_from: ends.checked_sub(early)?,
            ends,
        })
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Source({})", self.label())
    }
}

trait Erased: Send + Sync {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Token>> + Send + '_>>;
}

impl<S: TokenSource> Erased for S {
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Token>> + Send + '_>> {
        Box::pin(self.token())
    }
}

/// A source of keys, as one of tokens that do not end.
struct Keys<S>(S);

impl<S: KeySource> TokenSource for Keys<S> {
    async fn token(&self) -> Result<Token> {
        Ok(Token::new(self.0.fetch().await?, None))
    }
}

/// A name for a secret that tells nothing of it.
pub(super) fn label_of(secret: &Secret) -> Arc<str> {
    KeyId::of(secret).to_string().into()
}
