//! What the model thinks: in words, in summary, encrypted.

use trunkline_core::{
    Delta, Part, Result,
    chat::{OpaqueState, Reasoning},
    protocol::read,
};

use super::{
    EventDecoder, Out,
    items::{MAX, Said, missing, name, too_many},
    wire::{Event, Item, Piece},
};

impl EventDecoder {
    /// Thoughts: in words, in summary, encrypted.
    pub(super) fn reasoning(
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
