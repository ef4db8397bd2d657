//! Words that go on from a prompt, without a conversation: for prompts in a model's own form, for
//! code with a gap in it, and to load and unload models.
//!
//! <https://docs.ollama.com/api/generate>

use std::collections::VecDeque;

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize, Serializer};
use trunkline_core::{
    Class, Error, Json, Operation, Result, StreamOperation, Usage,
    chat::{Base64, Finish},
    http_transport::frame::{Frame, FrameLimits, Framing},
    protocol::{Terminal, read, seconds},
    raw::RawRequest,
};

use crate::{
    error::in_band,
    options::{KeepAlive, ModelOptions, Think},
    protocol::LINES,
    wire::{Figures, finish, terminal},
};

/// Goes on from a prompt: `backend.ask(…)` gives all of it, `backend.follow(…)` piece by piece.
///
/// Without a prompt it loads the model, and with [`KeepAlive::Unload`] beside it unloads it.
///
/// ```no_run
/// # async fn of(backend: trunkline_core::Backend) -> trunkline_core::Result<()> {
/// use trunkline_ollama::{Generate, GenerateOptions};
///
/// let gap = Generate::new("qwen2.5-coder", "fn add(a: i32, b: i32) -> i32 {")
///     .with(GenerateOptions::new().suffix("}"));
/// println!("{}", backend.ask(gap).await?.text);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Generate {
    model: String,
    prompt: String,
    options: GenerateOptions,
    done: bool,
}

impl Generate {
    /// Goes on from `prompt`.
    pub fn new(model: impl Into<String>, prompt: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            prompt: prompt.into(),
            options: GenerateOptions::default(),
            done: false,
        }
    }

    /// With these settings.
    #[must_use]
    pub fn with(mut self, options: GenerateOptions) -> Self {
        self.options = options;
        self
    }

    fn request(&self, stream: bool) -> Result<RawRequest> {
        #[derive(Serialize)]
        struct Ask<'a> {
            model: &'a str,
            prompt: &'a str,
            #[serde(flatten)]
            options: &'a GenerateOptions,
            stream: bool,
        }
        let ask = Ask {
            model: &self.model,
            prompt: &self.prompt,
            options: &self.options,
            stream,
        };
        post("/generate", &ask)
    }
}

/// A request with a JSON body.
pub(crate) fn post(path: &str, body: &impl Serialize) -> Result<RawRequest> {
    let json = Json::of(body).map_err(|cause| {
        Error::new(
            trunkline_core::ErrorKind::InvalidRequest,
            "the request cannot be written as JSON",
        )
        .with_source(cause)
    })?;
    Ok(RawRequest::post(path, &json))
}

trunkline_core::options! {
    /// Settings of a [`Generate`].
    pub struct GenerateOptions {
        /// What comes after the gap that the model fills.
        suffix: String,
        /// Instructions, instead of the model's own.
        system: String,
        /// The form in which all goes to the model, instead of its own.
        template: String,
        /// Sends the prompt to the model as it is, in no form.
        raw: bool,
        /// Pictures for the model to see.
        images: Images,
        /// `"json"`, or a JSON schema.
        format: Json,
        /// Whether, and how much, the model thinks before it speaks.
        think: Think,
        /// The [context](Generated::context) of an earlier answer, to go on from.
        context: Json,
        /// How long the model stays in memory after this.
        keep_alive: KeepAlive,
        /// Whether a prompt that does not fit the context is cut and not refused.
        truncate: bool,
        /// Whether the oldest makes room when the context is full.
        shift: bool,
        /// Whether the likelihood of each token is told.
        logprobs: bool,
        /// Of so many others at each place as well, at most 20.
        top_logprobs: u32,
        /// How the model runs.
        options: ModelOptions,
    }
}

/// Pictures, as they are in their files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images(pub Vec<Bytes>);

impl<B: Into<Bytes>, const N: usize> From<[B; N]> for Images {
    fn from(images: [B; N]) -> Self {
        Self(images.into_iter().map(Into::into).collect())
    }
}

impl Serialize for Images {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|image| Base64(image)))
    }
}

/// What a model wrote; of a stream, a piece of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Generated {
    /// The model.
    pub model: String,
    /// When, in seconds since 1970.
    pub created: Option<u64>,
    /// The words.
    pub text: String,
    /// The thoughts before them.
    pub thinking: Option<String>,
    /// Why it ended; `None` while it goes on.
    pub finish: Option<Finish>,
    /// What it took, at the end.
    pub usage: Usage,
    /// All tokens so far, to go on from, at the end.
    pub context: Option<Json>,
    /// The likelihood of its tokens, where that was asked for.
    pub logprobs: Option<Json>,
}

/// A line of the stream; a whole answer is one line.
#[derive(Deserialize)]
struct Line {
    model: Option<String>,
    created_at: Option<String>,
    response: Option<String>,
    thinking: Option<String>,
    context: Option<Json>,
    logprobs: Option<Json>,
    done: Option<bool>,
    done_reason: Option<String>,
    error: Option<Json>,
}

impl Generated {
    fn read(text: &[u8]) -> Result<Self> {
        let line: Line = read(text)?;
        if let Some(error) = &line.error {
            return Err(in_band(error));
        }
        let done = line.done == Some(true);
        let usage = match done {
            true => read::<Figures>(text)?.usage(),
            false => None,
        };
        Ok(Self {
            model: line.model.unwrap_or_default(),
            created: line.created_at.as_deref().and_then(seconds),
            text: line.response.unwrap_or_default(),
            thinking: line.thinking.filter(|thinking| !thinking.is_empty()),
            finish: done.then(|| finish(line.done_reason, false)),
            usage: usage.unwrap_or_default(),
            context: line.context,
            logprobs: line.logprobs,
        })
    }
}

impl Operation for Generate {
    type Output = Generated;
    const NAME: &'static str = "ollama.generate";
    const CLASS: Class = Class::Billed;

    fn encode(&self) -> Result<RawRequest> {
        self.request(false)
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Generated> {
        let generated = Generated::read(&body)?;
        match generated.finish {
            Some(_) => Ok(generated),
            None => Err(Error::decode("the answer does not say that it is done")),
        }
    }
}

impl StreamOperation for Generate {
    type Item = Generated;
    const NAME: &'static str = "ollama.generate";
    const CLASS: Class = Class::Billed;
    const FRAMING: Framing = Framing::NdJson;

    fn encode(&self) -> Result<RawRequest> {
        self.request(true)
    }

    fn limits(&self) -> FrameLimits {
        LINES
    }

    fn frame(&mut self, frame: Frame, out: &mut VecDeque<Generated>) -> Result<()> {
        let generated = Generated::read(&frame.data)?;
        self.done = generated.finish.is_some();
        out.push_back(generated);
        Ok(())
    }

    fn terminal(&self) -> Terminal {
        terminal(self.done)
    }
}
