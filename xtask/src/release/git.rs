//! What git knows: tags, and what changed since.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context, Result, ensure};

use super::version::Version;

/// The repository that a workspace lies in.
#[derive(Debug)]
pub(crate) struct Git {
    root: PathBuf,
}

impl Git {
    pub(crate) fn at(root: &Path) -> Result<Self> {
        let git = Self {
            root: root.to_path_buf(),
        };
        let inside = git.output(&["rev-parse", "--is-inside-work-tree"])?;
        ensure!(
            inside.status.success(),
            "{} is no git repository, and tags say what was released; run in a clone",
            root.display()
        );
        Ok(git)
    }

    /// The version of the newest tag that begins so.
    pub(crate) fn newest(&self, prefix: &str) -> Result<Option<Version>> {
        let tags = self.lines(&["tag", "--list", &format!("{prefix}*")])?;
        let versions = tags
            .iter()
            .filter_map(|tag| Version::parse(tag.strip_prefix(prefix)?));
        Ok(versions.max())
    }

    /// The files under these pathspecs that differ from the commit, committed or not.
    pub(crate) fn changed_since(&self, commit: &str, specs: &[String]) -> Result<BTreeSet<String>> {
        let mut changed = self.with_specs(&["diff", "--name-only", "--relative", commit], specs)?;
        changed.extend(self.untracked(specs)?);
        Ok(changed)
    }

    /// The files under these pathspecs that are not committed as they are.
    pub(crate) fn uncommitted(&self, specs: &[String]) -> Result<BTreeSet<String>> {
        self.changed_since("HEAD", specs)
    }

    fn untracked(&self, specs: &[String]) -> Result<BTreeSet<String>> {
        self.with_specs(&["ls-files", "--others", "--exclude-standard"], specs)
    }

    fn with_specs(&self, arguments: &[&str], specs: &[String]) -> Result<BTreeSet<String>> {
        let mut all = arguments.to_vec();
        all.push("--");
        all.extend(specs.iter().map(String::as_str));
        Ok(self.lines(&all)?.into_iter().collect())
    }

    /// A file as it was; `None` where it was not there.
    pub(crate) fn show(&self, commit: &str, path: &str) -> Result<Option<String>> {
        let output = self.output(&["show", &format!("{commit}:./{path}")])?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(output.status.success().then_some(text))
    }

    /// Writes the files of a commit into a folder.
    pub(crate) fn export(&self, commit: &str, folder: &Path) -> Result<()> {
        let archive = folder.with_extension("tar");
        let name = archive.to_string_lossy();
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        self.lines(&["archive", "--format=tar", "--output", &name, commit])?;
        super::archive::unpack(&archive, folder)?;
        fs::remove_file(&archive).with_context(|| format!("cannot remove {name}"))
    }

    /// Copies the files of the checkout into a folder, uncommitted ones too.
    pub(crate) fn export_checkout(&self, folder: &Path) -> Result<()> {
        let list = ["ls-files", "--cached", "--others", "--exclude-standard"];
        for file in self.lines(&list)? {
            let (from, to) = (self.root.join(&file), folder.join(&file));
            // What is deleted but not committed so is still listed.
            if !from.is_file() {
                continue;
            }
            let parent = to.parent().unwrap_or(folder);
            fs::create_dir_all(parent)
                .and_then(|()| fs::copy(&from, &to))
                .with_context(|| format!("cannot copy {file} to {}", folder.display()))?;
        }
        Ok(())
    }

