//! To the wire: a request as the JSON that a dialect takes.
//!
//! <https://platform.openai.com/docs/api-reference/chat/create>

use serde::{Serialize, Serializer, ser::SerializeMap};
use trunkline_core::{
    ChatRequest, Error, ErrorKind, Json, Result, Warning,
    chat::{Effort, Format, Modality, ReasoningSetting, ToolChoice, ToolKind, Warnings},
    protocol::{check, room},
};

use crate::{Dialect, dialect::ReasoningParam};

pub(crate) mod embed;
mod message;
mod piece;
mod survey;
mod tool;

use message::Messages;

/// The body of a request.
pub(crate) fn chat(
    dialect: Dialect,
    request: &ChatRequest,
    stream: bool,
    warnings: &mut Warnings,
) -> Result<Vec<u8>> {
    check(request)?;
    survey::settings(dialect, request, warnings);
    survey::messages(dialect, request, warnings);

    let body = Body {
        dialect,
        request,
        stream,
        effort: effort(dialect, request, warnings),
    };
    let mut bytes = Vec::with_capacity(room(request));
    serde_json::to_writer(&mut bytes, &body).map_err(|error| {
        Error::new(
            ErrorKind::InvalidRequest,
            "the request cannot be written as JSON",
        )
        .with_source(error)
    })?;
    let off = dialect.no_thinking.filter(|_| body.effort == Thinking::Off);
    let patches = [
        off.and_then(|patch| Json::parse(patch).ok()),
        (dialect.patch)(request),
        request.options.get(dialect.provider).cloned(),
    ];
    patches
        .into_iter()
        .flatten()
        .try_fold(bytes, |bytes, patch| merge(&bytes, &patch))
}

/// Adds what only this provider takes.
pub(crate) fn merge(body: &[u8], patch: &Json) -> Result<Vec<u8>> {
    let invalid = || {
        Error::new(
            ErrorKind::InvalidRequest,
            "the provider's options cannot be merged into the body",
        )
    };
    let text = std::str::from_utf8(body).map_err(|error| invalid().with_source(error))?;
    let merged = patch
        .merge_into(text)
        .map_err(|error| invalid().with_source(error))?;
    Ok(merged.into_bytes())
}

struct Body<'a> {
    dialect: Dialect,
    request: &'a ChatRequest,
    stream: bool,
    effort: Thinking,
}

/// How much to think, as the wire says it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Thinking {
    Unsaid,
    /// Said by a patch.
    Off,
    Effort(Effort),
    Budget(u32),
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            dialect, request, ..
        } = self;
        let can = &dialect.capabilities;
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("model", &request.model)?;
        body.serialize_entry(
            "messages",
            &Messages {
                dialect: *dialect,
                messages: &request.messages,
            },
        )?;

        macro_rules! setting {
            ($($name:ident),+) => {
                $(if let (true, Some(value)) = (can.$name, &request.$name) {
                    body.serialize_entry(stringify!($name), value)?;
                })+
            };
        }
        setting!(
            temperature,
            top_p,
            top_k,
            min_p,
            frequency_penalty,
            presence_penalty,
            seed
        );
        if let Some(tokens) = request.max_output_tokens {
            body.serialize_entry(dialect.max_tokens, &tokens)?;
        }
        if can.stop && !request.stop.is_empty() {
            body.serialize_entry("stop", &request.stop)?;
        }
        if let (true, Some(candidates)) = (can.candidates, request.candidates) {
            body.serialize_entry("n", &candidates)?;
        }
        if let (true, Some(others)) = (can.logprobs, request.logprobs) {
            body.serialize_entry("logprobs", &true)?;
            if others > 0 {
                body.serialize_entry("top_logprobs", &others)?;
            }
        }
        if can.logit_bias && !request.logit_bias.is_empty() {
            body.serialize_entry("logit_bias", &request.logit_bias)?;
        }
        self.tools(&mut body)?;
        self.format(&mut body)?;
        match (self.effort, dialect.reasoning) {
            (Thinking::Unsaid | Thinking::Off, _) => {}
            (Thinking::Effort(effort), ReasoningParam::Object) => {
                body.serialize_entry("reasoning", &Object([("effort", effort.as_str())]))?;
            }
            (Thinking::Budget(tokens), _) => match dialect.reasoning_budget {
                Some(field) => body.serialize_entry(field, &tokens)?,
                None => body.serialize_entry("reasoning", &Object([("max_tokens", tokens)]))?,
            },
            (Thinking::Effort(effort), _) => {
                body.serialize_entry("reasoning_effort", effort.as_str())?;
            }
        }
        let modalities = request
            .modalities
            .iter()
            .filter_map(|modality| match modality {
                Modality::Image => can.image_out.then_some("image"),
                Modality::Audio => can.audio_out.then_some("audio"),
                _ => Some("text"),
            });
        if modalities.clone().any(|modality| modality != "text") {
            body.serialize_entry("modalities", &List(modalities))?;
        }
        setting!(service_tier);
        if let (true, Some(user)) = (can.user, &request.user) {
            body.serialize_entry(dialect.user_field, user)?;
        }
        if can.metadata && !request.metadata.is_empty() {
            body.serialize_entry("metadata", &request.metadata)?;
        }
        if self.stream {
            body.serialize_entry("stream", &true)?;
            if dialect.stream_usage {
                body.serialize_entry("stream_options", &Object([("include_usage", true)]))?;
            }
        }
        body.end()
    }
}

