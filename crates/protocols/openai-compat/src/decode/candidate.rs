//! One of the answers of a stream, as far as it has come.

use std::collections::VecDeque;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde_json::value::RawValue;
use trunkline_core::{
    Content, Delta, Ext, Part, Result, StreamChunk,
    chat::{
        Citation, Media, MediaType, Opaque, OpaqueState, Reasoning, Refusal, Source, SourceRef,
        Text,
    },
};

use super::{finish::finish, think::Think, tools::Tools};
use crate::{
    Dialect,
    wire::{self, Said, Str},
};

#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) index: u32,
    provider: &'static str,
    text: Option<u32>,
    reasoning: Option<u32>,
    refusal: Option<u32>,
    audio: Option<u32>,
    think: Option<Think>,
    tools: Tools,
    /// Thoughts in the provider's own form, to be given back to it.
    details: String,
    sources: Vec<Part>,
    reason: Option<Box<str>>,
    over: bool,
}

impl Candidate {
    pub(super) fn new(index: u32, dialect: Dialect) -> Self {
        Self {
            index,
            provider: dialect.provider,
            text: None,
            reasoning: None,
            refusal: None,
            audio: None,
            think: dialect.think_tags.then(Think::default),
            tools: Tools::default(),
            details: String::new(),
            sources: Vec::new(),
            reason: None,
            over: false,
        }
    }

    pub(super) fn has_reason(&self) -> bool {
        self.reason.is_some()
    }

    /// Some repeat it in later chunks; the first one counts.
    pub(super) fn reason(&mut self, reason: Option<&str>) {
        if let (None, Some(reason)) = (&self.reason, reason) {
            self.reason = Some(reason.into());
        }
    }

    pub(super) fn say(
        &mut self,
        said: wire::Delta<'_>,
        next: &mut u32,
        seed: u64,
        out: &mut VecDeque<StreamChunk>,
    ) -> Result<()> {
        // Some send the same thoughts under both names.
        let thoughts = [said.reasoning_content, said.reasoning]
            .into_iter()
            .flatten()
            .find(|said| !is_empty(said));
        if let Some(thoughts) = thoughts {
            self.thoughts(thoughts, next, out);
        }
        for detail in said.reasoning_details.iter().flatten() {
            self.detail(detail);
        }
        if let Some(content) = said.content {
            self.content(content, next, out);
        }
        if let Some(refusal) = said.refusal.as_ref().and_then(Str::non_empty) {
            let ix = open(&mut self.refusal, self.index, next, out, || {
                Content::Refusal(Refusal::default())
            });
            out.push_back(StreamChunk::Delta {
                ix,
                delta: Delta::Refusal(refusal.to_owned()),
            });
        }
        for annotation in said.annotations.iter().flatten() {
            self.annotation(annotation, next, out);
        }
        if let Some(audio) = said.audio {
            self.audio(&audio, next, out);
        }
        for image in said.images.iter().flatten() {
            self.image(image, next, out);
        }
        let legacy = said.function_call.map(|function| wire::ToolCall {
            function: Some(function),
            ..Default::default()
        });
        for call in said.tool_calls.into_iter().flatten().chain(legacy) {
            self.tools
                .piece(call, self.index, self.provider, next, seed, out)?;
        }
        Ok(())
    }

    pub(super) fn logprobs(
        &mut self,
        logprobs: &wire::Logprobs<'_>,
        next: &mut u32,
        out: &mut VecDeque<StreamChunk>,
    ) {
        for entries in [logprobs.content, logprobs.refusal].into_iter().flatten() {
            if !entries.get().starts_with('[') || entries.get() == "[]" {
                continue;
            }
            let ix = match self.refusal {
                Some(ix) if self.text.is_none() => ix,
                _ => open(&mut self.text, self.index, next, out, || {
                    Content::Text(Text::default())
                }),
            };
            out.push_back(StreamChunk::Delta {
                ix,
                delta: Delta::Logprobs(entries.into()),
            });
        }
    }

