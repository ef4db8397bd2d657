//! A call for a ranking being put together.

use std::{future::IntoFuture, sync::Arc};

use super::{BoxFuture, Settings, call_settings, split_settings};
use crate::{Backend, Op, ProviderOptions, RerankRequest, RerankResponse, Result};

/// A call for the order of documents, being put together.
#[must_use = "a call does nothing until it is awaited"]
#[derive(Clone, Debug)]
pub struct RerankCall {
    backend: Backend,
    request: RerankRequest,
    settings: Settings,
}

call_settings!(RerankCall);
split_settings!(RerankCall, "documents");

impl RerankCall {
    pub(super) fn new(backend: Backend, request: RerankRequest) -> Self {
        Self {
            backend,
            request,
            settings: Settings::splitting(),
        }
    }

    /// Sets how many documents shall come back, the best ones.
    pub fn top_n(mut self, documents: u32) -> Self {
        self.request.top_n = Some(documents);
        self
    }

    /// Adds what only one provider takes.
    pub fn option<O: ProviderOptions>(mut self, options: O) -> Self {
        self.request = self.request.option(options);
        self
    }
}

impl IntoFuture for RerankCall {
    type Output = Result<RerankResponse>;
    type IntoFuture = BoxFuture<Result<RerankResponse>>;

    fn into_future(self) -> Self::IntoFuture {
        let op = Op::Rerank(Arc::new(self.request));
        let reply = self.settings.send(&self.backend, op);
        Box::pin(async { reply.await?.into_rerank() })
    }
}
