//! The items of an answer: messages and thoughts. Each is brought up to what is told of it, however
//! often that is: by deltas, at its end, and once more at the end of the answer. What was said stays
//! said; what is missing is added.

use serde_json::value::RawValue;
use trunkline_core::{
    Delta, Error, Ext, Json, Limit, Part, Result,
    chat::{Citation, Opaque, OpaqueState, Reasoning, Refusal, Replay},
    protocol::read,
};

use super::{
    EventDecoder, Out, object,
    wire::{Annotation, Event, Item, Piece},
};

/// How many items an answer may have, and pieces an item.
const MAX: usize = 4_096;

/// An item of the answer, as far as it came.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// Its place in the answer's output, as the wire counts.
    index: u64,
    id: Option<String>,
    pub(super) kind: String,
    pieces: Vec<Said>,
    summaries: Vec<usize>,
    /// How many bytes of its arguments came.
    pub(super) said: usize,
    pub(super) has_begun: bool,
    is_done: bool,
}

/// A piece of an item, as far as it came.
#[derive(Debug, Default)]
struct Said {
    /// Its place in the item, as the wire counts.
    index: u64,
    bytes: usize,
    citations: usize,
    has_logprobs: bool,
}

/// The name of a part: the piece of this number of the item at this place.
pub(super) fn name(at: usize, piece: usize) -> u64 {
    (at as u64) << 16 | piece as u64
}

/// What of `whole` was not said yet. `None` if nothing is missing, or it is another text.
pub(super) fn missing(whole: &str, said: usize) -> Option<&str> {
    whole.get(said..).filter(|rest| !rest.is_empty())
}

impl EventDecoder {
    /// The item that an event is about.
    pub(super) fn find(&self, index: Option<u64>, id: Option<&str>) -> Option<usize> {
        let by_index = |entry: &Entry| Some(entry.index) == index;
        let by_id = |entry: &Entry| id.is_some() && entry.id.as_deref() == id;
        let found = self.entries.iter().position(by_index);
        found.or_else(|| self.entries.iter().position(by_id))
    }

    /// The same, or a new one of this kind.
    fn find_or_new(&mut self, event: &Event<'_>, kind: &str) -> Result<usize> {
        self.place(event.output_index, event.item_id.as_ref(), kind)
    }

    /// The place of this item, which may be a new one: what another kind of item has is not its own.
    fn place(&mut self, index: Option<u64>, id: Option<&String>, kind: &str) -> Result<usize> {
        match self.find(index, id.map(String::as_str)) {
            Some(at) if self.entries.get(at).is_some_and(|entry| entry.kind == kind) => Ok(at),
            Some(_) => {
                let is_it = |entry: &Entry| entry.kind == kind && entry.id.as_ref() == id;
                match self.entries.iter().position(is_it).filter(|_| id.is_some()) {
                    Some(at) => Ok(at),
                    None => self.new_entry(None, id.cloned(), kind),
                }
            }
            None => self.new_entry(index, id.cloned(), kind),
        }
    }

    fn new_entry(&mut self, index: Option<u64>, id: Option<String>, kind: &str) -> Result<usize> {
        let at = self.entries.len();
        if at >= MAX {
            return Err(too_many());
        }
        let next = self.entries.iter().map(|entry| entry.index).max();
        self.entries.push(Entry {
            index: index.unwrap_or(next.map_or(0, |last| last.saturating_add(1))),
            id,
            kind: kind.to_owned(),
            ..Entry::default()
        });
        Ok(at)
    }

    /// An item begins, or is whole.
    pub(super) fn item(
        &mut self,
        index: Option<u64>,
        raw: &RawValue,
        is_done: bool,
        out: &mut Out,
    ) -> Result<()> {
        let item: Item<'_> = read(raw.get().as_bytes())?;
        let kind = item.kind.as_deref().unwrap_or_default();
        let at = self.place(index, item.id.as_ref(), kind)?;
        self.update(at, raw, &item, is_done, out)
    }

