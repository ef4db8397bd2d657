//! The servers that are known: how each is found, started, and what it speaks.

mod aimock;
mod infinity;
mod litellm;
mod llama;
mod minilm;
mod minilm_vllm;
mod mlserver;
mod moto;
mod s3s;
mod transformers;
mod triton;
mod vllm;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::{home::Home, recipe::Recipe, row::Row};

/// A server that somebody else wrote.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) name: &'static str,
    /// What it is, in a few words.
    pub(crate) what: &'static str,
    pub(crate) recipe: Recipe,
    /// How it is started, if it is installed.
    pub(crate) find: fn(&Home) -> Option<Found>,
    pub(crate) ready: Ready,
    /// How long that may take.
    pub(crate) startup: Duration,
    /// How long one check may take.
    pub(crate) patience: Duration,
    /// The server that it passes calls on to.
    pub(crate) upstream: Option<&'static str>,
    pub(crate) rows: fn() -> Vec<Row>,
}

/// How it shows that it is ready: by the answer to a request to this path.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ready {
    /// A success.
    Success(&'static str),
    /// Any answer: it has nothing for those without a key.
    Answer(&'static str),
}

/// What is installed.
pub(crate) struct Found {
    pub(crate) version: Option<String>,
    /// What a model's own package says, for the check that compares.
    pub(crate) reference: Option<PathBuf>,
    /// The command that starts it, after writing what it reads.
    pub(crate) start: Start,
}

pub(crate) type Start = Box<dyn Fn(&Place<'_>) -> Result<Command> + Send + Sync>;

/// Where a server is started.
pub(crate) struct Place<'a> {
    pub(crate) port: u16,
    /// A folder of its own.
    pub(crate) folder: &'a Path,
    /// The address of the server that it passes calls on to, if that one runs.
    pub(crate) upstream: Option<&'a str>,
}

impl Place<'_> {
    /// Writes a file that the server reads.
    fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.join(name);
        if let Some(folder) = path.parent() {
            made(folder.to_owned())?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    /// Makes a folder in its own.
    fn folder(&self, name: &str) -> Result<PathBuf> {
        made(self.folder.join(name))
    }
}

fn made(folder: PathBuf) -> Result<PathBuf> {
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    Ok(folder)
}

/// All of them, in the order that they are told of.
pub(crate) fn all() -> Vec<Server> {
    vec![
        aimock::SERVER,
        litellm::SERVER,
        llama::SERVER,
        minilm::SERVER,
        vllm::SERVER,
        minilm_vllm::SERVER,
        transformers::SERVER,
        infinity::SERVER,
        triton::SERVER,
        mlserver::SERVER,
        moto::SERVER,
        s3s::SERVER,
    ]
}

/// One, by its name.
pub(crate) fn find(name: &str) -> Result<Server> {
    let known = all();
    let names: Vec<&str> = known.iter().map(|server| server.name).collect();
    match known.iter().find(|server| server.name == name) {
        Some(server) => Ok(server.clone()),
        None => bail!(
            "no server is called {name:?}; known are {}",
            names.join(", ")
        ),
    }
}

/// Why a real server is not asked what only a script can be made to do.
const NO_SCRIPT: &str = "a real server fails when it does";

/// Why one is not asked to think.
const MAY_THINK: &str = "whether it thinks is its model's";

/// Nothing of it may leave this machine, nor look for what is not there.
fn offline(command: &mut Command) {
    for (name, value) in [
        // Whatever tries to leave all the same meets a port that nobody listens on.
        ("HTTPS_PROXY", "http://127.0.0.1:9"),
        ("HTTP_PROXY", "http://127.0.0.1:9"),
        ("NO_PROXY", "127.0.0.1,localhost"),
        ("DO_NOT_TRACK", "1"),
        ("HF_HUB_OFFLINE", "1"),
        ("TRANSFORMERS_OFFLINE", "1"),
        // No accelerator: the same on every machine.
        ("CUDA_VISIBLE_DEVICES", ""),
    ] {
        command.env(name, value);
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Found").field(&self.version).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_told_apart() {
        let servers = all();
        let names: BTreeSet<&str> = servers.iter().map(|server| server.name).collect();
        assert_eq!(names.len(), servers.len());
        for server in servers {
            let rows = (server.rows)();
            let names: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
            assert_eq!(names.len(), rows.len(), "{}", server.name);
        }
    }

    #[test]
    fn one_that_passes_calls_on_names_a_server_before_it() {
        let servers = all();
        for (at, server) in servers.iter().enumerate() {
            let mut before = servers.iter().take(at).map(|server| server.name);
            if let Some(upstream) = server.upstream {
                assert!(before.any(|name| name == upstream), "{}", server.name);
            }
        }
    }
}
