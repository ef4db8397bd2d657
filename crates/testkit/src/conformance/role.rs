//! The cases that every subject has, known by their names: what its wire looks like is learnt from
//! them.

use std::{fs, sync::Arc};

use bytes::Bytes;
use serde_json::Value;
use trunkline_core::{ChatRequest, ChatResponse, Op};

use super::{
    Subject,
    list::{Outcome, ensure},
};
use crate::{
    fixture::{Case, folders, form::Framing},
    peer::Reply,
};

/// The names, and what each case shows.
pub(super) const ROLES: [(&str, &str); 18] = [
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
    ("tokenize", "a text and its tokens"),
    ("detokenize", "tokens and their text"),
    ("infer", "tensors and what a model makes of them"),
    ("object", "an object that is got, and its content"),
    ("models", "the list of models"),
    ("ready", "the answer of a server that can serve"),
    ("load", "a page of metrics, of a server that is busy"),
    ("error_auth", "the answer to a wrong key"),
    ("error_rate_limit", "the answer to too many requests"),
    (
        "error_context",
        "the answer to a conversation that is too long",
    ),
    ("in_band_error", "an error inside a stream"),
];

/// A fixture: what is asked, what the server answers, and what is made of that.
#[derive(Clone)]
pub(super) struct Role {
    pub(super) name: String,
    pub(super) op: Op,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) media_type: &'static str,
    pub(super) framing: Framing,
    pub(super) body: Bytes,
    pub(super) same_answer_as: Option<String>,
    /// What its author has accepted as its answer; `null` where that is not written yet.
    pub(super) expect: Value,
}

/// The fixture of this name, or what to add. Its answer may not be written yet.
pub(super) fn role(subject: &Subject, name: &str) -> Outcome<Role> {
    let shows = ROLES.iter().find(|(role, _)| *role == name);
    let shows = shows.map_or("what it is called after", |(_, shows)| shows);
    let dir = subject.fixtures.join(name);
    ensure(dir.is_dir(), || {
        format!(
            "add the fixture `{name}`, which shows {shows}, in {}; docs/conformance.md says how",
            subject.fixtures.display()
        )
    })?;
    let case = Case::read(&dir).map_err(|error| format!("the fixture `{name}`: {error}"))?;
    let expect = fs::read_to_string(dir.join("expect.json"));
    let expect = expect.map_or(Ok(Value::Null), |text| serde_json::from_str(&text));
    let framing = case.framing();
    let mut headers: Vec<(String, String)> = case.head.headers.into_iter().collect();
    let is_typed = |(name, _): &(String, String)| name.eq_ignore_ascii_case("content-type");
    if !headers.iter().any(is_typed) {
        headers.push(("content-type".to_owned(), case.media_type.to_owned()));
    }
    Ok(Role {
        name: name.to_owned(),
        op: case.op,
        status: case.head.status,
        headers,
        media_type: case.media_type,
        framing,
        body: case.body,
        same_answer_as: case.same_answer_as,
        expect: expect.map_err(|error| format!("{name}/expect.json: {error}"))?,
    })
}

impl Role {
    /// The fixture `name`, which shows `what`, and whose answer is written.
    pub(super) fn read(subject: &Subject, name: &str, what: &str) -> Outcome<Self> {
        let role = match role(subject, name) {
            Err(_) if !subject.fixtures.join(name).is_dir() => {
                return Err(format!(
                    "add the fixture `{name}`, which shows {what}, in {}; docs/conformance.md says how",
                    subject.fixtures.display()
                ));
            }
            role => role?,
        };
        role.written()?;
        Ok(role)
    }

    fn written(&self) -> Outcome<&Value> {
        match &self.expect {
            Value::Null => Err(format!(
                "the fixture `{}` has no expect.json; run with UPDATE_FIXTURES=1",
                self.name
            )),
            expect => Ok(expect),
        }
    }

    pub(super) fn is_stream(&self) -> bool {
        matches!(self.op, Op::ChatStream(_))
    }

    /// A field of the error that it expects, if it expects one: `kind`.
    pub(super) fn error(&self, field: &str) -> Option<&str> {
        self.expect.get("error")?.get(field)?.as_str()
    }

    pub(super) fn is_error(&self) -> bool {
        self.expect.get("error").is_some()
    }

    /// The answer that it expects.
    pub(super) fn answer(&self) -> Outcome<ChatResponse> {
        serde_json::from_value(self.written()?.clone()).map_err(|error| {
            format!(
                "the fixture `{}` is no answer of a chat: {error}",
                self.name
            )
        })
    }

    /// What it asks.
    pub(super) fn request(&self) -> Outcome<Arc<ChatRequest>> {
        match &self.op {
            Op::Chat(request) | Op::ChatStream(request) => Ok(request.clone()),
            _ => Err(format!(
                "the fixture `{}` is to be a chat: `\"type\": \"chat\"` in its call.json",
                self.name
            )),
        }
    }

    /// Its answer over a real connection.
    pub(super) fn reply(&self) -> Reply {
        self.reply_of(self.body.clone())
    }

    /// The same with another body.
    pub(super) fn reply_of(&self, body: impl Into<Bytes>) -> Reply {
        let headers = self.headers.iter();
        let reply = headers.fold(Reply::status(self.status), |reply, (name, value)| {
            reply.header(name, value)
        });
        if self.is_stream() {
            reply.chunked([body.into()])
        } else {
            reply.body(body)
        }
    }
}

/// All fixtures whose answers are written. Those that cannot be read are the business of the
/// fixtures' own tests.
pub(super) fn all(subject: &Subject) -> Vec<Role> {
    let dirs = folders(&subject.fixtures).unwrap_or_default();
    let name = |dir: &std::path::PathBuf| Some(dir.file_name()?.to_str()?.to_owned());
    dirs.iter()
        .filter_map(name)
        .filter_map(|name| Role::read(subject, &name, "").ok())
        .collect()
}

/// The fixtures of an error of this kind that is no stream's.
pub(super) fn having(subject: &Subject, kind: &str) -> Option<Role> {
    let mut roles = all(subject).into_iter();
    roles.find(|role| !role.is_stream() && role.error("kind") == Some(kind))
}

/// What the fixture's author has accepted as its answer.
pub(super) fn expected(subject: &Subject, name: &str) -> Outcome<Value> {
    role(subject, name)?.written().cloned()
}

/// The same, as the answer of a chat that it is.
pub(super) fn expected_answer(subject: &Subject, name: &str) -> Outcome<ChatResponse> {
    role(subject, name)?.answer()
}

/// The question of a fixture.
pub(super) fn question(role: &Role) -> Outcome<ChatRequest> {
    role.request().map(|request| (*request).clone())
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
    pub(super) fn spoken(&self) -> Outcome<Role> {
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
