//! The cases that every subject has, known by their names: what its wire looks like is learnt from
//! them.

use std::{fs, sync::Arc};

use serde_json::Value;
use trunkline_core::{ChatRequest, ChatResponse, Op};

use super::{
    Subject,
    list::{Outcome, ensure},
};
use crate::fixture::Case;

/// The names, and what each case shows.
pub(super) const ROLES: [(&str, &str); 12] = [
    ("chat", "a question and its whole answer in words"),
    (
        "stream",
        "the same answer in pieces; its head.json says `\"same_answer_as\": \"chat\"`",
    ),
    ("tools", "an answer that calls a tool"),
    (
        "stream_tools",
        "the same answer in pieces; its head.json says `\"same_answer_as\": \"tools\"`",
    ),
    ("embed", "two inputs and their vectors"),
    (
        "rerank",
        "a query, three documents or more, and their order, which is another than that of the \
         request; with what is billed, where the provider tells",
    ),
    ("count_tokens", "a request and how many tokens it is"),
    ("models", "the list of models"),
    ("error_auth", "the answer to a wrong key"),
    ("error_rate_limit", "the answer to too many requests"),
    (
        "error_context",
        "the answer to a conversation that is too long",
    ),
    ("in_band_error", "an error inside a stream"),
];

/// The case of this name, or what to add.
pub(super) fn role(subject: &Subject, name: &str) -> Outcome<Case> {
    let shows = ROLES.iter().find(|(role, _)| *role == name);
    case(
        subject,
        name,
        shows.map_or("what it is called after", |(_, shows)| shows),
    )
}

/// The case `name`, or to add it, since it `shows` something.
pub(super) fn case(subject: &Subject, name: &str, shows: &str) -> Outcome<Case> {
    let dir = subject.fixtures.join(name);
    ensure(dir.is_dir(), || {
        format!(
            "add the fixture `{name}`, which shows {shows}, in {}; docs/conformance.md says how",
            subject.fixtures.display()
        )
    })?;
    Case::read(&dir).map_err(|error| format!("the fixture `{name}`: {error}"))
}

/// What the case's author has accepted as its answer.
pub(super) fn expected(subject: &Subject, name: &str) -> Outcome<Value> {
    let file = subject.fixtures.join(name).join("expect.json");
    let text = fs::read_to_string(&file).map_err(|_| {
        format!("the fixture `{name}` has no expect.json; run with UPDATE_FIXTURES=1")
    })?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
}

/// The same, as the answer of a chat that it is.
pub(super) fn expected_answer(subject: &Subject, name: &str) -> Outcome<ChatResponse> {
    let file = subject.fixtures.join(name).join("expect.json");
    let text = fs::read_to_string(&file).map_err(|_| {
        format!("the fixture `{name}` has no expect.json; run with UPDATE_FIXTURES=1")
    })?;
    serde_json::from_str(&text)
        .map_err(|error| format!("the fixture `{name}` is no answer of a chat: {error}"))
}

/// The question of a case.
pub(super) fn question(case: &Case) -> Outcome<ChatRequest> {
    match &case.op {
        Op::Chat(request) | Op::ChatStream(request) => Ok((**request).clone()),
        _ => Err("this case is to be a chat: `\"type\": \"chat\"` in its call.json".to_owned()),
    }
}

impl Subject {
    /// Whether the provider declares `flag`.
    pub(super) fn can(&self, flag: &str) -> bool {
        let mut flags = self.can.flags();
        flags.any(|(name, on)| on && name == flag)
    }

    /// Why a test that needs `flag` does not apply, if it does not.
    pub(super) fn needs(&self, flag: &str) -> Outcome {
        ensure(self.can(flag), || {
            format!("the provider does not declare `{flag}`")
        })
    }

    /// Why a test of conversations does not apply, if it does not.
    pub(super) fn talks(&self) -> Outcome {
        ensure(self.can("chat") || self.can("stream"), || {
            "the provider declares neither `chat` nor `stream`".to_owned()
        })
    }

    /// A conversation, in the way that the provider has: whole if it can.
    pub(super) fn op(&self, request: ChatRequest) -> Op {
        if self.can("chat") {
            Op::Chat(Arc::new(request))
        } else {
            Op::ChatStream(Arc::new(request))
        }
    }

    /// The case that answers a conversation.
    pub(super) fn spoken(&self) -> Outcome<Case> {
        role(self, if self.can("chat") { "chat" } else { "stream" })
    }

    /// The model to use with `flag`: the one that the crate names for it, or that of a case of this
    /// name, or that of all other tests.
    pub(super) fn model_for(&self, flag: &str) -> Outcome<String> {
        if let Some(model) = self.models.get(flag) {
            return Ok(model.clone());
        }
        let own = Case::read(&self.fixtures.join(flag)).ok();
        let model = own.map(|case| case.op.model().to_owned());
        match model.filter(|model| !model.is_empty()) {
            Some(model) => Ok(model),
            None => Ok(self.spoken()?.op.model().to_owned()),
        }
    }
}
