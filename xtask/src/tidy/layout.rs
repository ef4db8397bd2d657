//! What may lie where: the top level, examples, the members of the workspace.

use std::fs;

use anyhow::{Context, Result};

use crate::{
    finding::Finding,
    workspace::{Package, Workspace},
};

/// Beside dotfiles. `target` is build output and never committed.
const TOP_LEVEL: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "crates",
    "xtask",
    "examples",
    "docs",
    "README.md",
    "CHANGELOG.md",
    "target",
];

pub(crate) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (name, _) in entries(workspace, "")? {
        if !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str()) {
            findings.push(Finding::file(
                &name,
                "not part of the top level; move it into crates, docs, examples or xtask",
            ));
        }
    }
    findings.extend(examples(workspace)?);
    findings.extend(members(workspace));
    Ok(findings)
}

/// An example that no manifest names is never compiled.
fn examples(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    if !workspace.exists("examples") {
        return Ok(findings);
    }
    let declared: Vec<String> = workspace
        .packages
        .iter()
        .flat_map(Package::examples)
        .collect();
    for (name, is_file) in entries(workspace, "examples")? {
        let path = format!("examples/{name}");
        if !is_file {
            findings.push(Finding::file(
                path,
                "a folder; keep one file per example here",
            ));
        } else if name.ends_with(".rs") && !declared.contains(&path) {
            let advice = "never compiled; declare it as [[example]] with its path in the manifest of the crate it shows";
            findings.push(Finding::file(path, advice));
        }
    }
    Ok(findings)
}

fn members(workspace: &Workspace) -> Vec<Finding> {
    let members = workspace
        .manifest
        .list(&["workspace", "members"])
        .unwrap_or_default();
    let covers = |folder: &str| {
        members.iter().any(|member| {
            let parent = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
            *member == folder || member.strip_suffix("/*") == Some(parent)
        })
    };
    let mut findings = Vec::new();
    for package in &workspace.packages {
        let folder = package.folder.to_string_lossy();
        if !covers(&folder) {
            let what = format!("{folder} is no member, so nothing checks it; add it");
            findings.push(workspace.manifest.finding(&["workspace", "members"], what));
        }
    }
    findings
}

/// The names in a folder, each with whether it is a file.
fn entries(workspace: &Workspace, folder: &str) -> Result<Vec<(String, bool)>> {
    let path = workspace.root.join(folder);
    let mut found = Vec::new();
    for entry in fs::read_dir(&path).with_context(|| format!("cannot list {}", path.display()))? {
        let entry = entry.with_context(|| format!("cannot list {}", path.display()))?;
        found.push((
            entry.file_name().to_string_lossy().into_owned(),
            entry.path().is_file(),
        ));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::{Tree, only};

    #[test]
    fn the_top_level_holds_what_is_agreed_and_dotfiles() {
        let tree = Tree::in_order();
        tree.write(".editorconfig", "");
        assert_eq!(check(&tree.workspace()).unwrap(), []);
        tree.write("scripts/run.sh", "");
        let finding = only(check(&tree.workspace()).unwrap());
        assert_eq!(
            finding.to_string(),
            "scripts:1: not part of the top level; move it into crates, docs, examples or xtask"
        );
    }

    #[test]
    fn an_example_without_a_declaration_is_found() {
        let tree = Tree::in_order();
        tree.write("examples/lost.rs", "fn main() {}");
        assert_eq!(
            only(check(&tree.workspace()).unwrap()).file.to_str(),
            Some("examples/lost.rs")
        );
    }

    #[test]
    fn examples_hold_no_folders() {
        let tree = Tree::in_order();
        tree.write("examples/chat/main.rs", "fn main() {}");
        assert!(
            only(check(&tree.workspace()).unwrap())
                .what
                .starts_with("a folder")
        );
    }

    #[test]
    fn a_crate_outside_the_workspace_is_found() {
        let tree = Tree::in_order();
        tree.write("crates/lost/Cargo.toml", "[package]\nname = 'lost'\n");
        let finding = only(check(&tree.workspace()).unwrap());
        assert!(
            finding.what.starts_with("crates/lost is no member"),
            "{finding}"
        );
        assert_eq!(finding.line, 2);
    }
}
