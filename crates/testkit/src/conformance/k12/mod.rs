//! K12: what servers have that people run themselves: tokens, tensors, objects, readiness, load.

mod infer;
mod object;
mod state;
mod tokens;

use std::sync::Arc;

use trunkline_core::{Call, Error, ErrorKind, Op, Reply};

use super::{
    Subject,
    list::{List, Outcome, ensure},
    probe::{Probe, told},
    role::{Role, role},
    suite::Test,
};
use crate::peer::Received;

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let mut list = List::of(subject, "k12");
    tokens::add(&mut list, subject);
    infer::add(&mut list, subject);
    object::add(&mut list, subject);
    state::add(&mut list, subject);
    list.done()
}

/// The fixture of an operation, which asks for that operation.
fn asking(subject: &Subject, name: &str) -> Outcome<Role> {
    let case = role(subject, name)?;
    ensure(case.op.name() == name, || {
        format!("the fixture `{name}` is to have `\"type\": \"{name}\"` in its call.json")
    })?;
    Ok(case)
}

/// What comes of `op` where the server answers as the fixture does, and what was sent.
async fn asked(
    subject: &Subject,
    case: &Role,
    op: Op,
) -> Outcome<(Result<Reply, Error>, Option<Received>)> {
    let probe = Probe::of(subject, case.reply()).await?;
    let answer = probe.call(Call::new(op)).await;
    Ok((answer, probe.peer.requests().pop()))
}

/// The same, where it is answered.
async fn answered(subject: &Subject, case: &Role, op: Op) -> Outcome<(Reply, Received)> {
    let (answer, sent) = asked(subject, case, op).await?;
    let answer = answer.map_err(|error| told(&error))?;
    Ok((answer, sent.ok_or("nothing was sent")?))
}

/// A wrong key is for this operation what it is for every call.
async fn wrong_key(subject: &Subject, name: &str) -> Outcome {
    let op = asking(subject, name)?.op;
    let refusal = role(subject, "error_auth")?;
    let (answer, _) = asked(subject, &refusal, op).await?;
    match answer {
        Err(error) if error.kind() == ErrorKind::Auth => Ok(()),
        Err(error) => Err(format!("it fails as {}", told(&error))),
        Ok(_) => Err("the answer of `error_auth` is read as a success".to_owned()),
    }
}

/// Bodies that no server would send: the answer cut anywhere, and what is no answer at all. None may be
/// more than an error of the kind Decode, or of an interruption. A panic fails the test by itself.
async fn hostile(subject: &Subject, name: &str) -> Outcome {
    let case = asking(subject, name)?;
    let mut bodies: Vec<bytes::Bytes> = (0..case.body.len().min(400))
        .map(|at| case.body.slice(..at))
        .collect();
    for text in [
        "null",
        "[]",
        "{}",
        "\"x\"",
        "-1",
        "1e400",
        "true",
        "[[]]",
        "18446744073709551616",
        "<a>",
        "<?xml version=\"1.0\"?><x/>",
        "{\"outputs\":[{\"name\":\"x\",\"datatype\":\"FP32\",\"shape\":[99999999999],\"data\":[1]}]}",
    ] {
        bodies.push(text.into());
    }
    bodies.push("[".repeat(10_000).into());
    bodies.push(bytes::Bytes::from_static(b"\xff\xfe\x00{}"));
    for body in bodies {
        let probe = Probe::of(subject, case.reply_of(body.clone())).await?;
        let answer = probe.call(Call::new(case.op.clone())).await;
        if let Err(error) = answer {
            let fits = matches!(error.kind(), ErrorKind::Decode | ErrorKind::Interrupted);
            ensure(fits, || {
                let body = String::from_utf8_lossy(&body).into_owned();
                format!(
                    "the body {body:.120} is to be read, or to fail as Decode: {}",
                    told(&error)
                )
            })?;
        }
    }
    Ok(())
}
