//! What can be set of an account.

use std::{fmt, marker::PhantomData, sync::Arc};

use http::{HeaderMap, HeaderName};

use super::{Credentials, Custom, settings::Settings};
use crate::{
    AccountConfig, Backend, BackendInfo, Capabilities, Error, HttpClient, Json, ProviderDef,
    Result, Secret, env,
    middleware::{Breaker, Gate, KeySource, RateLimit, Stack, TokenSource, pool::KeyPart},
    protocol::{Auth, AuthScheme, Authorize, HttpBackend, Limits, Protocol, Target, Timers},
};

/// Builds the account of a provider: `Groq::builder()`.
///
/// It reads nothing of the environment, unless [`vars`](Self::vars) is called.
#[must_use = "a builder does nothing until it is built"]
pub struct Builder<P = Custom> {
    pub(super) provider: &'static ProviderDef,
    pub(super) ways: Ways,
    account: PhantomData<fn() -> P>,
    pub(super) name: Option<String>,
    /// The provider that a configuration names.
    pub(super) configured: Option<String>,
    pub(super) keys: Vec<Key>,
    pub(super) endpoints: Vec<(String, u32)>,
    pub(super) model: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) settings: Vec<(String, String)>,
    /// What a configuration says that only this provider wants to know.
    pub(super) extra: Option<Json>,
    pub(super) authorize: Option<Auth>,
    pub(super) scheme: AuthScheme,
    pub(super) client: Option<HttpClient>,
    pub(super) stack: Stack,
    pub(super) timers: Timers,
    pub(super) limits: Limits,
    pub(super) plain_http: bool,
    pub(super) lenient: bool,
    pub(super) idempotency: Option<String>,
}

/// A key as it was given.
#[derive(Debug)]
pub(super) enum Key {
    Fixed(Secret, Option<Arc<str>>),
    Fetched(KeyPart),
}

/// Headers of answers: the provider's name, the usual one.
pub(crate) type Renamed = Arc<[(HeaderName, HeaderName)]>;

/// Where an account lives and how it is reached.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) target: Target,
    pub(crate) auth: Auth,
    pub(crate) http: HttpClient,
    pub(crate) headers: HeaderMap,
    /// Those that the provider wants with every request; the account's and the call's stand over them.
    pub(crate) usual: HeaderMap,
    /// Names of headers in its answers, and what they are called elsewhere.
    pub(crate) renamed: Renamed,
    pub(crate) timers: Timers,
    pub(crate) limits: Limits,
    pub(crate) lenient: bool,
    /// The header for a key that makes repeating a call harmless.
    pub(crate) idempotency: Option<HeaderName>,
}

/// The protocol of an account, once its settings are known.
type Speak = Box<dyn Fn(&Settings) -> Result<Assemble> + Send>;

/// What a provider makes of the settings of an account, once they are known.
pub(super) struct Ways {
    pub(super) protocol: Speak,
    pub(super) base_url: fn(&Settings) -> Result<Option<String>>,
    /// `None` where it is what the definition says.
    pub(super) capabilities: Option<fn(&Settings) -> Capabilities>,
    pub(super) credentials: fn(&Settings, &HttpClient) -> Result<Option<Credentials>>,
}

/// A backend at one endpoint.
pub(super) type Assemble = Box<dyn Fn(BackendInfo, Site) -> Backend>;

impl Builder {
    /// The builder of an account that speaks `protocol`, for protocols that no [`Provider`] names:
    /// those of tests, those made at run time.
    ///
    /// [`Provider`]: super::Provider
    pub fn of(provider: &'static ProviderDef, protocol: impl Protocol) -> Self {
        let protocol = Arc::new(protocol);
        let ways = Ways {
            protocol: Box::new(move |_| Ok(assemble(protocol.clone()))),
            base_url: |_| Ok(None),
            capabilities: None,
            credentials: |_, _| Ok(None),
        };
        Self::new(provider, ways)
    }
}

pub(super) fn assemble(protocol: Arc<impl Protocol>) -> Assemble {
    Box::new(move |info, site| Backend::new(HttpBackend::new(info, protocol.clone(), site)))
}

impl<P> Builder<P> {
    pub(super) fn new(provider: &'static ProviderDef, ways: Ways) -> Self {
        Self {
            provider,
            ways,
            account: PhantomData,
            name: None,
            configured: None,
            keys: Vec::new(),
            endpoints: Vec::new(),
            model: None,
            headers: Vec::new(),
            settings: Vec::new(),
            extra: None,
            authorize: None,
            scheme: provider.auth,
            client: None,
            stack: Stack::default(),
            timers: Timers::default(),
            limits: Limits::default(),
            plain_http: false,
            lenient: false,
            idempotency: None,
        }
    }

    /// Adds a key. With several, each call takes one that the provider has not asked to wait: the
    /// first, unless [`Stack::key_concurrency`] counts how much each has to do.
    pub fn key(mut self, key: impl Into<Secret>) -> Self {
        self.keys.push(Key::Fixed(key.into(), None));
        self
    }

    /// Adds a key for the calls of one [tenant](crate::ChatCall::tenant). Nobody else's calls use
    /// it, and a tenant with keys of its own uses no others.
    pub fn tenant_key(mut self, tenant: impl Into<Arc<str>>, key: impl Into<Secret>) -> Self {
        self.keys.push(Key::Fixed(key.into(), Some(tenant.into())));
        self
    }

