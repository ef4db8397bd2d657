//! A call for vectors being put together.

use std::{future::IntoFuture, sync::Arc};

use super::{BoxFuture, Settings, call_settings, split_settings};
use crate::{
    Backend, EmbedRequest, EmbedResponse, Op, ProviderOptions, Result,
    embed::{Precision, Purpose},
};

/// A call for vectors, being put together.
#[must_use = "a call does nothing until it is awaited"]
#[derive(Clone, Debug)]
pub struct EmbedCall {
    backend: Backend,
    request: EmbedRequest,
    settings: Settings,
}

call_settings!(EmbedCall);
split_settings!(EmbedCall, "inputs");

impl EmbedCall {
    pub(super) fn new(backend: Backend, request: EmbedRequest) -> Self {
        Self {
            backend,
            request,
            settings: Settings::splitting(),
        }
    }

    /// Sets how long the vectors shall be.
    pub fn dimensions(mut self, dimensions: u32) -> Self {
        self.request.dimensions = Some(dimensions);
        self
    }

    /// Sets what they are for.
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.request.purpose = Some(purpose);
        self
    }

    /// Adds what only one provider takes.
    pub fn option<O: ProviderOptions>(mut self, options: O) -> Self {
        self.request = self.request.option(options);
        self
    }

    /// Sets in which numbers.
    pub fn precision(mut self, precision: Precision) -> Self {
        self.request.precision = Some(precision);
        self
    }
}

impl IntoFuture for EmbedCall {
    type Output = Result<EmbedResponse>;
    type IntoFuture = BoxFuture<Result<EmbedResponse>>;

    fn into_future(self) -> Self::IntoFuture {
        let op = Op::Embed(Arc::new(self.request));
        let reply = self.settings.send(&self.backend, op);
        Box::pin(async { reply.await?.into_embed() })
    }
}
