//! The provider's crate under test.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use trunkline_core::{
    Account, AccountConfig, Backend, Capabilities, HttpClient, ProviderDef, Result, Secret,
    account::{Builder, Provider},
    middleware::Stack,
    protocol::{Limits, Timers},
};

/// The provider's crate under test.
pub struct Subject {
    pub(super) def: &'static ProviderDef,
    /// What an account with these settings can do.
    pub(super) can: Capabilities,
    pub(super) fixtures: PathBuf,
    pub(super) base_path: String,
    pub(super) settings: Vec<(String, String)>,
    /// The model to test a capability with, where it is another than that of the cases.
    pub(super) models: BTreeMap<String, String>,
    /// Capabilities that the provider has with a warning, and why.
    pub(super) documented: BTreeMap<String, String>,
    /// Tests that do not apply, and why.
    pub(super) exceptions: BTreeMap<String, String>,
    pub(super) build: fn(Setup) -> Result<Built>,
}

impl Subject {
    /// The provider `P`, with the fixtures in a folder.
    pub fn of<P: Provider>(fixtures: impl Into<PathBuf>) -> Self {
        let base_url = P::DEF.base_url.unwrap_or_default();
        let path = base_url
            .split("://")
            .nth(1)
            .and_then(|rest| rest.find('/').and_then(|at| rest.get(at..)));
        Self {
            def: P::DEF,
            can: P::DEF.capabilities,
            fixtures: fixtures.into(),
            base_path: path.unwrap_or_default().to_owned(),
            settings: Vec::new(),
            models: BTreeMap::new(),
            documented: BTreeMap::new(),
            exceptions: BTreeMap::new(),
            build: build::<P>,
        }
    }

    /// Sets the path of the base URL; that of the provider's own base URL unless set.
    #[must_use]
    pub fn base_path(mut self, path: impl Into<String>) -> Self {
        self.base_path = path.into();
        self
    }

    /// Sets a [setting](trunkline_core::account::Builder::setting) that every account needs.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((name.into(), value.into()));
        self
    }

    /// Sets what an account with these [settings](Self::setting) can do, where that is not what the
    /// definition says.
    #[must_use]
    pub fn capabilities(mut self, can: Capabilities) -> Self {
        self.can = can;
        self
    }

    /// Sets the model that a capability is tested with, by the capability's flag: `reasoning`, where
    /// the model of the fixture `chat` does not reason. Without it, a fixture that is named like the
    /// flag tells its model.
    #[must_use]
    pub fn model_for_flag(mut self, flag: impl Into<String>, model: impl Into<String>) -> Self {
        self.models.insert(flag.into(), model.into());
        self
    }

    /// Says that what a declared flag stands for is not sent as it was asked, but as the nearest
    /// that the provider takes, and why. The suite then demands the
    /// [warning](trunkline_core::Warning::Coerced), instead of forbidding it.
    #[must_use]
    pub fn warns(mut self, flag: impl Into<String>, reason: impl Into<String>) -> Self {
        self.documented.insert(flag.into(), reason.into());
        self
    }

    /// Leaves a test out, by its name, and prints why. A name that no test has fails the run.
    #[must_use]
    pub fn except(mut self, test: impl Into<String>, reason: impl Into<String>) -> Self {
        self.exceptions.insert(test.into(), reason.into());
        self
    }

    /// A setup of an account at `url`, with a key and one attempt: nothing is retried.
    pub(super) fn at(&self, url: &str) -> Setup {
        Setup {
            keys: vec![KEY.into()],
            endpoints: vec![format!("{url}{}", self.base_path)],
            settings: self.settings.clone(),
            stack: Some(Stack::bare()),
            ..Setup::default()
        }
    }

    pub(super) fn build(&self, setup: Setup) -> Result<Built> {
        (self.build)(setup)
    }

    /// A setup of an account whose requests go through `client`, whatever their address.
    pub(super) fn through(&self, client: HttpClient) -> Setup {
        Setup {
            client: Some(client),
            ..self.at("http://localhost")
        }
    }

    /// The account of that setup.
    pub(super) fn over(&self, client: HttpClient) -> Result<Built, String> {
        self.build(self.through(client))
            .map_err(|error| format!("no account can be built: {error}"))
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("def", &self.def)
            .field("fixtures", &self.fixtures)
            .finish_non_exhaustive()
    }
}

/// The key of every account in the suite: nobody may ever show it, and it is easily searched for.
pub(super) const KEY: &str = "test-key";

/// What is set of an account, for any provider.
#[derive(Default)]
pub(super) struct Setup {
    pub(super) keys: Vec<Secret>,
    pub(super) endpoints: Vec<String>,
    pub(super) settings: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) model: Option<String>,
    pub(super) vars: Option<BTreeMap<String, String>>,
    pub(super) config: Option<AccountConfig>,
    /// The shared client unless set.
    pub(super) client: Option<HttpClient>,
    /// The default stack unless set.
    pub(super) stack: Option<Stack>,
    pub(super) timers: Option<Timers>,
    pub(super) limits: Option<Limits>,
}

/// An account whose provider was forgotten.
pub(super) struct Built {
    pub(super) backend: Backend,
    pub(super) bare: Backend,
    /// What `Debug` says of the account.
    pub(super) debug: String,
}

fn build<P: Provider>(setup: Setup) -> Result<Built> {
    let mut builder: Builder<P> = Account::builder();
    builder = builder.client(setup.client.unwrap_or_else(HttpClient::shared));
    if let Some(vars) = &setup.vars {
        builder = builder.vars(&|name| vars.get(name).cloned())?;
    }
    if let Some(config) = setup.config {
        builder = builder.config(config);
    }
    for key in setup.keys {
        builder = builder.key(key);
    }
    for endpoint in setup.endpoints {
        builder = builder.endpoint(endpoint);
    }
    for (name, value) in setup.settings {
        builder = builder.setting(name, value);
    }
    for (name, value) in setup.headers {
        builder = builder.header(name, value);
    }
    if let Some(model) = setup.model {
        builder = builder.model(model);
    }
    if let Some(stack) = setup.stack {
        builder = builder.stack(stack);
    }
    if let Some(timers) = setup.timers {
        builder = builder.timers(timers);
    }
    if let Some(limits) = setup.limits {
        builder = builder.limits(limits);
    }
    let account = builder.build()?;
    Ok(Built {
        debug: format!("{account:?}"),
        bare: account.bare(),
        backend: account.into(),
    })
}