    /// The items as the end of an answer repeats them. Some servers give them other names there, or
    /// leave some out.
    pub(super) fn last(&mut self, output: &[&RawValue], out: &mut Out) -> Result<()> {
        let items = output.iter().map(|raw| read(raw.get().as_bytes()));
        let items: Vec<Item<'_>> = items.collect::<Result<_>>()?;
        let is_named =
            |id: &Option<String>| id.is_some() && items.iter().any(|item| item.id == *id);
        let agrees =
            self.entries.is_empty() || self.entries.iter().any(|entry| is_named(&entry.id));
        for ((index, raw), item) in (0..).zip(output).zip(&items) {
            let kind = item.kind.as_deref().unwrap_or_default();
            let by_id = |entry: &Entry| item.id.is_some() && entry.id == item.id;
            let by_place =
                |entry: &Entry| entry.index == index && entry.kind == kind && !is_named(&entry.id);
            let known = self.entries.iter().position(by_id);
            let at = match known.or_else(|| self.entries.iter().position(by_place)) {
                Some(at) => at,
                // It came under another name and at another place.
                None if !agrees && self.entries.iter().any(|entry| entry.kind == kind) => continue,
                None => self.new_entry(None, item.id.clone(), kind)?,
            };
            self.update(at, raw, item, true, out)?;
        }
        Ok(())
    }

    fn update(
        &mut self,
        at: usize,
        raw: &RawValue,
        item: &Item<'_>,
        is_done: bool,
        out: &mut Out,
    ) -> Result<()> {
        let Some(entry) = self.entries.get_mut(at).filter(|entry| !entry.is_done) else {
            return Ok(());
        };
        entry.is_done = is_done;
        let kind = item.kind.as_deref().unwrap_or_default();
        match kind {
            "message" if item.role.as_deref().is_none_or(|role| role == "assistant") => {
                self.message(at, item, out)?;
            }
            "reasoning" => self.reasoning(at, item, is_done, out)?,
            _ if self.tool(at, kind, raw, item, is_done, out)? => {}
            _ if is_done => {
                self.waits |= is_for_the_application(kind);
                let opaque = Opaque::new(format!("{}.{kind}", self.dialect.provider), raw.into());
                let part = self.named(at, Part::new(opaque));
                self.parts.start(name(at, 0), part, out)?;
            }
            _ => {}
        }
        if is_done {
            let pieces = self.entries.get(at).map_or(0, |entry| entry.pieces.len());
            (0..=pieces.max(1)).for_each(|piece| self.parts.end(name(at, piece), out));
        }
        Ok(())
    }

    /// Ends what is open: items whose own end was lost.
    pub(super) fn close_all(&mut self, out: &mut Out) {
        self.parts.end_all(out);
    }

    /// A part under the name of its item.
    pub(super) fn named(&self, at: usize, mut part: Part) -> Part {
        let id = self.entries.get(at).and_then(|entry| entry.id.as_deref());
        part.id = id.map(Into::into);
        part
    }

