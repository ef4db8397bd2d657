//! What came of a call, and how to say what is wrong with it.

use std::fmt::{self, Display};

use serde::Serialize;
use trunkline_core::{
    Backend, Call, ChatResponse, ChatStream, Error, Op, Reply, StreamChunk,
    stream::{Laws, Violation},
};

/// What a stream gave.
#[derive(Debug)]
pub(in super::super) struct Read {
    pub(in super::super) chunks: Vec<StreamChunk>,
    pub(in super::super) violations: Vec<String>,
    pub(in super::super) result: Result<ChatResponse, Error>,
}

impl Read {
    /// The answer, or what it failed with in words.
    pub(in super::super) fn answer(&self) -> Result<&ChatResponse, String> {
        self.result.as_ref().map_err(told)
    }
}

/// Makes the call. A stream is read to its end.
pub(in super::super) async fn call(backend: &Backend, op: &Op) -> Read {
    match backend.call(Call::new(op.clone())).await {
        Ok(Reply::ChatStream(stream)) => read(stream).await,
        Ok(reply) => Read::of(reply.into_chat()),
        Err(error) => Read::of(Err(error)),
    }
}

impl Read {
    fn of(result: Result<ChatResponse, Error>) -> Self {
        Self {
            chunks: Vec::new(),
            violations: Vec::new(),
            result,
        }
    }
}

/// Reads a stream to its end, minding its laws.
pub(in super::super) async fn read(mut stream: ChatStream) -> Read {
    let mut laws = Laws::default();
    let mut read = Read {
        chunks: Vec::new(),
        violations: Vec::new(),
        result: Err(Error::config("not read")),
    };
    while let Some(next) = stream.next().await {
        match next {
            Ok(chunk) => {
                read.note(laws.check(&chunk).err(), Some(&chunk));
                read.chunks.push(chunk);
            }
            Err(error) => {
                read.result = Err(error);
                return read;
            }
        }
    }
    read.note(laws.end().err(), None);
    read.result = stream.collect().await;
    read
}

impl Read {
    fn note(&mut self, violation: Option<Violation>, chunk: Option<&StreamChunk>) {
        if let Some(violation) = violation {
            let at = chunk.map(|chunk| cut(format!(": {chunk:?}")));
            self.violations
                .push(format!("{violation}{}", at.unwrap_or_default()));
        }
    }
}

/// An error with all that it says of itself, bounded.
fn told(error: &Error) -> String {
    cut(format!(
        "{} ({:?}, {:?})",
        error,
        error.kind(),
        error.delivery()
    ))
}

/// At most 300 characters, and never the key.
pub(in super::super) fn cut(text: impl Display) -> String {
    let text = text.to_string().replace(super::super::subject::KEY, "***");
    match text.char_indices().nth(300) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// Whether two are the same, in their serialised form, or where they first differ.
pub(in super::super) fn same<T: Serialize>(now: &T, expected: &T) -> Result<(), String> {
    let (now, expected) = (text_of(now)?, text_of(expected)?);
    if now == expected {
        return Ok(());
    }
    let common = now.chars().zip(expected.chars());
    let at = common.take_while(|(one, other)| one == other).count();
    let from = |text: &str| {
        let start = at.saturating_sub(60);
        cut(text.chars().skip(start).take(160).collect::<String>())
    };
    Err(format!(
        "…{} where it should be …{}",
        from(&now),
        from(&expected)
    ))
}

/// In one form, whatever the blanks and the order of keys in what was kept raw.
fn text_of(value: &impl Serialize) -> Result<String, String> {
    let value = serde_json::to_value(value).map_err(|error| error.to_string())?;
    Ok(value.to_string())
}

/// All that an error says, to whomever: `Display`, `Debug`, its causes, its body and its details.
pub(in super::super) fn spoken(error: &Error) -> String {
    let mut said = format!("{error}\n{error:?}\n{}", error.message());
    let details = [
        error.code(),
        error.error_type(),
        error.param(),
        error.request_id(),
    ];
    for detail in details.into_iter().flatten() {
        push(&mut said, detail);
    }
    if let Some(body) = error.body() {
        push(&mut said, String::from_utf8_lossy(body));
    }
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        push(&mut said, format_args!("{cause}\n{cause:?}"));
        source = cause.source();
    }
    said
}

fn push(said: &mut String, more: impl fmt::Display) {
    said.push('\n');
    said.push_str(&more.to_string());
}
