//! What an answer has beside plain words: pieces of content, citations, sounds, images.

use std::borrow::Cow;

use base64::{
    Engine,
    alphabet::STANDARD as ALPHABET,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::{
    Delta, Error, Ext, Json, Part, Result,
    chat::{Citation, Media, MediaType, Opaque, Replay, Source, Text},
};

use super::{candidate::Candidate, out::Out};
use crate::wire::{self, Said, Str};

/// Base64 in pieces, some of which come without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Candidate {
    /// One of a list of pieces: Mistral's answers.
    ///
    /// <https://docs.mistral.ai/capabilities/reasoning>
    pub(super) fn piece(&mut self, raw: &RawValue, out: &mut Out<'_>) {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Piece<'a> {
            #[serde(borrow, rename = "type")]
            kind: Option<Str<'a>>,
            #[serde(borrow)]
            text: Option<Str<'a>>,
            #[serde(borrow)]
            thinking: Option<Said<'a>>,
            #[serde(borrow)]
            signature: Option<Str<'a>>,
            #[serde(borrow)]
            image_url: Option<&'a RawValue>,
            #[serde(borrow)]
            reference_ids: Option<&'a RawValue>,
        }
        let Piece {
            kind,
            text,
            thinking,
            signature,
            image_url,
            reference_ids,
        } = serde_json::from_str(raw.get()).unwrap_or_default();
        let kind = kind.as_ref().map_or("content", |kind| &*kind.0);
        match (kind, text, thinking, image_url) {
            ("text" | "output_text", Some(text), ..) => self.words(text.0.into_owned(), out),
            ("thinking", _, Some(thoughts), _) => {
                self.thoughts(thoughts, out);
                let signature = signature.as_ref().and_then(Str::non_empty);
                self.signature = signature.map(str::to_owned).or(self.signature.take());
            }
            ("reference", ..) if self.references(reference_ids, out) => {}
            ("image_url", _, _, Some(_)) => self.image(raw, out),
            (kind, ..) => out.at_once(self.opaque(kind, raw)),
        }
    }

    /// What the text before it stands on: numbers or names of what a tool gave; `false` if there are
    /// none. Where in the text it stood is not kept.
    ///
    /// <https://docs.mistral.ai/studio/conversations/citations>
    fn references(&mut self, ids: Option<&RawValue>, out: &mut Out<'_>) -> bool {
        let ids = wire::items(ids).unwrap_or_default();
        for id in &ids {
            let mut citation = Citation::default();
            match serde_json::from_str::<u64>(id.get()) {
                Ok(index) => citation.source.index = Some(index),
                Err(_) => citation.source.id = wire::text_of(id).ok().map(Cow::into_owned),
            }
            let ix = out.open(&mut self.text, Text::default);
            out.delta(ix, Delta::Citation(Box::new(citation)));
        }
        !ids.is_empty()
    }

    /// <https://platform.openai.com/docs/api-reference/chat/object#chat/object-choices>
    pub(super) fn annotation(&mut self, raw: &RawValue, out: &mut Out<'_>) {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Annotation<'a> {
            #[serde(borrow)]
            url_citation: Option<UrlCitation<'a>>,
        }
        #[derive(Default, Deserialize)]
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
            return out.at_once(self.opaque("annotation", raw));
        };
        let mut citation = Citation::url(url.0);
        if let Some(title) = title {
            citation = citation.title(title.0);
        }
        citation.cited_text = content.map(|content| content.0.into_owned());
        if let (Some(start), Some(end)) = (
            start_index.and_then(wire::count),
            end_index.and_then(wire::count),
        ) && start < end
        {
            citation = citation.span(start..end);
        }
        let ix = out.open(&mut self.text, Text::default);
        out.delta(ix, Delta::Citation(Box::new(citation)));
    }

    /// <https://platform.openai.com/docs/guides/audio>
    pub(super) fn audio(&mut self, audio: &wire::Audio<'_>, out: &mut Out<'_>) -> Result<()> {
        let [id, data, transcript] = [&audio.id, &audio.data, &audio.transcript]
            .map(|field| field.as_ref().and_then(Str::non_empty));
        let expires_at = audio
            .expires_at
            .filter(|at| wire::count(at).is_some_and(|at| at > 0));
        if id.is_none() && data.is_none() && transcript.is_none() && expires_at.is_none() {
            return Ok(());
        }
        let ix = *self.audio.get_or_insert_with(|| {
            let mut part = Part::new(Media::new("audio/*", Source::Bytes(Bytes::new())));
            part.id = id.map(Into::into);
            out.start(part)
        });
        if let Some(data) = data {
            let bytes = BASE64.decode(data).map_err(|cause| {
                Error::decode("the answer's sound is no base64").with_source(cause)
            })?;
            out.delta(ix, Delta::Media(bytes.into()));
        }
        if let Some(transcript) = transcript {
            out.delta(ix, Delta::Transcript(transcript.to_owned()));
        }
        if let Some(at) = expires_at
            && let Ok(json) = Json::parse(format!("{{\"expires_at\":{}}}", at.get()))
        {
            let mut ext = Ext::default();
            ext.insert(self.provider, json);
            out.delta(ix, Delta::Ext(ext));
        }
        Ok(())
    }

    /// `{"type":"image_url","image_url":{"url":"data:image/png;base64,…"}}`
    ///
    /// <https://openrouter.ai/docs/features/multimodal/image-generation>
    pub(super) fn image(&mut self, raw: &RawValue, out: &mut Out<'_>) {
        #[derive(Deserialize)]
        struct Image<'a> {
            #[serde(borrow)]
            image_url: Address<'a>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Address<'a> {
            Object {
                #[serde(borrow)]
                url: Cow<'a, str>,
            },
            Plain(#[serde(borrow)] Cow<'a, str>),
        }
        match serde_json::from_str::<Image<'_>>(raw.get()) {
            Ok(Image {
                image_url: Address::Object { url } | Address::Plain(url),
            }) => out.at_once(media_at(&url)),
            // No request has a place for it.
            Err(_) => out.at_once(self.opaque("image", raw).replay(Replay::Never)),
        }
    }

    fn opaque(&self, kind: &str, raw: &RawValue) -> Opaque {
        Opaque::new(format!("{}.{kind}", self.provider), raw.into())
    }
}

/// The words of a piece of a thought.
pub(super) fn text_of(piece: &RawValue) -> String {
    #[derive(Deserialize)]
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
    match inline.map(|(media_type, data)| (media_type.to_owned(), BASE64.decode(data))) {
        Some((media_type, Ok(bytes))) => Media::new(media_type, Source::Bytes(bytes.into())),
        _ => Media::new(MediaType::ANY_IMAGE, Source::Url(url.to_owned())),
    }
}
