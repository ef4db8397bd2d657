//! The client that an environment asks for.

use crate::{DefaultClient, HttpClient, TransportError};

use super::{HyperTransport, Proxy};

impl HttpClient {
    /// The shared client; where `vars` name a proxy (`HTTPS_PROXY`, `NO_PROXY` and so on), one of
    /// its own that goes through it.
    ///
    /// # Errors
    ///
    /// A proxy's address is none.
    pub fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, TransportError> {
        const PROXIES: [&str; 6] = [
            "HTTP_PROXY",
            "http_proxy",
            "HTTPS_PROXY",
            "https_proxy",
            "ALL_PROXY",
            "all_proxy",
        ];
        if PROXIES
            .iter()
            .all(|name| vars(name).is_none_or(|value| value.is_empty()))
        {
            return Ok(Self::shared());
        }
        let proxy = Proxy::from_env(vars)?;
        HyperTransport::builder()
            .proxy(proxy)
            .build()
            .map(Self::new)
    }
}

impl<P: ?Sized> DefaultClient<P> for HttpClient {
    fn shared() -> Self {
        Self::shared()
    }

    fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, TransportError> {
        Self::from_vars(vars)
    }
}
