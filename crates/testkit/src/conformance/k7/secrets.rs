//! The key is shown by nobody, not even where the server repeats it.

use std::sync::Arc;

use serde_json::Value;

use super::{Named, Running, Subject, failure, ops};
use crate::conformance::{
    stage::{Answer, Role, all, spoken},
    subject::KEY,
};

pub(super) const ALL: &[Named] = &[
    ("a_key_that_the_server_repeats_is_not_shown", echoed),
    ("a_message_with_line_ends_and_colours_is_escaped", escaped),
    ("the_cause_of_an_error_is_kept", cause),
];

/// The JSON with something added to all that reads like words.
fn with_words(value: &mut Value, words: &str) {
    match value {
        Value::String(text) if text.contains(' ') => text.push_str(words),
        Value::Array(items) => items.iter_mut().for_each(|item| with_words(item, words)),
        Value::Object(fields) => fields
            .values_mut()
            .for_each(|field| with_words(field, words)),
        _ => {}
    }
}

/// The provider's own bodies of errors, with something added to their words.
fn bodies(subject: &Subject, words: &str) -> Vec<(Role, String)> {
    let roles = all(subject).into_iter();
    let errors = roles.filter(|role| role.is_error() && !role.is_stream() && role.status >= 400);
    let with = |role: Role| {
        let mut value: Value = serde_json::from_slice(&role.body).ok()?;
        with_words(&mut value, words);
        Some((role, value.to_string()))
    };
    errors.filter_map(with).collect()
}

fn echoed(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let words = format!(" {KEY} ");
        let mut answers: Vec<Answer> = Vec::new();
        for (role, body) in bodies(&subject, &words) {
            answers.push(Answer::of(&role).body(body));
        }
        for media_type in ["text/plain", "text/html", "application/json"] {
            let answer = Answer::status(401).header("content-type", media_type);
            answers.push(answer.clone().body(format!("bad key {KEY}")));
            answers.push(answer.clone().body(format!("<p>bad key {KEY}</p>")));
            answers.push(
                answer
                    .with_status(200)
                    .body(format!("{{\"bad\": \"{KEY}\"")),
            );
        }
        answers.push(Answer::status(401).header("x-request-id", KEY));
        answers
            .push(Answer::status(302).header("location", &format!("http://localhost/?key={KEY}")));
        for op in ops(&subject)? {
            for answer in &answers {
                let error = failure(&subject, &op, answer.clone()).await?;
                if spoken(&error).contains(KEY) {
                    let shown = spoken(&error).replace(KEY, "THE-KEY");
                    return Err(crate::conformance::stage::cut(format!(
                        "an error repeats the key that the server repeated: {shown}"
                    )));
                }
            }
        }
        Ok(())
    })
}

fn escaped(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let words = "\n\u{1b}[31mred\u{202e}\r\n";
        for (role, body) in bodies(&subject, words) {
            let error = failure(&subject, &role.op, Answer::of(&role).body(body)).await?;
            let shown = format!("{error} {error:?}");
            if shown
                .chars()
                .any(|char| char.is_control() || char == '\u{202e}')
            {
                return Err(format!(
                    "the text of an error is one line, escaped: {shown:?}"
                ));
            }
        }
        Ok(())
    })
}

fn cause(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        for op in ops(&subject)? {
            // Nobody listens.
            let wire = super::Memory::new([]);
            let built = subject.over(wire.client())?;
            let error = super::call(&built.bare, &op).await.result.err();
            let error = error.ok_or("an answer came from nowhere")?;
            let named = error.provider() == subject.def.id && error.endpoint().is_some();
            if error.kind() != trunkline_core::ErrorKind::Connect || !named {
                return Err(format!(
                    "an error of the transport keeps its kind, and says whose it is: {error:?}"
                ));
            }
        }
        Ok(())
    })
}
