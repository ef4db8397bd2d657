//! The files of a published crate.

use anyhow::Result;

use crate::{
    finding::Finding,
    workspace::{Package, Workspace},
};

const FILES: [(&str, &str); 3] = [
    (
        "README.md",
        "write it: it is the crate's page in the registry and in rustdoc",
    ),
    ("LICENSE-MIT", "copy it from crates/core"),
    ("LICENSE-APACHE", "copy it from crates/core"),
];

const ATTRIBUTES: [&str; 2] = [
    "#![doc = include_str!(\"../README.md\")]",
    "#![deny(missing_docs)]",
];

pub(crate) fn check(workspace: &Workspace, package: &Package) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (name, advice) in FILES {
        let path = package.folder.join(name);
        if !workspace.exists(&path) {
            findings.push(Finding::file(path, format!("missing; {advice}")));
        }
    }
    let path = package.folder.join("src/lib.rs");
    let Some(source) = workspace.read(&path)? else {
        findings.push(Finding::file(
            path,
            "missing; a published crate is a library",
        ));
        return Ok(findings);
    };
    for attribute in ATTRIBUTES {
        if !source.lines().any(|line| line.trim() == attribute) {
            findings.push(Finding::file(
                &path,
                format!("no `{attribute}`; add it at the top"),
            ));
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::{Tree, only};

    fn found(tree: &Tree) -> Vec<Finding> {
        let workspace = tree.workspace();
        check(&workspace, workspace.package("trunkline-core").unwrap()).unwrap()
    }

    #[test]
    fn every_file_is_asked_for() {
        for name in ["README.md", "LICENSE-MIT", "LICENSE-APACHE", "src/lib.rs"] {
            let tree = Tree::in_order();
            tree.remove(&format!("crates/core/{name}"));
            let finding = only(found(&tree));
            assert_eq!(
                finding.file.to_string_lossy(),
                format!("crates/core/{name}")
            );
            assert!(finding.what.starts_with("missing"), "{finding}");
        }
    }

    #[test]
    fn both_attributes_are_asked_for_and_a_comment_is_none() {
        for attribute in ATTRIBUTES {
            let tree = Tree::in_order();
            tree.replace(
                "crates/core/src/lib.rs",
                attribute,
                &format!("// {attribute}"),
            );
            assert!(only(found(&tree)).what.contains(attribute));
        }
    }
}
