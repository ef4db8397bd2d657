//! Conversations as the model reads them: the prompt that the chat template makes, and how many
//! tokens it is.
//!
//! <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>

use std::sync::Arc;

use bytes::Bytes;
use http::response::Parts;
use serde::Deserialize;
use trunkline_core::{
    ChatRequest, Class, Json, Op, Operation, Result, TokenCount,
    chat::Warnings,
    protocol::{Protocol, Target, read},
    raw::RawRequest,
};

use crate::protocol::COMPAT;

/// Asks for the prompt that a conversation becomes, tools and all. Nothing is generated:
/// `backend.ask(ApplyTemplate::new("Hello"))`.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplyTemplate {
    request: ChatRequest,
}

impl ApplyTemplate {
    /// The prompt of `request`. Its model matters to routers only.
    pub fn new(request: impl Into<ChatRequest>) -> Self {
        let mut request = request.into();
        if request.model.is_empty() {
            request.model = "default".to_owned();
        }
        Self { request }
    }
}

impl Operation for ApplyTemplate {
    type Output = String;
    const NAME: &'static str = "llamacpp.apply_template";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        // What a chat would send; where, the driver knows.
        let nowhere = Target::parse("http://localhost")?;
        let chat = Op::Chat(Arc::new(self.request.clone()));
        let body = COMPAT.encode(&chat, &nowhere, &mut Warnings::default())?;
        let body: Json = read(body.body())?;
        Ok(RawRequest::post("/apply-template", &body))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<String> {
        #[derive(Deserialize)]
        struct Answer {
            prompt: String,
        }
        read::<Answer>(&body).map(|answer| answer.prompt)
    }
}

/// `{"input_tokens":12,"object":"response.input_tokens"}`.
pub(crate) fn count(body: &[u8]) -> Result<TokenCount> {
    #[derive(Deserialize)]
    struct Answer {
        input_tokens: u64,
    }
    read::<Answer>(body).map(|answer| TokenCount::new("", answer.input_tokens))
}
