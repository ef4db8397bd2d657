//! What the model says: words with their citations and likelihoods, and refusals.

use serde_json::value::RawValue;
use trunkline_core::{
    Delta, Error, Ext, Json, Part, Result,
    chat::{Citation, Opaque, Refusal, Replay},
    protocol::read,
};

use super::{
    EventDecoder, Out,
    items::{MAX, Said, missing, name, too_many},
    object,
    wire::{Annotation, Event, Item, Piece},
};

impl EventDecoder {
    pub(super) fn message(&mut self, at: usize, item: &Item<'_>, out: &mut Out) -> Result<()> {
        let contents = item.content.iter().flatten();
        for (number, raw) in contents.enumerate() {
            // Counted as they came, since some count from 1 in a stream.
            let index = self.index_of(at, number);
            let piece: Piece<'_> = read(raw.get().as_bytes())?;
            self.content(at, index, raw, &piece, out)?;
        }
        if let Some(phase) = object(&[("phase", item.phase)]) {
            let mut ext = Ext::default();
            ext.insert(self.dialect.provider, phase);
            let pieces = self.entries.get(at).map_or(0, |entry| entry.pieces.len());
            for piece in 0..pieces {
                self.parts
                    .delta(name(at, piece), Delta::Ext(ext.clone()), out)?;
            }
        }
        Ok(())
    }

    /// A piece of a message, as far as it is told.
    fn content(
        &mut self,
        at: usize,
        index: u64,
        raw: &RawValue,
        piece: &Piece<'_>,
        out: &mut Out,
    ) -> Result<()> {
        match piece.kind.as_deref().unwrap_or_default() {
            "output_text" | "text" => {
                let number = self.piece(at, index, Part::text(""), out)?;
                self.say(at, number, piece.text.as_deref(), true, out)?;
                for (place, raw) in piece.annotations.iter().flatten().enumerate() {
                    self.cite(at, number, place, raw, out)?;
                }
                self.logprobs(at, number, piece.logprobs, true, out)
            }
            "refusal" => {
                self.refused = true;
                let number = self.piece(at, index, Part::new(Refusal::default()), out)?;
                self.say(at, number, piece.refusal.as_deref(), true, out)
            }
            other => {
                // A piece is no item: it cannot go back by itself.
                let kind = format!("{}.{other}", self.dialect.provider);
                let opaque = Opaque::new(kind, raw.into()).replay(Replay::Never);
                self.piece(at, index, Part::new(opaque), out).map(|_| ())
            }
        }
    }

    /// The number of a piece, which begins if it did not yet.
    fn piece(&mut self, at: usize, index: u64, part: Part, out: &mut Out) -> Result<usize> {
        let part = self.named(at, part);
        let Some(entry) = self.entries.get_mut(at) else {
            return Err(Error::decode("an event for an item that is not there"));
        };
        if let Some(number) = entry.pieces.iter().position(|piece| piece.index == index) {
            return Ok(number);
        }
        let number = entry.pieces.len();
        if number >= MAX {
            return Err(too_many());
        }
        entry.pieces.push(Said {
            index,
            ..Said::default()
        });
        self.parts.start(name(at, number), part, out)?;
        Ok(number)
    }

    /// Lets a piece grow: by these words, or up to them.
    fn say(
        &mut self,
        at: usize,
        number: usize,
        words: Option<&str>,
        is_whole: bool,
        out: &mut Out,
    ) -> Result<()> {
        let entry = self.entries.get_mut(at);
        let piece = entry.and_then(|entry| entry.pieces.get_mut(number));
        let (Some(piece), Some(words)) = (piece, words) else {
            return Ok(());
        };
        let said = if is_whole { piece.bytes } else { 0 };
        let Some(words) = missing(words, said) else {
            return Ok(());
        };
        piece.bytes += words.len();
        self.parts.grow(name(at, number), words, out)
    }

