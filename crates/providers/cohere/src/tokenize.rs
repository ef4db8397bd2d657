//! Texts as a model's tokens, and back: of version 1, which the second does not have.
//!
//! <https://docs.cohere.com/reference/tokenize>, <https://docs.cohere.com/reference/detokenize>

use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{
    DetokenizeRequest, DetokenizeResponse, Json, Result, TokenizeRequest, TokenizeResponse,
    chat::Warnings,
    protocol::{read, write},
    tokenize::Token,
};

use crate::{PROVIDER, usage};

/// A request for the tokens of a text, of up to 65,536 characters. No token is put around it.
pub(crate) fn body(request: &TokenizeRequest, warnings: &mut Warnings) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Ask<'a> {
        model: &'a str,
        text: &'a str,
    }
    warnings.unsupported_if(request.special == Some(true), "special");
    let ask = Ask {
        model: &request.model,
        text: &request.text,
    };
    let room = request.text.len() + request.model.len() + 32;
    write(&ask, PROVIDER.id, &request.options, room)
}

pub(crate) fn response(head: &Parts, body: &[u8]) -> Result<TokenizeResponse> {
    #[derive(Deserialize)]
    struct Answer {
        tokens: Vec<u32>,
        /// What each stands for.
        token_strings: Option<Vec<String>>,
        meta: Option<Json>,
    }
    let answer: Answer = read(body)?;
    let mut texts = answer.token_strings.unwrap_or_default().into_iter();
    let tokens = answer.tokens.into_iter().map(|id| {
        let token = Token::new(id);
        match texts.next() {
            Some(text) => token.text(text),
            None => token,
        }
    });
    let mut response = TokenizeResponse::new(tokens.collect());
    response.warnings = usage::warnings(head, answer.meta.as_ref());
    Ok(response)
}

/// A request for the text of up to 65,536 tokens.
pub(crate) fn back(request: &DetokenizeRequest, warnings: &mut Warnings) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Ask<'a> {
        model: &'a str,
        tokens: &'a [u32],
    }
    warnings.unsupported_if(request.special.is_some(), "special");
    let ask = Ask {
        model: &request.model,
        tokens: &request.tokens,
    };
    Ok(Json::of(&ask)?.get().as_bytes().to_vec())
}

pub(crate) fn text(body: &[u8]) -> Result<DetokenizeResponse> {
    #[derive(Deserialize)]
    struct Answer {
        text: String,
    }
    read::<Answer>(body).map(|answer| DetokenizeResponse::new(answer.text))
}
