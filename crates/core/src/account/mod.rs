//! An account with a provider: keys, endpoints, a default model, a stack of layers.

use std::{fmt, marker::PhantomData, sync::Arc};

use trunkline_http::DefaultClient;

use crate::{
    AccountConfig, Backend, Capabilities, Error, HttpClient, Model, ProviderDef, Result, Secret,
    protocol::Protocol,
};

mod build;
mod builder;
mod credentials;
mod settings;

pub use builder::Builder;
pub(crate) use builder::Site;
use builder::Ways;
pub use credentials::Credentials;
pub use settings::Settings;

/// What a provider's crate says so that its accounts can be built: what it is, and how it speaks.
///
/// The type that implements it has no values. It tells one provider's [`Account`] from another's:
/// `pub type Groq = Account<Api>`.
///
/// ```
/// use trunkline_core::{Account, Capabilities, ProviderDef, Result, account::{Provider, Settings}};
/// # use std::collections::VecDeque;
/// # use trunkline_core::{Error, Op, Reply, StreamChunk, chat::Warnings, http_transport::frame::Frame};
/// # use trunkline_core::protocol::{Decoder, Protocol, Target, Terminal};
/// # pub struct Speech;
/// # pub struct Words;
/// # impl Decoder for Words {
/// #     fn frame(&mut self, _: Frame, _: &mut VecDeque<StreamChunk>) -> Result<()> { Ok(()) }
/// #     fn terminal(&self) -> Terminal { Terminal::Last }
/// # }
/// # impl Protocol for Speech {
/// #     type Decoder = Words;
/// #     fn encode(&self, _: &Op, target: &Target, _: &mut Warnings) -> Result<http::Request<bytes::Bytes>> { target.get("/") }
/// #     fn decode(&self, _: &Op, _: &http::response::Parts, _: bytes::Bytes) -> Result<Reply> { Err(Error::config("")) }
/// #     fn decoder(&self, _: &Op, _: &http::response::Parts) -> Words { Words }
/// #     fn error(&self, _: &http::response::Parts, _: &[u8]) -> Error { Error::config("") }
/// # }
///
/// pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("example", "EXAMPLE")
///     .base_url("https://api.example.com/v1")
///     .capabilities(Capabilities::NONE.chat().stream());
///
/// /// An account with Example.
/// pub type Example = Account<Api>;
///
/// #[derive(Debug)]
/// pub enum Api {}
///
/// impl Provider for Api {
///     type Protocol = Speech;
///     const DEF: &'static ProviderDef = &PROVIDER;
///
///     fn protocol(_: &Settings) -> Result<Speech> {
///         Ok(Speech)
///     }
/// }
///
/// # fn of_env() -> Result<()> {
/// let account = Example::from_env()?;
/// # Ok(())
/// # }
/// # assert!(of_env().is_err());
/// ```
pub trait Provider: Sized + 'static {
    /// The wire format that it speaks.
    type Protocol: Protocol;

    /// The provider, as data.
    const DEF: &'static ProviderDef;

    /// The wire format of one account, with the [settings](ProviderDef::settings) that the
    /// provider asks for.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): a setting is missing or cannot work.
    fn protocol(settings: &Settings) -> Result<Self::Protocol>;

    /// The base URL that an account's settings make up, a region or a project, where none was given.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): a setting cannot be part of a URL.
    fn base_url(settings: &Settings) -> Result<Option<String>> {
        let _ = settings;
        Ok(None)
    }

    /// What an account of these settings can do, where they choose among wire formats; what the
    /// definition says unless they do.
    fn capabilities(settings: &Settings) -> Capabilities {
        let _ = settings;
        Self::DEF.capabilities
    }

    /// What an account identifies itself with where it was given neither a key nor
    /// [`authorize`](Builder::authorize): signatures, tokens that end. `None` where there has to be
    /// a key, or none is needed. `client` reaches whoever gives them out.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): a setting is missing or cannot work.
    fn credentials(settings: &Settings, client: &HttpClient) -> Result<Option<Credentials>> {
        let _ = (settings, client);
        Ok(None)
    }
}

/// The account of no provider in particular, whose protocol was given by hand: [`Builder::of`].
#[derive(Debug)]
pub enum Custom {}

