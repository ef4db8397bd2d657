//! How a stream may end: whole, cut, without its last word, with more after it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;
use trunkline_core::{ChatResponse, Delivery, ErrorKind, StreamChunk};

use super::{OnStream, Running, Subject};
use crate::conformance::stage::{Answer, Read, Recorded, Stand, cut, same};

pub(super) const ALL: &[OnStream] = &[
    (
        "is_whole_or_interrupted_wherever_the_connection_breaks",
        broken,
    ),
    ("is_whole_or_interrupted_after_any_event", ended),
    ("is_whole_without_its_last_word", no_last_word),
    ("ignores_what_follows_its_last_word", after_last_word),
    ("ends_in_time_when_the_connection_stays_open", stays_open),
];

/// A stream that ended early is the whole answer, or an error with what had come: never a shorter
/// answer.
fn whole_or(stream: &Recorded, read: &Read, kinds: &[ErrorKind], how: &str) -> Result<(), String> {
    let error = match &read.result {
        Ok(answer) => {
            let told = same(&answer.message, &stream.answer.message);
            let told = told.and_then(|()| same(&answer.finish, &stream.answer.finish));
            return told.map_err(|what| {
                format!("{how}, half an answer is given as a whole one: {what}; let `terminal` say Open until the wire's own end was read")
            });
        }
        Err(error) => error,
    };
    if !kinds.contains(&error.kind()) {
        return Err(cut(format!(
            "{how}, the error is {:?} and not one of {kinds:?}: {error}",
            error.kind()
        )));
    }
    let committed = read.chunks.iter().any(StreamChunk::is_output);
    if committed != (error.delivery() == Delivery::Committed) {
        return Err(format!(
            "{how}, delivery is {:?} although content was {}given to the caller",
            error.delivery(),
            if committed { "" } else { "not " }
        ));
    }
    let partial = error.partial().map(ChatResponse::text).unwrap_or_default();
    if !stream.answer.text().starts_with(&partial) {
        return Err(cut(format!(
            "{how}, the partial answer is no beginning of the whole one: {partial:?}"
        )));
    }
    Ok(())
}

/// Every offset of the plain stream, and of others so many that none takes long.
fn offsets(stream: &Recorded) -> impl Iterator<Item = usize> {
    const MOST: usize = 400;
    let length = stream.role.body.len();
    let step = match stream.role.name.as_str() {
        "stream" => 1,
        // A prime number of bytes, so that it falls on all sorts of places.
        _ if length > MOST => 7,
        _ => 1,
    };
    (0..length).step_by(step)
}

fn broken(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let stand = Stand::of(&subject)?;
        for at in offsets(&stream) {
            let body = stream.role.body.slice(..at);
            let answer = Answer::of(&stream.role).body(body).broken();
            let read = stream.read(&stand, answer).await;
            let how = format!("broken off after byte {at}");
            whole_or(&stream, &read, &[ErrorKind::Interrupted], &how)?;
        }
        Ok(())
    })
}

fn ended(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let stand = Stand::of(&subject)?;
        for count in 0..stream.events.len() {
            let read = stream
                .read(&stand, stream.answer_of(stream.first(count)))
                .await;
            let how = format!("ended in order after {count} events");
            whole_or(&stream, &read, &[ErrorKind::Interrupted], &how)?;
        }
        for at in offsets(&stream) {
            let answer = Answer::of(&stream.role).body(stream.role.body.slice(..at));
            let read = stream.read(&stand, answer).await;
            let how = format!("ended in order after byte {at}");
            let kinds = [ErrorKind::Interrupted, ErrorKind::Decode];
            whole_or(&stream, &read, &kinds, &how)?;
        }
        Ok(())
    })
}

fn no_last_word(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let stand = Stand::of(&subject)?;
        let pieces = stream.without_last_word();
        let read = stream.read(&stand, stream.answer_of(pieces)).await;
        let answer = read.answer().map_err(|error| {
            format!("without the last word the answer is whole all the same; let `terminal` say Whole before it: {error}")
        })?;
        same(answer, &stream.answer)
    })
}

fn after_last_word(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let stand = Stand::of(&subject)?;
        let mut pieces = stream.events.clone();
        if stream.has_last_word || stream.says_only_so {
            pieces.extend(stream.first(stream.content_after));
            pieces.push(stream.unreadable());
        }
        pieces.push(Bytes::from_static(b"\n\n"));
        let read = stream.read(&stand, stream.answer_of(pieces)).await;
        let answer = read
            .answer()
            .map_err(|error| format!("what follows the last word takes nothing away: {error}"))?;
        same(answer, &stream.answer)
    })
}

fn stays_open(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let stand = Stand::of(&subject)?;
        // Who has said the last word keeps nobody waiting.
        let at_once = Duration::from_secs(if stream.says_only_so { 2 } else { 8 });
        for (pieces, limit) in [
            (stream.events.clone(), at_once),
            (stream.without_last_word(), Duration::from_secs(8)),
        ] {
            let began = Instant::now();
            let read = stream.read(&stand, stream.answer_of(pieces).open()).await;
            let took = began.elapsed();
            let answer = read.answer().map_err(|error| {
                format!(
                    "the answer was whole, and the server only kept the connection open: {error}"
                )
            })?;
            same(answer, &stream.answer)?;
            if took > limit {
                return Err(format!(
                    "the end came {took:?} after the answer was whole; let `terminal` say Whole when it is, and Last after the last word"
                ));
            }
        }
        Ok(())
    })
}
