//! What the server says of itself, its model and its limits.
//!
//! <https://huggingface.co/docs/text-generation-inference/reference/api_reference>, and
//! `router/src/lib.rs` of its source.

use bytes::Bytes;
use http::response::Parts;
use serde::Deserialize;
use trunkline_core::{
    Class, Error, Ext, Json, ModelInfo, Operation, Result, models::ModelsPage, protocol::read,
    raw::RawRequest,
};

use crate::PROVIDER;

/// Asks the server what it is: `backend.ask(Info)`.
///
/// ```no_run
/// use trunkline_tgi::{Info, Tgi, prelude::*};
///
/// # async fn of(tgi: &Tgi) -> Result<()> {
/// let served = tgi.backend().ask(Info).await?;
/// println!("{} in {:?} tokens", served.model_id, served.max_total_tokens);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Info;

/// What the server is, as far as its version tells.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Served {
    /// The model: its name on the Hub, or where it lies.
    pub model_id: String,
    /// Which revision of it.
    pub model_sha: Option<String>,
    /// What it is for: `text-generation`.
    pub model_pipeline_tag: Option<String>,
    /// How many requests it lets in at once; others are told that it is overloaded.
    pub max_concurrent_requests: Option<u64>,
    /// The most sequences of which the best is chosen.
    pub max_best_of: Option<u64>,
    /// The most stop sequences of one request.
    pub max_stop_sequences: Option<u64>,
    /// The most tokens of a prompt; versions before 2 call it `max_input_length`.
    #[serde(alias = "max_input_length")]
    pub max_input_tokens: Option<u64>,
    /// The most tokens of a prompt and its answer.
    pub max_total_tokens: Option<u64>,
    /// How many threads look over requests.
    pub validation_workers: Option<u64>,
    /// The most prompts of one request.
    pub max_client_batch_size: Option<u64>,
    /// `text-generation-router`.
    pub router: Option<String>,
    /// The server's version.
    pub version: Option<String>,
    /// Which revision of it.
    pub sha: Option<String>,
    /// Which image of it.
    pub docker_label: Option<String>,
}

impl Operation for Info {
    type Output = Served;
    const NAME: &'static str = "tgi.info";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::get("/info"))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Served> {
        served(&body)
    }
}

/// The embeddings server of the same family answers on the same path; it tells of what kind its model
/// is, which this one never does.
fn served(body: &[u8]) -> Result<Served> {
    #[derive(Deserialize)]
    struct Other {
        model_type: Option<Json>,
    }
    let served: Served = read(body)?;
    let other: Other = read(body)?;
    let is_other = other.model_type.is_some() && served.max_total_tokens.is_none();
    if is_other || served.model_id.is_empty() {
        return Err(Error::decode(
            "what answers at `/info` is no server of Text Generation Inference",
        ));
    }
    Ok(served)
}

/// The one model that there is, with its limits, which `/v1/models` does not tell.
pub(crate) fn page(body: &[u8]) -> Result<ModelsPage> {
    let served = served(body)?;
    let mut info = ModelInfo::new(served.model_id);
    info.context_limit = served.max_total_tokens;
    info.capabilities = served.model_pipeline_tag.into_iter().collect();
    let mut ext = Ext::default();
    ext.insert(PROVIDER.id, read(body)?);
    info.ext = ext;
    Ok(ModelsPage::new(vec![info]))
}
