//! What cargo-semver-checks asks for.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use super::{
    archive,
    cargo::target,
    history::History,
    members::{Member, Members},
    progress::step,
    scratch::{Scratch, with_paths},
    version::Change,
};
use crate::check::cargo;

pub(crate) const INSTALL: &str = "cargo install cargo-semver-checks --locked";

/// What the tool says of one crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The change, and what it was compared with.
    Asks(Change, String),
    /// Why it was not asked.
    NotChecked(String),
    /// There is nothing to ask: nothing has changed.
    NoNeed,
}

/// The tool, if it is there, and what it may compare with.
#[derive(Debug)]
pub(crate) struct Checker<'a> {
    root: &'a Path,
    installed: bool,
    /// Unpacked archives of target/package, by the stem of their names.
    packaged: BTreeMap<String, PathBuf>,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(root: &'a Path, members: &Members<'_>) -> Result<Self> {
        let version = Command::new(cargo())
            .args(["semver-checks", "--version"])
            .output();
        let installed = version.is_ok_and(|output| output.status.success());
        let mut checker = Self {
            root,
            installed,
            packaged: BTreeMap::new(),
        };
        if installed {
            checker.packaged = unpacked(root, members)?;
        }
        Ok(checker)
    }

    pub(crate) fn ask(&self, member: &Member<'_>, history: &History) -> Answer {
        let baseline = match history {
            History::Released { changed, .. } if changed.is_empty() => return Answer::NoNeed,
            History::Released { version, .. } => {
                let tag = format!("{}{version}", member.tag_prefix());
                Some((tag.clone(), ["--baseline-rev".to_owned(), tag]))
            }
            History::Never => self.packaged.get(&member.stem()).map(|folder| {
                let told = format!("target/package/{}", member.stem());
                (
                    told,
                    ["--baseline-root".to_owned(), folder.display().to_string()],
                )
            }),
        };
        if !self.installed {
            return Answer::NotChecked(format!(
                "cargo-semver-checks is not installed; `{INSTALL}`"
            ));
        }
        match baseline {
            None => Answer::NotChecked(
                "nothing to compare with: no tag, and nothing packaged by `cargo xtask release check`".to_owned(),
            ),
            Some((told, arguments)) => match step(format!("compare {} with {told}", member.name()), || {
                self.run(member, &arguments)
            }) {
                Ok(change) => Answer::Asks(change, told),
                Err(error) => Answer::NotChecked(format!("{error:#}")),
            },
        }
    }

    fn run(&self, member: &Member<'_>, baseline: &[String]) -> Result<Change> {
        // As if it were a patch: otherwise a version that is raised already is not looked at.
        let output = Command::new(cargo())
            .args([
                "semver-checks",
                "check-release",
                "--color",
                "never",
                "--release-type",
                "patch",
            ])
            .args(["--package", member.name()])
            .args(baseline)
            .current_dir(self.root)
            .output()
            .context("cannot start cargo; is it on the PATH?")?;
        let said =
            String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        read(&said).with_context(|| {
            let last = said
                .lines()
                .rfind(|line| line.trim_start().starts_with("error"));
            format!(
                "cargo-semver-checks failed: {}",
                last.unwrap_or("no summary").trim()
            )
        })
    }
}

/// The tool's summary line.
fn read(said: &str) -> Option<Change> {
    let summary = said.lines().rfind(|line| line.contains("Summary"))?;
    if summary.contains("requires new major") {
        Some(Change::Breaking)
    } else if summary.contains("requires new minor") {
        Some(Change::Addition)
    } else {
        summary
            .contains("no semver update required")
            .then_some(Change::Fix)
    }
}

/// The archives of the last packaging, beside each other and with paths to each other: the tool knows no `[patch]`.
fn unpacked(root: &Path, members: &Members<'_>) -> Result<BTreeMap<String, PathBuf>> {
    let package = target(root).join("package");
    let scratch = Scratch::new(root, "baseline")?;
    let (mut stems, mut places) = (BTreeMap::new(), BTreeMap::new());
    for member in members.iter() {
        let archive = package.join(format!("{}.crate", member.stem()));
        if archive.is_file() {
            archive::unpack(&archive, scratch.folder())?;
            let folder = scratch.folder().join(member.stem());
            places.insert(member.name().to_owned(), folder.clone());
            stems.insert(member.stem(), folder);
        }
    }
    for folder in places.values() {
        with_paths(&folder.join("Cargo.toml"), &places)?;
        // A lock file of the registry's world names checksums that paths do not have.
        fs::remove_file(folder.join("Cargo.lock")).unwrap_or_default();
    }
    Ok(stems)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::Tree;

    #[test]
    fn the_summary_says_which_change_it_is() {
        for (summary, change) in [
            (
                "     Summary semver requires new major version: 1 major and 0 minor checks failed",
                Some(Change::Breaking),
            ),
            (
                "     Summary semver requires new minor version: 0 major and 2 minor checks failed",
                Some(Change::Addition),
            ),
            ("     Summary no semver update required", Some(Change::Fix)),
            ("error: could not build", None),
            ("", None),
        ] {
            assert_eq!(
                read(&format!("    Building a v0.1.0\n{summary}\n")),
                change,
                "{summary}"
            );
        }
    }

    #[test]
    fn what_could_not_be_asked_is_told_with_what_to_do() {
        let workspace = Tree::in_order().workspace();
        let members = Members::of(&workspace).unwrap();
        let core = members.named("trunkline-core").unwrap();
        let mut checker = Checker {
            root: &workspace.root,
            installed: false,
            packaged: BTreeMap::new(),
        };
        let Answer::NotChecked(why) = checker.ask(core, &History::Never) else {
            panic!("it was asked")
        };
        assert!(why.contains(INSTALL), "{why}");
        checker.installed = true;
        let Answer::NotChecked(why) = checker.ask(core, &History::Never) else {
            panic!("it was asked")
        };
        assert!(why.starts_with("nothing to compare with"), "{why}");
        let unchanged = History::Released {
            version: core.version.clone(),
            changed: Default::default(),
        };
        assert_eq!(checker.ask(core, &unchanged), Answer::NoNeed);
    }
}
