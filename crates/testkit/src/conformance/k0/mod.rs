//! K0: an account is built as the provider's definition says, shows no key, and can be operated.

mod build;
mod declare;
mod operate;
mod secrets;
mod vars;

use std::sync::Arc;

use trunkline_core::{Error, ErrorKind, Result};

use super::{
    Subject,
    list::{List, Outcome, ensure},
    probe::cut,
    subject::{Built, Setup},
    suite::Test,
};

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let mut list = List::of(subject, "k0");
    vars::add(&mut list, subject);
    build::add(&mut list, subject);
    declare::add(&mut list, subject);
    secrets::add(&mut list);
    operate::add(&mut list, subject);
    list.done()
}

/// An account that nobody calls.
fn nowhere(subject: &Subject) -> Setup {
    subject.at("http://127.0.0.1:9")
}

/// The error of a setup that cannot work, which names `names` and is one of configuration.
fn refusal(built: Result<Built>, what: &str, names: &[&str]) -> Outcome<Error> {
    let error = match built {
        Ok(_) => return Err(format!("an account {what} is built")),
        Err(error) => error,
    };
    let text = error.to_string();
    ensure(error.kind() == ErrorKind::Config, || {
        format!(
            "an account {what} is to be refused as Config: {}",
            cut(&text)
        )
    })?;
    for name in names {
        ensure(text.contains(name), || {
            format!(
                "the error of an account {what} is to name `{name}`: {}",
                cut(&text)
            )
        })?;
    }
    Ok(error)
}
