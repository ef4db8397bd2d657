//! K7: errors. What a provider says when it does not answer is told apart, kept, and shown without
//! secrets.

use std::{pin::Pin, sync::Arc};

use trunkline_core::{Error, Op};

use super::{
    Subject,
    stage::{Answer, Memory, Role, Stand, call, cut},
    suite::Test,
};

mod hints;
mod in_band;
mod kinds;
mod secrets;
mod statuses;

type Running = Pin<Box<dyn Future<Output = Result<(), String>>>>;
/// A test by its name.
type Named = (&'static str, fn(Arc<Subject>) -> Running);

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    if !subject.can.chat {
        return vec![Test::skip(
            "k7::errors_are_told_apart",
            "`chat` is not declared",
        )];
    }
    let mut tests = Vec::new();
    for list in [statuses::ALL, hints::ALL, secrets::ALL] {
        for (name, body) in list {
            let (subject, body) = (subject.clone(), *body);
            tests.push(Test::run(format!("k7::{name}"), move || body(subject)));
        }
    }
    tests.extend(kinds::tests(subject));
    tests.extend(in_band::tests(subject));
    tests
}

/// What the op fails with when this is the answer.
async fn failure(subject: &Subject, op: &Op, answer: Answer) -> Result<Error, String> {
    fails(&Stand::of(subject)?, op, answer).await
}

async fn fails(stand: &Stand, op: &Op, answer: Answer) -> Result<Error, String> {
    match stand.call(op, answer).await.result {
        Err(error) => Ok(error),
        Ok(answer) => Err(cut(format!(
            "what is no answer was taken for one: {:?}",
            answer.text()
        ))),
    }
}

/// The plain call that errors are the answer to.
fn chat(subject: &Subject) -> Result<Op, String> {
    Ok(Role::read(subject, "chat", "an answer in a few words")?.op)
}

/// The same as a stream, where there are streams.
fn ops(subject: &Subject) -> Result<Vec<Op>, String> {
    let chat = chat(subject)?;
    Ok(match &chat {
        Op::Chat(request) if subject.can.stream => {
            vec![Op::ChatStream(request.clone()), chat]
        }
        _ => vec![chat],
    })
}

/// The rate limit's fixture, whose body other tests send with other heads.
fn rate_limit(subject: &Subject) -> Result<Role, String> {
    Role::read(
        subject,
        "error_rate_limit",
        "the provider's answer to too many requests, with its headers",
    )
}
