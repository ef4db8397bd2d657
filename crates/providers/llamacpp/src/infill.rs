//! Code with a gap in it, for models that know how to fill one.
//!
//! <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>

use serde::Serialize;
use trunkline_core::{Json, Result, raw::RawRequest};

use crate::{
    CompletionOptions,
    completion::{completes, request},
};

/// Fills a gap in code: `backend.ask(…)` gives all of it, `backend.follow(…)` piece by piece. A model
/// that has no tokens for gaps is an error of the kind `Unsupported`.
///
/// ```no_run
/// # async fn of(backend: trunkline_core::Backend) -> trunkline_core::Result<()> {
/// use trunkline_llamacpp::Infill;
///
/// let gap = Infill::new("fn add(a: i32, b: i32) -> i32 {\n", "\n}\n").file("main.rs", "mod add;");
/// println!("{}", backend.ask(gap).await?.text);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Infill {
    prefix: String,
    suffix: String,
    files: Vec<InfillFile>,
    prompt: Option<String>,
    options: CompletionOptions,
    done: bool,
}

/// A file that stands beside the one with the gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InfillFile {
    /// What it is called.
    pub filename: String,
    /// What is in it.
    pub text: String,
}

impl Infill {
    /// Fills the gap between `prefix` and `suffix`.
    pub fn new(prefix: impl Into<String>, suffix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            suffix: suffix.into(),
            files: Vec::new(),
            prompt: None,
            options: CompletionOptions::default(),
            done: false,
        }
    }

    /// Adds a file that the model sees as well.
    #[must_use]
    pub fn file(mut self, filename: impl Into<String>, text: impl Into<String>) -> Self {
        self.files.push(InfillFile {
            filename: filename.into(),
            text: text.into(),
        });
        self
    }

    /// Sets how the gap's text begins.
    #[must_use]
    pub fn prompt(mut self, prompt: impl Into<String>) -> Self {
        self.prompt = Some(prompt.into());
        self
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
            input_prefix: &'a str,
            input_suffix: &'a str,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            input_extra: &'a [InfillFile],
            #[serde(skip_serializing_if = "Option::is_none")]
            prompt: Option<&'a str>,
            #[serde(flatten)]
            options: &'a CompletionOptions,
            stream: bool,
        }
        let ask = Ask {
            input_prefix: &self.prefix,
            input_suffix: &self.suffix,
            input_extra: &self.files,
            prompt: self.prompt.as_deref(),
            options: &self.options,
            stream,
        };
        Ok(request("/infill", &Json::of(&ask)?, stream))
    }
}

completes!(Infill, "llamacpp.infill");
