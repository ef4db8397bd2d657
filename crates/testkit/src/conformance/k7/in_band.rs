//! Errors inside a stream: told by the provider, or made of an event that nobody can read.

use std::sync::Arc;

use bytes::Bytes;
use trunkline_core::{ChatResponse, Delivery, Error, ErrorKind, StreamChunk};

use super::Subject;
use crate::conformance::{
    stage::{Answer, Memory, Read, Recorded, Role, Stand, call, cut, spoken},
    subject::KEY,
    suite::Test,
};

const SHOWS: &str = "a stream that the provider ends with an error after some words";

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let names = [
        "k7::an_error_after_content_ends_the_stream_with_what_had_come",
        "k7::an_error_before_content_fails_the_call",
        "k7::a_key_repeated_inside_a_stream_is_not_shown",
        "k7::an_unreadable_event_ends_the_stream_with_what_had_come",
        "k7::invalid_utf_8_ends_the_stream_with_what_had_come",
    ];
    let [after, before, secret, unreadable, utf8] = names;
    if !subject.can.stream {
        return names
            .map(|name| Test::skip(name, "`stream` is not declared"))
            .into();
    }
    let of = |subject: &Arc<Subject>| subject.clone();
    let (one, two, three) = (of(subject), of(subject), of(subject));
    let mut tests = vec![
        Test::run(after, move || async move { after_content(&one).await }),
        Test::run(before, move || async move { before_content(&two).await }),
        Test::run(secret, move || async move { repeated(&three).await }),
    ];
    let learnt = Role::read(subject, "stream", "an answer in words as a stream")
        .and_then(|role| Recorded::learn(subject, role));
    match learnt {
        Err(why) => tests.push(Test::fail(unreadable, why)),
        Ok(stream) if !stream.is_json => {
            let why = "its events are no JSON";
            tests.extend([Test::skip(unreadable, why), Test::skip(utf8, why)]);
        }
        Ok(stream) => {
            let stream = Arc::new(stream);
            let (subject, again) = (subject.clone(), (subject.clone(), stream.clone()));
            tests.push(Test::run(unreadable, move || async move {
                cannot_be_read(
                    &subject,
                    &stream,
                    stream.unreadable(),
                    "an event that is half an object",
                )
                .await
            }));
            tests.push(Test::run(utf8, move || async move {
                let (subject, stream) = again;
                let event = stream.event_of(b"{\"\xff\xfe\":1}");
                cannot_be_read(&subject, &stream, event, "an event that is no UTF-8").await
            }));
        }
    }
    tests
}

async fn served(subject: &Subject, role: &Role, pieces: Vec<Bytes>) -> Result<Read, String> {
    let wire = Memory::new([Answer::of(role).pieces(pieces)]);
    Ok(call(&subject.over(wire.client())?.bare, &role.op).await)
}

/// The events of the fixture with the error in its stream.
fn recorded(subject: &Subject) -> Result<(Role, Vec<Bytes>), String> {
    let role = Role::read(subject, "in_band_error", SHOWS)?;
    if !role.is_error() || !role.is_stream() {
        return Err(format!(
            "the fixture `in_band_error` shows {SHOWS}, and expects no error"
        ));
    }
    let events = Recorded::split(&role);
    Ok((role, events))
}

fn as_expected(role: &Role, error: &Error) -> Result<(), String> {
    let expected = role.error("kind").unwrap_or_default();
    if error.kind().name() != expected {
        return Err(cut(format!(
            "the provider's error inside the stream is {expected}, and became {error}"
        )));
    }
    if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::Decode) {
        return Err(cut(format!(
            "the provider says what went wrong inside the stream; let the decoder read it instead of {error}"
        )));
    }
    Ok(())
}

