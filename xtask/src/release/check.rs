//! `release check`: all that a registry would refuse, and what it takes but no user could use.

use std::{collections::BTreeSet, path::Path, process::ExitCode, time::Instant};

use anyhow::Result;

use super::{
    archive, changelog,
    git::Git,
    history::{self, History},
    lot::{archive_of, lot, package, verify},
    members::{Member, Members},
    progress::{count, step},
};
use crate::{
    finding::{Finding, report},
    tidy,
    workspace::Workspace,
};

const TASK: &str = "release check";

/// How far to go.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extent {
    /// Not to compile what is packaged.
    pub(crate) no_verify: bool,
    /// Also to build a project outside, for each crate that is named.
    pub(crate) outside: bool,
}

pub(crate) fn run(workspace: &Workspace, names: &[String], extent: Extent) -> Result<ExitCode> {
    let started = Instant::now();
    let members = Members::of(workspace)?;
    let git = Git::at(&workspace.root)?;
    let chosen = members.chosen(names)?;
    let lot = lot(workspace, &git, &members, names)?;
    introduce(&chosen, &lot);
    warn_of_uncommitted(&git, &lot)?;

    let findings = step("manifests, files, versions, changelog", || {
        ready(workspace, &git, &lot, &chosen)
    })?;
    if !findings.is_empty() {
        return Ok(report(TASK, &findings));
    }
    step(format!("package {}", count(lot.len(), "crate")), || {
        package(&workspace.root, &lot)
    })?;
    let findings = step(
        format!("contents of {}", count(lot.len(), "archive")),
        || contents(&workspace.root, &lot),
    )?;
    if !findings.is_empty() {
        return Ok(report(TASK, &findings));
    }
    if !extent.no_verify {
        verify(&workspace.root, &lot)?;
    }
    if extent.outside {
        for member in if names.is_empty() { &lot } else { &chosen } {
            super::outside::build(workspace, &members, &lot, member)?;
        }
    }
    println!(
        "{TASK}: ok, {}, {:.0} s",
        count(lot.len(), "crate"),
        started.elapsed().as_secs_f64()
    );
    if extent.no_verify {
        println!(
            "Nothing was compiled, as asked: `cargo xtask release check` without --no-verify does that."
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn introduce(chosen: &[&Member<'_>], lot: &[&Member<'_>]) {
    let named: BTreeSet<&str> = chosen.iter().map(|member| member.name()).collect();
    let added: Vec<&str> = lot
        .iter()
        .map(|member| member.name())
        .filter(|name| !named.contains(name))
        .collect();
    let all: Vec<&str> = chosen.iter().map(|member| member.name()).collect();
    println!("{TASK}: {}", all.join(", "));
    if !added.is_empty() {
        println!(
            "  with what they need and no registry has as it is here: {}",
            added.join(", ")
        );
    }
}

fn warn_of_uncommitted(git: &Git, lot: &[&Member<'_>]) -> Result<()> {
    let mut specs = vec!["Cargo.toml".to_owned()];
    specs.extend(lot.iter().flat_map(|member| history::packaged(member)));
    let files = git.uncommitted(&specs)?;
    if let Some(first) = files.first() {
        let more = match files.len() {
            1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        println!("  not committed, and packaged as it is (--allow-dirty): {first}{more}");
    }
    Ok(())
}

/// What cargo refuses late, or never says. A version to raise and a line in the changelog are asked for where a
/// release is: what is only needed may have changes that are not released with it.
fn ready(
    workspace: &Workspace,
    git: &Git,
    lot: &[&Member<'_>],
    chosen: &[&Member<'_>],
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for member in lot {
        findings.extend(tidy::publishable(workspace, member.package)?);
        let history = History::of(workspace, git, member)?;
        if chosen.iter().any(|chosen| chosen.name() == member.name()) {
            findings.extend(history.trouble(member));
            findings.extend(changelog::trouble(workspace, member));
        } else if history.trouble(member).is_some() {
            println!(
                "\n  {} has changes that no version has: what is checked here stands on them; for the published one see \
                 `cargo xtask release hazards`",
                member.stem()
            );
        }
    }
    Ok(findings)
}

fn contents(root: &Path, lot: &[&Member<'_>]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for member in lot {
        findings.extend(archive::check(member, &archive_of(root, member))?);
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        release::git::tests::Repository,
        trees::{Tree, only},
    };

    const CHANGELOG: &str = "## Unreleased\n### trunkline-core 0.1.0\n- x\n### trunkline-groq 0.1.0\n- x\n\
        ### trunkline-testkit 0.1.0\n- x\n### trunkline 0.1.0\n- x\n";

    fn in_order() -> Tree {
        let tree = Tree::in_order();
        tree.write("CHANGELOG.md", CHANGELOG);
        tree
    }

    fn findings(repository: &Repository) -> Vec<Finding> {
        let workspace = repository.workspace();
        let members = Members::of(&workspace).unwrap();
        let lot: Vec<&Member<'_>> = members.iter().collect();
        ready(&workspace, &repository.opened(), &lot, &lot).unwrap()
    }

    #[test]
    fn a_tree_in_order_is_ready() {
        assert_eq!(findings(&Repository::of(in_order())), []);
    }

    #[test]
    fn a_missing_changelog_licence_or_bump_is_found_before_cargo_starts() {
        let repository = Repository::of(in_order());
        repository.tag("trunkline-core-v0.1.0");
        repository.tree.append("crates/core/src/lib.rs", "// new\n");
        assert!(
            only(findings(&repository))
                .what
                .starts_with("0.1.0 is tagged")
        );
        let repository = Repository::of(in_order());
        repository.tree.remove("crates/core/LICENSE-MIT");
        assert_eq!(
            only(findings(&repository)).file.to_str(),
            Some("crates/core/LICENSE-MIT")
        );
        let repository = Repository::of(in_order());
        repository.tree.replace(
            "CHANGELOG.md",
            "trunkline-groq 0.1.0",
            "trunkline-groq 0.0.1",
        );
        assert!(
            only(findings(&repository))
                .what
                .starts_with("says nothing of trunkline-groq 0.1.0")
        );
    }

    #[test]
    fn what_is_only_needed_may_have_changes_without_a_version() {
        let repository = Repository::of(in_order());
        repository.tag("trunkline-core-v0.1.0");
        repository.tree.append("crates/core/src/lib.rs", "// new\n");
        let workspace = repository.workspace();
        let members = Members::of(&workspace).unwrap();
        let lot = members.with_needs(["trunkline-groq"]);
        let chosen = members.chosen(&["trunkline-groq".to_owned()]).unwrap();
        let findings = ready(&workspace, &repository.opened(), &lot, &chosen).unwrap();
        assert_eq!(findings, []);
    }
}