    pub(super) fn source(&mut self, url: &str) {
        let mut source = SourceRef::default();
        source.url = Some(url.to_owned());
        self.sources.push(Part::new(source));
    }

    /// Closes what is open and says how it ended. Without a reason, only the provider's last word
    /// makes it an end.
    pub(super) fn finish(
        &mut self,
        last: bool,
        next: &mut u32,
        seed: u64,
        out: &mut VecDeque<StreamChunk>,
    ) {
        if self.over || (self.reason.is_none() && !last) {
            return;
        }
        self.over = true;
        if let Some((thought, rest)) = self.think.as_mut().map(Think::finish) {
            self.split(thought, rest, next, out);
        }
        if !self.details.is_empty() {
            let ix = open(&mut self.reasoning, self.index, next, out, || {
                Content::Reasoning(Reasoning::default())
            });
            let state = OpaqueState::new(
                format!("{}.reasoning_details", self.provider),
                format!("[{}]", std::mem::take(&mut self.details)),
            );
            out.push_back(StreamChunk::Delta {
                ix,
                delta: Delta::State(state),
            });
        }
        self.tools.finish(self.index, next, seed, out);
        let mut parts: Vec<u32> = [self.text, self.reasoning, self.refusal, self.audio]
            .into_iter()
            .flatten()
            .chain(self.tools.open())
            .collect();
        parts.sort_unstable();
        out.extend(
            parts
                .into_iter()
                .map(|ix| StreamChunk::PartEnd { ix, part: None }),
        );
        for source in std::mem::take(&mut self.sources) {
            whole(source, self.index, next, out);
        }
        out.push_back(StreamChunk::Finish {
            candidate: self.index,
            reason: finish(self.reason.as_deref(), !self.tools.is_empty()),
            usage: None,
            ext: Ext::default(),
        });
    }

    fn content(&mut self, content: Said<'_>, next: &mut u32, out: &mut VecDeque<StreamChunk>) {
        match content {
            Said::Words(Str(words)) => self.words(words.into_owned(), next, out),
            Said::Pieces(pieces) => {
                for piece in pieces {
                    self.piece(piece, next, out);
                }
            }
        }
    }

    fn words(&mut self, words: String, next: &mut u32, out: &mut VecDeque<StreamChunk>) {
        if words.is_empty() {
            return;
        }
        if let Some(think) = &mut self.think {
            let (thought, rest) = think.push(&words);
            self.split(thought, rest, next, out);
            return;
        }
        let ix = open(&mut self.text, self.index, next, out, || {
            Content::Text(Text::default())
        });
        out.push_back(StreamChunk::Delta {
            ix,
            delta: Delta::Text(words),
        });
    }

    fn split(
        &mut self,
        thought: String,
        rest: String,
        next: &mut u32,
        out: &mut VecDeque<StreamChunk>,
    ) {
        if !thought.is_empty() {
            let ix = open(&mut self.reasoning, self.index, next, out, || {
                Content::Reasoning(Reasoning::default())
            });
            out.push_back(StreamChunk::Delta {
                ix,
                delta: Delta::Reasoning(thought),
            });
        }
        if !rest.is_empty() {
            let ix = open(&mut self.text, self.index, next, out, || {
                Content::Text(Text::default())
            });
            out.push_back(StreamChunk::Delta {
                ix,
                delta: Delta::Text(rest),
            });
        }
    }

