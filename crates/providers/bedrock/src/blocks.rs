//! To the wire: the parts of messages as content blocks.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use trunkline_core::{
    Content, Json, Message, Part, Warning,
    chat::{
        CachePoint, Executor, Media, Reasoning, Source, Text, ToolCall, ToolResult, ToolStatus,
        Ttl, Warnings,
    },
};

use crate::{
    PROVIDER,
    wire::{self, Block, Document, Thought},
};

/// More cache points than these are refused.
///
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html>
const MAX_CACHE_POINTS: usize = 4;

/// Writes the messages of one request.
#[derive(Default)]
pub(crate) struct Writer {
    documents: usize,
    /// What documents are called: no two may have the same name.
    names: BTreeSet<String>,
    cache_points: usize,
}

impl Writer {
    pub(crate) fn message<'a>(
        &mut self,
        message: &'a Message,
        warnings: &mut Warnings,
    ) -> Vec<Block<'a>> {
        let mut blocks = Vec::with_capacity(message.parts.len());
        for part in &message.parts {
            let block = self.part(part, warnings);
            blocks.extend(block);
        }
        if let ([], [part, ..]) = (&*blocks, &*message.parts) {
            // Bedrock's error says more of an empty message than we could.
            blocks.extend(part.as_text().map(|text| Block::Text(text.into())));
        }
        blocks
    }

    fn part<'a>(&mut self, part: &'a Part, warnings: &mut Warnings) -> Option<Block<'a>> {
        let kind = part.state_of(PROVIDER.id, "type");
        let block = match &part.content {
            Content::Text(text) => return said(text, part, warnings),
            Content::Refusal(refusal) => Some(Block::Text(refusal.text.as_str().into())),
            Content::Media(media) => self.media(media, part, warnings),
            Content::Reasoning(reasoning) => return thought(reasoning, part, warnings),
            Content::ToolCall(call) => call_of(call, kind, warnings),
            Content::ToolResult(result) => return self.result(result, part, warnings),
            Content::CachePoint(point) => return self.cache_point(*point, warnings),
            Content::Opaque(opaque) if opaque.is_of(PROVIDER.id) => {
                Some(Block::Unknown(&opaque.payload))
            }
            _ => None,
        };
        match &block {
            None => warnings.left_out(part),
            Some(_) if kind.is_none() => warnings.state_dropped(part),
            Some(_) => {}
        }
        block
    }

    fn media<'a>(
        &mut self,
        media: &'a Media,
        part: &'a Part,
        warnings: &mut Warnings,
    ) -> Option<Block<'a>> {
        warnings.unsupported_if(media.detail.is_some(), "detail");
        warnings.unsupported_if(media.transcript.is_some(), "transcript");
        let source = match &media.source {
            Source::Bytes(_) => wire::Source::Bytes(media.base64()?),
            Source::Url(uri) if uri.starts_with("s3://") => wire::Source::S3Location { uri },
            Source::Text(text) => wire::Source::Text(text),
            _ => return None,
        };
        let kind = media.media_type.top_level();
        let is_text = matches!(source, wire::Source::Text(_));
        let format = format_of(kind, media.media_type.subtype());
        if let "image" | "audio" | "video" = kind {
            let media = wire::Media {
                format: format.filter(|_| !is_text)?,
                source,
            };
            return Some(match kind {
                "image" => Block::Image(media),
                "audio" => Block::Audio(media),
                _ => Block::Video(media),
            });
        }
        if format.is_none() && !is_text {
            return None;
        }
        self.documents += 1;
        let more = part.ext.get(PROVIDER.id);
        Some(Block::Document(Document {
            format: format.filter(|_| !is_text),
            name: self.name(media.filename.as_deref(), format, warnings),
            source,
            more: more.and_then(|ext| ext.read().ok()).unwrap_or_default(),
        }))
    }

    /// A document's name: letters, digits, single blanks, hyphens, round and square brackets.
    fn name<'a>(
        &mut self,
        filename: Option<&'a str>,
        format: Option<&str>,
        warnings: &mut Warnings,
    ) -> Cow<'a, str> {
        let number = self.documents;
        let Some(filename) = filename else {
            let name = format!("document-{number}");
            self.names.insert(name.clone());
            return name.into();
        };
        let stem = match filename.rsplit_once('.') {
            Some((stem, ending)) if Some(&*ending.to_ascii_lowercase()) == format => stem,
            _ => filename,
        };
        let allowed = |char: char| char.is_ascii_alphanumeric() || " -()[]".contains(char);
        let name: String = stem
            .chars()
            .take(200)
            .map(|char| if allowed(char) { char } else { '-' })
            .collect();
        let mut name = name.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        if !self.names.insert(name.clone()) {
            name = format!("{name}-{number}");
            self.names.insert(name.clone());
        }
        if name == stem {
            return stem.into();
        }
        warnings.push(Warning::coerced("filename", filename, name.as_str()));
        name.into()
    }

    fn result<'a>(
        &mut self,
        result: &'a ToolResult,
        part: &'a Part,
        warnings: &mut Warnings,
    ) -> Option<Block<'a>> {
        let kind = part.state_of(PROVIDER.id, "type");
        if result.executor == Executor::Provider && kind.is_none() {
            warnings.left_out(part);
            return None;
        }
        if kind.is_none() {
            warnings.state_dropped(part);
        }
        let mut content = Vec::with_capacity(result.output.len());
        for item in &result.output {
            let block = self.part(item, warnings);
            content.extend(block);
        }
        content.extend(result.json.as_ref().map(Block::Json));
        if content.is_empty() && result.status != ToolStatus::Ok {
            // A failure without a word is refused: it says at least of what kind it is.
            let word = match result.status {
                ToolStatus::Denied => "denied",
                ToolStatus::Incomplete => "incomplete",
                _ => "error",
            };
            content.push(Block::Text(word.into()));
        }
        let status = match result.status {
            ToolStatus::Ok => kind.map(|_| "success"),
            ToolStatus::Error => Some("error"),
            other => {
                let from = if other == ToolStatus::Denied {
                    "denied"
                } else {
                    "incomplete"
                };
                warnings.push(Warning::coerced("tool_result.status", from, "error"));
                Some("error")
            }
        };
        Some(Block::ToolResult {
            tool_use_id: result.call.as_str(),
            content,
            status,
            kind,
        })
    }

    fn cache_point<'a>(&mut self, point: CachePoint, warnings: &mut Warnings) -> Option<Block<'a>> {
        self.cache_points += 1;
        if self.cache_points > MAX_CACHE_POINTS {
            warnings.push(Warning::unsupported("cache_point"));
            return None;
        }
        let ttl = point.ttl.map(|ttl| match ttl {
            Ttl::FiveMinutes => "5m",
            Ttl::OneHour => "1h",
            _ => {
                warnings.push(Warning::coerced("cache_point.ttl", "24h", "1h"));
                "1h"
            }
        });
        let kind = "default";
        Some(Block::CachePoint { kind, ttl })
    }
}

