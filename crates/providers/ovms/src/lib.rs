#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Capabilities, ProviderDef, Result,
    account::{Provider, Settings},
};

mod complete;
mod config;
mod error;
mod images;
mod load;
mod models;
mod options;
mod predict;
mod protocol;
mod rerank;
mod status;
mod tokenize;

pub use complete::{Choice, Complete, Completed};
pub use config::{ConfigReload, ConfigStatus, ModelStatus, Reloaded, VersionError, VersionStatus};
pub use images::{ImageOptions, Images};
pub use options::{InferOptions, Options, TokenizeOptions};
pub use predict::{Predict, Predicted};
pub use protocol::{CHAT, ModelServer, TENSORS};
pub use status::Status;
#[doc(no_inline)]
pub use trunkline_core::{
    infer::{Bf16, DataType, F16, Tensor},
    prelude,
};
#[doc(inline)]
pub use trunkline_open_inference::{
    Encoding, Live, Metadata, ModelMetadata, Server, ServerMetadata, TensorMetadata,
};

/// The OpenVINO Model Server, as data.
///
/// It listens where it is told to; its documentation takes port 8000.
///
/// <https://docs.openvino.ai/2026/model-server/ovms_what_is_openvino_model_server.html>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("ovms", "OVMS")
    .base_url("http://127.0.0.1:8000")
    .optional_path("/v3")
    .key_optional()
    .settings(&["encoding"])
    .local_ports(&[8000])
    .local_mark("/v2", "OpenVINO Model Server")
    .capabilities(
        // JSON without a schema, several answers and likelihoods in streams it has not.
        Capabilities::NONE
            .chat()
            .stream()
            .tools()
            .tool_choice()
            .schema()
            .image_in()
            .temperature()
            .top_p()
            .top_k()
            .min_p()
            .frequency_penalty()
            .presence_penalty()
            .seed()
            .stop()
            .embed()
            .rerank()
            .tokenize()
            .infer()
            .list_models()
            .ready()
            .load(),
    );

/// An account with an OpenVINO Model Server.
pub type Ovms = Account<Api>;

/// The OpenVINO Model Server, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = ModelServer;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(settings: &Settings) -> Result<ModelServer> {
        let encoding = settings.get("encoding").map(Encoding::parse).transpose()?;
        Ok(ModelServer::default().encoding(encoding.unwrap_or(Encoding::Binary)))
    }
}
