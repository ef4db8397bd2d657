//! The crates that are published, each behind those that it needs.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};

use super::version::Version;
use crate::workspace::{Package, Workspace};

/// A crate that is published.
#[derive(Debug)]
pub(crate) struct Member<'a> {
    pub(crate) package: &'a Package,
    pub(crate) version: Version,
    /// Its normal and build dependencies among the published crates.
    pub(crate) needs: Vec<&'a str>,
}

/// All of them, in the order in which they can be published.
#[derive(Debug)]
pub(crate) struct Members<'a>(Vec<Member<'a>>);

impl<'a> Members<'a> {
    pub(crate) fn of(workspace: &'a Workspace) -> Result<Self> {
        let mut left = Vec::new();
        for package in workspace
            .packages
            .iter()
            .filter(|package| package.published)
        {
            left.push(Member::of(workspace, package)?);
        }
        let mut ordered: Vec<Member<'a>> = Vec::new();
        while !left.is_empty() {
            let placed = |name: &&str| ordered.iter().any(|member| member.name() == *name);
            let Some(at) = left
                .iter()
                .position(|member| member.needs.iter().all(placed))
            else {
                let names: Vec<&str> = left.iter().map(Member::name).collect();
                bail!("{} need each other; cut the circle", names.join(", "));
            };
            ordered.push(left.remove(at));
        }
        Ok(Self(ordered))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Member<'a>> {
        self.0.iter()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Member<'a>> {
        self.iter().find(|member| member.name() == name)
    }

    /// The crate of that name; the error lists those that there are.
    pub(crate) fn named(&self, name: &str) -> Result<&Member<'a>> {
        self.get(name).with_context(|| {
            let all: Vec<&str> = self.iter().map(Member::name).collect();
            format!(
                "no crate {name} is published here; there are: {}",
                all.join(", ")
            )
        })
    }

    /// Those named, all if none is, in order.
    pub(crate) fn chosen(&self, names: &[String]) -> Result<Vec<&Member<'a>>> {
        for name in names {
            self.named(name)?;
        }
        let is_chosen = |name: &str| names.is_empty() || names.iter().any(|chosen| chosen == name);
        Ok(self
            .iter()
            .filter(|member| is_chosen(member.name()))
            .collect())
    }

    /// The names, and all that they need, through any number of crates.
    pub(crate) fn with_needs<'n>(
        &self,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Vec<&Member<'a>> {
        let mut taken: BTreeSet<&str> = names.into_iter().collect();
        // Backwards: who needs a crate stands behind it.
        for member in self.0.iter().rev() {
            if taken.contains(member.name()) {
                taken.extend(&member.needs);
            }
        }
        self.iter()
            .filter(|member| taken.contains(member.name()))
            .collect()
    }
}

impl<'a> Member<'a> {
    fn of(workspace: &'a Workspace, package: &'a Package) -> Result<Self> {
        let text = package
            .manifest
            .text(&["package", "version"])
            .with_context(|| {
                let folder = package.folder.display();
                format!("{folder}/Cargo.toml has no `version`; write `version = \"0.1.0\"`")
            })?;
        let version = Version::parse(text);
        let version = version.with_context(|| format!("{}: {text} is no version", package.name))?;
        let mut needs = Vec::new();
        for dependency in package.manifest.dependencies() {
            let ours = workspace
                .packages
                .iter()
                .find(|other| other.name == dependency.package);
            if let Some(ours) = ours.filter(|_| !dependency.dev) {
                ensure!(
                    ours.published,
                    "{} depends on {}, which is not published; make that a dev-dependency, or publish it",
                    package.name,
                    ours.name
                );
                needs.push(ours.name.as_str());
            }
        }
        needs.sort();
        needs.dedup();
        Ok(Self {
            package,
            version,
            needs,
        })
    }

    pub(crate) fn name(&self) -> &'a str {
        &self.package.name
    }

    /// `trunkline-groq-v0.2.1`
    pub(crate) fn tag(&self) -> String {
        format!("{}{}", self.tag_prefix(), self.version)
    }

    pub(crate) fn tag_prefix(&self) -> String {
        format!("{}-v", self.name())
    }

    /// `trunkline-groq-0.2.1`, as cargo calls archive and folder.
    pub(crate) fn stem(&self) -> String {
        format!("{}-{}", self.name(), self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::Tree;

    fn names<'a>(members: &[&Member<'a>]) -> Vec<&'a str> {
        members.iter().map(|member| member.name()).collect()
    }

    #[test]
    fn a_crate_stands_behind_those_it_needs_and_what_is_not_published_is_left_out() {
        let workspace = Tree::in_order().workspace();
        let members = Members::of(&workspace).unwrap();
        let all: Vec<&str> = members.iter().map(Member::name).collect();
        let at = |name: &str| all.iter().position(|other| *other == name).unwrap();
        assert!(at("trunkline-core") < at("trunkline-groq"), "{all:?}");
        assert!(at("trunkline-groq") < at("trunkline"), "{all:?}");
        assert!(!all.contains(&"xtask"), "{all:?}");
        // Core tests itself with the testkit, which is no need.
        assert!(members.named("trunkline-core").unwrap().needs.is_empty());
    }

    #[test]
    fn what_is_chosen_brings_what_it_needs() {
        let workspace = Tree::in_order().workspace();
        let members = Members::of(&workspace).unwrap();
        let found = members.with_needs(["trunkline-groq"]);
        assert_eq!(names(&found), ["trunkline-core", "trunkline-groq"]);
        assert_eq!(members.chosen(&[]).unwrap().len(), members.iter().count());
        let chosen = members.chosen(&["trunkline-groq".to_owned()]).unwrap();
        assert_eq!(names(&chosen), ["trunkline-groq"]);
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_names_that_there_are() {
        let workspace = Tree::in_order().workspace();
        let members = Members::of(&workspace).unwrap();
        let error = members.named("trunkline-grok").unwrap_err().to_string();
        assert!(
            error.contains("trunkline-groq") && !error.contains("xtask"),
            "{error}"
        );
    }

    #[test]
    fn a_need_that_is_not_published_is_told() {
        let tree = Tree::in_order();
        tree.replace(
            "crates/core/Cargo.toml",
            "description",
            "publish = false\ndescription",
        );
        let workspace = tree.workspace();
        let error = Members::of(&workspace).unwrap_err().to_string();
        assert!(
            error.contains("depends on trunkline-core, which is not published"),
            "{error}"
        );
    }

    #[test]
    fn a_circle_is_told() {
        let tree = Tree::in_order();
        tree.append(
            "crates/core/Cargo.toml",
            "[dependencies]\ntrunkline-groq.workspace = true\n",
        );
        let workspace = tree.workspace();
        let error = Members::of(&workspace).unwrap_err().to_string();
        assert!(error.contains("need each other"), "{error}");
    }
}
