//! What the format of a stream allows: other line ends, comments, a byte order mark. Of server-sent
//! events the standard says it; of lines of JSON, that space around a value means nothing.
//!
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>,
//! <https://github.com/ndjson/ndjson-spec>

use std::sync::Arc;

use bytes::Bytes;

use super::{OnStream, Running, Subject, pieces::as_uncut};
use crate::conformance::{
    stage::{Answer, Framing, Recorded, Stand},
    suite::Test,
};

const ALL: &[OnStream] = &[
    ("is_the_same_with_other_line_ends", line_ends),
    ("is_the_same_with_comments_between_events", comments),
    ("is_the_same_after_a_byte_order_mark", byte_order_mark),
    ("is_the_same_without_the_last_blank_line", no_blank_line),
];

pub(super) fn tests(subject: &Arc<Subject>, stream: &Arc<Recorded>) -> Vec<Test> {
    let of = |(name, body): &OnStream| {
        let name = format!("k3::{}_{name}", stream.role.name);
        if stream.framing == Framing::Messages {
            return Test::skip(name, "binary messages leave nothing open");
        }
        let (subject, stream, body) = (subject.clone(), stream.clone(), *body);
        Test::run(name, move || body(subject, stream))
    };
    ALL.iter().map(of).collect()
}

fn line_ends(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let stand = Stand::of(&subject)?;
        let text = String::from_utf8_lossy(&stream.role.body).replace("\r\n", "\n");
        let ends: &[(&str, &str)] = match stream.framing {
            Framing::Sse => &[("LF", "\n"), ("CRLF", "\r\n"), ("CR", "\r")],
            _ => &[("LF", "\n"), ("CRLF", "\r\n")],
        };
        for (name, end) in ends {
            let body = Bytes::from(text.replace('\n', end));
            let whole = Answer::of(&stream.role).body(body.clone());
            let read = stream.read(&stand, whole).await;
            as_uncut(&stream, &read, &format!("with {name} at the end of lines"))?;
            let bytes = (0..body.len()).map(|at| body.slice(at..=at));
            let read = stream
                .read(&stand, Answer::of(&stream.role).pieces(bytes))
                .await;
            as_uncut(&stream, &read, &format!("with {name}, one byte at a time"))?;
        }
        Ok(())
    })
}

fn comments(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let stand = Stand::of(&subject)?;
        let comments: &[&str] = match stream.framing {
            Framing::Sse => &[
                ": keep-alive\n\n",
                ":\n\n",
                ": PROCESSING\n",
                "\n",
                "retry: 1\n\n",
                "id: 7\n",
            ],
            _ => &["\n", "\r\n", " \t\n", "\n\n\n"],
        };
        for comment in comments {
            let mut pieces = vec![Bytes::from_static(comment.as_bytes())];
            for event in &stream.events {
                pieces.extend([event.clone(), Bytes::from_static(comment.as_bytes())]);
            }
            let read = stream.read(&stand, stream.answer_of(pieces)).await;
            as_uncut(&stream, &read, &format!("with {comment:?} between events"))?;
        }
        Ok(())
    })
}

fn byte_order_mark(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let stand = Stand::of(&subject)?;
        let pieces = stream.with(0, "\u{feff}");
        let read = stream.read(&stand, stream.answer_of(pieces)).await;
        as_uncut(&stream, &read, "after a byte order mark")
    })
}

fn no_blank_line(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let stand = Stand::of(&subject)?;
        let body = stream.role.body.trim_ascii_end();
        let body = stream.role.body.slice_ref(body);
        let read = stream
            .read(&stand, Answer::of(&stream.role).body(body))
            .await;
        as_uncut(
            &stream,
            &read,
            "without the blank line after its last event",
        )
    })
}
