//! Messages and their parts.
//!
//! <https://ai.google.dev/api/caching#Part>, <https://ai.google.dev/gemini-api/docs/thought-signatures>

use std::{borrow::Cow, collections::BTreeMap};

use serde_json::value::RawValue;
use trunkline_core::{
    Content, Json, Message, Part, Role, ToolCall, Warning,
    chat::{
        Base64, Detail, Executor, Media, MediaType, Reasoning, Source, ToolResult, ToolStatus,
        Warnings,
    },
};

use crate::{
    Dialect,
    dialect::has_levels,
    wire::{self, Blob, Call, Data, File, Outcome, Response, Say, Turn},
};

/// Stands where a call has no signature of this provider, because another model made it: without
/// it, models that want signatures refuse the conversation. Both services document this word.
///
/// <https://ai.google.dev/gemini-api/docs/thought-signatures#faqs>
const UNSIGNED: &str = "skip_thought_signature_validator";

/// The turns of a conversation, as they are written.
pub(super) struct Turns<'a> {
    dialect: Dialect,
    /// Whether the model wants signatures, and takes media as what a tool answered.
    is_new: bool,
    contents: Vec<Turn<'a>>,
    calls: BTreeMap<&'a str, Known<'a>>,
    /// What tools answered, each with the place of its call: all of it is one turn.
    answers: Vec<(usize, Say<'a>)>,
}

/// A call that came before.
#[derive(Clone, Copy)]
struct Known<'a> {
    name: &'a str,
    /// Its id on the wire, if it has one there.
    id: Option<&'a str>,
    place: usize,
}

impl<'a> Turns<'a> {
    pub(super) fn new(dialect: Dialect, model: &str) -> Self {
        Self {
            dialect,
            is_new: has_levels(model),
            contents: Vec::new(),
            calls: BTreeMap::new(),
            answers: Vec::new(),
        }
    }

    pub(super) fn into_contents(mut self) -> Vec<Turn<'a>> {
        self.settle();
        self.contents
    }

    pub(super) fn add(&mut self, message: &'a Message, warnings: &mut Warnings) {
        warnings.unsupported_if(message.name.is_some(), "name");
        if message.role != Role::Tool {
            self.settle();
        }
        let mut parts = Vec::with_capacity(message.parts.len());
        for part in &message.parts {
            self.say(part, &mut parts, warnings);
        }
        match message.role {
            Role::Tool => self.answers.append(&mut parts),
            Role::Assistant => self.turn("model", parts),
            _ => self.turn("user", parts),
        }
    }

    /// Calls without ids are told apart by their order: answers come in it, too.
    fn settle(&mut self) {
        let mut answers = std::mem::take(&mut self.answers);
        answers.sort_by_key(|(place, _)| *place);
        self.turn("user", answers);
    }

    fn turn(&mut self, role: &'static str, parts: Vec<(usize, Say<'a>)>) {
        let mut parts: Vec<_> = parts.into_iter().map(|(_, say)| say).collect();
        if parts.is_empty() {
            return;
        }
        if self.is_new && role == "model" {
            sign(&mut parts);
        }
        let role = Some(role);
        self.contents.push(Turn { role, parts });
    }

    fn say(&mut self, part: &'a Part, out: &mut Vec<(usize, Say<'a>)>, warnings: &mut Warnings) {
        let provider = self.dialect.provider;
        let verbatim = match &part.content {
            Content::Opaque(opaque) if opaque.is_of(provider) => Some(opaque.payload.get()),
            _ => part.state_of(provider, "part"),
        };
        if let Some(raw) = verbatim.and_then(raw) {
            out.push((usize::MAX, Say::Raw(raw)));
            return;
        }
        let signature = part.state_of(provider, "thought_signature");
        if signature.is_none() {
            warnings.state_dropped(part);
        }
        let is_ours = signature.is_some()
            || part
                .origin
                .as_ref()
                .is_some_and(|origin| &*origin.provider == provider);
        let mut place = usize::MAX;
        let said = match &part.content {
            Content::Text(text) => words(&text.text, signature),
            Content::Refusal(refusal) => words(&refusal.text, signature),
            Content::Reasoning(thought) if is_ours => {
                thoughts(self.dialect, thought, signature, out);
                return;
            }
            Content::Media(media) => self::media(self.dialect, media, warnings),
            Content::ToolCall(call) if call.executor == Executor::Client => {
                Some(self.call(call, warnings))
            }
            Content::ToolResult(result) if result.executor == Executor::Client => {
                let known = self.calls.get(result.call.as_str()).copied();
                place = known.map_or(place, |known| known.place);
                Some(self.outcome(result, known, warnings))
            }
            // What an answer stands on was no part of it on the wire, and is none now.
            Content::Source(_) if is_ours => return,
            _ => None,
        };
        match said {
            Some(mut said) => {
                said.thought_signature = signature;
                out.push((place, Say::Part(Box::new(said))));
            }
            None => warnings.left_out(part),
        }
    }

    fn call(&mut self, call: &'a ToolCall, warnings: &mut Warnings) -> wire::Part<'a> {
        let known = Known {
            name: &call.name,
            id: (!call.synthetic_id).then(|| call.id.as_str()),
            place: self.calls.len(),
        };
        self.calls.insert(call.id.as_str(), known);
        let mut args = call.arguments_json();
        if !args.get().starts_with('{') {
            warnings.push(Warning::coerced("tool_call.arguments", "text", "object"));
            let wrapped = Json::of(&BTreeMap::from([("input", &*args)]));
            args = Cow::Owned(wrapped.unwrap_or_else(|_| Json::empty_object()));
        }
        wire::Part {
            function_call: Some(Call {
                id: known.id,
                name: known.name,
                args,
            }),
            ..wire::Part::default()
        }
    }

    fn outcome(
        &self,
        result: &'a ToolResult,
        known: Option<Known<'a>>,
        warnings: &mut Warnings,
    ) -> wire::Part<'a> {
        let id = result.call.as_str();
        let text = || result.to_text();
        let response = match (&result.json, result.status) {
            (Some(json), ToolStatus::Ok) if result.output.is_empty() => match json.get() {
                object if object.starts_with('{') => Response::Whole(json),
                _ => Response::Json { output: json },
            },
            (_, ToolStatus::Ok) => Response::Output(text()),
            _ => Response::Error(text()),
        };
        let mut parts = Vec::new();
        for part in &result.output {
            let media = match &part.content {
                Content::Text(_) => continue,
                Content::Media(media) if self.is_new => self::media(self.dialect, media, warnings),
                _ => None,
            };
            match media {
                Some(media) if media.inline_data.is_some() || self.dialect.result_files => {
                    parts.push(media);
                }
                _ => warnings.push(Warning::unsupported("tool_result.media")),
            }
        }
        let name = result.name.as_deref().or(known.map(|known| known.name));
        wire::Part {
            function_response: Some(Outcome {
                id: known.map_or(Some(id), |known| known.id),
                name: name.unwrap_or(id),
                response,
                parts,
            }),
            ..wire::Part::default()
        }
    }
}

