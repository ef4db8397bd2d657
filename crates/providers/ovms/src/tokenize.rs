//! The tokens of a text, by the tokenizer of a model that generates or embeds.
//!
//! <https://docs.openvino.ai/2026/model-server/ovms_docs_rest_api_tokenize.html>

use serde::{Deserialize, Serialize};
use trunkline_core::{
    Result, TokenizeRequest,
    protocol::{read, write},
    tokenize::{Token, TokenizeResponse},
};

use crate::PROVIDER;

#[derive(Serialize)]
struct Ask<'a> {
    model: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    add_special_tokens: Option<bool>,
}

pub(crate) fn body(request: &TokenizeRequest) -> Result<Vec<u8>> {
    let ask = Ask {
        model: &request.model,
        text: &request.text,
        add_special_tokens: request.special,
    };
    write(&ask, PROVIDER.id, &request.options, 0)
}

#[derive(Deserialize)]
struct Answer {
    tokens: Vec<u32>,
}

pub(crate) fn response(body: &[u8]) -> Result<TokenizeResponse> {
    let answer: Answer = read(body)?;
    let tokens = answer.tokens.into_iter().map(Token::new);
    Ok(TokenizeResponse::new(tokens.collect()))
}
