//! LoRA adapters, which the server was started with, and how strongly each acts.
//!
//! <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{Class, Json, Operation, Result, protocol::read, raw::RawRequest};

use crate::props::succeeded;

/// Asks which adapters there are: `backend.ask(LoraAdapters)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoraAdapters;

/// An adapter.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct LoraAdapter {
    /// Its number.
    pub id: u32,
    /// Its file.
    pub path: String,
    /// How strongly it acts: 0 not at all.
    pub scale: f64,
    /// What it is for, where its file says so.
    pub task_name: Option<String>,
    /// What prompts for it begin with, where its file says so.
    pub prompt_prefix: Option<String>,
    /// What calls it in a prompt, where it is an activated one.
    pub alora_invocation_string: Option<String>,
}

/// How strongly an adapter acts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LoraScale {
    /// Its number.
    pub id: u32,
    /// The scale: 0 not at all.
    pub scale: f64,
}

impl LoraScale {
    /// Adapter `id`, at this scale.
    pub const fn new(id: u32, scale: f64) -> Self {
        Self { id, scale }
    }
}

/// Sets how strongly adapters act, in all requests that do not say it themselves. One that is not
/// named has 0.
///
/// ```
/// use trunkline_core::Operation;
/// use trunkline_llamacpp::{LoraScale, SetLoraScales};
///
/// let set = SetLoraScales(vec![LoraScale::new(0, 0.5)]);
/// assert_eq!(&set.encode()?.body[..], br#"[{"id":0,"scale":0.5}]"#);
/// # Ok::<(), trunkline_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct SetLoraScales(pub Vec<LoraScale>);

impl Operation for LoraAdapters {
    type Output = Vec<LoraAdapter>;
    const NAME: &'static str = "llamacpp.lora_adapters";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::get("/lora-adapters"))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Vec<LoraAdapter>> {
        read(&body)
    }
}

impl Operation for SetLoraScales {
    type Output = ();
    const NAME: &'static str = "llamacpp.set_lora_scales";
    // The same once more is the same.
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::post("/lora-adapters", &Json::of(&self.0)?))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<()> {
        succeeded(&body)
    }
}
