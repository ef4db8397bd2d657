//! A fixture by its name, in the role that it plays for a test.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use trunkline_core::{ChatRequest, ChatResponse, Op};

use super::super::{Subject, role};
use crate::{fixture::folders, peer::Reply};

/// A fixture: what is asked, what the server answers, and what is made of that.
pub(in super::super) struct Role {
    pub(in super::super) name: String,
    pub(in super::super) op: Op,
    pub(in super::super) status: u16,
    pub(in super::super) headers: Vec<(String, String)>,
    pub(in super::super) media_type: &'static str,
    pub(in super::super) body: Bytes,
    pub(in super::super) same_answer_as: Option<String>,
    pub(in super::super) expect: Value,
}

impl Role {
    /// The fixture `name`, which shows `what`.
    pub(in super::super) fn read(
        subject: &Subject,
        name: &str,
        what: &str,
    ) -> Result<Self, String> {
        let case = role::case(subject, name, what)?;
        let expect = role::expected(subject, name)?;
        let mut headers: Vec<(String, String)> = case.head.headers.into_iter().collect();
        if !headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        {
            headers.push(("content-type".to_owned(), case.media_type.to_owned()));
        }
        Ok(Self {
            name: name.to_owned(),
            op: case.op,
            status: case.head.status,
            headers,
            media_type: case.media_type,
            body: case.body,
            same_answer_as: case.same_answer_as,
            expect,
        })
    }

    pub(in super::super) fn is_stream(&self) -> bool {
        matches!(self.op, Op::ChatStream(_))
    }

    /// A field of the error that it expects, if it expects one: `kind`.
    pub(in super::super) fn error(&self, field: &str) -> Option<&str> {
        self.expect.get("error")?.get(field)?.as_str()
    }

    pub(in super::super) fn is_error(&self) -> bool {
        self.expect.get("error").is_some()
    }

    /// The answer that it expects.
    pub(in super::super) fn answer(&self) -> Result<ChatResponse, String> {
        serde_json::from_value(self.expect.clone())
            .map_err(|error| format!("the fixture `{}` expects no answer: {error}", self.name))
    }

    pub(in super::super) fn request(&self) -> Result<Arc<ChatRequest>, String> {
        match &self.op {
            Op::Chat(request) | Op::ChatStream(request) => Ok(request.clone()),
            _ => Err(format!("the fixture `{}` asks no chat", self.name)),
        }
    }

    /// Its answer over a real connection.
    pub(in super::super) fn reply(&self) -> Reply {
        self.reply_of(self.body.clone())
    }

    /// The same with another body.
    pub(in super::super) fn reply_of(&self, body: impl Into<Bytes>) -> Reply {
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

/// All fixtures that can be read. Those that cannot are the business of the fixtures' own tests.
pub(in super::super) fn all(subject: &Subject) -> Vec<Role> {
    let dirs = folders(&subject.fixtures).unwrap_or_default();
    let name = |dir: &std::path::PathBuf| Some(dir.file_name()?.to_str()?.to_owned());
    dirs.iter()
        .filter_map(name)
        .filter_map(|name| Role::read(subject, &name, "").ok())
        .collect()
}

/// The fixtures of an error of this kind that is no stream's.
pub(in super::super) fn having(subject: &Subject, kind: &str) -> Option<Role> {
    let mut roles = all(subject).into_iter();
    roles.find(|role| !role.is_stream() && role.error("kind") == Some(kind))
}