    fn message(&mut self, at: usize, item: &Item<'_>, out: &mut Out) -> Result<()> {
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

    /// The wire's number of the piece that came as this one, or that comes next.
    fn index_of(&self, at: usize, number: usize) -> u64 {
        let pieces = self.entries.get(at).map(|entry| entry.pieces.as_slice());
        let pieces = pieces.unwrap_or_default();
        match pieces.get(number) {
            Some(piece) => piece.index,
            None => pieces.last().map_or(0, |last| last.index.saturating_add(1)),
        }
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

    pub(super) fn part(&mut self, event: Event<'_>, out: &mut Out) -> Result<()> {
        let Some(raw) = event.part else { return Ok(()) };
        let piece: Piece<'_> = read(raw.get().as_bytes())?;
        if piece.kind.as_deref() == Some("reasoning_text") {
            return Ok(());
        }
        let at = self.find_or_new(&event, "message")?;
        if self.is_done(at) {
            return Ok(());
        }
        self.content(at, event.content_index.unwrap_or(0), raw, &piece, out)
    }

    fn is_done(&self, at: usize) -> bool {
        self.entries.get(at).is_some_and(|entry| entry.is_done)
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

    /// Thoughts: in words, in summary, encrypted.
    fn reasoning(
        &mut self,
        at: usize,
        item: &Item<'_>,
        is_done: bool,
        out: &mut Out,
    ) -> Result<()> {
        self.think(at, out)?;
        for (number, raw) in item.content.iter().flatten().enumerate() {
            let piece: Piece<'_> = read(raw.get().as_bytes())?;
            let index = self.index_of(at, number);
            self.thought_piece(at, index, piece.text.as_deref(), true, out)?;
        }
        for (number, raw) in (0..).zip(item.summary.iter().flatten()) {
            let piece: Piece<'_> = read(raw.get().as_bytes())?;
            self.summarize(at, number, piece.text.as_deref(), true, out)?;
        }
        // The one of the beginning is not the one that counts.
        let encrypted = item.encrypted_content.as_deref().filter(|_| is_done);
        if let Some(encrypted) = encrypted.filter(|encrypted| !encrypted.is_empty()) {
            let kind = format!("{}.encrypted_content", self.dialect.provider);
            let state = OpaqueState::new(kind, encrypted);
            self.parts.delta(name(at, 0), Delta::State(state), out)?;
        }
        Ok(())
    }

    /// Begins thoughts, if they did not yet.
    fn think(&mut self, at: usize, out: &mut Out) -> Result<()> {
        let part = self.named(at, Part::new(Reasoning::default()));
        match self.entries.get_mut(at) {
            Some(entry) if !entry.has_begun => entry.has_begun = true,
            _ => return Ok(()),
        }
        self.parts.start(name(at, 0), part, out)
    }

    fn thought_piece(
        &mut self,
        at: usize,
        index: u64,
        words: Option<&str>,
        is_whole: bool,
        out: &mut Out,
    ) -> Result<()> {
        let Some(entry) = self.entries.get_mut(at) else {
            return Ok(());
        };
        if !entry.pieces.iter().any(|piece| piece.index == index) {
            if entry.pieces.len() >= MAX {
                return Err(too_many());
            }
            entry.pieces.push(Said {
                index,
                ..Said::default()
            });
        }
        let piece = entry.pieces.iter_mut().find(|piece| piece.index == index);
        let (Some(piece), Some(words)) = (piece, words) else {
            return Ok(());
        };
        let said = if is_whole { piece.bytes } else { 0 };
        let Some(words) = missing(words, said) else {
            return Ok(());
        };
        piece.bytes += words.len();
        self.parts.grow(name(at, 0), words, out)
    }

    pub(super) fn thought(&mut self, event: Event<'_>, out: &mut Out) -> Result<()> {
        let at = self.find_or_new(&event, "reasoning")?;
        if self.is_done(at) {
            return Ok(());
        }
        self.think(at, out)?;
        let index = event.content_index.unwrap_or(0);
        self.thought_piece(at, index, event.delta.as_deref(), false, out)?;
        self.thought_piece(at, index, event.text.as_deref(), true, out)
    }

    pub(super) fn summary(&mut self, event: Event<'_>, out: &mut Out) -> Result<()> {
        let at = self.find_or_new(&event, "reasoning")?;
        if self.is_done(at) {
            return Ok(());
        }
        self.think(at, out)?;
        let number = event.summary_index.unwrap_or(0);
        self.summarize(at, number, event.delta.as_deref(), false, out)?;
        self.summarize(at, number, event.text.as_deref(), true, out)
    }

    fn summarize(
        &mut self,
        at: usize,
        number: u64,
        words: Option<&str>,
        is_whole: bool,
        out: &mut Out,
    ) -> Result<()> {
        let place = usize::try_from(number).unwrap_or(MAX);
        let (Some(entry), Some(words)) = (self.entries.get_mut(at), words) else {
            return Ok(());
        };
        if place >= MAX {
            return Err(too_many());
        }
        if entry.summaries.len() <= place {
            entry.summaries.resize(place + 1, 0);
        }
        let Some(said) = entry.summaries.get_mut(place) else {
            return Ok(());
        };
        let Some(words) = missing(words, if is_whole { *said } else { 0 }) else {
            return Ok(());
        };
        *said += words.len();
        let delta = Delta::ReasoningSummary {
            index: u32::try_from(place).unwrap_or(u32::MAX),
            text: words.to_owned(),
        };
        self.parts.delta(name(at, 0), delta, out)
    }
}

/// Items that have no name in the vocabulary and that wait for the application to act.
fn is_for_the_application(kind: &str) -> bool {
    matches!(
        kind,
        "computer_call" | "local_shell_call" | "shell_call" | "apply_patch_call"
    )
}

fn too_many() -> Error {
    Error::limit_exceeded(
        Limit::Events,
        format!("the answer has more than {MAX} items or pieces"),
    )
}
