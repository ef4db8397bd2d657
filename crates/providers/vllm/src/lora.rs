//! Adapters, loaded and unloaded while the server runs: with `VLLM_ALLOW_RUNTIME_LORA_UPDATING=True`
//! in its environment, and `--enable-lora`.
//!
//! <https://docs.vllm.ai/en/latest/features/lora/#dynamically-serving-lora-adapters>

use bytes::Bytes;
use http::response::Parts;
use serde::Serialize;
use trunkline_core::{Class, Json, Operation, Result, raw::RawRequest};

/// Loads an adapter, which is then a model of its name. Of several replicas one is told: each has an
/// account of its own for this.
///
/// The answer is the server's word of success. Errors: [`InvalidRequest`](trunkline_core::ErrorKind::InvalidRequest)
/// if one of the name is loaded, [`NotFound`](trunkline_core::ErrorKind::NotFound) if there is none at
/// the path, or the server does not allow it.
///
/// ```no_run
/// use trunkline_vllm::{LoadLora, UnloadLora, Vllm, prelude::*};
///
/// # async fn swap() -> Result<()> {
/// let vllm = Vllm::from_env()?;
/// vllm.backend().ask(LoadLora::new("sql", "/adapters/sql")).await?;
/// println!("{}", vllm.model("sql").chat("All users of Oslo.").await?.text());
/// vllm.backend().ask(UnloadLora::new("sql")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LoadLora {
    /// What the adapter is called in requests.
    #[serde(rename = "lora_name")]
    pub name: String,
    /// Where it is: a path at the server, or a name on the Hub.
    #[serde(rename = "lora_path")]
    pub path: String,
    /// Whether it takes the place of one of this name.
    #[serde(rename = "load_inplace", skip_serializing_if = "std::ops::Not::not")]
    pub in_place: bool,
    /// Whether its weights have three dimensions, as some of mixtures of experts do.
    #[serde(
        rename = "is_3d_lora_weight",
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub three_dimensions: bool,
}

impl LoadLora {
    /// Loads what is at `path` as `name`.
    pub fn new(name: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            path: path.into(),
            in_place: false,
            three_dimensions: false,
        }
    }

    /// Puts it in the place of one of this name, if there is one.
    #[must_use]
    pub const fn in_place(mut self) -> Self {
        self.in_place = true;
        self
    }

    /// Says that its weights have three dimensions.
    #[must_use]
    pub const fn three_dimensions(mut self) -> Self {
        self.three_dimensions = true;
        self
    }
}

impl Operation for LoadLora {
    type Output = String;
    const NAME: &'static str = "load_lora";
    // The second time it is an error.
    const CLASS: Class = Class::Effect;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::post("/v1/load_lora_adapter", &Json::of(self)?))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<String> {
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}

/// Unloads an adapter. The answer is the server's word of success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UnloadLora {
    /// What it is called.
    #[serde(rename = "lora_name")]
    pub name: String,
}

impl UnloadLora {
    /// Unloads the adapter of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }
}

impl Operation for UnloadLora {
    type Output = String;
    const NAME: &'static str = "unload_lora";
    const CLASS: Class = Class::Effect;

    fn encode(&self) -> Result<RawRequest> {
        let body = Json::of(self)?;
        Ok(RawRequest::post("/v1/unload_lora_adapter", &body))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<String> {
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}