async fn after_content(subject: &Subject) -> Result<(), String> {
    let (role, events) = recorded(subject)?;
    let read = served(subject, &role, events).await?;
    let error = read
        .result
        .as_ref()
        .err()
        .ok_or("an error inside a stream was swallowed: the answer counts as whole")?;
    as_expected(&role, error)?;
    let partial = error.partial().map(ChatResponse::text).unwrap_or_default();
    let shown = read.chunks.iter().any(StreamChunk::is_output);
    if !shown || partial.is_empty() {
        return Err(format!(
            "let `in_band_error` have words before its error, and let the decoder give them: {SHOWS}"
        ));
    }
    if error.delivery() != Delivery::Committed || error.is_retryable() {
        return Err(cut(format!(
            "after content nothing is asked for again: {error:?}"
        )));
    }
    Ok(())
}

async fn before_content(subject: &Subject) -> Result<(), String> {
    let (role, events) = recorded(subject)?;
    // Some servers still say that they are done.
    let error = events
        .iter()
        .rposition(|event| role.framing.json(event).is_some());
    let from_error = events.into_iter().skip(error.unwrap_or_default()).collect();
    let read = served(subject, &role, from_error).await?;
    let error = read
        .result
        .as_ref()
        .err()
        .ok_or("an error that is a stream's first event was swallowed")?;
    as_expected(&role, error)?;
    if !read.chunks.is_empty() || error.delivery() == Delivery::Committed {
        return Err(cut(format!(
            "an error before content fails the call, so that it may be retried: {error:?}"
        )));
    }
    Ok(())
}

async fn repeated(subject: &Subject) -> Result<(), String> {
    let (role, events) = recorded(subject)?;
    let with_key = |event: &Bytes| {
        // After a word of the message: the first blank within it.
        let text = String::from_utf8_lossy(event).into_owned();
        let start = text.find('{').unwrap_or_default();
        let (head, body) = text.split_at(start);
        match body.split_once(' ') {
            Some((before, after)) => format!("{head}{before} {KEY} {after}").into(),
            None => event.clone(),
        }
    };
    for keep in [events.len().saturating_sub(1), 0] {
        let mut pieces: Vec<Bytes> = events.iter().take(keep).cloned().collect();
        pieces.extend(events.last().map(with_key));
        let read = served(subject, &role, pieces).await?;
        let error = read
            .result
            .err()
            .ok_or("an error inside a stream was swallowed")?;
        if spoken(&error).contains(KEY) {
            let shown = spoken(&error).replace(KEY, "THE-KEY");
            return Err(cut(format!(
                "an error inside a stream repeats the key: {shown}"
            )));
        }
    }
    Ok(())
}

async fn cannot_be_read(
    subject: &Subject,
    stream: &Recorded,
    event: Bytes,
    what: &str,
) -> Result<(), String> {
    let stand = Stand::of(subject)?;
    for after in [0, stream.content_after] {
        let read = stream
            .read(&stand, stream.answer_of(stream.with(after, event.clone())))
            .await;
        let error = read
            .result
            .as_ref()
            .err()
            .ok_or_else(|| format!("{what} was passed over: the answer counts as whole"))?;
        if error.kind() != ErrorKind::Decode {
            return Err(cut(format!("{what} is Decode, and was {error}")));
        }
        let committed = after > 0;
        if committed != (error.delivery() == Delivery::Committed) {
            return Err(cut(format!(
                "{what} after {after} events is told as {:?}",
                error.delivery()
            )));
        }
        let partial = error.partial().map(ChatResponse::text).unwrap_or_default();
        // The first that came may be a thought.
        let has_parts = error
            .partial()
            .is_some_and(|it| !it.message.parts.is_empty());
        let expected = stream.answer.text();
        if committed && (!has_parts || !expected.starts_with(&partial)) {
            return Err(cut(format!(
                "what had come before {what} is the error's partial answer, and that is {partial:?}"
            )));
        }
        let (shown, raw) = (
            error.to_string(),
            String::from_utf8_lossy(&event).into_owned(),
        );
        if shown.contains(raw.trim()) {
            return Err(cut(format!(
                "an error does not quote the event, which may hold what was said: {shown}"
            )));
        }
    }
    Ok(())
}