impl Body<'_> {
    fn tools<M: SerializeMap>(&self, body: &mut M) -> Result<(), M::Error> {
        let Self {
            dialect, request, ..
        } = self;
        let can = &dialect.capabilities;
        if !can.tools || request.tools.is_empty() {
            return Ok(());
        }
        let choice = request.tool_choice.as_ref().filter(|_| can.tool_choice);
        let allowed = match choice {
            Some(ToolChoice::Allowed(names)) if !dialect.allowed_tools => Some(names),
            _ => None,
        };
        // A server of the Model Context Protocol has no form here.
        let tools = request
            .tools
            .iter()
            .filter(|tool| !matches!(tool.kind, ToolKind::Mcp(_)))
            .filter(|tool| allowed.is_none_or(|names| names.contains(&tool.name)));
        if tools.clone().next().is_none() {
            return Ok(());
        }
        body.serialize_entry(
            "tools",
            &List(tools.map(|tool| tool::Definition {
                tool,
                provider: dialect.provider,
            })),
        )?;
        if let Some(choice) = choice.filter(|_| allowed.is_none()) {
            body.serialize_entry(
                "tool_choice",
                &tool::Choice {
                    choice,
                    tools: &request.tools,
                },
            )?;
        }
        if let (true, Some(parallel)) = (can.parallel_tools, request.parallel_tools) {
            body.serialize_entry("parallel_tool_calls", &parallel)?;
        }
        Ok(())
    }

    fn format<M: SerializeMap>(&self, body: &mut M) -> Result<(), M::Error> {
        let can = &self.dialect.capabilities;
        match &self.request.format {
            Some(Format::Schema {
                name,
                schema,
                strict,
            }) if can.schema => {
                #[derive(Serialize)]
                struct Schema<'a> {
                    r#type: &'a str,
                    json_schema: Named<'a>,
                }
                #[derive(Serialize)]
                struct Named<'a> {
                    name: &'a str,
                    schema: &'a Json,
                    strict: bool,
                }
                let json_schema = Named {
                    name,
                    schema,
                    strict: *strict,
                };
                body.serialize_entry(
                    "response_format",
                    &Schema {
                        r#type: "json_schema",
                        json_schema,
                    },
                )
            }
            Some(Format::Json | Format::Schema { .. }) if can.json => {
                body.serialize_entry("response_format", &Object([("type", "json_object")]))
            }
            _ => Ok(()),
        }
    }
}

/// How much to think, in the dialect's terms. A number of tokens becomes a degree where the wire
/// has no number, by its share of the limit on output.
fn effort(dialect: Dialect, request: &ChatRequest, warnings: &mut Warnings) -> Thinking {
    let Some(setting) = request.reasoning.filter(|_| dialect.capabilities.reasoning) else {
        return Thinking::Unsaid;
    };
    match setting {
        ReasoningSetting::Budget(tokens)
            if dialect.reasoning == ReasoningParam::Object
                || dialect.reasoning_budget.is_some() =>
        {
            Thinking::Budget(tokens)
        }
        ReasoningSetting::Budget(tokens) => {
            const USUAL_LIMIT: u64 = 32_000;
            let share =
                u64::from(tokens) * 100 / request.max_output_tokens.unwrap_or(USUAL_LIMIT).max(1);
            let asked = match share {
                0..=2 => Effort::Minimal,
                3..=10 => Effort::Low,
                11..=30 => Effort::Medium,
                31..=60 => Effort::High,
                _ => Effort::XHigh,
            };
            known_effort(dialect, asked, &format!("{tokens} tokens"), warnings)
        }
        ReasoningSetting::Effort(Effort::None) if dialect.no_thinking.is_some() => Thinking::Off,
        ReasoningSetting::Effort(asked) => known_effort(dialect, asked, asked.as_str(), warnings),
        _ => Thinking::Unsaid,
    }
}

/// A degree that the dialect knows for the one that was `asked` for in these words.
fn known_effort(dialect: Dialect, asked: Effort, words: &str, warnings: &mut Warnings) -> Thinking {
    let Some(effort) = nearest(dialect.efforts, asked) else {
        warnings.push(Warning::unsupported("reasoning"));
        return Thinking::Unsaid;
    };
    if effort.as_str() != words {
        warnings.push(Warning::coerced("reasoning", words, effort.as_str()));
    }
    Thinking::Effort(effort)
}

/// The nearest of the `known` degrees, the higher of two. To think at all is no degree of not
/// thinking.
fn nearest(known: &[Effort], asked: Effort) -> Option<Effort> {
    const ASCENDING: [Effort; 7] = [
        Effort::None,
        Effort::Minimal,
        Effort::Low,
        Effort::Medium,
        Effort::High,
        Effort::XHigh,
        Effort::Max,
    ];
    if known.is_empty() || known.contains(&asked) {
        return Some(asked);
    }
    let place = |effort: Effort| ASCENDING.iter().position(|other| *other == effort);
    let at = place(asked).filter(|_| asked != Effort::None)?;
    let thinking = known.iter().filter(|effort| **effort != Effort::None);
    thinking
        .filter_map(|effort| Some((place(*effort)?, *effort)))
        .min_by_key(|(other, _)| (other.abs_diff(at), std::cmp::Reverse(*other)))
        .map(|(_, effort)| effort)
}

/// An object of few fields.
pub(super) struct Object<V, const N: usize>(pub(super) [(&'static str, V); N]);

impl<V: Serialize, const N: usize> Serialize for Object<V, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// A list that is made as it is written.
pub(super) struct List<I>(pub(super) I);

impl<I> Serialize for List<I>
where
    I: Iterator + Clone,
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}
