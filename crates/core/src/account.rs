//! An account with a provider: keys, endpoints, a default model, a stack of layers.

use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    AccountConfig, Backend, BackendInfo, Error, HttpClient, Model, ProviderDef, Result, Secret,
    env,
    middleware::{
        Breaker, Gate, KeySource, RateLimit, Stack,
        pool::{KeyPart, Shared, Site as Member},
    },
    protocol::{Auth, Authorize, HttpBackend, Limits, Protocol, Target, Timers},
};

/// A backend twice: bare, for pools, and in its stack, for everybody else.
///
/// With several keys or endpoints it is a pool of them.
#[derive(Clone, Debug)]
pub struct Account {
    bare: Backend,
    stacked: Backend,
}

impl Account {
    /// The backend behind its stack: deadline, retries, spans.
    pub fn backend(&self) -> &Backend {
        &self.stacked
    }

    /// The backend without its stack, so that a pool around it does not retry twice: one endpoint
    /// with one key is no more than the provider's protocol, several still choose among themselves.
    pub fn bare(&self) -> &Backend {
        &self.bare
    }

    /// A model of this account.
    pub fn model(&self, name: impl Into<Arc<str>>) -> Model {
        self.stacked.model(name)
    }

    /// The account's default model.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the provider has none, and none was set.
    pub fn default_model(&self) -> Result<Model> {
        match self.stacked.default_model() {
            Some(model) => Ok(self.stacked.model(model)),
            None => Err(Error::config(
                "no default model; set one with `.model(…)` on the builder",
            )),
        }
    }
}

/// Builds the account of a provider: `Groq::builder()`.
///
/// It reads nothing of the environment, unless [`vars`](Self::vars) is called.
#[must_use = "a builder does nothing until it is built"]
pub struct Builder<A> {
    provider: &'static ProviderDef,
    assemble: Assemble,
    wrap: fn(Account) -> A,
    name: Option<String>,
    /// The provider that a configuration names.
    configured: Option<String>,
    keys: Vec<Key>,
    endpoints: Vec<(String, u32)>,
    model: Option<String>,
    headers: Vec<(String, String)>,
    authorize: Option<Auth>,
    client: Option<HttpClient>,
    stack: Stack,
    timers: Timers,
    limits: Limits,
    plain_http: bool,
    lenient: bool,
    idempotency: Option<String>,
}

type Assemble = Box<dyn Fn(BackendInfo, Site) -> Backend + Send>;

/// A key as it was given.
#[derive(Debug)]
enum Key {
    Fixed(Secret, Option<Arc<str>>),
    Fetched(KeyPart),
}

/// Where an account lives and how it is reached.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) target: Target,
    pub(crate) auth: Auth,
    pub(crate) http: HttpClient,
    pub(crate) headers: HeaderMap,
    pub(crate) timers: Timers,
    pub(crate) limits: Limits,
    pub(crate) lenient: bool,
    /// The header for a key that makes repeating a call harmless.
    pub(crate) idempotency: Option<HeaderName>,
}