    /// A piece begins, or is whole. One of no known kind is told by what comes of it: words make it
    /// a text, and if there are none it is passed on when it is whole.
    pub(super) fn part(&mut self, event: Event<'_>, is_whole: bool, out: &mut Out) -> Result<()> {
        let Some(raw) = event.part else { return Ok(()) };
        let piece: Piece<'_> = read(raw.get().as_bytes())?;
        match piece.kind.as_deref() {
            Some("reasoning_text") => return Ok(()),
            Some("output_text" | "text" | "refusal") => {}
            _ if !is_whole => return Ok(()),
            _ => {}
        }
        let at = self.find_or_new(&event, "message")?;
        if self.is_done(at) {
            return Ok(());
        }
        self.content(at, event.content_index.unwrap_or(0), raw, &piece, out)
    }

    pub(super) fn text(&mut self, event: Event<'_>, out: &mut Out) -> Result<()> {
        let at = self.find_or_new(&event, "message")?;
        if self.is_done(at) {
            return Ok(());
        }
        let index = event.content_index.unwrap_or(0);
        let number = self.piece(at, index, Part::text(""), out)?;
        self.say(at, number, event.delta.as_deref(), false, out)?;
        self.say(at, number, event.text.as_deref(), true, out)?;
        let is_whole = event.delta.is_none();
        self.logprobs(at, number, event.logprobs, is_whole, out)
    }

    pub(super) fn refusal(&mut self, event: Event<'_>, out: &mut Out) -> Result<()> {
        let at = self.find_or_new(&event, "message")?;
        if self.is_done(at) {
            return Ok(());
        }
        self.refused = true;
        let index = event.content_index.unwrap_or(0);
        let number = self.piece(at, index, Part::new(Refusal::default()), out)?;
        self.say(at, number, event.delta.as_deref(), false, out)?;
        self.say(at, number, event.refusal.as_deref(), true, out)
    }

    pub(super) fn annotation(&mut self, event: Event<'_>, out: &mut Out) -> Result<()> {
        let at = self.find_or_new(&event, "message")?;
        let (Some(raw), false) = (event.annotation, self.is_done(at)) else {
            return Ok(());
        };
        let index = event.content_index.unwrap_or(0);
        let number = self.piece(at, index, Part::text(""), out)?;
        let entry = self.entries.get(at);
        let piece = entry.and_then(|entry| entry.pieces.get(number));
        let place = piece.map_or(0, |piece| piece.citations);
        self.cite(at, number, place, raw, out)
    }

    /// The citation at this place of a piece's list, if it did not come yet.
    fn cite(
        &mut self,
        at: usize,
        number: usize,
        place: usize,
        raw: &RawValue,
        out: &mut Out,
    ) -> Result<()> {
        let entry = self.entries.get_mut(at);
        let piece = entry.and_then(|entry| entry.pieces.get_mut(number));
        let Some(piece) = piece.filter(|piece| piece.citations == place) else {
            return Ok(());
        };
        piece.citations += 1;
        let mut citation = Citation::default();
        if let Ok(said) = read::<Annotation>(raw.get().as_bytes()) {
            citation.source.url = said.url;
            citation.source.title = said.title.or(said.filename);
            citation.source.id = said.file_id;
            let span = said.start_index.zip(said.end_index);
            citation.span_in_output = span.map(|(start, end)| start..end);
        }
        // As it came, so that it can go back.
        citation.ext.insert(self.dialect.provider, raw.into());
        let delta = Delta::Citation(Box::new(citation));
        self.parts.delta(name(at, number), delta, out)
    }

    fn logprobs(
        &mut self,
        at: usize,
        number: usize,
        raw: Option<&RawValue>,
        is_whole: bool,
        out: &mut Out,
    ) -> Result<()> {
        let is_empty = |raw: &&RawValue| raw.get().trim_start_matches('[').trim() == "]";
        let Some(raw) = raw.filter(|raw| !is_empty(raw)) else {
            return Ok(());
        };
        let entry = self.entries.get_mut(at);
        match entry.and_then(|entry| entry.pieces.get_mut(number)) {
            Some(piece) if !(is_whole && piece.has_logprobs) => piece.has_logprobs = true,
            _ => return Ok(()),
        }
        let delta = Delta::Logprobs(Json::from(raw));
        self.parts.delta(name(at, number), delta, out)
    }
}
