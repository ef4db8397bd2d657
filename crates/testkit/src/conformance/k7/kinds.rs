//! The errors that a program acts upon, by the provider's own bodies.

use std::sync::Arc;

use trunkline_core::{Recovery, Scope};

use super::{Subject, failure};
use crate::conformance::{
    stage::{Answer, Role, cut, having},
    suite::Test,
};

/// What a role is, and what is to come of it.
struct Expected {
    role: &'static str,
    what: &'static str,
    kind: &'static str,
    scope: &'static [Scope],
    recovery: &'static [Recovery],
    /// Whether every provider has it.
    needed: bool,
}

const ALL: [Expected; 6] = [
    Expected {
        role: "error_auth",
        what: "the answer to a wrong key",
        kind: "auth",
        scope: &[Scope::Key, Scope::Account],
        recovery: &[Recovery::Elsewhere],
        needed: true,
    },
    Expected {
        role: "error_rate_limit",
        what: "the answer to too many requests",
        kind: "rate_limited",
        scope: &[Scope::Key, Scope::Account, Scope::Model, Scope::Endpoint],
        recovery: &[Recovery::Later],
        needed: true,
    },
    Expected {
        role: "error_context",
        what: "the answer to a conversation that is too long for the model",
        kind: "context_length",
        scope: &[Scope::Request, Scope::Model],
        recovery: &[Recovery::OtherModel],
        needed: true,
    },
    Expected {
        role: "error_quota",
        what: "the answer when there is no money left",
        kind: "quota_exhausted",
        scope: &[Scope::Account, Scope::Key],
        recovery: &[Recovery::Elsewhere],
        needed: false,
    },
    Expected {
        role: "error_model",
        what: "the answer to a model that does not exist",
        kind: "not_found",
        scope: &[Scope::Model],
        recovery: &[Recovery::OtherModel],
        needed: false,
    },
    Expected {
        role: "error_content_filter",
        what: "the answer to what may not be said",
        kind: "content_filter",
        scope: &[Scope::Request],
        recovery: &[Recovery::None],
        needed: false,
    },
];

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    ALL.iter().map(|expected| test(subject, expected)).collect()
}

fn test(subject: &Arc<Subject>, expected: &'static Expected) -> Test {
    let name = format!("k7::{}_is_{}", expected.role, expected.kind);
    let role = match Role::read(subject, expected.role, expected.what) {
        Ok(role) => role,
        Err(why) => match having(subject, expected.kind) {
            Some(role) => role,
            None if expected.needed => return Test::fail(name, why),
            None => {
                return Test::skip(
                    name,
                    format!("no fixture shows it: {why}, if the provider has it"),
                );
            }
        },
    };
    let subject = subject.clone();
    Test::run(name, move || async move {
        let error = failure(&subject, &role.op, Answer::of(&role)).await?;
        if error.kind().name() != expected.kind {
            return Err(cut(format!(
                "{} is {}, and `error` makes {} of it: {error}",
                expected.what,
                expected.kind,
                error.kind().name()
            )));
        }
        if !expected.scope.contains(&error.scope())
            || !expected.recovery.contains(&error.recovery())
        {
            return Err(cut(format!(
                "{} happens to {:?} and is served by {:?}; it says {:?}, {:?}",
                expected.what,
                expected.scope,
                expected.recovery,
                error.scope(),
                error.recovery()
            )));
        }
        Ok(())
    })
}
