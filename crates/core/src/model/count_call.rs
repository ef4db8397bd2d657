//! A call for a count of tokens being put together.

use std::{future::IntoFuture, sync::Arc};

use super::{BoxFuture, Settings, call_settings};
use crate::{Backend, ChatRequest, Op, Result, TokenCount, Tool};

/// A call for how many tokens a request is, being put together.
#[must_use = "a call does nothing until it is awaited"]
#[derive(Clone, Debug)]
pub struct CountTokensCall {
    backend: Backend,
    request: ChatRequest,
    settings: Settings,
}

call_settings!(CountTokensCall);

impl CountTokensCall {
    pub(super) fn new(backend: Backend, request: ChatRequest) -> Self {
        Self {
            backend,
            request,
            settings: Settings::default(),
        }
    }

    /// Puts instructions before all else.
    pub fn system(mut self, text: impl Into<String>) -> Self {
        self.request = self.request.system(text);
        self
    }

    /// Adds a tool.
    pub fn tool(mut self, tool: Tool) -> Self {
        self.request.tools.push(tool);
        self
    }
}

impl IntoFuture for CountTokensCall {
    type Output = Result<TokenCount>;
    type IntoFuture = BoxFuture<Result<TokenCount>>;

    fn into_future(self) -> Self::IntoFuture {
        let op = Op::CountTokens(Arc::new(self.request));
        let reply = self.settings.send(&self.backend, op);
        Box::pin(async { reply.await?.into_count_tokens() })
    }
}
