//! The items of an answer. Each is brought up to what is told of it, however
//! often that is: by deltas, at its end, and once more at the end of the answer. What was said stays
//! said; what is missing is added.

use serde_json::value::RawValue;
use trunkline_core::{Error, Limit, Part, Result, chat::Opaque, protocol::read};

use super::{
    EventDecoder, Out,
    wire::{Event, Item},
};

/// How many items an answer may have, and pieces an item.
pub(super) const MAX: usize = 4_096;

/// An item of the answer, as far as it came.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// Its place in the answer's output, as the wire counts.
    index: u64,
    id: Option<String>,
    pub(super) kind: String,
    pub(super) pieces: Vec<Said>,
    pub(super) summaries: Vec<usize>,
    /// How many bytes of its arguments came.
    pub(super) said: usize,
    pub(super) has_begun: bool,
    is_done: bool,
}

/// A piece of an item, as far as it came.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Its place in the item, as the wire counts.
    pub(super) index: u64,
    pub(super) bytes: usize,
    pub(super) citations: usize,
    pub(super) has_logprobs: bool,
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
    pub(super) fn find_or_new(&mut self, event: &Event<'_>, kind: &str) -> Result<usize> {
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
        if output.len() > MAX {
            return Err(too_many());
        }
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

    /// The wire's number of the piece that came as this one, or that comes next.
    pub(super) fn index_of(&self, at: usize, number: usize) -> u64 {
        let pieces = self.entries.get(at).map(|entry| entry.pieces.as_slice());
        let pieces = pieces.unwrap_or_default();
        match pieces.get(number) {
            Some(piece) => piece.index,
            None => pieces.last().map_or(0, |last| last.index.saturating_add(1)),
        }
    }

    pub(super) fn is_done(&self, at: usize) -> bool {
        self.entries.get(at).is_some_and(|entry| entry.is_done)
    }
}

/// Items that have no name in the vocabulary and that wait for the application to act.
fn is_for_the_application(kind: &str) -> bool {
    matches!(
        kind,
        "computer_call" | "local_shell_call" | "shell_call" | "apply_patch_call"
    )
}

pub(super) fn too_many() -> Error {
    Error::limit_exceeded(
        Limit::Events,
        format!("the answer has more than {MAX} items or pieces"),
    )
}
