//! Words that go on from a prompt, without a conversation and its template.
//!
//! <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>

use std::collections::VecDeque;

use http::{HeaderValue, header};
use serde::Serialize;
use trunkline_core::{
    Json, Result, http_transport::frame::Frame, protocol::Terminal, raw::RawRequest,
};

use crate::{Completed, Prompt};

/// Goes on from a prompt: `backend.ask(…)` gives all of it, `backend.follow(…)` piece by piece.
///
/// ```no_run
/// # async fn of(backend: trunkline_core::Backend) -> trunkline_core::Result<()> {
/// use trunkline_llamacpp::{Completion, CompletionOptions};
///
/// let completion = Completion::new("The otter").with(CompletionOptions::new().n_predict(32));
/// let mut pieces = backend.follow(completion).await?;
/// while let Some(piece) = pieces.next().await {
///     print!("{}", piece?.text);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    prompt: Prompt,
    options: CompletionOptions,
    done: bool,
}

impl Completion {
    /// Goes on from `prompt`.
    pub fn new(prompt: impl Into<Prompt>) -> Self {
        Self {
            prompt: prompt.into(),
            options: CompletionOptions::default(),
            done: false,
        }
    }

    /// With these settings.
    #[must_use]
    pub fn with(mut self, options: CompletionOptions) -> Self {
        self.options = options;
        self
    }

    fn request(&self, stream: bool) -> Result<RawRequest> {
        #[derive(Serialize)]
        struct Ask<'a> {
            prompt: &'a Prompt,
            #[serde(flatten)]
            options: &'a CompletionOptions,
            stream: bool,
        }
        let ask = Ask {
            prompt: &self.prompt,
            options: &self.options,
            stream,
        };
        Ok(request("/completion", &Json::of(&ask)?, stream))
    }
}

with_sampling! {
    /// Settings of a [`Completion`] and of an [`Infill`](crate::Infill). What is not set is as the
    /// server was started with.
    pub struct CompletionOptions {
        /// Which model: a router has several, others answer with the one that they have.
        model: String,
        /// How many tokens it writes at most; -1 for no limit, 0 to read the prompt into the cache,
        /// for which some versions write one all the same.
        n_predict: i64,
        /// How freely it chooses; 0 always takes the likeliest.
        temperature: f64,
        /// Chooses among so many of the likeliest tokens; 0 turns it off.
        top_k: u32,
        /// Chooses among the likeliest tokens that make up this share.
        top_p: f64,
        /// Leaves out tokens less likely than this share of the likeliest.
        min_p: f64,
        /// Against repeating tokens at all.
        presence_penalty: f64,
        /// Against repeating tokens, by how often they came.
        frequency_penalty: f64,
        /// Makes answers repeatable.
        seed: u32,
        /// Ends the answer before any of these.
        stop: Vec<String>,
        /// What is added to the logits of tokens: `[[15043, 1.5], ["Hello", -0.5], [7, false]]`,
        /// where `false` forbids one.
        logit_bias: Json,
        /// Whether the tokens are told beside the words.
        return_tokens: bool,
    }
}

/// Makes an operation one that is answered with a completion, whole or in pieces.
macro_rules! completes {
    ($operation:ident, $name:literal) => {
        impl trunkline_core::Operation for $operation {
            type Output = $crate::Completed;
            const NAME: &'static str = $name;
            const CLASS: trunkline_core::Class = trunkline_core::Class::Billed;

            fn encode(&self) -> trunkline_core::Result<trunkline_core::raw::RawRequest> {
                self.request(false)
            }

            fn decode(
                &self,
                _head: &http::response::Parts,
                body: bytes::Bytes,
            ) -> trunkline_core::Result<$crate::Completed> {
                $crate::Completed::whole(&body)
            }
        }

        impl trunkline_core::StreamOperation for $operation {
            type Item = $crate::Completed;
            const NAME: &'static str = $name;
            const CLASS: trunkline_core::Class = trunkline_core::Class::Billed;
            const FRAMING: trunkline_core::http_transport::frame::Framing =
                trunkline_core::http_transport::frame::Framing::Sse;

            fn encode(&self) -> trunkline_core::Result<trunkline_core::raw::RawRequest> {
                self.request(true)
            }

            fn frame(
                &mut self,
                frame: trunkline_core::http_transport::frame::Frame,
                out: &mut std::collections::VecDeque<$crate::Completed>,
            ) -> trunkline_core::Result<()> {
                self.done |= $crate::completion::piece(&frame, out)?;
                Ok(())
            }

            fn terminal(&self) -> trunkline_core::protocol::Terminal {
                $crate::completion::terminal(self.done)
            }
        }
    };
}

pub(crate) use completes;

completes!(Completion, "llamacpp.completion");

/// Asks for an answer, whole or streamed.
pub(crate) fn request(path: &str, ask: &Json, stream: bool) -> RawRequest {
    let mut request = RawRequest::post(path, ask);
    if stream {
        // The server hangs up after each stream, and does not say so.
        let close = HeaderValue::from_static("close");
        request.headers.insert(header::CONNECTION, close);
    }
    request
}

/// Reads one event, and says whether it was the last one.
pub(crate) fn piece(frame: &Frame, out: &mut VecDeque<Completed>) -> Result<bool> {
    // What this server does not send, one in front of it may add.
    if frame.data.trim_ascii().is_empty() || &*frame.data == b"[DONE]" {
        return Ok(false);
    }
    let piece = Completed::piece(&frame.data)?;
    let done = piece.finish.is_some();
    out.push_back(piece);
    Ok(done)
}

/// The event that says why it ended is the last.
pub(crate) fn terminal(done: bool) -> Terminal {
    match done {
        true => Terminal::Last,
        false => Terminal::Open,
    }
}
