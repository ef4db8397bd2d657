//! Asking `cargo tree`.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use xshell::Shell;

use crate::{check::cargo, workspace::Workspace};

/// With which features of its own a crate is looked at.
#[derive(Clone, Debug)]
pub(super) enum Features {
    All,
    Default,
    None,
    /// One of them, without the default ones.
    Only(String),
}

impl Features {
    /// As a further argument of cargo, with its space.
    pub(super) fn flag(&self) -> String {
        match self {
            Features::All => " --all-features".to_owned(),
            Features::Default => String::new(),
            Features::None => " --no-default-features".to_owned(),
            Features::Only(name) => format!(" --no-default-features --features {name}"),
        }
    }
}

/// The packages of one tree, each once.
#[derive(Debug)]
pub(crate) struct Packages(BTreeSet<(String, String)>);

impl Packages {
    /// Reads lines like `hyper v1.8.0`, with or without what cargo writes behind.
    pub(crate) fn parse(output: &str) -> Self {
        let package = |line: &str| {
            let mut words = line.split_whitespace();
            Some((words.next()?.to_owned(), words.next()?.to_owned()))
        };
        Self(output.lines().filter_map(package).collect())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }
}

/// Asks cargo about the members of one workspace.
pub(super) struct Asker {
    shell: Shell,
    members: Packages,
}

impl Asker {
    pub(super) fn new(workspace: &Workspace) -> Result<Self> {
        let shell =
            Shell::new().context("cannot look at the current folder; run from the checkout")?;
        shell.change_dir(&workspace.root);
        let members = tree(&shell, "--workspace --depth 0")?;
        Ok(Self { shell, members })
    }

    pub(super) fn is_member(&self, name: &str) -> bool {
        self.members.names().any(|member| member == name)
    }

    /// The crate itself and its normal dependencies on this platform.
    pub(super) fn packages(&self, name: &str, features: &Features) -> Result<Packages> {
        tree(&self.shell, &format!("-p {name}{}", features.flag()))
    }
}

fn tree(shell: &Shell, arguments: &str) -> Result<Packages> {
    let command = shell
        .cmd(cargo())
        .args(["tree", "-e", "normal", "--prefix", "none"])
        .args(arguments.split_whitespace());
    let output = command.quiet().read();
    let output = output
        .with_context(|| format!("`cargo tree {arguments}` failed; mend what it says above"))?;
    Ok(Packages::parse(&output))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_counts_once_and_each_version_for_itself() {
        let output =
            "a v1.0.0 (/work/a)\nb v1.0.0\n\nb v1.0.0 (*)\nb v2.0.0\nc v1.0.0 (proc-macro)\n";
        let packages = Packages::parse(output);
        assert_eq!(packages.count(), 4);
        assert_eq!(packages.names().collect::<Vec<_>>(), ["a", "b", "b", "c"]);
    }
}
