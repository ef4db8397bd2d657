//! What models that write nothing have in common: how they are asked, and what they answer.
//!
//! <https://docs.vllm.ai/en/latest/models/pooling_models/>

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use trunkline_core::{Error, ErrorKind, Json, Result, protocol::read, raw::RawRequest};

use crate::rerank::prompt_tokens;

/// The body, and the options over it.
pub(crate) fn post(
    path: &str,
    body: &impl Serialize,
    options: &impl Serialize,
) -> Result<RawRequest> {
    let (body, options) = (Json::of(body)?, Json::of(options)?);
    let merged = options.merge_into(body.get()).and_then(Json::parse);
    let merged = merged.map_err(|cause| {
        let what = "the options cannot be merged into the body";
        Error::new(ErrorKind::InvalidRequest, what).with_source(cause)
    })?;
    Ok(RawRequest::post(path, &merged))
}

/// An answer, its items read.
pub(crate) struct Told<T> {
    pub(crate) id: Option<String>,
    pub(crate) model: String,
    /// In the order of what was asked.
    pub(crate) items: Vec<T>,
    pub(crate) prompt_tokens: Option<u64>,
}

/// Reads an answer to so many inputs.
pub(crate) fn told<T: DeserializeOwned>(body: &[u8], asked: usize) -> Result<Told<T>> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        id: Option<String>,
        model: Option<String>,
        #[serde(borrow)]
        data: Vec<&'a RawValue>,
        #[serde(borrow)]
        usage: Option<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Numbered {
        index: usize,
    }
    let answer: Answer<'_> = read(body)?;
    let mut items = Vec::with_capacity(answer.data.len());
    for raw in &answer.data {
        let Numbered { index } = read(raw.get().as_bytes())?;
        items.push((index, read::<T>(raw.get().as_bytes())?));
    }
    items.sort_by_key(|(index, _)| *index);
    let got = items.len();
    if got != asked {
        return Err(Error::decode(format!(
            "{got} answers came for {asked} inputs"
        )));
    }
    if items.iter().zip(0..).any(|((index, _), at)| *index != at) {
        return Err(Error::decode("the answers are not numbered as the inputs"));
    }
    Ok(Told {
        id: answer.id,
        model: answer.model.unwrap_or_default(),
        items: items.into_iter().map(|(_, item)| item).collect(),
        prompt_tokens: answer.usage.and_then(prompt_tokens),
    })
}
