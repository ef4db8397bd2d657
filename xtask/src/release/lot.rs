//! The crates that are packaged together, and cargo's part in it.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;

use super::{
    archive,
    cargo::{Run, target},
    git::Git,
    history::History,
    members::{Member, Members},
    progress::Lap,
};
use crate::workspace::Workspace;

/// The crates named, and those that they need and that the registry does not have as they are here.
pub(crate) fn lot<'m, 'a>(
    workspace: &Workspace,
    git: &Git,
    members: &'m Members<'a>,
    names: &[String],
) -> Result<Vec<&'m Member<'a>>> {
    let chosen: BTreeSet<&str> = members
        .chosen(names)?
        .iter()
        .map(|member| member.name())
        .collect();
    let mut lot = Vec::new();
    for member in members.with_needs(chosen.iter().copied()) {
        if chosen.contains(member.name()) || History::of(workspace, git, member)?.is_behind(member)
        {
            lot.push(member);
        }
    }
    Ok(lot)
}

/// Writes the archives to target/package.
pub(crate) fn package(root: &Path, lot: &[&Member<'_>]) -> Result<()> {
    for member in lot {
        // One of an earlier run would pass for this one's.
        fs::remove_file(archive_of(root, member)).unwrap_or_default();
    }
    named(
        Run::new(root, "package --no-verify --allow-dirty --locked"),
        lot,
    )
    .run(|_| {})
}

pub(crate) fn archive_of(root: &Path, member: &Member<'_>) -> PathBuf {
    target(root)
        .join("package")
        .join(format!("{}.crate", member.stem()))
}

/// Compiles each archive as a user gets it. Cargo does so in the workspace's own build folder, so that third-party
/// crates are compiled once.
pub(crate) fn verify(root: &Path, lot: &[&Member<'_>]) -> Result<()> {
    let sizes = lot.iter().map(|member| {
        let bytes = fs::metadata(archive_of(root, member)).map_or(0, |file| file.len());
        (member.name(), archive::size(bytes))
    });
    let sizes: Vec<(&str, String)> = sizes.collect();
    let mut lap: Option<Lap> = None;
    let run = named(
        Run::new(root, "publish --dry-run --allow-dirty --locked"),
        lot,
    );
    let result = run.run(|line| {
        if let Some(name) = verified(line) {
            if let Some(lap) = lap.take() {
                lap.end(true);
            }
            let size = sizes
                .iter()
                .find(|(other, _)| *other == name)
                .map_or("", |(_, size)| size);
            lap = Some(Lap::begin(format!("verify {name}, {size}")));
        }
    });
    if let Some(lap) = lap {
        lap.end(result.is_ok());
    }
    result
}

fn named(run: Run, lot: &[&Member<'_>]) -> Run {
    lot.iter()
        .fold(run, |run, member| run.arg("-p").arg(member.name()))
}

/// The crate of a line like `   Verifying trunkline-http v0.1.0 (/…)`.
fn verified(line: &str) -> Option<&str> {
    line.trim_start()
        .strip_prefix("Verifying ")?
        .split(' ')
        .next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{release::git::tests::Repository, trees::Tree};

    fn names_of(repository: &Repository, names: &[&str]) -> Vec<String> {
        let workspace = repository.workspace();
        let members = Members::of(&workspace).unwrap();
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let lot = lot(&workspace, &repository.opened(), &members, &names).unwrap();
        lot.iter().map(|member| member.name().to_owned()).collect()
    }

    #[test]
    fn a_crate_is_checked_with_what_it_needs_and_the_registry_lacks() {
        let repository = Repository::of(Tree::in_order());
        assert_eq!(
            names_of(&repository, &["trunkline-groq"]),
            ["trunkline-core", "trunkline-groq"]
        );
        repository.tag("trunkline-core-v0.1.0");
        assert_eq!(
            names_of(&repository, &["trunkline-groq"]),
            ["trunkline-groq"]
        );
        repository.tree.append("crates/core/src/lib.rs", "// new\n");
        assert_eq!(
            names_of(&repository, &["trunkline-groq"]),
            ["trunkline-core", "trunkline-groq"]
        );
        assert_eq!(
            names_of(&repository, &["trunkline-core"]),
            ["trunkline-core"]
        );
        assert_eq!(names_of(&repository, &[]).len(), 4);
    }

    #[test]
    fn the_crate_that_cargo_verifies_is_read_from_its_line() {
        assert_eq!(
            verified("   Verifying trunkline-http v0.1.0 (/work)"),
            Some("trunkline-http")
        );
        assert_eq!(verified("   Compiling trunkline-http v0.1.0"), None);
    }
}