impl<A> Builder<A> {
    /// The builder of an account that speaks `protocol`. For provider crates.
    pub fn new(
        provider: &'static ProviderDef,
        protocol: impl Protocol,
        wrap: fn(Account) -> A,
    ) -> Self {
        Self {
            provider,
            assemble: {
                let protocol = Arc::new(protocol);
                Box::new(move |info, site| {
                    Backend::new(HttpBackend::new(info, protocol.clone(), site))
                })
            },
            wrap,
            name: None,
            configured: None,
            keys: Vec::new(),
            endpoints: Vec::new(),
            model: None,
            headers: Vec::new(),
            authorize: None,
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

    /// Sets what adds credentials to each attempt, instead of a key: a token that is refreshed, a
    /// signature over the request.
    pub fn authorize(mut self, authorize: impl Authorize) -> Self {
        self.authorize = Some(Auth::custom(authorize));
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

    /// Takes keys, base URLs and the model from variables: `|name| std::env::var(name).ok()`. See
    /// [`mod@env`].
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config), naming the variable that is wrong.
    pub fn vars(mut self, vars: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let settings = env::read(self.provider.env, vars)
            .map_err(|error| error.with_provider(self.provider.id))?;
        self.add(settings.keys, settings.base_urls);
        self.model = settings.model.or(self.model);
        Ok(self)
    }

    /// Takes everything from a configuration.
    pub fn config(mut self, config: AccountConfig) -> Self {
        self.add(config.keys, config.base_urls);
        self.model = config.model.or(self.model);
        self.name = config.name.or(self.name);
        self.headers.extend(config.headers);
        self.configured = Some(config.provider)
            .filter(|provider| !provider.is_empty())
            .or(self.configured);
        self
    }

    /// Builds the account.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config), saying which setting cannot work and what to do. No
    /// message holds the key.
    pub fn build(self) -> Result<A> {
        let provider = self.provider;
        let wrap = self.wrap;
        self.account()
            .map(wrap)
            .map_err(|error| error.with_provider(provider.id))
    }

    fn account(mut self) -> Result<Account> {
        if let Some(other) = self
            .configured
            .as_deref()
            .filter(|provider| *provider != self.provider.id)
        {
            return Err(Error::config(format!(
                "the configuration is for the provider `{other}`; build that one of it"
            )));
        }
        self.timers.check()?;
        self.limits.check()?;
        self.stack.check()?;
        let info = self.info();
        let sites = self.sites()?;
        let is_plain = matches!(self.keys.as_slice(), [] | [Key::Fixed(_, None)]);
        let is_keyless = self.keys.is_empty();
        let keys = self.key_parts()?;
        let members = sites
            .into_iter()
            .map(|(label, weight, site)| Member {
                backend: (self.assemble)(info.clone(), site),
                name: label.clone(),
                // Without a key it is the endpoint itself that asks to wait.
                keys: is_keyless.then(|| vec![KeyPart::of_backend(&label)]),
                label,
                weight,
            })
            .collect::<Vec<_>>();
        // One endpoint with one key needs no pool to stand bare.
        let sole = match members.as_slice() {
            [one] if is_plain => Some(one.backend.clone()),
            _ => None,
        };
        let pool = Shared::new(info, members, keys, &self.stack)?;
        let bare = match &sole {
            Some(backend) => backend.clone(),
            None => Stack::bare().over(pool.clone()),
        };
        let stacked = match sole {
            Some(backend) if !self.stack.pools() => self.stack.around(backend)?,
            _ => self.stack.over(pool),
        };
        Ok(Account { bare, stacked })
    }

    fn info(&self) -> BackendInfo {
        let mut info = BackendInfo::new(self.provider.id)
            .models(self.provider.models)
            .reasoning_models(self.provider.reasoning_models)
            .capabilities(self.provider.capabilities);
        if let Some(name) = &self.name {
            info.name = name.as_str().into();
        }
        let default_model = self.model.as_deref().or(self.provider.default_model);
        match default_model {
            Some(model) => info.default_model(model),
            None => info,
        }
    }

    /// The endpoints, each with its name, which no other has.
    fn sites(&self) -> Result<Vec<(Arc<str>, u32, Site)>> {
        let auth = self.auth()?;
        let http = self.client.clone().ok_or_else(|| {
            Error::config(
                "no HTTP client; turn on the crate's feature `hyper`, or call `.client(…)`",
            )
        })?;
        let headers = self.header_map()?;
        let idempotency = self.idempotency()?;
        let mut sites: Vec<(Arc<str>, u32, Site)> = Vec::new();
        for (base_url, weight) in self.base_urls()? {
            let target = Target::parse(&base_url)?;
            let has_keys = !self.keys.is_empty() || !matches!(auth, Auth::None(_));
            if has_keys && !target.is_confidential() && !self.plain_http {
                return Err(Error::config(format!(
                    "the base URL sends the key to {} in clear text; use https, or call `.allow_plain_http()`",
                    target.authority(),
                )));
            }
            if sites.iter().any(|(_, _, site)| site.target == target) {
                return Err(Error::config(format!(
                    "a base URL at {} was given twice; give each once, and a weight if it shall take more",
                    target.authority(),
                )));
            }
            let authority = target.shared_authority().clone();
            let same = sites
                .iter()
                .filter(|(_, _, site)| *site.target.shared_authority() == authority);
            let label = match same.count() {
                0 => authority,
                same => format!("{authority}#{}", same + 1).into(),
            };
            let site = Site {
                auth: auth.clone(),
                headers: headers.clone(),
                http: http.clone(),
                timers: self.timers,
                limits: self.limits,
                lenient: self.lenient,
                idempotency: idempotency.clone(),
                target,
            };
            sites.push((label, weight, site));
        }
        Ok(sites)
    }

    fn base_urls(&self) -> Result<Vec<(String, u32)>> {
        match (self.endpoints.as_slice(), self.provider.base_url) {
            ([], Some(base_url)) => Ok(vec![(base_url.to_owned(), 1)]),
            ([], None) => {
                let env = self.provider.env;
                Err(Error::config(format!(
                    "no base URL; set {env}_BASE_URL, or call `.endpoint(…)`"
                )))
            }
            (given, _) => Ok(given.to_vec()),
        }
    }

    /// The credentials that an endpoint has by itself: those of a sole key, or none where the pool
    /// gives each call one of several.
    fn auth(&self) -> Result<Auth> {
        let scheme = self.provider.auth;
        match (self.authorize.as_ref(), self.keys.as_slice()) {
            (Some(auth), []) => Ok(auth.clone()),
            (Some(_), _) => Err(Error::config(
                "both a key and `.authorize(…)` were given; give one of them",
            )),
            (None, []) if !self.provider.key_optional => {
                let env = self.provider.env;
                Err(Error::config(format!(
                    "no key; set {env}_API_KEY, or call `.key(…)`"
                )))
            }
            (None, [Key::Fixed(sole, None)]) => Auth::of(scheme, Some(sole)),
            (None, _) => Ok(Auth::None(scheme)),
        }
    }

    fn key_parts(&mut self) -> Result<Vec<KeyPart>> {
        match self.keys.as_slice() {
            [] => return Ok(Vec::new()),
            [Key::Fixed(sole, None)] => return Ok(vec![KeyPart::sole(sole)]),
            _ => {}
        }
        let scheme = self.provider.auth;
        let mut parts = Vec::with_capacity(self.keys.len());
        let mut known: Vec<(Secret, Option<Arc<str>>)> = Vec::new();
        for key in self.keys.drain(..) {
            parts.push(match key {
                Key::Fixed(secret, tenant) => {
                    Auth::of(scheme, Some(&secret))?;
                    let is_same = |(other, of): &(Secret, Option<Arc<str>>)| {
                        other.expose() == secret.expose() && *of == tenant
                    };
                    if known.iter().any(is_same) {
                        return Err(Error::config(
                            "a key was given twice; give each once: a refused one would be tried again in its own place",
                        ));
                    }
                    known.push((secret.clone(), tenant.clone()));
                    KeyPart::fixed(secret, tenant)
                }
                Key::Fetched(part) => part,
            });
        }
        Ok(parts)
    }

    fn idempotency(&self) -> Result<Option<HeaderName>> {
        let name = self.idempotency.as_deref().or(self.provider.idempotency);
        let name = name.map(|name| HeaderName::from_bytes(name.as_bytes()));
        name.transpose().map_err(|_| {
            Error::config("the `idempotency_header` has characters that no header's name may have")
        })
    }

    fn add(&mut self, keys: Vec<Secret>, base_urls: Vec<String>) {
        self.keys
            .extend(keys.into_iter().map(|key| Key::Fixed(key, None)));
        self.endpoints
            .extend(base_urls.into_iter().map(|base_url| (base_url, 1)));
    }

    fn header_map(&self) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let parsed_name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                Error::config("a header's name has characters that no name may have")
            })?;
            if parsed_name == http::header::AUTHORIZATION {
                return Err(Error::config(
                    "`authorization` is set from the key; call `.key(…)` instead",
                ));
            }
            if crate::protocol::is_ours(&parsed_name) {
                return Err(Error::config(format!(
                    "the header `{parsed_name}` is ours to set; leave it out"
                )));
            }
            let mut parsed_value = HeaderValue::from_str(value).map_err(|_| {
                Error::config(format!(
                    "the value of the header `{parsed_name}` has control characters"
                ))
            })?;
            // It may be a key to a gateway, for all we know.
            parsed_value.set_sensitive(true);
            headers.insert(parsed_name, parsed_value);
        }
        Ok(headers)
    }
}

impl<A> fmt::Debug for Builder<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("provider", &self.provider.id)
            .field("keys", &self.keys)
            .field("endpoints", &self.endpoints.len())
            .finish_non_exhaustive()
    }
}
