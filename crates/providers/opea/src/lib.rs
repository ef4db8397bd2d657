#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, ProviderDef, Result,
    account::{Provider, Settings},
};

mod about;
mod dataprep;
mod decode;
mod embed;
mod encode;
mod error;
mod files;
mod health;
mod ingest;
mod literal;
mod models;
mod multipart;
mod options;
mod protocol;
mod rerank;
mod retrieve;
mod service;
mod summarize;
mod words;

pub use about::{About, Service, Statistics, Timings};
pub use dataprep::{DeleteFiles, Files, Indices, Stored};
pub use files::File;
pub use ingest::{Ingest, Ingested};
pub use options::Options;
pub use protocol::Blueprints;
pub use retrieve::{Retrieve, RetrieveOptions, Retrieved};
pub use summarize::{Summarize, Summary};
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// OPEA, as data.
///
/// The base URL is that of the ChatQnA example; its paths are those of
/// <https://github.com/opea-project/GenAIComps/blob/main/comps/cores/mega/constants.py>.
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("opea", "OPEA")
    .base_url("http://127.0.0.1:8888")
    .optional_path("/v1")
    .key_optional()
    .default_model("chatqna")
    .models(service::NAMES)
    .settings(service::SETTINGS)
    // ChatQnA and DocSum, CodeGen, the language model, embeddings, rankings.
    .local_ports(&[8888, 7778, 9000, 6000, 8000])
    .capabilities(
        encode::LLM
            .top_k()
            .embed()
            .dimensions()
            .rerank()
            .list_models()
            .ready()
            .load(),
    );

/// An account with OPEA: one address, where one service listens, or several behind one proxy.
pub type Opea = Account<Api>;

/// OPEA, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = Blueprints;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(settings: &Settings) -> Result<Blueprints> {
        Blueprints::of(settings)
    }
}
