//! A fixture's body as pieces of JSON, so that the JSON can be changed whatever stands around it.

use bytes::Bytes;
use serde_json::Value;
use trunkline_core::{Call, ErrorKind, Json, Reply};

use super::super::{
    Subject,
    list::Outcome,
    probe::told,
    stage::{Answer, Memory, Role},
    tree::{Path, Tree},
};
use crate::fixture::form::Framing;

/// A body: its pieces, and the JSON that some of them hold.
#[derive(Clone)]
pub(in super::super) struct Wire {
    /// How its pieces are told apart; an answer that comes whole is one piece.
    pub(in super::super) framing: Option<Framing>,
    /// Each with whether it holds JSON.
    pieces: Vec<(Bytes, bool)>,
    /// A list of the JSON.
    pub(in super::super) json: Tree,
}

impl Wire {
    /// The body of `case`: one piece, or one for each event of a stream.
    pub(in super::super) fn of(case: &Role) -> Outcome<Self> {
        if !case.is_stream() {
            return Ok(Self {
                framing: None,
                pieces: vec![(case.body.clone(), true)],
                json: Tree::List(vec![Tree::parse(&String::from_utf8_lossy(&case.body))?]),
            });
        }
        let framing = case.framing;
        let mut json = Vec::new();
        let pieces = framing.split(&case.body).into_iter().map(|piece| {
            let tree = framing
                .json(&piece)
                .and_then(|json| Tree::parse(&String::from_utf8_lossy(&json)).ok());
            let holds_some = tree.is_some();
            json.extend(tree);
            (piece, holds_some)
        });
        let pieces = pieces.collect();
        Ok(Self {
            framing: Some(framing),
            pieces,
            json: Tree::List(json),
        })
    }

    /// The pieces, with the JSON as it is now.
    pub(in super::super) fn pieces(&self) -> Vec<Bytes> {
        let mut json = match &self.json {
            Tree::List(pieces) => pieces.iter(),
            _ => [].iter(),
        };
        let write = |(piece, holds_some): &(Bytes, bool)| {
            let tree = match *holds_some {
                true => json.next(),
                false => None,
            };
            match (tree, self.framing) {
                (Some(tree), Some(framing)) => framing.with_data(piece, tree.write().as_bytes()),
                (Some(tree), None) => tree.write().into(),
                (None, _) => piece.clone(),
            }
        };
        self.pieces.iter().map(write).collect()
    }

    pub(in super::super) fn write(&self) -> Bytes {
        self.pieces().concat().into()
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
    case: &Role,
    bodies: Vec<Bytes>,
) -> Outcome<Vec<Result<Value, (ErrorKind, String)>>> {
    let count = bodies.len();
    let bodies = bodies.into_iter().map(|body| Answer::of(case).body(body));
    let wire = Memory::new(bodies);
    let backend = subject.over(wire.client())?.bare;
    let mut read = Vec::with_capacity(count);
    for _ in 0..count {
        let reply = match backend.call(Call::new(case.op.clone())).await {
            Ok(Reply::ChatStream(stream)) => stream.collect().await.map(Reply::Chat),
            reply => reply,
        };
        read.push(match reply.and_then(|reply| form(&reply)) {
            Ok(json) => Ok(value(&json)),
            Err(error) => Err((error.kind(), told(&error))),
        });
    }
    Ok(read)
}

/// As a value; as text where it keeps, as it came, a number that no value holds.
fn value(json: &Json) -> Value {
    serde_json::from_str(json.get()).unwrap_or_else(|_| Value::from(json.get()))
}

fn form(reply: &Reply) -> trunkline_core::Result<Json> {
    match reply {
        Reply::Chat(reply) => Json::of(reply),
        Reply::Embed(reply) => Json::of(reply),
        Reply::Rerank(reply) => Json::of(reply),
        Reply::CountTokens(reply) => Json::of(reply),
        Reply::Tokenize(reply) => Json::of(reply),
        Reply::Detokenize(reply) => Json::of(reply),
        Reply::Models(reply) => Json::of(reply),
        _ => Ok(Json::null()),
    }
}
