//! `tidy`: the shape of the workspace, without compiling anything.

mod crates;
mod layout;
mod links;
mod manifests;
mod providers;
mod registry;
mod sources;

use anyhow::Result;

use crate::{
    backends,
    finding::Finding,
    workspace::{Package, Role, Workspace},
};

pub(crate) fn run(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = layout::check(workspace)?;
    for package in &workspace.packages {
        findings.extend(manifests::check(workspace, package));
        if package.published {
            findings.extend(crates::check(workspace, package)?);
        }
    }
    for provider in workspace.with_role(Role::Provider) {
        findings.extend(providers::check(workspace, provider)?);
    }
    let (sizes, found) = sources::check(workspace)?;
    findings.extend(found);
    findings.extend(links::check(workspace)?);
    findings.extend(backends::stale(workspace)?);
    println!("tidy: {} crates, {sizes}", workspace.packages.len());
    Ok(findings)
}

/// What of it a registry asks of one crate.
pub(crate) fn publishable(workspace: &Workspace, package: &Package) -> Result<Vec<Finding>> {
    let mut findings = manifests::check(workspace, package);
    findings.extend(crates::check(workspace, package)?);
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::Tree;

    #[test]
    fn a_tree_in_order_has_no_findings() {
        let tree = Tree::in_order();
        assert_eq!(run(&tree.workspace()).unwrap(), []);
    }

    #[test]
    fn findings_of_all_checks_are_collected() {
        let tree = Tree::in_order();
        tree.remove("crates/core/LICENSE-MIT");
        tree.replace("crates/core/Cargo.toml", "readme = \"README.md\"\n", "");
        tree.replace(
            "crates/providers/groq/README.md",
            "## Installation",
            "## Setup",
        );
        tree.write("crates/core/src/big.rs", &"\n".repeat(801));
        tree.write("notes.txt", "");
        tree.replace("README.md", "docs/backends.md", "docs/nowhere.md");
        tree.replace("docs/backends.md", "Groq", "Grok");
        let files: Vec<String> = run(&tree.workspace())
            .unwrap()
            .iter()
            .map(|finding| finding.file.display().to_string())
            .collect();
        for file in [
            "crates/core/LICENSE-MIT",
            "crates/core/Cargo.toml",
            "crates/providers/groq/README.md",
            "crates/core/src/big.rs",
            "notes.txt",
            "README.md",
            "docs/backends.md",
        ] {
            assert!(
                files.contains(&file.to_owned()),
                "{file} is not in {files:?}"
            );
        }
    }
}
