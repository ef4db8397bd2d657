//! A call for inference being put together.

use std::{future::IntoFuture, sync::Arc};

use super::{BoxFuture, Settings, call_settings};
use crate::{Backend, InferRequest, InferResponse, Op, Result};

/// A call for what a model makes of tensors, being put together.
#[must_use = "a call does nothing until it is awaited"]
#[derive(Clone, Debug)]
pub struct InferCall {
    backend: Backend,
    request: InferRequest,
    settings: Settings,
}

call_settings!(InferCall);

impl InferCall {
    pub(super) fn new(backend: Backend, request: InferRequest) -> Self {
        Self {
            backend,
            request,
            settings: Settings::default(),
        }
    }

    /// Asks for this output, and for no others that are not asked for as well.
    pub fn output(mut self, name: impl Into<String>) -> Self {
        self.request = self.request.output(name);
        self
    }
}

impl IntoFuture for InferCall {
    type Output = Result<InferResponse>;
    type IntoFuture = BoxFuture<Result<InferResponse>>;

    fn into_future(self) -> Self::IntoFuture {
        let op = Op::Infer(Arc::new(self.request));
        let reply = self.settings.send(&self.backend, op);
        Box::pin(async { reply.await?.into_infer() })
    }
}
