//! How many tokens a request is.
//!
//! <https://ai.google.dev/api/tokens>,
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens>

use serde::Deserialize;
use trunkline_core::{ChatRequest, Error, Result, TokenCount, chat::Warnings, protocol::read};

use crate::{
    Dialect,
    decode::{Of, by_modality},
    encode,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Counted<'a> {
    total_tokens: Option<u64>,
    cached_content_token_count: Option<u64>,
    #[serde(borrow)]
    prompt_tokens_details: Option<Vec<Of<'a>>>,
}

/// The request that would be made. On Gemini it stands in a field, and names its model.
pub(crate) fn body(
    dialect: Dialect,
    request: &ChatRequest,
    warnings: &mut Warnings,
) -> Result<Vec<u8>> {
    if dialect.predict {
        return encode::counted(dialect, request, warnings);
    }
    let model = Some(dialect.full_name(&request.model));
    let asked = encode::body(dialect, request, model, warnings)?;
    let mut body = br#"{"generateContentRequest":"#.to_vec();
    body.extend(asked);
    body.push(b'}');
    Ok(body)
}

pub(crate) fn response(body: &[u8]) -> Result<TokenCount> {
    let counted: Counted<'_> = read(body)?;
    let total = counted.total_tokens;
    let total = total.ok_or_else(|| Error::decode("the answer has no count of tokens"))?;
    let mut count = TokenCount::new("", total);
    count.cached = counted.cached_content_token_count;
    count.by_modality = by_modality(counted.prompt_tokens_details);
    Ok(count)
}