    /// One of a list of pieces: Mistral's answers.
    ///
    /// <https://docs.mistral.ai/capabilities/reasoning>
    fn piece(&mut self, raw: &RawValue, next: &mut u32, out: &mut VecDeque<StreamChunk>) {
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Piece<'a> {
            #[serde(borrow, rename = "type")]
            kind: Option<Str<'a>>,
            #[serde(borrow)]
            text: Option<Str<'a>>,
            #[serde(borrow)]
            thinking: Option<Said<'a>>,
            #[serde(borrow)]
            image_url: Option<&'a RawValue>,
        }
        let Piece {
            kind,
            text,
            thinking,
            image_url,
        } = serde_json::from_str(raw.get()).unwrap_or_default();
        let kind = kind.as_ref().map_or("content", |kind| &*kind.0);
        match (kind, text, thinking, image_url) {
            ("text" | "output_text", Some(text), ..) => self.words(text.0.into_owned(), next, out),
            ("thinking", _, Some(thoughts), _) => self.thoughts(thoughts, next, out),
            ("image_url", _, _, Some(_)) => self.image(raw, next, out),
            (kind, ..) => {
                let kind = format!("{}.{kind}", self.provider);
                whole(
                    Part::new(Content::Opaque(Opaque::new(kind, raw.into()))),
                    self.index,
                    next,
                    out,
                );
            }
        }
    }

    fn thoughts(&mut self, thoughts: Said<'_>, next: &mut u32, out: &mut VecDeque<StreamChunk>) {
        let words = match thoughts {
            Said::Words(Str(words)) => words.into_owned(),
            Said::Pieces(pieces) => pieces.iter().map(|piece| text_of_piece(piece)).collect(),
        };
        if !words.is_empty() {
            let ix = open(&mut self.reasoning, self.index, next, out, || {
                Content::Reasoning(Reasoning::default())
            });
            out.push_back(StreamChunk::Delta {
                ix,
                delta: Delta::Reasoning(words),
            });
        }
    }

    fn detail(&mut self, raw: &RawValue) {
        if !self.details.is_empty() {
            self.details.push(',');
        }
        self.details.push_str(raw.get());
    }

    /// <https://platform.openai.com/docs/api-reference/chat/object#chat/object-choices>
    fn annotation(&mut self, raw: &RawValue, next: &mut u32, out: &mut VecDeque<StreamChunk>) {
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Annotation<'a> {
            #[serde(borrow)]
            url_citation: Option<UrlCitation<'a>>,
        }
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct UrlCitation<'a> {
            #[serde(borrow)]
            url: Option<Str<'a>>,
            #[serde(borrow)]
            title: Option<Str<'a>>,
            #[serde(borrow)]
            content: Option<Str<'a>>,
            #[serde(borrow)]
            start_index: Option<&'a RawValue>,
            #[serde(borrow)]
            end_index: Option<&'a RawValue>,
        }
        let known: Annotation<'_> = serde_json::from_str(raw.get()).unwrap_or_default();
        let Some(UrlCitation {
            url: Some(url),
            title,
            content,
            start_index,
            end_index,
        }) = known.url_citation
        else {
            let kind = format!("{}.annotation", self.provider);
            return whole(
                Part::new(Content::Opaque(Opaque::new(kind, raw.into()))),
                self.index,
                next,
                out,
            );
        };
        let mut citation = Citation::url(url.0);
        if let Some(title) = title {
            citation = citation.title(title.0);
        }
        citation.cited_text = content.map(|content| content.0.into_owned());
        if let (Some(start), Some(end)) = (
            start_index.and_then(wire::count),
            end_index.and_then(wire::count),
        ) {
            citation = citation.span(start..end);
        }
        let ix = open(&mut self.text, self.index, next, out, || {
            Content::Text(Text::default())
        });
        out.push_back(StreamChunk::Delta {
            ix,
            delta: Delta::Citation(Box::new(citation)),
        });
    }

    /// <https://platform.openai.com/docs/guides/audio>
    fn audio(&mut self, audio: &wire::Audio<'_>, next: &mut u32, out: &mut VecDeque<StreamChunk>) {
        let [id, data, transcript] = [&audio.id, &audio.data, &audio.transcript]
            .map(|field| field.as_ref().and_then(Str::non_empty));
        if id.is_none() && data.is_none() && transcript.is_none() {
            return;
        }
        let ix = *self.audio.get_or_insert_with(|| {
            let media = Media::new("audio/*", Source::Bytes(Bytes::new()));
            let mut part = Part::new(Content::Media(media));
            part.id = id.map(Into::into);
            start(part, self.index, next, out)
        });
        // A piece that is no base64 cannot be joined with the others: it is left out, visibly.
        match data.map(|data| STANDARD.decode(data)) {
            Some(Ok(bytes)) => {
                out.push_back(StreamChunk::Delta {
                    ix,
                    delta: Delta::Media(bytes.into()),
                });
            }
            Some(Err(_)) => {
                tracing::warn!(target: "trunkline", "a piece of audio is no base64 and was left out")
            }
            None => {}
        }
        if let Some(transcript) = transcript {
            out.push_back(StreamChunk::Delta {
                ix,
                delta: Delta::Transcript(transcript.to_owned()),
            });
        }
    }

    /// `{"type":"image_url","image_url":{"url":"data:image/png;base64,…"}}`
    ///
    /// <https://openrouter.ai/docs/features/multimodal/image-generation>
    fn image(&mut self, raw: &RawValue, next: &mut u32, out: &mut VecDeque<StreamChunk>) {
        #[derive(serde::Deserialize)]
        struct Image<'a> {
            #[serde(borrow)]
            image_url: Address<'a>,
        }
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Address<'a> {
            Object {
                #[serde(borrow)]
                url: std::borrow::Cow<'a, str>,
            },
            Plain(#[serde(borrow)] std::borrow::Cow<'a, str>),
        }
        let part = match serde_json::from_str::<Image<'_>>(raw.get()) {
            Ok(Image {
                image_url: Address::Object { url } | Address::Plain(url),
            }) => Part::new(media_at(&url)),
            Err(_) => Part::new(Content::Opaque(Opaque::new(
                format!("{}.image", self.provider),
                raw.into(),
            ))),
        };
        whole(part, self.index, next, out);
    }
}

