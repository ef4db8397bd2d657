//! An account with a provider: keys, endpoints, a default model, a stack of layers.

use std::{fmt, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    AccountConfig, Backend, BackendInfo, Error, HttpClient, Model, ProviderDef, Result, Secret,
    env,
    middleware::Stack,
    protocol::{Auth, Authorize, HttpBackend, Limits, Protocol, Target, Timers},
};

/// A backend twice: bare, for pools, and in its stack, for everybody else.
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

    /// The backend without its stack, so that a pool around it does not retry twice. Without its
    /// deadline either: a call's [`timeout`](crate::ChatCall::timeout) is kept by layers around it.
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
    keys: Vec<Secret>,
    endpoints: Vec<String>,
    model: Option<String>,
    headers: Vec<(String, String)>,
    authorize: Option<Auth>,
    client: Option<HttpClient>,
    stack: Stack,
    timers: Timers,
    limits: Limits,
    plain_http: bool,
    lenient: bool,
}

type Assemble = Box<dyn FnOnce(BackendInfo, Site) -> Backend + Send>;

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
            assemble: Box::new(|info, site| Backend::new(HttpBackend::new(info, protocol, site))),
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
        }
    }

    /// Sets the key.
    pub fn key(mut self, key: impl Into<Secret>) -> Self {
        self.keys.push(key.into());
        self
    }

    /// Sets what adds credentials to each attempt, instead of a key: a token that is refreshed, a
    /// signature over the request.
    pub fn authorize(mut self, authorize: impl Authorize) -> Self {
        self.authorize = Some(Auth::custom(authorize));
        self
    }

    /// Sets the base URL: `https://api.groq.com/openai/v1`. Requests go below it and nowhere else.
    pub fn endpoint(mut self, base_url: impl Into<String>) -> Self {
        self.endpoints.push(base_url.into());
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

    /// Takes keys, base URLs and the model from variables: `|name| std::env::var(name).ok()`. See
    /// [`mod@env`].
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config), naming the variable that is wrong.
    pub fn vars(mut self, vars: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        let settings = env::read(self.provider.env, vars)
            .map_err(|error| error.with_provider(self.provider.id))?;
        self.keys.extend(settings.keys);
        self.endpoints.extend(settings.base_urls);
        self.model = settings.model.or(self.model);
        Ok(self)
    }

    /// Takes everything from a configuration.
    pub fn config(mut self, config: AccountConfig) -> Self {
        self.keys.extend(config.keys);
        self.endpoints.extend(config.base_urls);
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

    fn account(self) -> Result<Account> {
        if let Some(other) = self
            .configured
            .as_deref()
            .filter(|provider| *provider != self.provider.id)
        {
            return Err(Error::config(format!(
                "the configuration is for the provider `{other}`; build that one of it"
            )));
        }
        let target = Target::parse(&self.base_url()?)?;
        let auth = match &self.authorize {
            Some(_) if !self.keys.is_empty() => {
                return Err(Error::config(
                    "both a key and `.authorize(…)` were given; give one of them",
                ));
            }
            Some(auth) => auth.clone(),
            None => Auth::of(self.provider.auth, self.single_key()?.as_ref())?,
        };
        if !matches!(auth, Auth::None(_)) && !target.is_confidential() && !self.plain_http {
            return Err(Error::config(format!(
                "the base URL sends the key to {} in clear text; use https, or call `.allow_plain_http()`",
                target.authority(),
            )));
        }
        let site = Site {
            auth,
            headers: self.header_map()?,
            http: self.client.clone().ok_or_else(|| {
                Error::config(
                    "no HTTP client; turn on the crate's feature `hyper`, or call `.client(…)`",
                )
            })?,
            timers: self.timers,
            limits: self.limits,
            lenient: self.lenient,
            target,
        };
        self.timers.check()?;
        self.limits.check()?;
        self.stack.check()?;

        let mut info = BackendInfo::new(self.provider.id)
            .models(self.provider.models)
            .reasoning_models(self.provider.reasoning_models)
            .capabilities(self.provider.capabilities);
        if let Some(name) = self.name {
            info.name = name.into();
        }
        if let Some(model) = self
            .model
            .or_else(|| self.provider.default_model.map(str::to_owned))
        {
            info = info.default_model(model);
        }
        let bare = (self.assemble)(info, site);
        let stacked = self.stack.around(bare.clone());
        Ok(Account { bare, stacked })
    }

    fn base_url(&self) -> Result<String> {
        match (self.endpoints.as_slice(), self.provider.base_url) {
            ([], Some(base_url)) => Ok(base_url.to_owned()),
            ([], None) => {
                let env = self.provider.env;
                Err(Error::config(format!(
                    "no base URL; set {env}_BASE_URL, or call `.endpoint(…)`"
                )))
            }
            ([one], _) => Ok(one.clone()),
            _ => Err(Error::config(
                "several base URLs were given; make one account of each",
            )),
        }
    }

    fn single_key(&self) -> Result<Option<Secret>> {
        match self.keys.as_slice() {
            [] if self.provider.key_optional => Ok(None),
            [] => {
                let env = self.provider.env;
                Err(Error::config(format!(
                    "no key; set {env}_API_KEY, or call `.key(…)`"
                )))
            }
            [one] => Ok(Some(one.clone())),
            _ => Err(Error::config(
                "several keys were given; make one account of each",
            )),
        }
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
