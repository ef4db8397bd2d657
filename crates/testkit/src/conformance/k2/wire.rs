//! A fixture's body as text and JSON, so that the JSON can be changed whatever stands around it.

use serde_json::Value;
use trunkline_core::{Call, ErrorKind, Json, Reply};

use super::super::{
    Subject,
    list::Outcome,
    probe::{Probe, told},
    tree::{Path, Tree},
};
use crate::{
    fixture::{Case, case::EVENT_STREAM},
    peer::Script,
};

/// A body: pieces of JSON with text before, between and after them.
#[derive(Clone)]
pub(in super::super) struct Wire {
    glue: Vec<String>,
    /// A list of the pieces.
    pub(in super::super) json: Tree,
}

impl Wire {
    /// The body of `case`: one piece, or one for each event of a stream.
    pub(in super::super) fn of(case: &Case) -> Outcome<Self> {
        let text = String::from_utf8_lossy(&case.body).into_owned();
        if !case.is_stream() {
            return Ok(Self {
                glue: vec![String::new(), String::new()],
                json: Tree::List(vec![Tree::parse(&text)?]),
            });
        }
        let (mut glue, mut pieces) = (vec![String::new()], Vec::new());
        let named = case.media_type == EVENT_STREAM;
        for line in text.split_inclusive('\n') {
            // `data: {…}`, or `name {…}`.
            let (field, data) = match line.split_once(' ') {
                Some((name, data)) if named => (name, data.trim()),
                _ => (
                    "data:",
                    line.strip_prefix("data:").unwrap_or_default().trim(),
                ),
            };
            let piece = match data.starts_with('{') {
                true => Tree::parse(data).ok(),
                false => None,
            };
            let last = glue.last_mut().ok_or("no glue")?;
            match piece {
                Some(piece) => {
                    last.push_str(field);
                    last.push(' ');
                    pieces.push(piece);
                    glue.push("\n".to_owned());
                }
                None => last.push_str(line),
            }
        }
        Ok(Self {
            glue,
            json: Tree::List(pieces),
        })
    }

    pub(in super::super) fn write(&self) -> String {
        let pieces: &[Tree] = match &self.json {
            Tree::List(pieces) => pieces,
            _ => &[],
        };
        let mut text = String::new();
        for (at, glue) in self.glue.iter().enumerate() {
            text.push_str(glue);
            if let Some(piece) = pieces.get(at) {
                text.push_str(&piece.write());
            }
        }
        text
    }

    /// The fields by name, each with all places where it stands.
    pub(in super::super) fn fields(&self) -> Vec<(String, Vec<Path>)> {
        let mut found: Vec<(String, Vec<Path>)> = Vec::new();
        for (name, path) in self.json.fields() {
            let name = name
                .trim_start_matches("[]")
                .trim_start_matches('.')
                .to_owned();
            match found.iter_mut().find(|(known, _)| *known == name) {
                Some((_, paths)) => paths.push(path),
                None => found.push((name, vec![path])),
            }
        }
        found
    }
}

/// What each of these bodies is read as, in the answer's serde form; an error is its kind and text.
pub(in super::super) async fn answers(
    subject: &Subject,
    case: &Case,
    bodies: Vec<String>,
) -> Outcome<Vec<Result<Value, (ErrorKind, String)>>> {
    let count = bodies.len();
    let replies = bodies.into_iter().map(|body| case.with_body(body).reply(0));
    let probe = Probe::of(subject, Script::new(replies)).await?;
    let mut read = Vec::with_capacity(count);
    for _ in 0..count {
        let reply = probe.call(Call::new(case.op.clone())).await;
        read.push(match reply.and_then(|reply| form(&reply)) {
            Ok(json) => Ok(serde_json::from_str(json.get()).map_err(|error| error.to_string())?),
            Err(error) => Err((error.kind(), told(&error))),
        });
    }
    Ok(read)
}

fn form(reply: &Reply) -> trunkline_core::Result<Json> {
    match reply {
        Reply::Chat(reply) => Json::of(reply),
        Reply::Embed(reply) => Json::of(reply),
        Reply::Models(reply) => Json::of(reply),
        _ => Ok(Json::null()),
    }
}
