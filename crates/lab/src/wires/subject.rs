//! Which code answers for a provider.

use std::fmt;

use trunkline_core::{
    Backend, HttpClient, ProviderDef, Result, account::Builder, protocol::Protocol,
};
use trunkline_openai_compat::{Dialect, OpenAiCompat};

use super::format::Format;
use crate::providers::Linked;

/// Makes the backend under test over a transport.
pub(crate) struct Subject {
    /// The crate, or what stands in for it.
    pub(crate) name: String,
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
    /// The crate of `provider`, or the plain dialect where it has none yet, or one that speaks another
    /// format than its compatible endpoint does.
    pub(crate) fn of(provider: &str, format: &'static Format) -> Self {
        let name = name_of(provider);
        let linked = Linked::find(name).filter(|_| format.is_spoken_by(provider));
        match linked {
            Some(linked) => Self {
                name: format!("trunkline-{name}"),
                build: Box::new(move |client| {
                    linked.bare(KEY, (format.settings)(linked.def.id), client)
                }),
            },
            None => Self::protocol("the plain dialect", || OpenAiCompat(Dialect::OPENAI)),
        }
    }

    /// A protocol by itself.
    pub(crate) fn protocol<P: Protocol>(
        name: &'static str,
        protocol: impl Fn() -> P + 'static,
    ) -> Self {
        Self {
            name: name.to_owned(),
            build: Box::new(move |client| {
                let builder = Builder::of(&COMPATIBLE, protocol());
                let account = builder.key(KEY).client(client).build()?;
                Ok(account.bare())
            }),
        }
    }

    /// The backend under test.
    pub(crate) fn backend(&self, client: HttpClient) -> Result<Backend> {
        (self.build)(client)
    }
}

/// What we call a provider that the corpus calls otherwise.
pub(crate) fn name_of(provider: &str) -> &str {
    match provider {
        "hf-tgi" => "tgi",
        provider => provider,
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
    use crate::wires::{
        cut::Cut, exceptions::tests::exchange, format::COMPLETIONS, transport::Recorded,
    };

    #[test]
    fn a_provider_with_a_crate_is_served_by_it() {
        for (provider, id) in [
            ("groq", "groq"),
            ("openai", "openai"),
            ("hf-tgi", "tgi"),
            ("venice", "compatible"),
        ] {
            let client = HttpClient::new(Recorded::new(&exchange(), &Cut::Whole));
            let backend = Subject::of(provider, &COMPLETIONS).backend(client).unwrap();
            assert_eq!(backend.info().provider, id);
        }
    }
}
