//! Which operation is which exchange: tensors below `/v2`, what generates below `/v3`.

use bytes::Bytes;
use http::{Request, response::Parts};
use trunkline_core::{
    Error, Op, Reply, Result,
    chat::Warnings,
    protocol::{Protocol, Target},
};
use trunkline_open_inference::{Dialect, Encoding, OpenInference};
use trunkline_openai_compat::{ChunkDecoder, OpenAiCompat};

use crate::{PROVIDER, error, load, models, rerank, tokenize};

/// How it speaks the Open Inference Protocol. Bytes unless said otherwise: in JSON it reads doubles as
/// floats, and whole numbers of 64 bits up to 32 of them (`src/rest_parser.cpp` of its sources).
pub const TENSORS: Dialect = Dialect::of(&PROVIDER)
    .encoding(Encoding::Binary)
    .classify(error::classify);

/// How it speaks chat completions.
///
/// <https://docs.openvino.ai/2026/model-server/ovms_docs_rest_api_chat.html>
pub const CHAT: trunkline_openai_compat::Dialect =
    trunkline_openai_compat::Dialect::of(&PROVIDER).base64_embeddings();

const GENERATIVE: OpenAiCompat = OpenAiCompat(CHAT);

/// The wire format of the OpenVINO Model Server: the Open Inference Protocol, and chat completions.
#[derive(Clone, Copy, Debug)]
pub struct ModelServer(OpenInference);

impl Default for ModelServer {
    fn default() -> Self {
        Self(OpenInference(TENSORS))
    }
}

impl ModelServer {
    /// Sets how tensors go where a request does not say it.
    #[must_use]
    pub fn encoding(self, encoding: Encoding) -> Self {
        Self(OpenInference(self.0.0.encoding(encoding)))
    }
}

impl Protocol for ModelServer {
    type Decoder = ChunkDecoder;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        match op {
            Op::Chat(_) | Op::ChatStream(_) | Op::Embed(_) | Op::Models(_) => {
                GENERATIVE.encode(op, &target.below("/v3"), warnings)
            }
            Op::Rerank(request) => target.post("/v3/rerank", rerank::body(request, warnings)?),
            Op::Tokenize(request) => target.post("/v3/tokenize", tokenize::body(request)?),
            Op::Load(_) => target.get("/metrics"),
            op => self.0.encode(op, target, warnings),
        }
    }

    fn decode(&self, op: &Op, head: &Parts, body: Bytes) -> Result<Reply> {
        match op {
            Op::Chat(_) | Op::ChatStream(_) | Op::Embed(_) => GENERATIVE.decode(op, head, body),
            Op::Models(_) => models::ours(GENERATIVE.decode(op, head, body)?),
            Op::Rerank(request) => rerank::response(request, &body).map(Reply::Rerank),
            Op::Tokenize(_) => tokenize::response(&body).map(Reply::Tokenize),
            Op::Load(_) => load::read(&body).map(Reply::Load),
            op => self.0.decode(op, head, body),
        }
    }

    fn decoder(&self, op: &Op, head: &Parts) -> ChunkDecoder {
        GENERATIVE.decoder(op, head)
    }

    /// All its errors have one form.
    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        self.0.error(head, body)
    }
}
