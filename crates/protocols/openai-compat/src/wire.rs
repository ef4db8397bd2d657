//! What servers send, read as tolerantly as they write.
//!
//! One set of types for whole answers and for chunks: a chunk has `delta` where an answer has
//! `message`, and both are read alike. Strings borrow from the frame. `null` is the same as absent everywhere, unknown
//! fields are passed over, and what is kept as raw JSON is read only when it is needed.
//!
//! <https://platform.openai.com/docs/api-reference/chat/object>
//! <https://platform.openai.com/docs/api-reference/chat-streaming/streaming>

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

mod place;

pub(crate) use place::{Few, read};

/// An answer, or a piece of one.
#[derive(Debug, Default)]
pub(crate) struct Chunk<'a> {
    pub(crate) id: Option<Str<'a>>,
    pub(crate) object: Option<Str<'a>>,
    pub(crate) model: Option<Str<'a>>,
    pub(crate) created: Option<&'a RawValue>,
    pub(crate) service_tier: Option<Str<'a>>,
    /// Who answered, behind OpenRouter.
    pub(crate) provider: Option<&'a RawValue>,
    pub(crate) choices: Option<Few<Choice<'a>>>,
    /// The address of its name, where nothing came before it that counts in every event.
    pub(crate) choices_at: Option<usize>,
    pub(crate) usage: Option<&'a RawValue>,
    /// Groq's streams put their usage here.
    pub(crate) x_groq: Option<&'a RawValue>,
    /// Cerebras' own time: <https://inference-docs.cerebras.ai/api-reference/chat-completions>;
    /// Fireworks' under `perf_metrics`: <https://docs.fireworks.ai/guides/prompt-caching>
    pub(crate) time_info: Option<&'a RawValue>,
    /// Pages that the answer stands on (Perplexity, xAI).
    pub(crate) citations: Option<&'a RawValue>,
    /// The same with titles (Perplexity).
    pub(crate) search_results: Option<&'a RawValue>,
    pub(crate) error: Option<&'a RawValue>,
    /// What Azure's filters found in the prompt.
    pub(crate) prompt_filter: Option<&'a RawValue>,
}

/// One of the answers.
#[derive(Debug, Default)]
pub(crate) struct Choice<'a> {
    pub(crate) index: Option<&'a RawValue>,
    pub(crate) delta: Option<Delta<'a>>,
    /// Whole answers have it. Perplexity's chunks have both: there it repeats all that came.
    /// Boxed, since every event of a stream would carry its room.
    pub(crate) message: Option<Box<Delta<'a>>>,
    pub(crate) finish_reason: Option<Str<'a>>,
    /// The word of whoever answered, behind OpenRouter.
    pub(crate) native_finish_reason: Option<Str<'a>>,
    pub(crate) logprobs: Option<&'a RawValue>,
    /// Moonshot's streams put their usage here.
    pub(crate) usage: Option<&'a RawValue>,
    /// What Azure's filters found in the answer so far.
    pub(crate) filter: Option<&'a RawValue>,
    /// OpenRouter's failures in the midst of an answer.
    pub(crate) error: Option<&'a RawValue>,
}

/// What was said.
#[derive(Debug, Default)]
pub(crate) struct Delta<'a> {
    pub(crate) content: Option<Said<'a>>,
    pub(crate) reasoning_content: Option<Said<'a>>,
    pub(crate) reasoning: Option<Said<'a>>,
    pub(crate) reasoning_details: Option<&'a RawValue>,
    pub(crate) refusal: Option<Str<'a>>,
    pub(crate) tool_calls: Option<Vec<ToolCall<'a>>>,
    /// The form before tools.
    pub(crate) function_call: Option<&'a RawValue>,
    pub(crate) annotations: Option<&'a RawValue>,
    pub(crate) audio: Option<&'a RawValue>,
    pub(crate) images: Option<&'a RawValue>,
    /// Google's signatures.
    pub(crate) extra_content: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ToolCall<'a> {
    #[serde(borrow)]
    pub(crate) index: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) id: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) function: Option<Function<'a>>,
    #[serde(borrow)]
    pub(crate) custom: Option<Function<'a>>,
    #[serde(borrow)]
    pub(crate) extra_content: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Function<'a> {
    #[serde(borrow)]
    pub(crate) name: Option<Str<'a>>,
    /// A string that holds JSON; some servers send the JSON itself.
    #[serde(borrow, alias = "input")]
    pub(crate) arguments: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Audio<'a> {
    #[serde(borrow)]
    pub(crate) id: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) data: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) transcript: Option<Str<'a>>,
    #[serde(borrow)]
    pub(crate) expires_at: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Logprobs<'a> {
    #[serde(borrow)]
    pub(crate) content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) refusal: Option<&'a RawValue>,
}

