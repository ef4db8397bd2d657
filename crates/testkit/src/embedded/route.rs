//! From a request to the endpoint that answers it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::chat::Chat;
use super::refusal::Refusal;
use super::{CHAT_MODEL, EMBED_MODEL, KEY, embed, stream};
use crate::peer::{Received, Reply};

pub(super) struct Router {
    rate_limit_next: AtomicBool,
    word_pause: Duration,
    count: AtomicUsize,
    started: u64,
}

/// What names an answer: its number, and when it was made in unix seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    pub(super) number: usize,
    pub(super) created: u64,
}

impl Router {
    pub(super) fn new(rate_limit_first: bool, word_pause: Duration) -> Self {
        Self {
            rate_limit_next: AtomicBool::new(rate_limit_first),
            word_pause,
            count: AtomicUsize::new(0),
            started: unix_seconds(),
        }
    }

    pub(super) fn answer(&self, request: &Received) -> Reply {
        let stamp = Stamp {
            number: self.count.fetch_add(1, Ordering::SeqCst) + 1,
            created: unix_seconds(),
        };
        self.route(request, stamp)
            .unwrap_or_else(Reply::from)
            .header("x-request-id", format!("req_embedded_{}", stamp.number))
    }

    fn route(&self, request: &Received, stamp: Stamp) -> Result<Reply, Refusal> {
        if !is_authorized(request) {
            return Err(Refusal::wrong_key());
        }
        if self.rate_limit_next.swap(false, Ordering::SeqCst) {
            return Err(Refusal::rate_limited());
        }
        let (method, path) = (request.method.as_str(), request.path.as_str());
        let path = path.split('?').next().unwrap_or_default();
        match (method, path) {
            ("POST", "/v1/chat/completions") => self.chat(&parse(request)?, stamp),
            ("POST", "/v1/embeddings") => Ok(ok(&embed::answer(&parse(request)?)?)),
            ("GET", "/v1/models") => Ok(ok(&json!({
                "object": "list",
                "data": [self.model(CHAT_MODEL), self.model(EMBED_MODEL)],
            }))),
            (_, "/v1/chat/completions" | "/v1/embeddings" | "/v1/models") => {
                Err(Refusal::wrong_method(method, path))
            }
            _ => Err(Refusal::unknown_url(method, path)),
        }
    }

    fn chat(&self, body: &Value, stamp: Stamp) -> Result<Reply, Refusal> {
        let chat = Chat::parse(body)?;
        let answer = chat.answer();
        Ok(match chat.stream {
            true => Reply::sse(stream::chunks(&chat, &answer, stamp))
                .done()
                .pause_between(self.word_pause),
            false => ok(&stream::whole(&chat, &answer, stamp)),
        })
    }

    fn model(&self, id: &str) -> Value {
        json!({ "id": id, "object": "model", "created": self.started, "owned_by": "trunkline" })
    }
}

/// The request's `model`, which has to be the one that the endpoint serves.
pub(super) fn check_model(body: &Value, known: &str) -> Result<(), Refusal> {
    match body.get("model").and_then(Value::as_str) {
        None => Err(Refusal::invalid("model", "You must provide a model.")),
        Some(model) if model != known => Err(Refusal::unknown_model(model, known)),
        Some(_) => Ok(()),
    }
}

fn is_authorized(request: &Received) -> bool {
    let value = request.header("authorization").unwrap_or_default();
    value
        .split_once(' ')
        .is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && token.trim() == KEY)
}

fn parse(request: &Received) -> Result<Value, Refusal> {
    serde_json::from_slice(&request.body).map_err(|error| Refusal::bad_json(&error))
}

fn ok(body: &Value) -> Reply {
    Reply::status(200).json(body)
}

fn unix_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