    fn lines(&self, arguments: &[&str]) -> Result<Vec<String>> {
        let output = self.output(arguments)?;
        ensure!(
            output.status.success(),
            "`git {}` failed: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().map(str::to_owned).collect())
    }

    fn output(&self, arguments: &[&str]) -> Result<Output> {
        Command::new("git")
            // Names as they are, without quotes and octal.
            .args(["-c", "core.quotePath=false", "-C"])
            .arg(&self.root)
            .args(arguments)
            .output()
            .context("cannot start git; is it on the PATH?")
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{trees::Tree, workspace::Workspace};

    /// A tree under git, with one commit.
    pub(crate) struct Repository {
        pub(crate) tree: Tree,
        pub(crate) root: PathBuf,
    }

    impl Repository {
        pub(crate) fn of(tree: Tree) -> Self {
            let root = tree.workspace().root;
            let repository = Self { tree, root };
            repository.git(&["init", "--quiet"]);
            repository.commit();
            repository
        }

        pub(crate) fn commit(&self) {
            self.git(&["add", "--all"]);
            self.git(&["commit", "--quiet", "--allow-empty", "--message", "x"]);
        }

        pub(crate) fn tag(&self, tag: &str) {
            self.git(&["tag", tag]);
        }

        pub(crate) fn workspace(&self) -> Workspace {
            self.tree.workspace()
        }

        pub(crate) fn opened(&self) -> Git {
            Git::at(&self.root).unwrap()
        }

        fn git(&self, arguments: &[&str]) {
            // No configuration of the machine: it may sign commits, or have no name.
            let identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"];
            let output = Command::new("git")
                .args(identity)
                .arg("-C")
                .arg(&self.root)
                .args(arguments)
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .output()
                .unwrap();
            assert!(output.status.success(), "{arguments:?} {output:?}");
        }
    }

    fn specs(folder: &str) -> Vec<String> {
        vec![folder.to_owned()]
    }

    #[test]
    fn the_newest_tag_is_the_newest_version_of_that_crate() {
        let repository = Repository::of(Tree::in_order());
        for tag in [
            "trunkline-v0.9.0",
            "trunkline-v0.10.0",
            "trunkline-core-v3.0.0",
            "trunkline-vx",
        ] {
            repository.tag(tag);
        }
        let newest = |prefix: &str| repository.opened().newest(prefix).unwrap();
        assert_eq!(newest("trunkline-v").unwrap().to_string(), "0.10.0");
        assert_eq!(newest("trunkline-groq-v"), None);
    }

    #[test]
    fn changes_are_seen_whether_or_not_they_are_committed() {
        let repository = Repository::of(Tree::in_order());
        repository.tag("t");
        repository
            .tree
            .append("crates/core/src/lib.rs", "// committed\n");
        repository.commit();
        repository
            .tree
            .append("crates/core/README.md", "not committed\n");
        repository.tree.write("crates/core/src/new.rs", "// new\n");
        let changed = repository
            .opened()
            .changed_since("t", &specs("crates/core"))
            .unwrap();
        let changed: Vec<&str> = changed.iter().map(String::as_str).collect();
        let (page, lib) = ("crates/core/README.md", "crates/core/src/lib.rs");
        assert_eq!(changed, [page, lib, "crates/core/src/new.rs"]);
        let uncommitted = repository
            .opened()
            .uncommitted(&specs("crates/core"))
            .unwrap();
        assert!(!uncommitted.contains(lib) && uncommitted.contains(page));
    }

    #[test]
    fn a_commit_and_the_checkout_are_exported() {
        let repository = Repository::of(Tree::in_order());
        repository.tag("t");
        repository.tree.write("crates/core/src/new.rs", "// new\n");
        let scratch = Tree::in_order().workspace().root.join("scratch");
        let (old, new) = (scratch.join("old"), scratch.join("new"));
        repository.opened().export("t", &old).unwrap();
        repository.opened().export_checkout(&new).unwrap();
        assert!(old.join("crates/core/src/lib.rs").is_file());
        assert!(!old.join("crates/core/src/new.rs").exists());
        assert!(new.join("crates/core/src/new.rs").is_file());
        fs::remove_dir_all(scratch).unwrap();
    }

    #[test]
    fn without_a_repository_it_says_so() {
        let tree = Tree::in_order();
        let error = Git::at(&tree.workspace().root).unwrap_err().to_string();
        assert!(error.contains("no git repository"), "{error}");
    }
}
