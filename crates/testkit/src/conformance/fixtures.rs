//! Every case folder is a test: what goes in gives what its files say.

use std::sync::Arc;

use super::{
    Subject,
    list::{List, Outcome, ensure},
    role::{ROLES, role},
    suite::Test,
};
use crate::fixture;

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let mut list = List::of(subject, "fixtures");
    for dir in fixture::folders(&subject.fixtures).unwrap_or_default() {
        let name = dir.file_name().unwrap_or_default().display().to_string();
        list.add(&name, move |subject| async move {
            let backend = |url: &str| subject.build(subject.at(url)).map(|built| built.bare);
            let checked = fixture::check(&dir, backend).await;
            checked.map_err(|failure| failure.to_string())
        });
    }
    for (name, _) in ROLES {
        let applies = called_for(subject, name);
        list.add_if(
            &applies,
            &format!("there_is_one_of_{name}"),
            move |subject| async move { is_there(&subject, name) },
        );
    }
    list.done()
}

/// Whether the declared capabilities call for the case.
fn called_for(subject: &Subject, name: &str) -> Outcome {
    match name {
        "chat" => subject.needs("chat"),
        "stream" | "in_band_error" => subject.needs("stream"),
        "tools" => subject.needs("tools").and_then(|()| subject.needs("chat")),
        "stream_tools" => subject
            .needs("tools")
            .and_then(|()| subject.needs("stream")),
        "embed" | "rerank" | "count_tokens" | "tokenize" | "detokenize" | "infer" | "object"
        | "ready" | "load" => subject.needs(name),
        "models" => subject.needs("list_models"),
        "error_context" => subject.talks(),
        _ => Ok(()),
    }
}

fn is_there(subject: &Subject, name: &str) -> Outcome {
    let case = role(subject, name)?;
    let whole = match name {
        "stream" => "chat",
        "stream_tools" => "tools",
        _ => return Ok(()),
    };
    let has_whole = subject.fixtures.join(whole).is_dir();
    ensure(
        !has_whole || case.same_answer_as.as_deref() == Some(whole),
        || {
            format!(
                "the fixture `{name}` is to give the answer of `{whole}`: record both of one \
                 question, and say `\"same_answer_as\": \"{whole}\"` in its head.json"
            )
        },
    )
}
