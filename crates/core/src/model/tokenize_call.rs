//! A call for tokens being put together.

use std::{future::IntoFuture, sync::Arc};

use super::{BoxFuture, Settings, call_settings};
use crate::{Backend, Op, Result, TokenizeRequest, TokenizeResponse};

/// A call for the tokens of a text, being put together.
#[must_use = "a call does nothing until it is awaited"]
#[derive(Clone, Debug)]
pub struct TokenizeCall {
    backend: Backend,
    request: TokenizeRequest,
    settings: Settings,
}

call_settings!(TokenizeCall);

impl TokenizeCall {
    pub(super) fn new(backend: Backend, request: TokenizeRequest) -> Self {
        Self {
            backend,
            request,
            settings: Settings::default(),
        }
    }

    /// Sets whether the tokens that the tokenizer puts around a text are wanted.
    pub fn special(mut self, wanted: bool) -> Self {
        self.request.special = Some(wanted);
        self
    }
}

impl IntoFuture for TokenizeCall {
    type Output = Result<TokenizeResponse>;
    type IntoFuture = BoxFuture<Result<TokenizeResponse>>;

    fn into_future(self) -> Self::IntoFuture {
        let op = Op::Tokenize(Arc::new(self.request));
        let reply = self.settings.send(&self.backend, op);
        Box::pin(async { reply.await?.into_tokenize() })
    }
}