/// Words, with where they are from if Bedrock said so.
fn said<'a>(text: &'a Text, part: &'a Part, warnings: &mut Warnings) -> Option<Block<'a>> {
    warnings.state_dropped(part);
    let cited = text.annotations.iter();
    let citations: Vec<_> = cited.filter_map(|it| it.ext.get(PROVIDER.id)).collect();
    let others = citations.len() < text.annotations.len();
    warnings.unsupported_if(others, "citations");
    let is_blank = text.text.trim().is_empty();
    let words = Block::Text(text.text.as_str().into());
    if !citations.is_empty() {
        let content = if is_blank { Vec::new() } else { vec![words] };
        return Some(Block::CitationsContent { content, citations });
    }
    // A block without words is refused.
    warnings.unsupported_if(is_blank && !text.text.is_empty(), "text.blank");
    (!is_blank).then_some(words)
}

/// Thoughts go back with the signature that Bedrock gave them, or not at all.
fn thought<'a>(
    reasoning: &'a Reasoning,
    part: &'a Part,
    warnings: &mut Warnings,
) -> Option<Block<'a>> {
    let thought = if let Some(signature) = part.state_of(PROVIDER.id, "signature") {
        Thought::ReasoningText {
            text: reasoning.text.as_deref().unwrap_or_default(),
            signature,
        }
    } else if let Some(redacted) = part.state_of(PROVIDER.id, "redacted") {
        Thought::RedactedContent(redacted)
    } else {
        warnings.state_dropped(part);
        if part.state.is_none() {
            warnings.left_out(part);
        }
        return None;
    };
    Some(Block::ReasoningContent(thought))
}

fn call_of<'a>(
    call: &'a ToolCall,
    kind: Option<&'a str>,
    warnings: &mut Warnings,
) -> Option<Block<'a>> {
    if call.executor == Executor::Provider && kind.is_none() {
        return None;
    }
    Some(Block::ToolUse {
        tool_use_id: call.id.as_str(),
        name: &call.name,
        input: object(call, warnings),
        kind,
    })
}

/// The arguments of a call, which are an object here.
fn object<'a>(call: &'a ToolCall, warnings: &mut Warnings) -> Cow<'a, Json> {
    let arguments = call.arguments_json();
    if arguments.get().starts_with('{') {
        return arguments;
    }
    let to = r#"{"arguments":…}"#;
    warnings.push(Warning::coerced("tool_call.input", "no object", to));
    let object = Json::of(&BTreeMap::from([("arguments", &*arguments)]));
    Cow::Owned(object.unwrap_or_else(|_| Json::empty_object()))
}

/// What Converse calls a media type.
#[rustfmt::skip]
fn format_of<'a>(kind: &str, subtype: &'a str) -> Option<&'a str> {
    Some(match (kind, subtype) {
        ("image", "jpg") => "jpeg",
        ("image", "png" | "jpeg" | "gif" | "webp") => subtype,
        ("audio", "mpeg") => "mp3",
        ("audio", "x-wav" | "wave" | "vnd.wave") => "wav",
        ("audio", "x-m4a") => "m4a",
        ("audio", "x-matroska") => "mka",
        ("audio", "mp3" | "opus" | "wav" | "aac" | "flac" | "mp4" | "ogg" | "x-aac" | "m4a" | "pcm" | "webm") => subtype,
        ("video", "x-matroska") => "mkv",
        ("video", "quicktime") => "mov",
        ("video", "x-flv") => "flv",
        ("video", "x-ms-wmv") => "wmv",
        ("video", "3gpp") => "three_gp",
        ("video", "mkv" | "mov" | "mp4" | "webm" | "flv" | "mpeg" | "mpg" | "wmv") => subtype,
        ("application", "pdf") => "pdf",
        ("application", "msword") => "doc",
        ("application", "vnd.openxmlformats-officedocument.wordprocessingml.document") => "docx",
        ("application", "vnd.ms-excel") => "xls",
        ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet") => "xlsx",
        ("text", "plain") => "txt",
        ("text", "markdown") => "md",
        ("text", "csv" | "html") => subtype,
        _ => return None,
    })
}
