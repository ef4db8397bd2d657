//! Summaries of files: DocSum's gateway as a form.
//!
//! <https://github.com/opea-project/GenAIExamples/blob/main/DocSum/docker_compose/intel/cpu/xeon/README.md>

use bytes::Bytes;
use http::response::Parts;
use trunkline_core::{
    ChatResponse, Class, Error, ErrorKind, Operation, Result, protocol::content_type,
    raw::RawRequest,
};

use crate::{decode::whole, files::File, multipart::Form};

/// Sums up files: texts, PDF and Word, or sound and films, which are written down first. What is only
/// text is better asked of the model `docsum`, which streams.
///
/// ```no_run
/// use trunkline_opea::{File, Opea, Summarize, prelude::*};
///
/// # async fn sum_up(docsum: &Opea, pdf: Vec<u8>) -> Result<String> {
/// let file = File::new("tides.pdf", "application/pdf", pdf);
/// let summary = docsum.backend().ask(Summarize::text([file]).max_tokens(256)).await?;
/// # Ok(summary.text)
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Summarize {
    /// What the files are: `text`, `audio` or `video`.
    pub kind: String,
    /// The files.
    pub files: Vec<File>,
    /// A text before them.
    pub messages: String,
    /// How many tokens a summary has at most; 1,024 by default.
    pub max_tokens: Option<u64>,
    /// Its language: `auto`, `en` or `zh`.
    pub language: Option<String>,
    /// How a text is summed up that is too long for the model: `auto`, `stuff`, `truncate`,
    /// `map_reduce` or `refine`.
    pub summary_type: Option<String>,
    /// How many tokens a piece of a long text has at most.
    pub chunk_size: Option<i32>,
    /// How many tokens two pieces have in common.
    pub chunk_overlap: Option<i32>,
    /// Where the gateway is, below the base URL; `/v1/docsum` by default.
    pub path: Option<String>,
}

/// A summary.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// In words.
    pub text: String,
    /// The answer that it came in.
    pub response: ChatResponse,
}

impl Summarize {
    /// Of texts, PDF and Word documents.
    pub fn text(files: impl IntoIterator<Item = File>) -> Self {
        Self::of("text", files)
    }

    /// Of what is said in sounds.
    pub fn audio(files: impl IntoIterator<Item = File>) -> Self {
        Self::of("audio", files)
    }

    /// Of what is said in films.
    pub fn video(files: impl IntoIterator<Item = File>) -> Self {
        Self::of("video", files)
    }

    fn of(kind: &str, files: impl IntoIterator<Item = File>) -> Self {
        Self {
            kind: kind.to_owned(),
            files: files.into_iter().collect(),
            messages: String::new(),
            max_tokens: None,
            language: None,
            summary_type: None,
            chunk_size: None,
            chunk_overlap: None,
            path: None,
        }
    }

    /// Sets how many tokens a summary has at most.
    #[must_use]
    pub fn max_tokens(mut self, tokens: u64) -> Self {
        self.max_tokens = Some(tokens);
        self
    }

    /// Sets its language.
    #[must_use]
    pub fn language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// Sets how a text is summed up that is too long for the model.
    #[must_use]
    pub fn summary_type(mut self, how: impl Into<String>) -> Self {
        self.summary_type = Some(how.into());
        self
    }

    /// Sets how many tokens a piece of a long text has at most, and how many two have in common.
    #[must_use]
    pub fn chunks(mut self, tokens: i32, overlap: i32) -> Self {
        (self.chunk_size, self.chunk_overlap) = (Some(tokens), Some(overlap));
        self
    }

    /// Sets where the gateway is, below the base URL.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }
}

impl Operation for Summarize {
    type Output = Summary;
    const NAME: &'static str = "opea.summarize";
    const CLASS: Class = Class::Billed;

    fn encode(&self) -> Result<RawRequest> {
        if self.files.is_empty() {
            let what = "there is no file to sum up; a text is asked of the model `docsum`";
            return Err(Error::new(ErrorKind::InvalidRequest, what));
        }
        let mut form = Form::default();
        form.text("type", &self.kind);
        form.text("messages", &self.messages);
        for file in &self.files {
            form.file("files", file);
        }
        form.maybe("max_tokens", self.max_tokens);
        form.maybe("language", self.language.as_ref());
        form.maybe("summary_type", self.summary_type.as_ref());
        form.maybe("chunk_size", self.chunk_size);
        form.maybe("chunk_overlap", self.chunk_overlap);
        form.text("stream", false);
        form.post(self.path.as_deref().unwrap_or("/v1/docsum"), Self::CLASS)
    }

    fn decode(&self, head: &Parts, body: Bytes) -> Result<Summary> {
        let is_stream = content_type(head) == Some("text/event-stream");
        let response = whole::any("docsum", is_stream, body)?;
        Ok(Summary {
            text: response.text(),
            response,
        })
    }
}
