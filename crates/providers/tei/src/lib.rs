#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Capabilities, Error, ProviderDef, Result,
    account::{Provider, Settings},
};

mod embed;
mod error;
mod health;
mod info;
mod many;
mod options;
mod predict;
mod protocol;
mod rerank;
mod similarity;
mod tokens;
mod usage;

pub use info::{Info, Labels, ModelType, ServerInfo};
pub use many::{EmbedAll, EmbedSparse, SparseValue};
pub use options::{EmbedOptions, RerankOptions, TokenizeOptions, TruncationDirection};
pub use predict::{Predict, Prediction, Sequence};
pub use protocol::Native;
pub use similarity::Similarity;
pub use tokens::{DecodeMany, TokenizeMany};
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// How many inputs a server takes in one request unless it was started with another
/// `--max-client-batch-size`.
///
/// <https://huggingface.co/docs/text-embeddings-inference/cli_arguments>
pub const MAX_BATCH: usize = 32;

/// Text Embeddings Inference, as data.
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("tei", "TEI")
    .base_url("http://127.0.0.1:8080")
    .optional_path("/v1")
    .key_optional()
    .settings(&["max_batch"])
    // A server has one model, and is asked for it by any name: this one is of its quick tour.
    .default_model("text-embeddings-inference")
    // Where its quick tour puts the container, and where the program itself listens.
    .local_ports(&[8080, 3000])
    .local_mark("/info", "\"model_type\"")
    .capabilities(CAN.max_inputs(MAX_BATCH).max_documents(MAX_BATCH));

const CAN: Capabilities = Capabilities::NONE
    .embed()
    .dimensions()
    .rerank()
    .tokenize()
    .detokenize()
    .list_models()
    .ready()
    .load();

/// An account with Text Embeddings Inference: one server with one model, or several alike.
pub type Tei = Account<Api>;

/// Text Embeddings Inference, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = Native;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(settings: &Settings) -> Result<Native> {
        Ok(Native::of(can(settings)?))
    }

    fn capabilities(settings: &Settings) -> Capabilities {
        // What cannot be read is an error of the protocol's.
        can(settings).unwrap_or(PROVIDER.capabilities)
    }
}

/// Only the server knows its limit, and whoever started it.
fn can(settings: &Settings) -> Result<Capabilities> {
    let Some(most) = settings.get("max_batch") else {
        return Ok(PROVIDER.capabilities);
    };
    match most.trim().parse() {
        Ok(most) if most > 0 => Ok(CAN.max_inputs(most).max_documents(most)),
        _ => Err(Error::config(
            "`max_batch` (TEI_MAX_BATCH) is to be how many inputs the server takes in one request, \
             its `--max-client-batch-size`: a number from 1",
        )),
    }
}
