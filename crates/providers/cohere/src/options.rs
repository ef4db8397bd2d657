//! What only Cohere takes.

use serde::Serialize;
use trunkline_core::Json;

trunkline_core::options! {
    /// What only Cohere's chat takes, beside the settings that all providers share.
    ///
    /// <https://docs.cohere.com/reference/chat>
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_cohere::{CitationMode, Document, Options};
    ///
    /// let tide = Document::text("High water is at six.").id("tide-table");
    /// let request = ChatRequest::from("When is high water?")
    ///     .option(Options::new().documents([tide]).citation_options(CitationMode::Fast));
    /// # assert!(request.options["cohere"].get().contains(r#"{"mode":"FAST"}"#));
    /// ```
    pub struct Options for "cohere" {
        /// What the answer shall stand on, after the documents among the request's messages.
        documents: Documents,
        /// Whether and how passages are cited; by default they are, where the model can.
        citation_options: CitationMode,
        /// How careful the answer is. Not together with tools or documents.
        safety_mode: SafetyMode,
        /// Holds calls to the schemas of all tools. That each tool is
        /// [strict](trunkline_core::Tool::strict) says the same.
        strict_tools: bool,
        /// How early the request is served, from 0, the first, to 999.
        priority: u32,
    }
}

trunkline_core::options! {
    /// What only Cohere's embeddings take.
    ///
    /// <https://docs.cohere.com/reference/embed>
    ///
    /// ```
    /// use trunkline_core::EmbedRequest;
    /// use trunkline_cohere::{EmbedOptions, Truncate};
    ///
    /// let request = EmbedRequest::new(["a cat"]).option(EmbedOptions::new().truncate(Truncate::None));
    /// assert_eq!(request.options["cohere"].get(), r#"{"truncate":"NONE"}"#);
    /// ```
    pub struct EmbedOptions for "cohere" {
        /// Which end of an input is cut that is too long; by default its end.
        truncate: Truncate,
        /// How many tokens of an input are embedded; what is longer is cut, or refused.
        max_tokens: u32,
        /// How early the request is served, from 0, the first, to 999.
        priority: u32,
    }
}

trunkline_core::options! {
    /// What only Cohere's rankings take.
    ///
    /// <https://docs.cohere.com/reference/rerank>
    ///
    /// ```
    /// use trunkline_core::RerankRequest;
    /// use trunkline_cohere::RerankOptions;
    ///
    /// let request = RerankRequest::new("high water", ["Six o'clock."])
    ///     .option(RerankOptions::new().max_tokens_per_doc(512_u32));
    /// assert_eq!(request.options["cohere"].get(), r#"{"max_tokens_per_doc":512}"#);
    /// ```
    pub struct RerankOptions for "cohere" {
        /// How many tokens of a document are read; by default 4,096.
        max_tokens_per_doc: u32,
        /// How early the request is served, from 0, the first, to 999.
        priority: u32,
    }
}

/// Documents of [`Options`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Documents(Vec<Document>);

impl<const N: usize> From<[Document; N]> for Documents {
    fn from(documents: [Document; N]) -> Self {
        Self(documents.into())
    }
}

impl From<Vec<Document>> for Documents {
    fn from(documents: Vec<Document>) -> Self {
        Self(documents)
    }
}

/// Something that an answer can stand on: fields of any names, all of which the model sees.
///
/// <https://docs.cohere.com/v2/docs/retrieval-augmented-generation-rag>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Document {
    /// What citations call it; without one it is `doc:` and its place among the documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its fields, a JSON object: `{"title":"…","text":"…"}`.
    pub data: Json,
}

impl Document {
    /// A document of these fields, a JSON object.
    pub fn new(data: impl Into<Json>) -> Self {
        Self {
            id: None,
            data: data.into(),
        }
    }

    /// A document of these words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(serde_json::json!({ "text": text.into() }))
    }

    /// Sets what citations call it.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }
}

/// Whether and how passages are cited.
///
/// <https://docs.cohere.com/v2/docs/rag-citations>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "mode", rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum CitationMode {
    /// In the model's own way.
    Enabled,
    /// Not at all.
    Disabled,
    /// While the answer is written.
    Fast,
    /// After it is written, more exactly.
    Accurate,
    /// Not at all, in the word of older models.
    Off,
}

/// How careful the answer is.
///
/// <https://docs.cohere.com/docs/safety-modes>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum SafetyMode {
    /// By what the conversation is about: the default.
    Contextual,
    /// As for an office.
    Strict,
    /// No word of it in the prompt; older models only.
    Off,
}

/// What happens to an input that is longer than the model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Truncate {
    /// It is refused.
    None,
    /// Its beginning is cut off.
    Start,
    /// Its end is cut off: the default.
    End,
}
