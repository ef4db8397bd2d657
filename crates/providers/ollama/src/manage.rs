//! What the server says of its models and of itself.
//!
//! <https://docs.ollama.com/api/ps>, <https://docs.ollama.com/api-reference/show-model-details>

use std::collections::BTreeMap;

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{
    Class, Json, Operation, Result,
    protocol::{read, seconds},
    raw::RawRequest,
};

use crate::generate::post;

/// What a model is: `backend.ask(Show::new("llama3.2"))`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Show {
    model: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    verbose: bool,
}

impl Show {
    /// Of this model.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            verbose: false,
        }
    }

    /// With all of it: its vocabulary, too.
    #[must_use]
    pub fn verbose(mut self) -> Self {
        self.verbose = true;
        self
    }
}

/// What a model is, as far as the server says.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Shown {
    /// What it can do: `completion`, `tools`, `vision`, `thinking`, `embedding`, `insert`.
    pub capabilities: Option<Vec<String>>,
    /// Its family, size and form.
    pub details: Option<Details>,
    /// What it was trained on and built of, by the names that its file has for it.
    pub model_info: Option<BTreeMap<String, Json>>,
    /// The parameters that it runs with, one a line.
    pub parameters: Option<String>,
    /// The form in which conversations go to it.
    pub template: Option<String>,
    /// Its own instructions.
    pub system: Option<String>,
    /// The file that it was made by.
    pub modelfile: Option<String>,
    /// Its licence.
    pub license: Option<String>,
    /// When it was changed last, as RFC 3339 writes it.
    pub modified_at: Option<String>,
    /// What it is called where it runs, if that is elsewhere.
    pub remote_model: Option<String>,
    /// Where it runs, if that is elsewhere.
    pub remote_host: Option<String>,
}

impl Shown {
    /// How many tokens its context can hold at most. How many it holds is `num_ctx`.
    pub fn context_length(&self) -> Option<u64> {
        let info = self.model_info.as_ref()?;
        let family: String = info.get("general.architecture")?.read().ok()?;
        info.get(&format!("{family}.context_length"))?.read().ok()
    }

    /// Whether it can do this: `tools`.
    pub fn can(&self, capability: &str) -> bool {
        let all = self.capabilities.iter().flatten();
        all.into_iter().any(|known| known == capability)
    }
}

/// A model's family, size and form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Details {
    /// What it was made from.
    pub parent_model: Option<String>,
    /// The form of its file: `gguf`.
    pub format: Option<String>,
    /// `llama`.
    pub family: Option<String>,
    /// All that it belongs to.
    pub families: Option<Vec<String>>,
    /// `3.2B`.
    pub parameter_size: Option<String>,
    /// `Q4_K_M`.
    pub quantization_level: Option<String>,
}

impl Operation for Show {
    type Output = Shown;
    const NAME: &'static str = "ollama.show";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        post("/show", self)
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Shown> {
        read(&body)
    }
}

/// Which models are in memory: `backend.ask(Ps)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ps;

/// A model in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Loaded {
    /// What it is called.
    pub model: String,
    /// The digest of its files.
    pub digest: Option<String>,
    /// How many bytes of memory it takes.
    pub size: Option<u64>,
    /// How many of them are the GPU's.
    pub size_vram: Option<u64>,
    /// How many tokens its context holds.
    pub context_length: Option<u64>,
    /// When it will be unloaded, as RFC 3339 writes it.
    pub expires_at: Option<String>,
    /// Its family, size and form.
    pub details: Option<Details>,
}

impl Loaded {
    /// When it will be unloaded, in seconds since 1970.
    pub fn expires(&self) -> Option<u64> {
        seconds(self.expires_at.as_deref()?)
    }
}

impl Operation for Ps {
    type Output = Vec<Loaded>;
    const NAME: &'static str = "ollama.ps";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::get("/ps"))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Vec<Loaded>> {
        #[derive(Deserialize)]
        struct List {
            models: Option<Vec<Loaded>>,
        }
        Ok(read::<List>(&body)?.models.unwrap_or_default())
    }
}

/// Which version of Ollama the server is: `backend.ask(Version)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version;

impl Operation for Version {
    type Output = String;
    const NAME: &'static str = "ollama.version";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::get("/version"))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<String> {
        #[derive(Deserialize)]
        struct Told {
            version: String,
        }
        Ok(read::<Told>(&body)?.version)
    }
}
