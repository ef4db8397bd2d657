//! Words that go on from a prompt, without a conversation: the server's own way to ask.
//!
//! <https://huggingface.co/docs/text-generation-inference/reference/api_reference>

use std::collections::VecDeque;

use bytes::Bytes;
use http::response::Parts;
use serde::Serialize;
use trunkline_core::{
    Class, Json, Operation, Result, StreamOperation,
    http_transport::frame::{Frame, Framing},
    protocol::Terminal,
    raw::RawRequest,
};

use crate::{Generated, Grammar, Piece};

/// Goes on from a prompt: `backend.ask(Generate::new("Once upon a time"))`.
///
/// ```no_run
/// use trunkline_tgi::{Generate, Grammar, Parameters, Tgi, prelude::*};
///
/// # async fn of(tgi: &Tgi) -> Result<()> {
/// let year = Generate::new("Nansen skied over Greenland in the year ").with(
///     Parameters::new().max_new_tokens(8_u64).grammar(Grammar::regex("[0-9]{4}")),
/// );
/// println!("{}", tgi.backend().ask(year).await?.text);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Generate {
    prompt: String,
    parameters: Parameters,
}

impl Generate {
    /// Goes on from `prompt`. For a model that sees, a picture stands in it as in Markdown,
    /// `![](https://…)` or `![](data:image/png;base64,…)`.
    pub fn new(prompt: impl Into<String>) -> Self {
        Self {
            prompt: prompt.into(),
            parameters: Parameters::default(),
        }
    }

    /// With these settings.
    #[must_use]
    pub fn with(mut self, parameters: Parameters) -> Self {
        self.parameters = parameters;
        self
    }

    fn request(&self, path: &'static str) -> Result<RawRequest> {
        #[derive(Serialize)]
        struct Ask<'a> {
            inputs: &'a str,
            parameters: &'a Parameters,
        }
        // Only they tell why the answer ended.
        let mut parameters = self.parameters.clone();
        parameters.details.get_or_insert(true);
        let ask = Ask {
            inputs: &self.prompt,
            parameters: &parameters,
        };
        Ok(RawRequest::post(path, &Json::of(&ask)?))
    }
}

trunkline_core::options! {
    /// Settings of a [`Generate`]. What is not set, the server decides; without any of `do_sample`,
    /// `temperature`, `top_k`, `top_p` and `typical_p` it takes the likeliest token each time.
    pub struct Parameters {
        /// Of so many sequences the likeliest is given; the others are in
        /// [`Details::best_of_sequences`](crate::Details::best_of_sequences). Whole answers only, and
        /// no seed beside it.
        best_of: u32,
        /// Whether tokens are drawn, and not the likeliest taken.
        do_sample: bool,
        /// How evenly they are drawn, above 0.
        temperature: f64,
        /// Only of the so many likeliest.
        top_k: u32,
        /// Only of the likeliest that make up this share, between 0 and 1.
        top_p: f64,
        /// Only of the most typical that make up this share, between 0 and 1.
        typical_p: f64,
        /// How much tokens that are there already lose, above 0; 1 is nothing.
        repetition_penalty: f64,
        /// The same by how often they are there, from -2 to 2; 0 is nothing.
        frequency_penalty: f64,
        /// What the draw begins with.
        seed: u64,
        /// The most tokens of the answer; all that fit unless set.
        max_new_tokens: u64,
        /// Where the answer ends, at most four unless the server was told otherwise.
        stop: Vec<String>,
        /// Keeps only the last so many tokens of the prompt.
        truncate: u64,
        /// Gives the prompt before the answer.
        return_full_text: bool,
        /// Whether the tokens and the reason for the end are told; they are unless this says no.
        details: bool,
        /// Whether the tokens of the prompt are told too. Whole answers only.
        decoder_input_details: bool,
        /// So many of the likeliest tokens are told at each place, at most five unless the server was
        /// told otherwise.
        top_n_tokens: u32,
        /// What the answer is held to.
        grammar: Grammar,
        /// Whether the answer has a watermark.
        watermark: bool,
        /// Which of the adapters that the server was started with.
        adapter_id: String,
    }
}

impl Operation for Generate {
    type Output = Generated;
    const NAME: &'static str = "tgi.generate";
    const CLASS: Class = Class::Billed;

    fn encode(&self) -> Result<RawRequest> {
        self.request("/generate")
    }

    fn decode(&self, head: &Parts, body: Bytes) -> Result<Generated> {
        Generated::read(&head.headers, &body)
    }
}

/// The same token by token: `backend.follow(GenerateStream::new("Once upon a time"))`.
///
/// ```no_run
/// use trunkline_tgi::{GenerateStream, Tgi, prelude::*};
///
/// # async fn of(tgi: &Tgi) -> Result<()> {
/// let mut pieces = tgi.backend().follow(GenerateStream::new("Once upon a time")).await?;
/// while let Some(piece) = pieces.next().await {
///     print!("{}", piece?.text());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateStream {
    generate: Generate,
    done: bool,
}

impl GenerateStream {
    /// Goes on from `prompt`.
    pub fn new(prompt: impl Into<String>) -> Self {
        Generate::new(prompt).into()
    }

    /// With these settings.
    #[must_use]
    pub fn with(self, parameters: Parameters) -> Self {
        self.generate.with(parameters).into()
    }
}

impl From<Generate> for GenerateStream {
    fn from(generate: Generate) -> Self {
        Self {
            generate,
            done: false,
        }
    }
}

impl StreamOperation for GenerateStream {
    type Item = Piece;
    const NAME: &'static str = "tgi.generate_stream";
    const CLASS: Class = Class::Billed;
    const FRAMING: Framing = Framing::Sse;

    fn encode(&self) -> Result<RawRequest> {
        self.generate.request("/generate_stream")
    }

    fn frame(&mut self, frame: Frame, out: &mut VecDeque<Piece>) -> Result<()> {
        // Version 1 and compatible servers end as chat completions do.
        if frame.data.trim_ascii().is_empty() || frame.data.trim_ascii() == b"[DONE]" {
            return Ok(());
        }
        let piece = Piece::read(&frame.data)?;
        self.done = piece.generated_text.is_some();
        out.push_back(piece);
        Ok(())
    }

    fn terminal(&self) -> Terminal {
        match self.done {
            true => Terminal::Last,
            false => Terminal::Open,
        }
    }
}
