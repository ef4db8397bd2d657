//! What was released of a crate, and what has changed since.

use std::collections::BTreeSet;

use anyhow::Result;
use toml_edit::Item;

use super::{git::Git, members::Member, version::Version};
use crate::{finding::Finding, manifest::Manifest, workspace::Workspace};

/// As git's tags tell it: what is tagged counts as released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum History {
    /// No tag: the version of the manifest is the first.
    Never,
    Released {
        /// The newest.
        version: Version,
        /// What a user would get differently.
        changed: BTreeSet<String>,
    },
}

impl History {
    pub(crate) fn of(workspace: &Workspace, git: &Git, member: &Member<'_>) -> Result<Self> {
        let Some(version) = git.newest(&member.tag_prefix())? else {
            return Ok(History::Never);
        };
        let tag = format!("{}{version}", member.tag_prefix());
        let mut changed = git.changed_since(&tag, &packaged(member))?;
        changed.extend(inherited_changes(workspace, git, member, &tag)?);
        Ok(History::Released { version, changed })
    }

    pub(crate) fn released(&self) -> Option<&Version> {
        match self {
            History::Never => None,
            History::Released { version, .. } => Some(version),
        }
    }

    /// Whether the registry has something else than the checkout, or nothing.
    pub(crate) fn is_behind(&self, member: &Member<'_>) -> bool {
        match self {
            History::Never => true,
            History::Released { version, changed } => {
                *version != member.version || !changed.is_empty()
            }
        }
    }

    /// A version that is taken, or lower than one that is.
    pub(crate) fn trouble(&self, member: &Member<'_>) -> Option<Finding> {
        let History::Released { version, changed } = self else {
            return None;
        };
        let what = if member.version < *version {
            format!(
                "{} is lower than {version}, which is tagged; raise `version`",
                member.version
            )
        } else if member.version == *version && !changed.is_empty() {
            format!(
                "{version} is tagged, and {} since; raise `version` (`cargo xtask release plan` says to what)",
                told(changed)
            )
        } else {
            return None;
        };
        Some(
            member
                .package
                .manifest
                .finding(&["package", "version"], what),
        )
    }
}

/// `3 files changed (src/lib.rs, …)`
fn told(changed: &BTreeSet<String>) -> String {
    let first = changed.first().map_or("", String::as_str);
    match changed.len() {
        1 => format!("{first} changed"),
        count => format!("{first} and {} more changed", count - 1),
    }
}

/// Pathspecs of what goes into the package. Tests and fixtures may change without a release.
pub(crate) fn packaged(member: &Member<'_>) -> Vec<String> {
    let folder = member.package.folder.display();
    let include = member.package.manifest.list(&["package", "include"]);
    let Some(include) = include else {
        return vec![folder.to_string()];
    };
    let mut specs = vec![format!("{folder}/Cargo.toml")];
    let globs = include.iter().map(|glob| glob.trim_start_matches('/'));
    specs.extend(globs.map(|glob| format!(":(glob){folder}/{glob}")));
    specs
}

/// What the crate takes from the manifest at the root, where that has changed.
fn inherited_changes(
    workspace: &Workspace,
    git: &Git,
    member: &Member<'_>,
    tag: &str,
) -> Result<Vec<String>> {
    let Some(old) = git.show(tag, "Cargo.toml")? else {
        return Ok(Vec::new());
    };
    let old = Manifest::parse("Cargo.toml", old)?;
    let differs = |table: &str, key: &str| {
        let text = |manifest: &Manifest| manifest.get(&["workspace", table, key]).map(plain);
        text(&old) != text(&workspace.manifest)
    };
    let manifest = &member.package.manifest;
    let mut changed = Vec::new();
    for dependency in manifest.dependencies() {
        if dependency.workspace && !dependency.dev && differs("dependencies", &dependency.package) {
            changed.push(format!("Cargo.toml ({})", dependency.package));
        }
    }
    let keys = manifest.get(&["package"]).and_then(Item::as_table_like);
    for (key, value) in keys.into_iter().flat_map(|table| table.iter()) {
        let inherits = value.get("workspace").and_then(Item::as_bool) == Some(true);
        if inherits && differs("package", key) {
            changed.push(format!("Cargo.toml ({key})"));
        }
    }
    Ok(changed)
}

/// Without the spaces and comments around it.
fn plain(item: &Item) -> String {
    item.to_string().split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        release::{git::tests::Repository, members::Members},
        trees::Tree,
    };

    const CORE: &str = "trunkline-core";

    fn tagged() -> Repository {
        let repository = Repository::of(Tree::in_order());
        repository.tag("trunkline-core-v0.1.0");
        repository
    }

    fn history(repository: &Repository, name: &str) -> (History, Option<String>) {
        let workspace = repository.workspace();
        let members = Members::of(&workspace).unwrap();
        let member = members.named(name).unwrap();
        let history = History::of(&workspace, &repository.opened(), member).unwrap();
        let trouble = history.trouble(member).map(|finding| finding.to_string());
        (history, trouble)
    }

    fn changed(repository: &Repository) -> Vec<String> {
        match history(repository, CORE).0 {
            History::Never => panic!("it is tagged"),
            History::Released { changed, .. } => changed.into_iter().collect(),
        }
    }

    #[test]
    fn without_a_tag_it_was_never_released() {
        let repository = tagged();
        assert_eq!(
            history(&repository, "trunkline-groq"),
            (History::Never, None)
        );
    }

    #[test]
    fn only_what_is_packaged_counts_as_a_change() {
        let repository = tagged();
        repository.tree.write("crates/core/tests/a.rs", "");
        repository.tree.append("README.md", "more\n");
        assert_eq!(changed(&repository), [""; 0]);
        repository.tree.append("crates/core/src/lib.rs", "// new\n");
        repository.tree.append("crates/core/README.md", "new\n");
        assert_eq!(
            changed(&repository),
            ["crates/core/README.md", "crates/core/src/lib.rs"]
        );
    }

    #[test]
    fn a_version_that_is_tagged_and_changed_is_to_be_raised() {
        let repository = tagged();
        assert_eq!(history(&repository, CORE).1, None);
        repository.tree.append("crates/core/src/lib.rs", "// new\n");
        let told = history(&repository, CORE).1.unwrap();
        assert!(told.starts_with("crates/core/Cargo.toml:3: 0.1.0 is tagged, and crates/core/src/lib.rs changed since"), "{told}");
        repository.tree.replace(
            "crates/core/Cargo.toml",
            "version = \"0.1.0\"",
            "version = \"0.1.1\"",
        );
        assert_eq!(history(&repository, CORE).1, None);
        repository.tree.replace(
            "crates/core/Cargo.toml",
            "version = \"0.1.1\"",
            "version = \"0.0.9\"",
        );
        assert!(
            history(&repository, CORE)
                .1
                .unwrap()
                .contains("lower than 0.1.0")
        );
    }

    #[test]
    fn what_is_inherited_from_the_root_counts_where_it_is_inherited() {
        let repository = Repository::of(Tree::in_order());
        repository.tag("trunkline-core-v0.1.0");
        repository.tag("trunkline-groq-v0.1.0");
        repository.tree.replace(
            "Cargo.toml",
            "crates/core\", version = \"0.1.0\"",
            "crates/core\", version = \"0.1.1\"",
        );
        assert_eq!(changed(&repository), [""; 0]);
        let History::Released { changed, .. } = history(&repository, "trunkline-groq").0 else {
            panic!("it is tagged")
        };
        assert_eq!(Vec::from_iter(changed), ["Cargo.toml (trunkline-core)"]);
    }
}
