//! Going on from a prompt, without a conversation around it; whole or piece by piece.
//!
//! <https://docs.openvino.ai/2026/model-server/ovms_docs_rest_api_completions.html>

use std::collections::VecDeque;

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{
    Class, Error, ErrorKind, Json, Operation, Result, StreamOperation,
    http_transport::frame::{Frame, Framing},
    protocol::{Terminal, read},
    raw::RawRequest,
};

use crate::Options;

/// Goes on from a prompt: `backend.ask(Complete::new("llama3", "Once upon a time"))`, or piece by
/// piece with `backend.follow(…)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Complete {
    model: String,
    prompt: String,
    max_tokens: Option<u32>,
    temperature: Option<f64>,
    stop: Vec<String>,
    options: Options,
    whole: bool,
}

impl Complete {
    /// From this prompt, by this model.
    pub fn new(model: impl Into<String>, prompt: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            prompt: prompt.into(),
            max_tokens: None,
            temperature: None,
            stop: Vec::new(),
            options: Options::new(),
            whole: false,
        }
    }

    /// Sets how many tokens it may write.
    #[must_use]
    pub fn max_tokens(mut self, tokens: u32) -> Self {
        self.max_tokens = Some(tokens);
        self
    }

    /// Sets how far it strays from what is likeliest.
    #[must_use]
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// Adds words at which it stops.
    #[must_use]
    pub fn stop(mut self, words: impl Into<String>) -> Self {
        self.stop.push(words.into());
        self
    }

    /// Sets what only this server takes.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    fn request(&self, stream: bool) -> Result<RawRequest> {
        let ask = Ask {
            model: &self.model,
            prompt: &self.prompt,
            max_tokens: self.max_tokens,
            temperature: self.temperature,
            stop: &self.stop,
            logprobs: (self.options.logprobs == Some(true)).then_some(1),
            options: Options {
                logprobs: None,
                ..self.options.clone()
            },
            stream,
        };
        Ok(RawRequest::post("/v3/completions", &Json::of(&ask)?))
    }
}

#[derive(Serialize)]
struct Ask<'a> {
    model: &'a str,
    prompt: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    /// Here a number, of which there is one; in a chat it is a truth.
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<u32>,
    #[serde(flatten)]
    options: Options,
    stream: bool,
}

/// What followed the prompt; of a stream, a piece of it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Completed {
    /// The model.
    pub model: String,
    /// What followed.
    pub choices: Vec<Choice>,
    /// What it cost, where the server tells: `prompt_tokens`, `completion_tokens`, `total_tokens`.
    pub usage: Option<Json>,
}

/// One text that followed the prompt.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Choice {
    /// The text.
    pub text: String,
    /// Why it ended: `stop` or `length`; absent before the end.
    pub finish_reason: Option<String>,
    /// How likely its tokens were, if that was asked for.
    pub logprobs: Option<Json>,
}

impl Completed {
    /// The first text.
    pub fn text(&self) -> &str {
        self.choices.first().map_or("", |choice| &choice.text)
    }
}

impl Operation for Complete {
    type Output = Completed;
    const NAME: &'static str = "ovms.complete";
    const CLASS: Class = Class::Billed;

    fn encode(&self) -> Result<RawRequest> {
        self.request(false)
    }

    fn decode(&self, _: &Parts, body: Bytes) -> Result<Completed> {
        read(&body)
    }
}

#[derive(Deserialize)]
struct Fault {
    error: String,
}

impl StreamOperation for Complete {
    type Item = Completed;
    const NAME: &'static str = "ovms.complete";
    const CLASS: Class = Class::Billed;
    const FRAMING: Framing = Framing::Sse;

    fn encode(&self) -> Result<RawRequest> {
        self.request(true)
    }

    fn frame(&mut self, frame: Frame, out: &mut VecDeque<Completed>) -> Result<()> {
        if *frame.data == *b"[DONE]" {
            self.whole = true;
            return Ok(());
        }
        if let Ok(fault) = serde_json::from_slice::<Fault>(&frame.data) {
            return Err(Error::new(ErrorKind::Server, fault.error));
        }
        out.push_back(read(&frame.data)?);
        Ok(())
    }

    fn terminal(&self) -> Terminal {
        match self.whole {
            true => Terminal::Last,
            false => Terminal::Open,
        }
    }
}
