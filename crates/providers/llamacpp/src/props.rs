//! What the server says of itself: `/props`.
//!
//! <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>

use bytes::Bytes;
use http::response::Parts;
use serde::Deserialize;
use trunkline_core::{
    Class, Error, ErrorKind, Json, Operation, Result,
    protocol::{query, read},
    raw::RawRequest,
};

/// Asks what the server is and which model it has: `backend.ask(Props::new())`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Props {
    model: Option<String>,
}

impl Props {
    /// Those of the server.
    pub fn new() -> Self {
        Self::default()
    }

    /// Those of one of a router's models.
    pub fn of(model: impl Into<String>) -> Self {
        let model = Some(model.into());
        Self { model }
    }
}

/// What a server is and which model it has.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServerProps {
    /// How many requests it answers at once; others wait.
    pub total_slots: Option<u32>,
    /// How many tokens fit into a slot, question and answer together.
    pub n_ctx: Option<u64>,
    /// The model's name.
    pub model_alias: Option<String>,
    /// The model's file.
    pub model_path: Option<String>,
    /// What the model takes beside text.
    pub modalities: Modalities,
    /// The chat template, in Jinja.
    pub chat_template: Option<String>,
    /// What that template knows, by the server's own names.
    pub chat_template_caps: Option<Json>,
    /// What stands for media in a [`Prompt`](crate::Prompt). It is another after each start.
    pub media_marker: Option<String>,
    /// The token that begins a text.
    pub bos_token: Option<String>,
    /// The token that ends one.
    pub eos_token: Option<String>,
    /// The version: `b10499-6d05498`.
    pub build_info: Option<String>,
    /// Whether it has put its model away until the next request.
    pub is_sleeping: Option<bool>,
    /// Whether it tells its [load](trunkline_core::health::Load): it was started with `--metrics`.
    pub endpoint_metrics: Option<bool>,
    /// Whether it tells its [slots](crate::Slots).
    pub endpoint_slots: Option<bool>,
    /// `router`, where it has several models.
    pub role: Option<String>,
    /// The settings that hold where a request has none of its own.
    pub params: Option<Json>,
    /// All of it, as it came.
    pub raw: Json,
}

/// What a model takes beside text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Modalities {
    /// Pictures.
    pub vision: bool,
    /// Films.
    pub video: bool,
    /// Sound.
    pub audio: bool,
}

#[derive(Deserialize)]
struct Wire {
    total_slots: Option<u32>,
    model_alias: Option<String>,
    model_path: Option<String>,
    modalities: Option<Modalities>,
    chat_template: Option<String>,
    chat_template_caps: Option<Json>,
    media_marker: Option<String>,
    bos_token: Option<String>,
    eos_token: Option<String>,
    build_info: Option<String>,
    is_sleeping: Option<bool>,
    endpoint_metrics: Option<bool>,
    endpoint_slots: Option<bool>,
    role: Option<String>,
    default_generation_settings: Option<Defaults>,
}

#[derive(Deserialize)]
struct Defaults {
    n_ctx: Option<u64>,
    params: Option<Json>,
}

impl Operation for Props {
    type Output = ServerProps;
    const NAME: &'static str = "llamacpp.props";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::get(of_model("/props", self.model.as_deref())))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<ServerProps> {
        let wire: Wire = read(&body)?;
        let raw: Json = read(&body)?;
        let defaults = wire.default_generation_settings;
        let (n_ctx, params) = defaults.map_or((None, None), |it| (it.n_ctx, it.params));
        Ok(ServerProps {
            total_slots: wire.total_slots,
            n_ctx,
            model_alias: wire.model_alias,
            model_path: wire.model_path,
            modalities: wire.modalities.unwrap_or_default(),
            chat_template: wire.chat_template,
            chat_template_caps: wire.chat_template_caps,
            media_marker: wire.media_marker,
            bos_token: wire.bos_token,
            eos_token: wire.eos_token,
            build_info: wire.build_info,
            is_sleeping: wire.is_sleeping,
            endpoint_metrics: wire.endpoint_metrics,
            endpoint_slots: wire.endpoint_slots,
            role: wire.role,
            params,
            raw,
        })
    }
}

/// Changes what the server lets be changed, where it was started with `--props`: nothing yet, in the
/// versions that this was written for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetProps(pub Json);

impl Operation for SetProps {
    type Output = ();
    const NAME: &'static str = "llamacpp.set_props";
    const CLASS: Class = Class::Effect;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::post("/props", &self.0))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<()> {
        succeeded(&body)
    }
}

/// `{"success":true}`, or why not.
pub(crate) fn succeeded(body: &[u8]) -> Result<()> {
    #[derive(Deserialize)]
    struct Answer {
        success: bool,
        message: Option<String>,
    }
    let answer: Answer = read(body)?;
    if answer.success {
        return Ok(());
    }
    let why = answer
        .message
        .unwrap_or_else(|| "it did not succeed".to_owned());
    Err(Error::new(ErrorKind::InvalidRequest, why))
}

/// A path that only reads; a router wants to know of which model.
pub(crate) fn of_model(path: &str, model: Option<&str>) -> String {
    match model {
        Some(model) => format!("{path}?model={}", query(model)),
        None => path.to_owned(),
    }
}
