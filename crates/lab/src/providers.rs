//! Every provider's crate of this workspace.

use crate::wires::Named;
use trunkline_core::{
    Account, Backend, HttpClient, ProviderDef, Result,
    account::{Builder, Provider},
};

/// A provider's crate, with its account type forgotten.
pub(crate) struct Linked {
    pub(crate) def: &'static ProviderDef,
    bare: fn(&str, Named<'_>, HttpClient) -> Result<Backend>,
    account: fn(&Site<'_>, HttpClient) -> Result<Backend>,
    #[cfg(feature = "faults")]
    stacked: Stacked,
}

/// Where an account lives, and what it is told.
pub(crate) struct Site<'a> {
    pub(crate) key: Option<&'a str>,
    /// Several are replicas that stand in for each other.
    pub(crate) base_urls: &'a [String],
    pub(crate) settings: Named<'a>,
}

#[cfg(feature = "faults")]
type Stacked = fn(&crate::faults::client::Settings<'_>, HttpClient) -> Result<Backend>;

/// `cargo xtask backends` writes the list.
const LINKED: &[Linked] = &[
    // backends:begin
    Linked::of::<trunkline_anthropic::Api>(),
    Linked::of::<trunkline_azure::Api>(),
    Linked::of::<trunkline_bedrock::Api>(),
    Linked::of::<trunkline_cerebras::Api>(),
    Linked::of::<trunkline_cohere::Api>(),
    Linked::of::<trunkline_deepseek::Api>(),
    Linked::of::<trunkline_fireworks::Api>(),
    Linked::of::<trunkline_gemini::Api>(),
    Linked::of::<trunkline_groq::Api>(),
    Linked::of::<trunkline_huggingface::Api>(),
    Linked::of::<trunkline_kserve::Api>(),
    Linked::of::<trunkline_llamacpp::Api>(),
    Linked::of::<trunkline_mistral::Api>(),
    Linked::of::<trunkline_moonshot::Api>(),
    Linked::of::<trunkline_nvidia::Api>(),
    Linked::of::<trunkline_ollama::Api>(),
    Linked::of::<trunkline_opea::Api>(),
    Linked::of::<trunkline_openai::Api>(),
    Linked::of::<trunkline_openrouter::Api>(),
    Linked::of::<trunkline_ovms::Api>(),
    Linked::of::<trunkline_perplexity::Api>(),
    Linked::of::<trunkline_s3::Api>(),
    Linked::of::<trunkline_sambanova::Api>(),
    Linked::of::<trunkline_tei::Api>(),
    Linked::of::<trunkline_tgi::Api>(),
    Linked::of::<trunkline_together::Api>(),
    Linked::of::<trunkline_vertex::Api>(),
    Linked::of::<trunkline_vllm::Api>(),
    Linked::of::<trunkline_xai::Api>(),
    // backends:end
];

impl std::fmt::Debug for Linked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Linked").field(&self.def.id).finish()
    }
}

impl Linked {
    const fn of<P: Provider>() -> Self {
        Self {
            def: P::DEF,
            bare: bare::<P>,
            account: account::<P>,
            #[cfg(feature = "faults")]
            stacked: stacked::<P>,
        }
    }

    /// The crate of this provider, if the workspace has it.
    pub(crate) fn find(provider: &str) -> Option<&'static Self> {
        LINKED.iter().find(|linked| linked.def.id == provider)
    }

    /// An account without a stack: what it is given is answered once, and never retried.
    pub(crate) fn bare(
        &self,
        key: &str,
        settings: Named<'_>,
        client: HttpClient,
    ) -> Result<Backend> {
        (self.bare)(key, settings, client)
    }

    /// An account in its default stack, on a server of ours.
    pub(crate) fn account(&self, site: &Site<'_>, client: HttpClient) -> Result<Backend> {
        (self.account)(site, client)
    }

    /// An account in its stack.
    #[cfg(feature = "faults")]
    pub(crate) fn stacked(
        &self,
        settings: &crate::faults::client::Settings<'_>,
        client: HttpClient,
    ) -> Result<Backend> {
        (self.stacked)(settings, client)
    }
}

fn bare<P: Provider>(key: &str, settings: Named<'_>, client: HttpClient) -> Result<Backend> {
    let mut builder: Builder<P> = Account::builder().key(key).client(client);
    for (name, value) in settings {
        builder = builder.setting(*name, *value);
    }
    if P::DEF.base_url.is_none() {
        builder = builder.endpoint("https://recorded.invalid");
    }
    Ok(builder.build()?.bare())
}

fn account<P: Provider>(site: &Site<'_>, client: HttpClient) -> Result<Backend> {
    let builder: Builder<P> = Account::builder().client(client);
    let builder = match site.key {
        Some(key) => builder.key(key),
        None => builder,
    };
    let set = |builder: Builder<P>, (name, value): &(&str, &str)| builder.setting(*name, *value);
    let builder = site.settings.iter().fold(builder, set);
    let at = |builder: Builder<P>, base_url: &String| builder.endpoint(base_url);
    let builder = site.base_urls.iter().fold(builder, at);
    builder.build().map(Backend::from)
}

#[cfg(feature = "faults")]
fn stacked<P: Provider>(
    settings: &crate::faults::client::Settings<'_>,
    client: HttpClient,
) -> Result<Backend> {
    let mut builder: Builder<P> = Account::builder().client(client);
    // Cases speak chat completions unless they say otherwise.
    if P::DEF.settings.contains(&"api") && !settings.client.settings.contains_key("api") {
        builder = builder.setting("api", "chat-completions");
    }
    settings.apply(builder)?.build().map(Backend::from)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    /// The table of README.md is made of manifests, and what a crate can do stands in its code.
    #[test]
    fn a_manifest_lists_the_operations_that_its_crate_declares() {
        for Linked { def, .. } in LINKED {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../providers");
            let manifest = fs::read_to_string(folder.join(def.id).join("Cargo.toml")).unwrap();
            let list = manifest.split_once("operations = [").unwrap().1;
            let list = list.split_once(']').unwrap().0;
            let listed: Vec<&str> = list
                .split(',')
                .map(|name| name.trim().trim_matches('"'))
                .collect();
            let mut declared: Vec<&str> = def
                .capabilities
                .flags()
                .filter(|(flag, on)| *on && OPERATIONS.contains(flag))
                .map(|(flag, _)| flag.strip_prefix("list_").unwrap_or(flag))
                .collect();
            declared.push("raw");
            assert_eq!(listed, declared, "{}", def.id);
        }
    }

    /// In the order in which core has them.
    const OPERATIONS: [&str; 12] = [
        "chat",
        "stream",
        "embed",
        "rerank",
        "count_tokens",
        "tokenize",
        "detokenize",
        "infer",
        "object",
        "list_models",
        "ready",
        "load",
    ];
}
