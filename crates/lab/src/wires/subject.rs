//! Which code answers for a provider.

use std::fmt;

use trunkline_core::{
    Backend, HttpClient, ProviderDef, Result, account::Builder, protocol::Protocol,
};
use trunkline_groq::Groq;
use trunkline_openai::OpenAi;
use trunkline_openai_compat::{Dialect, OpenAiCompat};

/// Makes the backend under test over a transport.
pub(crate) struct Subject {
    /// The crate, or what stands in for it.
    pub(crate) name: &'static str,
    build: Box<dyn Fn(HttpClient) -> Result<Backend>>,
}

/// Stands in for every provider that has no crate yet.
const COMPATIBLE: ProviderDef = ProviderDef::new("compatible", "COMPATIBLE", |config, client| {
    let builder = Builder::of(&COMPATIBLE, OpenAiCompat(Dialect::OPENAI));
    builder
        .config(config)
        .client(client)
        .build()
        .map(|account| account.backend().clone())
})
.base_url(NOWHERE)
.capabilities(Dialect::OPENAI.capabilities);

/// Nothing is sent there: the transport has the answer.
const NOWHERE: &str = "https://recorded.invalid/v1";
const KEY: &str = "recorded-key";

impl Subject {
    /// The crate of `provider`, or the plain dialect where it has none yet.
    pub(crate) fn of(provider: &str) -> Self {
        match provider {
            "groq" => Self::new("trunkline-groq", |client| {
                Ok(Groq::builder()
                    .key(KEY)
                    .client(client)
                    .build()?
                    .bare()
                    .clone())
            }),
            "openai" => Self::new("trunkline-openai", |client| {
                Ok(OpenAi::builder()
                    .key(KEY)
                    .client(client)
                    .build()?
                    .bare()
                    .clone())
            }),
            _ => Self::protocol("the plain dialect", || OpenAiCompat(Dialect::OPENAI)),
        }
    }

    /// A protocol by itself.
    pub(crate) fn protocol<P: Protocol>(
        name: &'static str,
        protocol: impl Fn() -> P + 'static,
    ) -> Self {
        Self::new(name, move |client| {
            let builder = Builder::of(&COMPATIBLE, protocol());
            let account = builder.key(KEY).client(client).build()?;
            Ok(account.bare())
        })
    }

    /// A provider's own crate. Bare: what it is given is answered once, and never retried.
    fn new(name: &'static str, build: impl Fn(HttpClient) -> Result<Backend> + 'static) -> Self {
        Self {
            name,
            build: Box::new(build),
        }
    }

    /// The backend under test.
    pub(crate) fn backend(&self, client: HttpClient) -> Result<Backend> {
        (self.build)(client)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subject").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wires::{cut::Cut, exceptions::tests::exchange, transport::Recorded};

    #[test]
    fn a_provider_with_a_crate_is_served_by_it() {
        for (provider, id) in [
            ("groq", "groq"),
            ("openai", "openai"),
            ("mistral", "compatible"),
        ] {
            let client = HttpClient::new(Recorded::new(&exchange(), &Cut::Whole));
            let backend = Subject::of(provider).backend(client).unwrap();
            assert_eq!(backend.info().provider, id);
        }
    }
}
