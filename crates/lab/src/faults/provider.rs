//! Which providers this program has, and how their accounts are built.

use trunkline_core::{Backend, Error, HttpClient, ProviderDef};

use super::{client::Settings, root};
use crate::providers::Linked;

/// Whether the crate of this provider is part of this program.
pub(crate) fn is_linked(provider: &str) -> bool {
    Linked::find(provider).is_some()
}

/// Whether what a case needs is there: a crate of this program, or a task of xtask.
pub(crate) fn is_there(what: &str) -> bool {
    match what.strip_prefix("xtask ") {
        Some(task) => {
            let module = root().join("xtask/src").join(task.replace('-', "_"));
            module.is_dir() || module.with_extension("rs").exists()
        }
        None => what.strip_prefix("trunkline-").is_some_and(|name| {
            is_linked(name) || root().join("crates/protocols").join(name).is_dir()
        }),
    }
}

pub(crate) fn definition(provider: &str) -> Option<&'static ProviderDef> {
    Linked::find(provider).map(|linked| linked.def)
}

/// An account in its stack.
pub(crate) fn backend(
    provider: &str,
    settings: &Settings<'_>,
    client: HttpClient,
) -> Result<Backend, Error> {
    match Linked::find(provider) {
        Some(linked) => linked.stacked(settings, client),
        None => Err(Error::config(format!("no crate for {provider} is linked"))),
    }
}
