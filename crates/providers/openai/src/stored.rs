//! Answers that OpenAI keeps: those that it makes in the background, and those that were stored.
//!
//! <https://platform.openai.com/docs/guides/background>

use bytes::Bytes;
use http::response::Parts;
use trunkline_core::{ChatResponse, Class, Operation, Result, chat::FinishKind, raw::RawRequest};
use trunkline_openai_responses::{cancel, forget, retrieve, stored};

use crate::RESPONSES;

/// A stored answer, as far as it is. Ask until it is over:
///
/// ```no_run
/// use trunkline_core::Pace;
/// use trunkline_openai::{OpenAi, Options, Retrieve, prelude::*};
///
/// # async fn ask(openai: OpenAi) -> Result<()> {
/// let request = ChatRequest::from("Write a long report.").option(Options::new().background(true));
/// let begun = openai.model("gpt-5.2").chat(request).await?;
/// let id = begun.id.unwrap_or_default();
///
/// let retrieve = Retrieve::new(id);
/// let answer = openai.backend().ask_until(retrieve, Pace::default(), Retrieve::is_over).await?;
/// println!("{}", answer.text());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retrieve {
    id: String,
}

impl Retrieve {
    /// The answer of this id, `resp_…`: that of [`ChatResponse::id`].
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into() }
    }

    /// Whether OpenAI is done with it, one way or another.
    pub fn is_over(answer: &ChatResponse) -> bool {
        // An answer that asks for an approval is paused as well, and over.
        let status = answer.finish.raw.as_deref();
        answer.finish.kind != FinishKind::Paused || status == Some("completed")
    }
}

impl Operation for Retrieve {
    type Output = ChatResponse;
    const NAME: &'static str = "openai.retrieve";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        retrieve(&self.id)
    }

    fn decode(&self, _: &Parts, body: Bytes) -> Result<ChatResponse> {
        stored(RESPONSES, &body)
    }
}

/// Stops an answer that is made in the background, and gives what there is of it. To ask twice does no
/// harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancel {
    id: String,
}

impl Cancel {
    /// The answer of this id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into() }
    }
}

impl Operation for Cancel {
    type Output = ChatResponse;
    const NAME: &'static str = "openai.cancel";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        cancel(&self.id)
    }

    fn decode(&self, _: &Parts, body: Bytes) -> Result<ChatResponse> {
        stored(RESPONSES, &body)
    }
}

/// Makes OpenAI forget a stored answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forget {
    id: String,
}

impl Forget {
    /// The answer of this id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into() }
    }
}

impl Operation for Forget {
    type Output = ();
    const NAME: &'static str = "openai.forget";
    const CLASS: Class = Class::Effect;

    fn encode(&self) -> Result<RawRequest> {
        forget(&self.id)
    }

    fn decode(&self, _: &Parts, _: Bytes) -> Result<()> {
        Ok(())
    }
}