/// An account with a provider. Cloning it is two reference counts.
///
/// It holds a backend twice: [bare](Self::bare), for pools, and in its [stack](Self::backend), for
/// everybody else. With several keys or endpoints it is a pool of them.
///
/// A provider's crate gives it a name: `trunkline_groq::Groq` is the account with Groq.
pub struct Account<P = Custom> {
    bare: Backend,
    stacked: Backend,
    provider: PhantomData<fn() -> P>,
}

impl<P: Provider> Account<P> {
    /// With the key in the provider's variable, `GROQ_API_KEY` say; see [`env`](mod@crate::env)
    /// for the other variables. Proxies are taken from the environment as well.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config), naming the variable that is missing or wrong.
    pub fn from_env() -> Result<Self>
    where
        HttpClient: DefaultClient<P>,
    {
        Self::from_vars(&|name| std::env::var(name).ok())
    }

    /// The same from any variables: those of a test, of a tenant.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    pub fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self>
    where
        HttpClient: DefaultClient<P>,
    {
        let client = <HttpClient as DefaultClient<P>>::from_vars(vars)?;
        Self::builder().client(client).vars(vars)?.build()
    }

    /// With this key. Reads nothing of the environment.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the key cannot be sent, or the provider needs more
    /// than a key.
    pub fn new(key: impl Into<Secret>) -> Result<Self>
    where
        HttpClient: DefaultClient<P>,
    {
        let client = <HttpClient as DefaultClient<P>>::shared();
        Self::builder().key(key).client(client).build()
    }

    /// With this key, elsewhere and over another client.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the key cannot be sent, or the base URL is none.
    pub fn with(
        key: impl Into<Secret>,
        base_url: impl Into<String>,
        client: HttpClient,
    ) -> Result<Self> {
        let builder = Self::builder().key(key).endpoint(base_url);
        builder.client(client).build()
    }

    /// Everything else that can be set. Reads nothing of the environment, unless
    /// [`vars`](Builder::vars) is called.
    pub fn builder() -> Builder<P> {
        let protocol =
            |settings: &Settings| Ok(builder::assemble(Arc::new(P::protocol(settings)?)));
        let ways = Ways {
            protocol: Box::new(protocol),
            base_url: P::base_url,
            capabilities: Some(P::capabilities),
            credentials: P::credentials,
        };
        Builder::new(P::DEF, ways)
    }
}

impl<P> Account<P> {
    fn of(bare: Backend, stacked: Backend) -> Self {
        let provider = PhantomData;
        Self {
            bare,
            stacked,
            provider,
        }
    }

    /// The backend behind its stack: deadline, retries, spans.
    pub fn backend(&self) -> &Backend {
        &self.stacked
    }

    /// The backend without its stack, so that a pool around it does not retry twice: one endpoint
    /// with one key is no more than the provider's protocol, several still choose among themselves.
    pub fn bare(&self) -> Backend {
        self.bare.clone()
    }

    /// A model of this account, by its name.
    pub fn model(&self, name: impl AsRef<str>) -> Model {
        self.stacked.model(Arc::<str>::from(name.as_ref()))
    }

    /// The model that `X_MODEL` or the builder named, or the provider's default.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): the provider has none, and none was set.
    pub fn default_model(&self) -> Result<Model> {
        match self.stacked.default_model() {
            Some(model) => Ok(self.stacked.model(model)),
            None => Err(
                Error::config("no default model; set one with `.model(…)` on the builder")
                    .with_provider(self.stacked.info().provider),
            ),
        }
    }
}

/// What a [`ProviderDef`] builds of a configuration.
pub(crate) fn of_config<P: Provider>(config: AccountConfig, client: HttpClient) -> Result<Backend> {
    let builder = Account::<P>::builder().config(config).client(client);
    builder.build().map(Backend::from)
}

impl<P> From<Account<P>> for Backend {
    /// The backend behind its stack.
    fn from(account: Account<P>) -> Self {
        account.stacked
    }
}

// By hand, since a derive would ask the same of `P`, which is never there.
impl<P> Clone for Account<P> {
    fn clone(&self) -> Self {
        Self::of(self.bare.clone(), self.stacked.clone())
    }
}

impl<P> fmt::Debug for Account<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Account").field(&self.stacked).finish()
    }
}
