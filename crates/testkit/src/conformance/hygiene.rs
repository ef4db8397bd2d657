//! Where the key goes: into a header that no log shows, and nowhere else.

use std::sync::Arc;

use trunkline_core::{Call, Op};

use super::{
    Subject,
    stage::{Answer, Memory, Role, all},
    subject::{KEY, Setup},
    suite::Test,
};

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let (one, two, three) = (subject.clone(), subject.clone(), subject.clone());
    vec![
        Test::run(
            "hygiene::the_key_is_in_a_header_that_is_marked_as_secret",
            || async move { marked(&one).await },
        ),
        Test::run("hygiene::the_key_is_in_no_url_and_no_body", || async move {
            nowhere_else(&two).await
        }),
        Test::run("hygiene::the_key_is_not_in_debug", || async move {
            debug(&three)
        }),
    ]
}

/// One of each operation that the fixtures show.
fn ops(subject: &Subject) -> Vec<Role> {
    let mut seen = Vec::new();
    let mut roles = all(subject);
    roles.retain(|role| {
        let is_new = !role.is_error() && !seen.contains(&role.op.name());
        seen.extend(is_new.then(|| role.op.name()));
        is_new
    });
    roles
}

/// A header of the account's own may be a key as well, for all that anybody knows.
const ORGANISATION: &str = "canary-organisation";

async fn sent(subject: &Subject, role: &Role) -> Result<Memory, String> {
    let wire = Memory::new([Answer::of(role)]);
    let setup = Setup {
        headers: vec![("x-organisation".to_owned(), ORGANISATION.to_owned())],
        ..subject.through(wire.client())
    };
    let built = subject.build(setup).map_err(|error| error.to_string())?;
    let _ = built.bare.call(Call::new(role.op.clone())).await;
    match wire.seen().len() {
        1 => Ok(wire),
        other => Err(format!(
            "{other} requests were sent for the fixture `{}`",
            role.name
        )),
    }
}

async fn marked(subject: &Subject) -> Result<(), String> {
    for role in ops(subject) {
        let wire = sent(subject, &role).await?;
        for request in wire.seen() {
            for (name, value) in &request.headers {
                let text = String::from_utf8_lossy(value.as_bytes());
                let is_secret = text.contains(KEY) || text.contains(ORGANISATION);
                if is_secret && !value.is_sensitive() {
                    return Err(format!(
                        "mark the header `{name}` as sensitive: it holds the key, and layers log headers"
                    ));
                }
            }
        }
    }
    Ok(())
}

async fn nowhere_else(subject: &Subject) -> Result<(), String> {
    for role in ops(subject) {
        let wire = sent(subject, &role).await?;
        for request in wire.seen() {
            if request.uri.to_string().contains(KEY) {
                return Err(format!(
                    "{} puts the key into its URL, which everybody logs; there is no authentication by query",
                    Op::name(&role.op)
                ));
            }
            if String::from_utf8_lossy(&request.body).contains(KEY) {
                return Err(format!("{} puts the key into its body", Op::name(&role.op)));
            }
        }
    }
    Ok(())
}

fn debug(subject: &Subject) -> Result<(), String> {
    let built = subject.over(Memory::default().client())?;
    let shown = format!(
        "{} {:?} {:?} {:?}",
        built.debug,
        built.backend,
        built.bare,
        built.bare.info()
    );
    if shown.contains(KEY) {
        return Err(format!(
            "`Debug` of the account shows the key: {}",
            shown.replace(KEY, "THE-KEY")
        ));
    }
    Ok(())
}
