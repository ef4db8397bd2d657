#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod decode;
mod dialect;
mod elements;
mod encode;
mod encoding;
mod error;
mod models;
mod numbers;
mod operations;
mod repair;

pub use dialect::Dialect;
pub use encoding::Encoding;
pub use error::Fault;
pub use operations::{
    Config, DurationStat, Index, IndexEntry, Live, LoadModel, Metadata, ModelMetadata,
    ModelStatistics, Server, ServerMetadata, Statistics, TensorMetadata, UnloadModel,
};

use bytes::Bytes;
use http::{Request, response::Parts};
use trunkline_core::{
    Error, ErrorKind, Op, Reply, Result,
    chat::Warnings,
    protocol::{NoStream, Protocol, Target},
};

/// Tensors, readiness and the index of models, in the dialect of one server.
#[derive(Clone, Copy, Debug)]
pub struct OpenInference(pub Dialect);

impl Protocol for OpenInference {
    type Decoder = NoStream;

    fn encode(&self, op: &Op, target: &Target, _: &mut Warnings) -> Result<Request<Bytes>> {
        let can = self.0.capabilities;
        match op {
            Op::Infer(request) if can.infer => encode::request(&self.0, request, target),
            Op::Ready(request) if can.ready && request.model.is_empty() => {
                target.get("/v2/health/ready")
            }
            Op::Ready(request) if can.ready => {
                let model = operations::place(&request.model, None)?;
                target.get(&format!("{model}/ready"))
            }
            Op::Models(_) if can.list_models => {
                target.post(operations::INDEX, operations::READY_ONLY)
            }
            op => {
                let (provider, name) = (self.0.provider, op.name());
                Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("{provider} has no operation `{name}`"),
                ))
            }
        }
    }

    fn decode(&self, op: &Op, head: &Parts, body: Bytes) -> Result<Reply> {
        match op {
            Op::Models(_) => models::page(&self.0, &body).map(Reply::Models),
            Op::Ready(_) => operations::readiness(&body).map(Reply::Ready),
            _ => decode::response(&self.0, head, body).map(Reply::Infer),
        }
    }

    fn decoder(&self, _: &Op, _: &Parts) -> NoStream {
        NoStream
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        error::of_answer(&self.0, head, body)
    }
}
