//! An answer.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, de::Visitor};
use serde_json::value::RawValue;
use trunkline_core::protocol::read;

use crate::error::Fault;

/// An answer, or one frame of a stream: they have the same form.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Said<'a> {
    #[serde(borrow)]
    pub(crate) candidates: Option<Vec<Candidate<'a>>>,
    #[serde(borrow)]
    pub(crate) prompt_feedback: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) usage_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) model_version: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) response_id: Option<Text<'a>>,
    /// Vertex only.
    #[serde(borrow)]
    pub(crate) create_time: Option<Text<'a>>,
    pub(crate) error: Option<Fault>,
}

impl Said<'_> {
    /// Whether no part of it has to be kept as it came.
    pub(crate) fn is_plain(&self) -> bool {
        let candidates = self.candidates.iter().flatten();
        let contents = candidates.filter_map(|candidate| candidate.content.as_ref());
        let mut parts = contents.flat_map(|content| content.parts.iter().flatten());
        parts.all(Piece::is_plain)
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Candidate<'a> {
    pub(crate) index: Option<u32>,
    #[serde(borrow)]
    pub(crate) content: Option<Content<'a>>,
    #[serde(borrow)]
    pub(crate) finish_reason: Option<Word<'a>>,
    pub(crate) finish_message: Option<String>,
    #[serde(borrow)]
    pub(crate) safety_ratings: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) citation_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) grounding_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) url_context_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) logprobs_result: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) avg_logprobs: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(crate) struct Content<'a> {
    #[serde(borrow)]
    pub(crate) parts: Option<Vec<Piece<'a>>>,
}

/// A part that comes in, read by the one field that it has. Most are words: what they are not is boxed.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Piece<'a> {
    #[serde(borrow)]
    pub(crate) text: Option<Text<'a>>,
    pub(crate) thought: Option<bool>,
    pub(crate) thought_signature: Option<String>,
    pub(crate) inline_data: Option<Box<Inline>>,
    pub(crate) file_data: Option<Box<Place>>,
    #[serde(borrow)]
    pub(crate) function_call: Option<Box<Called<'a>>>,
    #[serde(borrow)]
    pub(crate) executable_code: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) code_execution_result: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) tool_call: Option<Box<Served<'a>>>,
    #[serde(borrow)]
    pub(crate) tool_response: Option<Box<Served<'a>>>,
}

impl Piece<'_> {
    /// Whether it can be said in our own words, and need not be kept as it came.
    pub(crate) fn is_plain(&self) -> bool {
        self.text.is_some()
            || self.inline_data.is_some()
            || self.file_data.is_some()
            || self
                .function_call
                .as_ref()
                .is_some_and(|call| call.is_whole())
    }
}

/// The parts of each candidate of an answer, as they came. Read only where one of them is to be kept:
/// words, which most parts are, need not be read twice.
pub(crate) fn raw_parts(json: &[u8]) -> trunkline_core::Result<Vec<Vec<&RawValue>>> {
    #[derive(Deserialize)]
    struct Said<'a> {
        #[serde(borrow)]
        candidates: Option<Vec<Candidate<'a>>>,
    }
    #[derive(Deserialize)]
    struct Candidate<'a> {
        #[serde(borrow)]
        content: Option<Content<'a>>,
    }
    #[derive(Deserialize)]
    struct Content<'a> {
        #[serde(borrow)]
        parts: Option<Vec<&'a RawValue>>,
    }
    let said: Said<'_> = read(json)?;
    let candidates = said.candidates.into_iter().flatten();
    let parts = candidates.map(|candidate| candidate.content.and_then(|content| content.parts));
    Ok(parts.map(Option::unwrap_or_default).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Inline {
    pub(crate) mime_type: Option<String>,
    pub(crate) data: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Place {
    pub(crate) mime_type: Option<String>,
    pub(crate) file_uri: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Called<'a> {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    #[serde(borrow)]
    pub(crate) args: Option<&'a RawValue>,
    /// Arguments in pieces, which Vertex sends to those who ask for them.
    #[serde(borrow)]
    pub(crate) partial_args: Option<&'a RawValue>,
    pub(crate) will_continue: Option<bool>,
}

impl Called<'_> {
    pub(crate) fn is_whole(&self) -> bool {
        self.partial_args.is_none() && self.will_continue.is_none()
    }
}

/// The call of a tool that the provider runs, or what the tool answered.
///
/// <https://ai.google.dev/gemini-api/docs/tool-combination>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Served<'a> {
    pub(crate) id: Option<String>,
    pub(crate) tool_type: Option<String>,
    #[serde(borrow)]
    pub(crate) args: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) response: Option<&'a RawValue>,
}

/// What a run of code gave, beside the code's own id where there is one.
#[derive(Deserialize)]
pub(crate) struct Ran {
    pub(crate) id: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) output: Option<String>,
}

/// Text, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Text<'a> {
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// As it stands on the wire, if it stands there so.
    pub(crate) fn borrowed(&self) -> Option<&'a str> {
        match self.0 {
            Cow::Borrowed(text) => Some(text),
            Cow::Owned(_) => None,
        }
    }

    pub(crate) fn into_string(self) -> String {
        self.0.into_owned()
    }
}

/// A value of an enumeration: its name, or its number where somebody asked for numbers.
pub(crate) struct Word<'a>(Cow<'a, str>);

impl Word<'_> {
    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyWord;

        impl<'de> Visitor<'de> for AnyWord {
            type Value = Word<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name or its number")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Word(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Word(Cow::Owned(name.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
                Ok(Word(Cow::Owned(number.to_string())))
            }
        }

        deserializer.deserialize_any(AnyWord)
    }
}

/// What kind of part this is, if it is one that nobody knows: the first of its fields that every
/// part may not have.
pub(crate) fn name_of(raw: &RawValue) -> Option<String> {
    const ANY: [&str; 5] = [
        "thought",
        "thoughtSignature",
        "partMetadata",
        "mediaResolution",
        "videoMetadata",
    ];
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(raw.get()).ok()?;
    let mut set = fields.into_iter().filter(|(_, raw)| raw.get() != "null");
    let found = set.find(|(name, _)| !ANY.contains(&name.as_str()))?;
    Some(found.0)
}
