//! A word to an answer that is being written.

use bytes::Bytes;
use http::response::Parts;
use serde::Serialize;
use trunkline_core::{Class, Json, Operation, Result, raw::RawRequest};

use crate::props::succeeded;

/// Ends the thoughts of an answer that is being streamed, so that it comes to the point: by the
/// answer's id, where [`reasoning_control`](crate::Options::reasoning_control) was asked for.
///
/// The server's source, `tools/server/server.cpp`: `/v1/chat/completions/control`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndReasoning {
    id: String,
}

impl EndReasoning {
    /// Of the answer of this id: `chatcmpl-…`.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into() }
    }
}

impl Operation for EndReasoning {
    type Output = ();
    const NAME: &'static str = "llamacpp.end_reasoning";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        #[derive(Serialize)]
        struct Ask<'a> {
            id: &'a str,
            action: &'a str,
        }
        let ask = Ask {
            id: &self.id,
            action: "reasoning_end",
        };
        Ok(RawRequest::post(
            "/v1/chat/completions/control",
            &Json::of(&ask)?,
        ))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<()> {
        succeeded(&body)
    }
}
