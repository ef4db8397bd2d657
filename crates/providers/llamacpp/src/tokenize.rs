//! The tokens of texts, and back: `{"tokens":[{"id":198,"piece":"Hello"},{"id":5,"piece":[195]}]}`.
//!
//! <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>

use serde::{Deserialize, Serialize};
use trunkline_core::{
    DetokenizeRequest, DetokenizeResponse, Json, Result, TokenizeRequest, TokenizeResponse,
    protocol::{read, write},
    tokenize::Token,
};

use crate::PROVIDER;

#[derive(Serialize)]
struct Ask<'a> {
    /// A router asks the model of this name.
    #[serde(skip_serializing_if = "str::is_empty")]
    model: &'a str,
    content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    add_special: Option<bool>,
    with_pieces: bool,
}

pub(crate) fn body(request: &TokenizeRequest) -> Result<Vec<u8>> {
    let ask = Ask {
        model: &request.model,
        content: &request.text,
        add_special: request.special,
        with_pieces: true,
    };
    write(&ask, PROVIDER.id, &request.options, 0)
}

#[derive(Deserialize)]
struct Answer {
    tokens: Vec<Json>,
}

/// A token with its piece: its text, or its bytes where they are no text by themselves.
#[derive(Deserialize)]
struct Piece {
    id: u32,
    piece: Option<Json>,
}

pub(crate) fn response(body: &[u8]) -> Result<TokenizeResponse> {
    let answer: Answer = read(body)?;
    let tokens = answer.tokens.iter().map(token);
    tokens.collect::<Result<_>>().map(TokenizeResponse::new)
}

fn token(json: &Json) -> Result<Token> {
    if let Ok(id) = json.read() {
        return Ok(Token::new(id));
    }
    let Piece { id, piece } = read(json.get().as_bytes())?;
    let token = Token::new(id);
    Ok(match piece {
        // Bytes are shown as they came: `[195]`.
        Some(piece) => {
            let text = piece.read().unwrap_or_else(|_| piece.get().to_owned());
            token.text(text)
        }
        None => token,
    })
}

pub(crate) fn back(request: &DetokenizeRequest) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Ask<'a> {
        #[serde(skip_serializing_if = "str::is_empty")]
        model: &'a str,
        tokens: &'a [u32],
    }
    let ask = Ask {
        model: &request.model,
        tokens: &request.tokens,
    };
    write(&ask, PROVIDER.id, &Default::default(), 0)
}

pub(crate) fn text(body: &[u8]) -> Result<DetokenizeResponse> {
    #[derive(Deserialize)]
    struct Answer {
        content: String,
    }
    read::<Answer>(body).map(|answer| DetokenizeResponse::new(answer.content))
}
