//! The tokens of texts, and the texts of tokens.
//!
//! <https://docs.vllm.ai/en/latest/serving/openai_compatible_server/#tokenizer-api>

use serde::{Deserialize, Serialize};
use trunkline_core::{
    Result,
    chat::Warnings,
    protocol::{read, write},
    tokenize::{DetokenizeRequest, DetokenizeResponse, Token, TokenizeRequest, TokenizeResponse},
};

use crate::PROVIDER;

pub(crate) fn body(request: &TokenizeRequest) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Ask<'a> {
        #[serde(skip_serializing_if = "str::is_empty")]
        model: &'a str,
        prompt: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        add_special_tokens: Option<bool>,
        return_token_strs: bool,
    }
    let ask = Ask {
        model: &request.model,
        prompt: &request.text,
        add_special_tokens: request.special,
        return_token_strs: true,
    };
    write(&ask, PROVIDER.id, &request.options, 0)
}

/// The answer to a text and to a conversation.
#[derive(Deserialize)]
pub(crate) struct Answer {
    pub(crate) tokens: Vec<u32>,
    /// Older servers do not have it.
    token_strs: Option<Vec<Option<String>>>,
    pub(crate) count: Option<u64>,
    pub(crate) max_model_len: Option<u64>,
}

impl Answer {
    pub(crate) fn into_tokens(self) -> Vec<Token> {
        let texts = self.token_strs.unwrap_or_default();
        let mut texts = texts.into_iter();
        let tokens = self.tokens.into_iter().map(|id| {
            let mut token = Token::new(id);
            token.text = texts.next().flatten();
            token
        });
        tokens.collect()
    }
}

pub(crate) fn response(body: &[u8]) -> Result<TokenizeResponse> {
    let answer: Answer = read(body)?;
    Ok(TokenizeResponse::new(answer.into_tokens()))
}

pub(crate) fn tokens(request: &DetokenizeRequest, warnings: &mut Warnings) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Ask<'a> {
        #[serde(skip_serializing_if = "str::is_empty")]
        model: &'a str,
        tokens: &'a [u32],
    }
    // Special tokens are always shown.
    warnings.unsupported_if(request.special == Some(false), "special");
    let ask = Ask {
        model: &request.model,
        tokens: &request.tokens,
    };
    write(&ask, PROVIDER.id, &std::collections::BTreeMap::new(), 0)
}

pub(crate) fn text(body: &[u8]) -> Result<DetokenizeResponse> {
    #[derive(Deserialize)]
    struct Answer {
        prompt: String,
    }
    let answer: Answer = read(body)?;
    Ok(DetokenizeResponse::new(answer.prompt))
}
