//! A provider's healthy answer in its own wire, and the ways in which it goes wrong midway.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::super::value::Time;

/// An answer in chat completions, whole or as a stream, token by token with its usage at the end.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "Told")]
pub(crate) struct Answer {
    pub(crate) words: Vec<String>,
    pub(crate) faults: Faults,
}

/// What is unusual about it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Faults {
    text: Option<String>,
    /// That many words instead of a text: `w01 w02 …`.
    words: Option<usize>,
    /// The model that it names.
    model: String,
    usage: bool,
    done: bool,
    /// `""` for none.
    finish: String,
    /// Between one token and the next.
    pub(crate) every: Option<Time>,
    /// Before this token, the first is 0: a silence of `pause`.
    pub(crate) pause_at: usize,
    pub(crate) pause: Option<Time>,
    /// After so many tokens nothing follows; `end` says what does.
    pub(crate) cut_after: Option<usize>,
    /// The event of this number, the first is 1, is no JSON.
    bad_event: Option<usize>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            text: None,
            words: None,
            model: "served-model".to_owned(),
            usage: true,
            done: true,
            finish: "stop".to_owned(),
            every: None,
            pause_at: 0,
            pause: None,
            cut_after: None,
            bad_event: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "a text, or { text | words = …, cut_after = …, pause = …, … }"
)]
enum Told {
    Text(String),
    Full(Faults),
}

impl From<Told> for Answer {
    fn from(told: Told) -> Self {
        let faults = match told {
            Told::Text(text) => Faults {
                text: Some(text),
                ..Faults::default()
            },
            Told::Full(faults) => faults,
        };
        let words = match (&faults.text, faults.words) {
            (Some(text), _) => text.split_inclusive(' ').map(str::to_owned).collect(),
            (None, count) => numbered(count.unwrap_or(60)),
        };
        Self { words, faults }
    }
}

/// `w01 w02 … w60`: an answer of which no part looks like the whole.
pub(crate) fn numbered(count: usize) -> Vec<String> {
    let mut words: Vec<String> = (1..=count).map(|n| format!("w{n:02} ")).collect();
    if let Some(last) = words.last_mut() {
        last.truncate(last.trim_end().len());
    }
    words
}

/// A part of a body: after which silence, and what.
pub(super) struct Piece {
    pub(super) after: Duration,
    pub(super) bytes: String,
}

impl Answer {
    /// One piece for each token, then its finish, its usage, the last word.
    pub(super) fn stream(&self) -> Vec<Piece> {
        let faults = &self.faults;
        let every = faults.every.unwrap_or_default().0;
        let chunk = |delta: serde_json::Value, finish: Option<&str>| {
            json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": faults.model,
                "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] })
            .to_string()
        };
        let mut events = vec![(
            Duration::ZERO,
            chunk(json!({ "role": "assistant", "content": "" }), None),
        )];
        let sent = faults.cut_after.unwrap_or(usize::MAX);
        for (index, word) in self.words.iter().enumerate().take(sent) {
            let pause = faults
                .pause
                .filter(|_| faults.pause_at == index)
                .unwrap_or_default()
                .0;
            events.push((every + pause, chunk(json!({ "content": word }), None)));
        }
        if faults.cut_after.is_none() {
            if !faults.finish.is_empty() {
                events.push((every, chunk(json!({}), Some(&faults.finish))));
            }
            if faults.usage {
                let usage = json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": faults.model,
                    "choices": [], "usage": self.usage() });
                events.push((Duration::ZERO, usage.to_string()));
            }
            if faults.done {
                events.push((Duration::ZERO, "[DONE]".to_owned()));
            }
        }
        if let Some((_, event)) = faults
            .bad_event
            .and_then(|number| events.get_mut(number.checked_sub(1)?))
        {
            *event = r#"{"choices":[{"delta":{"content":"MALFORMED"#.to_owned();
        }
        // What pauses after its last token does so before it ends.
        let rest = faults
            .pause
            .filter(|_| faults.pause_at >= self.words.len().min(sent));
        let mut pieces: Vec<Piece> = events
            .into_iter()
            .map(|(after, event)| Piece {
                after,
                bytes: format!("data: {event}\n\n"),
            })
            .collect();
        pieces.extend(rest.map(|rest| Piece {
            after: rest.0,
            bytes: String::new(),
        }));
        pieces
    }

    /// The same in one body, cut in proportion.
    pub(super) fn whole(&self) -> Vec<Piece> {
        let faults = &self.faults;
        let mut body = json!({ "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": faults.model,
            "choices": [{ "index": 0, "message": { "role": "assistant", "content": self.words.concat() },
                "finish_reason": faults.finish }] });
        if let (true, Some(fields)) = (faults.usage, body.as_object_mut()) {
            fields.insert("usage".to_owned(), self.usage());
        }
        let mut body = body.to_string();
        if faults.bad_event.is_some() {
            body = body.replacen("\"content\"", "\"content", 1);
        }
        let pause = faults.pause.unwrap_or_default().0;
        let early = Piece {
            after: if faults.pause_at == 0 {
                pause
            } else {
                Duration::ZERO
            },
            bytes: match faults.cut_after {
                Some(sent) => {
                    let part = body.len() * sent / self.words.len().max(1);
                    body.chars().take(part).collect()
                }
                None => body,
            },
        };
        let late = Piece {
            after: pause,
            bytes: String::new(),
        };
        match faults.pause_at {
            0 => vec![early],
            _ => vec![early, late],
        }
    }

    /// A whole body whose length is announced although not all of it comes.
    pub(super) fn length(&self) -> usize {
        let uncut = Self {
            faults: Faults {
                cut_after: None,
                ..self.faults.clone()
            },
            ..self.clone()
        };
        uncut.whole().iter().map(|piece| piece.bytes.len()).sum()
    }

    fn usage(&self) -> serde_json::Value {
        let output = self.words.len();
        json!({ "prompt_tokens": 9, "completion_tokens": output, "total_tokens": output + 9 })
    }
}