    /// Adds a key that may change while the program runs. It is fetched before the first call, and
    /// once more whenever the provider has rejected it.
    pub fn key_from(mut self, source: impl KeySource) -> Self {
        let number = self.keys.len() + 1;
        self.keys
            .push(Key::Fetched(KeyPart::fetched(source, number)));
        self
    }

    /// Adds a key that ends by itself, and is fetched anew before it does.
    pub fn token_from(mut self, source: impl TokenSource) -> Self {
        let number = self.keys.len() + 1;
        self.keys
            .push(Key::Fetched(KeyPart::tokens(source, number)));
        self
    }

    /// Sets what adds credentials to each attempt, instead of a key: a token that is refreshed, a
    /// signature over the request.
    pub fn authorize(mut self, authorize: impl Authorize) -> Self {
        self.authorize = Some(Auth::custom(authorize));
        self
    }

    /// Sets how the key is sent, where this account differs from its provider: a gateway's header, or
    /// a token where others have a key.
    pub fn auth(mut self, scheme: AuthScheme) -> Self {
        self.scheme = scheme;
        self
    }

    /// Adds a base URL: `https://api.groq.com/openai/v1`. Requests go below it and nowhere else.
    /// Several share the calls and stand in for each other.
    pub fn endpoint(self, base_url: impl Into<String>) -> Self {
        self.weighted_endpoint(base_url, 1)
    }

    /// Adds a base URL that takes `weight` times what one of weight 1 takes.
    pub fn weighted_endpoint(mut self, base_url: impl Into<String>, weight: u32) -> Self {
        self.endpoints.push((base_url.into(), weight));
        self
    }

    /// Sets the model that is used when none is named.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Sets what the backend is called in registries; the provider's id unless set.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds a header to every request: an organisation, a project.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sets what only this provider wants to know: `api_version`. Its definition lists the
    /// [settings](ProviderDef::settings) that there are; any other is an error of `build`.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Sets the HTTP client.
    pub fn client(mut self, client: HttpClient) -> Self {
        self.client = Some(client);
        self
    }

    /// Sets the layers around the backend.
    pub fn stack(mut self, stack: Stack) -> Self {
        self.stack = stack;
        self
    }

    /// Sets how many calls each endpoint serves at once, and how many wait for it. The same as
    /// [`Stack::endpoint_limits`].
    pub fn endpoint_limits(mut self, gate: Gate) -> Self {
        self.stack = self.stack.endpoint_limits(gate);
        self
    }

    /// Sets how many requests and tokens a minute each key may use. The same as
    /// [`Stack::key_limits`].
    pub fn key_limits(mut self, limits: RateLimit) -> Self {
        self.stack = self.stack.key_limits(limits);
        self
    }

    /// Sets when to leave an endpoint alone. The same as [`Stack::breaker`].
    pub fn breaker(mut self, breaker: Breaker) -> Self {
        self.stack = self.stack.breaker(breaker);
        self
    }

    /// Sets how long to wait for what.
    pub fn timers(mut self, timers: Timers) -> Self {
        self.timers = timers;
        self
    }

    /// Sets how much to accept.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Allows `http://` to a host that is not this machine, with a key: it is sent for everybody
    /// on the way to read.
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// Skips an event of a stream that cannot be read, with a warning in the log, instead of
    /// ending the stream.
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// Sends a key of the call in this header, the same with each of its attempts: `idempotency-key`.
    /// For a gateway that honours it; calls with side effects are then retried as others are.
    pub fn idempotency_header(mut self, name: impl Into<String>) -> Self {
        self.idempotency = Some(name.into());
        self
    }

    /// Takes keys, base URLs, the model and the provider's own settings from variables:
    /// `|name| std::env::var(name).ok()`. See [`mod@env`].
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config), naming the variable that is wrong.
    pub fn vars(mut self, vars: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let provider = self.provider;
        let of_provider = |error: Error| error.with_provider(provider.id);
        let found = env::of_provider(provider, vars).map_err(of_provider)?;
        self.add(found.keys, found.base_urls);
        self.model = found.model.or(self.model);
        for setting in provider.settings {
            let value = env::setting(provider, setting, vars).map_err(of_provider)?;
            self.settings
                .extend(value.map(|value| ((*setting).to_owned(), value)));
        }
        Ok(self)
    }

    /// Takes everything from a configuration.
    pub fn config(mut self, config: AccountConfig) -> Self {
        self.add(config.keys, config.base_urls);
        self.model = config.model.or(self.model);
        self.name = config.name.or(self.name);
        self.headers.extend(config.headers);
        self.extra = config.extra.or(self.extra);
        self.configured = Some(config.provider)
            .filter(|provider| !provider.is_empty())
            .or(self.configured);
        self
    }

    fn add(&mut self, keys: Vec<Secret>, base_urls: Vec<String>) {
        self.keys
            .extend(keys.into_iter().map(|key| Key::Fixed(key, None)));
        self.endpoints
            .extend(base_urls.into_iter().map(|base_url| (base_url, 1)));
    }
}

impl<P> fmt::Debug for Builder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("provider", &self.provider.id)
            .field("keys", &self.keys)
            .field("endpoints", &self.endpoints.len())
            .finish_non_exhaustive()
    }
}
