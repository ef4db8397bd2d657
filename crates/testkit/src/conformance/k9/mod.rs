//! K9: what is no conversation: embeddings, rankings, counts of tokens, the list of models.

mod count;
mod embed;
mod models;
mod places;
mod rerank;
mod vectors;

use std::sync::Arc;

use trunkline_core::{Call, ErrorKind, Op};

use super::{
    Subject,
    k2::{Wire, answers},
    list::{List, Outcome, ensure},
    probe::{Probe, told},
    role::role,
    suite::Test,
    tree::Tree,
};

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let mut list = List::of(subject, "k9");
    embed::add(&mut list, subject);
    vectors::add(&mut list, subject);
    rerank::add(&mut list, subject);
    places::add(&mut list, subject);
    count::add(&mut list, subject);
    models::add(&mut list, subject);
    list.done()
}

/// A wrong key, a server too busy and a server that fails are for `op` what they are for a call.
async fn wrong_key(subject: &Subject, op: Op) -> Outcome {
    for (name, kind) in [
        ("error_auth", ErrorKind::Auth),
        ("error_rate_limit", ErrorKind::RateLimited),
    ] {
        let probe = Probe::of(subject, role(subject, name)?.reply()).await?;
        match probe.call(Call::new(op.clone())).await {
            Err(error) if error.kind() == kind => {}
            Err(error) => {
                return Err(format!(
                    "the answer of `{name}` fails {} as {}, and is to fail it as {kind:?}",
                    op.name(),
                    told(&error)
                ));
            }
            Ok(_) => return Err(format!("the answer of `{name}` is read as a success")),
        }
    }
    Ok(())
}

/// Bodies that no server would send, of which none may be more than an error of the kind Decode.
/// A panic fails the test by itself.
async fn hostile(subject: &Subject, name: &str) -> Outcome {
    let case = role(subject, name)?;
    let wire = Wire::of(&case)?;
    let whole = wire.write();
    let mut bodies: Vec<Vec<u8>> = (0..whole.len())
        .map(|at| whole.slice(..at).to_vec())
        .collect();
    let values = [
        "null",
        "[]",
        "{}",
        "\"\"",
        "\"x\"",
        "-1",
        "1e400",
        "1.5",
        "true",
        "[[]]",
        "18446744073709551616",
    ];
    bodies.extend(values.map(|value| value.as_bytes().to_vec()));
    bodies.push("[".repeat(10_000).into());
    bodies.push(b"\xff\xfe{}".to_vec());
    for (_, paths) in wire.fields() {
        for value in values {
            let mut wire = wire.clone();
            for path in &paths {
                if let Some(place) = wire.json.at_mut(path) {
                    *place = Tree::Leaf(value.to_owned());
                }
            }
            bodies.push(wire.write().to_vec());
        }
    }
    let shown: Vec<String> = bodies
        .iter()
        .map(|body| String::from_utf8_lossy(body).into_owned())
        .collect();
    let bodies = bodies.into_iter().map(Into::into).collect();
    for (body, read) in shown.iter().zip(answers(subject, &case, bodies).await?) {
        if let Err((kind, error)) = read {
            ensure(kind == ErrorKind::Decode, || {
                format!("the body {body:.120} is to be read, or to fail as Decode: {error}")
            })?;
        }
    }
    Ok(())
}
