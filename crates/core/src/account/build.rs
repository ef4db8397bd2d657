//! From what was set to an account: everything is checked, then put together.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{
    Account, Credentials, Settings,
    builder::{Builder, Key, Renamed, Site},
    credentials::Kind,
};
use crate::{
    BackendInfo, Error, Result, Secret, env,
    middleware::{
        Stack,
        pool::{KeyPart, Shared, Site as Member},
    },
    protocol::{Auth, Target},
};

impl<P> Builder<P> {
    /// Builds the account.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config), saying which setting cannot work and what to do. No
    /// message holds the key.
    pub fn build(self) -> Result<Account<P>> {
        let provider = self.provider;
        self.account()
            .map_err(|error| error.with_provider(provider.id))
    }

    fn account(mut self) -> Result<Account<P>> {
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
        let settings = self.settings()?;
        let assemble = (self.ways.protocol)(&settings)?;
        self.identify(&settings)?;
        let info = self.info(&settings);
        let sites = self.sites(&settings)?;
        let is_plain = matches!(self.keys.as_slice(), [] | [Key::Fixed(_, None)]);
        let is_keyless = self.keys.is_empty();
        let keys = self.key_parts()?;
        let members = sites
            .into_iter()
            .map(|(label, weight, site)| Member {
                backend: assemble(info.clone(), site),
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
        Ok(Account::of(bare, stacked))
    }

    /// Without a key, it is the provider that knows what an account of these settings has instead.
    fn identify(&mut self, settings: &Settings) -> Result<()> {
        if let ([], None, Some(client)) = (&*self.keys, &self.authorize, &self.client)
            && let Some(Credentials(credentials)) = (self.ways.credentials)(settings, client)?
        {
            match credentials {
                Kind::Tokens(key) => self.keys.push(key),
                Kind::Signed(auth) => self.authorize = Some(auth),
            }
        }
        Ok(())
    }

    fn info(&self, settings: &Settings) -> BackendInfo {
        let by_settings = self.ways.capabilities.map(|can| can(settings));
        let can = by_settings.unwrap_or(self.provider.capabilities);
        let mut info = BackendInfo::new(self.provider.id)
            .models(self.provider.models)
            .reasoning_models(self.provider.reasoning_models)
            .capabilities(can);
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
    fn sites(&self, settings: &Settings) -> Result<Vec<(Arc<str>, u32, Site)>> {
        let auth = self.credentials()?;
        let http = self.client.clone().ok_or_else(|| {
            Error::config(
                "no HTTP client; turn on the crate's feature `hyper`, or call `.client(…)`",
            )
        })?;
        let headers = self.header_map()?;
        let (usual, renamed) = self.headers_of_provider()?;
        let idempotency = self.idempotency()?;
        let mut sites: Vec<(Arc<str>, u32, Site)> = Vec::new();
        for (base_url, weight) in self.base_urls(settings)? {
            let target = Target::parse(self.provider.root(&base_url))?;
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
                usual: usual.clone(),
                renamed: renamed.clone(),
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

    fn base_urls(&self, settings: &Settings) -> Result<Vec<(String, u32)>> {
        if !self.endpoints.is_empty() {
            return Ok(self.endpoints.clone());
        }
        let made_up = (self.ways.base_url)(settings)?;
        match made_up.or_else(|| self.provider.base_url.map(str::to_owned)) {
            Some(base_url) => Ok(vec![(base_url, 1)]),
            None => {
                let names = env::names(self.provider, "BASE_URL");
                Err(Error::config(format!(
                    "no base URL; set {names}, or call `.endpoint(…)`"
                )))
            }
        }
    }

    /// The credentials that an endpoint has by itself: those of a sole key, or none where the pool
    /// gives each call one of several.
    fn credentials(&self) -> Result<Auth> {
        let scheme = self.scheme;
        match (self.authorize.as_ref(), self.keys.as_slice()) {
            (Some(auth), []) => Ok(auth.clone()),
            (Some(_), _) => Err(Error::config(
                "both a key and `.authorize(…)` were given; give one of them",
            )),
            (None, []) if !self.provider.key_optional => {
                let names = env::names(self.provider, "API_KEY");
                Err(Error::config(format!(
                    "no key; set {names}, or call `.key(…)`"
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
        let scheme = self.scheme;
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

    fn headers_of_provider(&self) -> Result<(HeaderMap, Renamed)> {
        let wrong = || Error::config("the provider's definition has a header that cannot be");
        let named = |name: &str| HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong());
        let mut usual = HeaderMap::new();
        for (name, value) in self.provider.headers {
            usual.insert(named(name)?, HeaderValue::from_static(value));
        }
        let renamed = self.provider.response_headers.iter();
        let renamed = renamed.map(|(theirs, ours)| Ok((named(theirs)?, named(ours)?)));
        Ok((usual, renamed.collect::<Result<_>>()?))
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
