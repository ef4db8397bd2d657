//! Tool calls in pieces: by index, without one, with late names, with ids that repeat.

use serde_json::value::RawValue;
use trunkline_core::{
    Content, Delta, Error, Limit, Part, Result, ToolCall,
    chat::{OpaqueState, ToolInput, ToolKind},
};

use super::{out::Out, unreadable};
use crate::wire::{self, Function, Str, text_of};

/// The most calls in one answer, as `Fold` has it.
const MAX_CALLS: usize = 256;
/// The most bytes of arguments that are held while a call's name is awaited.
const MAX_HELD: usize = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct Tools(Vec<Slot>);

#[derive(Debug)]
struct Slot {
    index: Option<u64>,
    id: String,
    name: String,
    kind: ToolKind,
    /// Set once the part has begun, which takes a name.
    ix: Option<u32>,
    /// Arguments that came before the name.
    held: String,
    state: Option<OpaqueState>,
    /// Some repeat the state in every piece: the first one counts.
    has_state: bool,
}

impl Tools {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The parts that have begun.
    pub(super) fn open(&self) -> impl Iterator<Item = u32> {
        self.0.iter().filter_map(|slot| slot.ix)
    }

    pub(super) fn piece(
        &mut self,
        call: wire::ToolCall<'_>,
        provider: &str,
        out: &mut Out<'_>,
    ) -> Result<()> {
        let id = call.id.as_ref().and_then(Str::non_empty);
        // A custom tool's call has `custom`, which some send empty beside `function`.
        let (function, kind) = match (call.function, call.custom) {
            (Some(function), _) if !is_blank(&function) => (function, ToolKind::Function),
            (_, Some(custom)) if !is_blank(&custom) => (custom, ToolKind::Custom),
            (Some(function), _) => (function, ToolKind::Function),
            _ => (Function::default(), ToolKind::Function),
        };
        let name = function.name.as_ref().and_then(Str::non_empty);
        // A string that holds JSON; some send the JSON itself.
        let arguments = function.arguments.map(text_of).transpose();
        let arguments = arguments
            .map_err(unreadable)?
            .filter(|text| !text.is_empty());
        let index = call.index.and_then(wire::count);
        let state = call.extra_content.filter(|extra| wire::is_set(extra));
        if id.is_none() && name.is_none() && arguments.is_none() && state.is_none() {
            return Ok(());
        }

        // A whole answer lists each call once, whatever ids they have.
        let begun = match out.whole {
            true => None,
            false => self.find(index, id, name),
        };
        let at = match begun {
            Some(at) => at,
            None if self.0.len() >= MAX_CALLS => {
                return Err(Error::limit_exceeded(
                    Limit::Calls,
                    format!("the answer has more than {MAX_CALLS} tool calls"),
                ));
            }
            None => {
                self.0.push(Slot {
                    index,
                    id: String::new(),
                    name: String::new(),
                    kind,
                    ix: None,
                    held: String::new(),
                    state: None,
                    has_state: false,
                });
                self.0.len() - 1
            }
        };
        let taken = id.is_some_and(|id| {
            self.0
                .iter()
                .enumerate()
                .any(|(other, slot)| other != at && slot.id == id)
        });
        let number = at;
        let Some(slot) = self.0.get_mut(at) else {
            return Ok(());
        };
        if let (true, Some(id), false) = (slot.id.is_empty(), id, taken) {
            id.clone_into(&mut slot.id);
        }
        if let (true, Some(name)) = (slot.name.is_empty(), name) {
            name.clone_into(&mut slot.name);
        }
        if let Some(state) = state.filter(|_| !slot.has_state) {
            let state = OpaqueState::new(format!("{provider}.extra_content"), state.get());
            slot.has_state = true;
            match slot.ix {
                Some(ix) => out.delta(ix, Delta::State(state)),
                None => slot.state = Some(state),
            }
        }
        if slot.ix.is_none() && !slot.name.is_empty() {
            slot.begin(number, out);
        }
        if let Some(arguments) = arguments {
            match slot.ix {
                Some(ix) => out.delta(ix, Delta::ToolInput(arguments.into_owned())),
                None if slot.held.len() + arguments.len() > MAX_HELD => {
                    return Err(Error::limit_exceeded(
                        Limit::Calls,
                        "the arguments of a tool call without a name are too large",
                    ));
                }
                None => slot.held.push_str(&arguments),
            }
        }
        Ok(())
    }

    /// Begins what never got a name: nothing that came is lost.
    pub(super) fn finish(&mut self, out: &mut Out<'_>) {
        let unnamed = self.0.iter_mut().enumerate();
        for (number, slot) in unnamed.filter(|(_, slot)| slot.ix.is_none()) {
            slot.begin(number, out);
        }
    }

    /// Which call a piece belongs to; `None` if it begins a new one.
    fn find(&self, index: Option<u64>, id: Option<&str>, name: Option<&str>) -> Option<usize> {
        let last = self.0.len().checked_sub(1);
        match index {
            Some(_) => {
                // The latest with this index: servers that number all their calls 0 begin a new
                // one with a new id and a name.
                let at = self.0.iter().rposition(|slot| slot.index == index)?;
                let slot = self.0.get(at)?;
                let another =
                    id.is_some_and(|id| !slot.id.is_empty() && slot.id != id) && name.is_some();
                (!another).then_some(at)
            }
            None => match id {
                Some(id) => self.0.iter().rposition(|slot| slot.id == id).or_else(|| {
                    // The id of a call that began without one.
                    last.filter(|at| {
                        self.0
                            .get(*at)
                            .is_some_and(|slot| slot.id.is_empty() && name.is_none())
                    })
                }),
                None if name.is_some() => {
                    last.filter(|at| self.0.get(*at).is_some_and(|slot| slot.name.is_empty()))
                }
                None => last,
            },
        }
    }
}

impl Slot {
    fn begin(&mut self, number: usize, out: &mut Out<'_>) {
        let input = match self.kind {
            ToolKind::Custom => ToolInput::Text(String::new()),
            _ => ToolInput::from_text(""),
        };
        let synthetic = self.id.is_empty();
        if synthetic {
            let place = u64::from(out.candidate) << 32 | (number as u64 + 1);
            let mixed = (out.seed ^ place).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.id = format!("call_{mixed:016x}");
        }
        let mut call = ToolCall::new(self.id.as_str(), std::mem::take(&mut self.name), input);
        call.synthetic_id = synthetic;
        call.kind = self.kind.clone();
        self.name.clone_from(&call.name);
        let mut part = Part::new(Content::ToolCall(call));
        part.state = self.state.take();
        let ix = out.start(part);
        self.ix = Some(ix);
        if !self.held.is_empty() {
            let arguments = std::mem::take(&mut self.held);
            out.delta(ix, Delta::ToolInput(arguments));
        }
    }
}

fn is_blank(function: &Function<'_>) -> bool {
    let name = function.name.as_ref().and_then(Str::non_empty);
    let arguments = function
        .arguments
        .map(RawValue::get)
        .filter(|raw| !matches!(*raw, "null" | "\"\""));
    name.is_none() && arguments.is_none()
}