fn is_empty(said: &Said<'_>) -> bool {
    match said {
        Said::Words(words) => words.0.is_empty(),
        Said::Pieces(pieces) => pieces.is_empty(),
    }
}

fn text_of_piece(piece: &RawValue) -> String {
    #[derive(serde::Deserialize)]
    struct Piece<'a> {
        #[serde(borrow)]
        text: Str<'a>,
    }
    serde_json::from_str::<Piece<'_>>(piece.get())
        .map_or_else(|_| String::new(), |piece| piece.text.0.into_owned())
}

fn media_at(url: &str) -> Media {
    let inline = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(";base64,"));
    match inline.map(|(media_type, data)| (media_type.to_owned(), STANDARD.decode(data))) {
        Some((media_type, Ok(bytes))) => Media::new(media_type, Source::Bytes(bytes.into())),
        _ => Media::new(MediaType::ANY_IMAGE, Source::Url(url.to_owned())),
    }
}

/// The number of a part that is begun when it is first needed.
fn open(
    slot: &mut Option<u32>,
    candidate: u32,
    next: &mut u32,
    out: &mut VecDeque<StreamChunk>,
    content: impl FnOnce() -> Content,
) -> u32 {
    *slot.get_or_insert_with(|| start(Part::new(content()), candidate, next, out))
}

pub(super) fn start(
    part: Part,
    candidate: u32,
    next: &mut u32,
    out: &mut VecDeque<StreamChunk>,
) -> u32 {
    let ix = *next;
    *next += 1;
    out.push_back(StreamChunk::PartStart {
        ix,
        candidate,
        part: Box::new(part),
    });
    ix
}

fn whole(part: Part, candidate: u32, next: &mut u32, out: &mut VecDeque<StreamChunk>) {
    let ix = start(part, candidate, next, out);
    out.push_back(StreamChunk::PartEnd { ix, part: None });
}
