//! Running cargo: quiet while it works, its words when it fails.

use std::{
    env,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{check::cargo, graph::tree::Packages};

/// How far cargo is.
const PROGRESS: [&str; 9] = [
    " Downloading ",
    "  Downloaded ",
    "    Blocking ",
    "    Checking ",
    "    Packaged ",
    "    Updating ",
    "   Compiling ",
    "   Packaging ",
    "   Verifying ",
];

/// What cargo says of every crate here and nobody can act on; `plan` tells of the missing repository once.
const NOISE: [&str; 4] = [
    "warning: ignoring ",
    "warning: manifest has no ",
    "  = note: see https://doc.rust-lang.org/cargo/reference/manifest.html",
    "  |",
];

/// One run of cargo.
#[derive(Debug)]
pub(crate) struct Run {
    folder: PathBuf,
    arguments: Vec<String>,
    target: Option<PathBuf>,
}

impl Run {
    /// `line` is split at spaces.
    pub(crate) fn new(folder: &Path, line: &str) -> Self {
        Self {
            folder: folder.to_path_buf(),
            arguments: line.split_whitespace().map(str::to_owned).collect(),
            target: None,
        }
    }

    pub(crate) fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Builds into another folder than the one that the project would have.
    pub(crate) fn target(mut self, target: PathBuf) -> Self {
        self.target = Some(target);
        self
    }

    /// Runs it and hands each line that it says to `heard`, as it says it.
    pub(crate) fn run(self, mut heard: impl FnMut(&str)) -> Result<()> {
        let mut child = self
            .command()
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start cargo; is it on the PATH?")?;
        let mut said = Vec::new();
        if let Some(stderr) = child.stderr.take() {
            for line in BufReader::new(stderr).lines() {
                let line = line.context("cannot read what cargo says")?;
                heard(&line);
                said.push(line);
            }
        }
        let status = child.wait().context("cannot wait for cargo")?;
        if status.success() {
            return Ok(());
        }
        bail!("`{}` failed:\n{}", self.line(), essence(&said));
    }

    /// The packages of a `cargo tree`.
    pub(crate) fn tree(self) -> Result<Packages> {
        let output = self.command().output();
        let output = output.context("cannot start cargo; is it on the PATH?")?;
        let said = String::from_utf8_lossy(&output.stderr);
        let said: Vec<String> = said.lines().map(str::to_owned).collect();
        ensure!(
            output.status.success(),
            "`{}` failed:\n{}",
            self.line(),
            essence(&said)
        );
        Ok(Packages::parse(&String::from_utf8_lossy(&output.stdout)))
    }

    fn line(&self) -> String {
        format!("cargo {}", self.arguments.join(" "))
    }

    fn command(&self) -> Command {
        let mut command = Command::new(cargo());
        command
            .args(&self.arguments)
            .current_dir(&self.folder)
            .env("CARGO_TERM_COLOR", "never");
        if let Some(target) = &self.target {
            command.env("CARGO_TARGET_DIR", target);
        }
        command
    }
}

/// The workspace's own build folder: what is compiled there, third-party crates above all, is not compiled again.
pub(crate) fn target(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

fn essence(said: &[String]) -> String {
    let begins = |line: &str, starts: &[&str]| starts.iter().any(|start| line.starts_with(start));
    let said: Vec<&str> = said
        .iter()
        .map(String::as_str)
        .filter(|line| !begins(line, &PROGRESS))
        .collect();
    // An error's own frame looks like a warning's; noise is left out before the first error only.
    let first_error = said.iter().position(|line| line.starts_with("error"));
    let (before, after) = said.split_at(first_error.unwrap_or(said.len()));
    let before = before
        .iter()
        .filter(|line| !begins(line, &NOISE) && !line.trim().is_empty());
    before.chain(after).copied().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_told_with_cargos_words_and_without_its_noise() {
        let said = [
            "   Packaging a v0.1.0 (/a)",
            "warning: manifest has no documentation, homepage or repository",
            "  |",
            "  = note: see https://doc.rust-lang.org/cargo/reference/manifest.html#package-metadata for more info",
            "warning: ignoring test `a` as `tests/a.rs` is not included in the published package",
            "warning: something else",
            "error[E0425]: cannot find",
            "  |",
            "3 | x",
            "    Checking b v0.1.0 (/b)",
        ];
        let said = said.map(str::to_owned);
        assert_eq!(
            essence(&said),
            "warning: something else\nerror[E0425]: cannot find\n  |\n3 | x"
        );
    }

    #[test]
    fn lines_are_heard_while_cargo_runs_and_a_failure_names_the_command() {
        let mut heard = 0;
        let run = Run::new(&env::temp_dir(), "no-such-command --x");
        let error = run.run(|_| heard += 1).unwrap_err().to_string();
        assert!(heard > 0);
        assert!(
            error.starts_with("`cargo no-such-command --x` failed:\nerror"),
            "{error}"
        );
    }
}
