//! A subscriber that writes everything down: spans, their fields, events, at every level.

use std::{
    collections::BTreeMap,
    fmt::{Debug, Write},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use tracing::{
    Dispatch, Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::DefaultGuard,
};

/// A span of a call.
#[derive(Clone, Debug, Default)]
pub(super) struct Span {
    pub(super) id: u64,
    pub(super) fields: BTreeMap<String, String>,
    pub(super) closed: bool,
    name: &'static str,
    handles: usize,
}

/// An event, and the span that it happened in.
#[derive(Clone, Debug, Default)]
pub(super) struct Happened {
    pub(super) name: &'static str,
    pub(super) span: Option<u64>,
    pub(super) fields: BTreeMap<String, String>,
}

/// All that was told.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    spans: Vec<Span>,
    events: Vec<Happened>,
    entered: Vec<u64>,
}

impl Log {
    /// Hears this thread until the guard is dropped.
    pub(super) fn listen(&self) -> DefaultGuard {
        // With one subscriber only, tracing remembers for good what that one said of a place. A
        // second one that stays keeps it asking.
        static KEPT: OnceLock<[Dispatch; 2]> = OnceLock::new();
        KEPT.get_or_init(|| [(); 2].map(|()| Dispatch::new(Self::default())));
        tracing::subscriber::set_default(self.clone())
    }

    /// The spans of calls.
    pub(super) fn spans(&self) -> Vec<Span> {
        let state = self.state();
        state
            .spans
            .iter()
            .filter(|span| span.name == "gen_ai")
            .cloned()
            .collect()
    }

    pub(super) fn events(&self) -> Vec<Happened> {
        self.state().events.clone()
    }

    /// Everything, as lines.
    pub(super) fn text(&self) -> String {
        let state = self.state();
        let spans = state.spans.iter().map(|span| (span.name, &span.fields));
        let events = state.events.iter().map(|event| (event.name, &event.fields));
        let mut text = String::new();
        for (name, fields) in spans.chain(events) {
            for (field, value) in fields {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{name} {field}={value}");
            }
        }
        text
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut state = self.state();
        let id = state.spans.len() as u64 + 1;
        let mut span = Span {
            id,
            name: attributes.metadata().name(),
            handles: 1,
            ..Span::default()
        };
        attributes.record(&mut Fields(&mut span.fields));
        state.spans.push(span);
        Id::from_u64(id)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        if let Some(span) = self.state().of(id) {
            values.record(&mut Fields(&mut span.fields));
        }
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut happened = Happened {
            name: event.metadata().name(),
            ..Happened::default()
        };
        event.record(&mut Fields(&mut happened.fields));
        let mut state = self.state();
        let inside = state.entered.last().copied();
        happened.span = event.parent().map(Id::into_u64).or(inside);
        state.events.push(happened);
    }

    fn enter(&self, id: &Id) {
        self.state().entered.push(id.into_u64());
    }

    fn exit(&self, id: &Id) {
        let mut state = self.state();
        if let Some(at) = state
            .entered
            .iter()
            .rposition(|entered| *entered == id.into_u64())
        {
            state.entered.remove(at);
        }
    }

    fn clone_span(&self, id: &Id) -> Id {
        if let Some(span) = self.state().of(id) {
            span.handles += 1;
        }
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut state = self.state();
        let Some(span) = state.of(&id) else {
            return false;
        };
        span.handles = span.handles.saturating_sub(1);
        span.closed = span.handles == 0;
        span.closed
    }
}

impl State {
    fn of(&mut self, id: &Id) -> Option<&mut Span> {
        let at = usize::try_from(id.into_u64()).ok()?.checked_sub(1)?;
        self.spans.get_mut(at)
    }
}

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}