fn raw(text: &str) -> Option<&RawValue> {
    serde_json::from_str(text).ok()
}

/// Words. None at all are refused, unless there is a signature to them.
fn words<'a>(text: &'a str, signature: Option<&str>) -> Option<wire::Part<'a>> {
    (!text.is_empty() || signature.is_some()).then(|| wire::Part {
        text: Some(text),
        ..wire::Part::default()
    })
}

fn thoughts<'a>(
    dialect: Dialect,
    thought: &'a Reasoning,
    signature: Option<&'a str>,
    out: &mut Vec<(usize, Say<'a>)>,
) {
    // A signature may stand where nothing was said.
    let text = thought.text.as_deref().or(signature.map(|_| ""));
    let text = text.filter(|_| thought.media.is_empty());
    let pictures = thought.media.iter().filter_map(|part| match &part.content {
        Content::Media(media) => self::media(dialect, media, &mut Warnings::default()),
        _ => None,
    });
    let said = wire::Part {
        text,
        ..wire::Part::default()
    };
    for mut said in text.map(|_| said).into_iter().chain(pictures) {
        said.thought = true;
        said.thought_signature = signature;
        out.push((usize::MAX, Say::Part(Box::new(said))));
    }
}

/// Media as bytes, or by an address that the provider fetches.
pub(crate) fn media<'a>(
    dialect: Dialect,
    media: &'a Media,
    warnings: &mut Warnings,
) -> Option<wire::Part<'a>> {
    warnings.unsupported_if(
        media.detail.is_some_and(|detail| detail != Detail::Auto),
        "detail",
    );
    let mime_type = media.media_type.as_str();
    let inline = |mime_type, data| wire::Part {
        inline_data: Some(Blob { mime_type, data }),
        ..wire::Part::default()
    };
    let file = |file_uri| wire::Part {
        file_data: Some(File {
            mime_type: Some(mime_type).filter(|kind| *kind != MediaType::ANY_IMAGE.as_str()),
            file_uri,
        }),
        ..wire::Part::default()
    };
    Some(match &media.source {
        Source::Bytes(bytes) => inline(mime_type, Data::Bytes(Base64(bytes))),
        Source::Text(text) => inline(mime_type, Data::Bytes(Base64(text.as_bytes()))),
        Source::Url(url) => match url
            .strip_prefix("data:")
            .and_then(|url| url.split_once(";base64,"))
        {
            Some((mime_type, data)) => inline(mime_type, Data::Text(data)),
            None => file(url),
        },
        Source::File(files) => file(files.get(dialect.provider)?),
        _ => return None,
    })
}

/// Sees to it that the first of a turn's calls has a signature, if only the one that says that there
/// is none. Of several calls, only the first is ever signed.
fn sign(parts: &mut [Say<'_>]) {
    let calls = parts.iter_mut().filter_map(|say| match say {
        Say::Part(part) if part.function_call.is_some() => Some(part),
        _ => None,
    });
    let mut calls: Vec<_> = calls.collect();
    if calls.iter().all(|call| call.thought_signature.is_none())
        && let Some(first) = calls.first_mut()
    {
        first.thought_signature = Some(UNSIGNED);
    }
}