/// A string that borrows where JSON lets it. A number or a flag becomes its text; what is neither
/// becomes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Str<'a>(pub(crate) Cow<'a, str>);

impl Str<'_> {
    pub(crate) fn non_empty(&self) -> Option<&str> {
        Some(&*self.0).filter(|text| !text.is_empty())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Str<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Str<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Owned(text.to_owned())))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Owned(number.to_string())))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Owned(number.to_string())))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Owned(number.to_string())))
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Str<'de>, E> {
                Ok(Str(Cow::Owned(flag.to_string())))
            }

            fn visit_unit<E>(self) -> Result<Str<'de>, E> {
                Ok(Str::default())
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Str<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Str::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Str<'de>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Str::default())
            }
        }
        deserializer.deserialize_any(Text)
    }
}

/// Words, or a list of pieces (Mistral).
#[derive(Debug)]
pub(crate) enum Said<'a> {
    Words(Str<'a>),
    Pieces(Vec<&'a RawValue>),
}

impl Said<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Words(words) => words.0.is_empty(),
            Self::Pieces(pieces) => pieces.is_empty(),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Said<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Said<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Said<'de>, E> {
                Ok(Said::Words(Str(Cow::Borrowed(text))))
            }

            fn visit_str<E>(self, text: &str) -> Result<Said<'de>, E> {
                Ok(Said::Words(Str(Cow::Owned(text.to_owned()))))
            }

            fn visit_unit<E>(self) -> Result<Said<'de>, E> {
                Ok(Said::Words(Str::default()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Said<'de>, A::Error> {
                let mut pieces = Vec::new();
                while let Some(piece) = seq.next_element()? {
                    pieces.push(piece);
                }
                Ok(Said::Pieces(pieces))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A count. Servers write `12`, `12.0`, `"12"`, and nonsense, which is no count.
pub(crate) fn count(raw: &RawValue) -> Option<u64> {
    let text = raw.get().trim_matches('"');
    text.parse().ok().or_else(|| {
        let number: f64 = text.parse().ok()?;
        // A cast saturates; what is not finite is not a count.
        (number.is_finite() && number >= 0.0).then_some(number as u64)
    })
}

/// A string's text, or the text of any other JSON; `null` has none.
pub(crate) fn text_of(raw: &RawValue) -> serde_json::Result<Cow<'_, str>> {
    match raw.get() {
        "null" => Ok(Cow::Borrowed("")),
        text if text.starts_with('"') => {
            serde_json::from_str::<Str<'_>>(text).map(|Str(text)| text)
        }
        other => Ok(Cow::Borrowed(other)),
    }
}

/// What a list holds. What is no list holds nothing: a field beside the answer shall not break it.
pub(crate) fn items(raw: Option<&RawValue>) -> serde_json::Result<Vec<&RawValue>> {
    match raw.filter(|raw| raw.get().starts_with('[') && raw.get() != "[]") {
        Some(raw) => serde_json::from_str(raw.get()),
        None => Ok(Vec::new()),
    }
}

/// An object. What is none is nothing, as above.
pub(crate) fn object<'a, T: Deserialize<'a>>(
    raw: Option<&'a RawValue>,
) -> serde_json::Result<Option<T>> {
    raw.filter(|raw| raw.get().starts_with('{'))
        .map(|raw| serde_json::from_str(raw.get()))
        .transpose()
}

/// Whether the field says anything: `null`, `false`, `""` and `{}` stand for its absence.
pub(crate) fn is_set(raw: &RawValue) -> bool {
    !matches!(raw.get(), "null" | "false" | "\"\"" | "{}")
}
