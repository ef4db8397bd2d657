//! The manifest of one crate.

use toml_edit::{Array, Item};

use crate::{
    finding::Finding,
    manifest::Dependency,
    workspace::{Package, Workspace},
};

/// Without these a crate cannot be found, or not be published.
const REQUIRED: [(&str, &str); 6] = [
    ("description", "say in one line what the crate is for"),
    ("license", "write `license.workspace = true`"),
    ("readme", "write `readme = \"README.md\"`"),
    (
        "categories",
        "name one to five of https://crates.io/category_slugs",
    ),
    (
        "rust-version",
        "write `rust-version.workspace = true`, or the crate's own",
    ),
    (
        "include",
        "list what belongs into the package: `include = [\"src/**\", \"README.md\", \"LICENSE-*\"]`",
    ),
];

pub(crate) fn check(workspace: &Workspace, package: &Package) -> Vec<Finding> {
    let manifest = &package.manifest;
    let mut findings = Vec::new();
    if !manifest.is_true(&["lints", "workspace"]) {
        findings.push(manifest.finding(
            &["lints"],
            "not under the shared lints; write `[lints]` with `workspace = true`",
        ));
    }
    if !package.published {
        return findings;
    }
    for (key, advice) in REQUIRED {
        if manifest.get(&["package", key]).is_none_or(is_blank) {
            findings.push(manifest.finding(&["package", key], format!("no `{key}`; {advice}")));
        }
    }
    findings.extend(super::registry::check(package));
    for dependency in manifest.dependencies() {
        findings.extend(dependency_on_ours(workspace, package, &dependency));
    }
    findings
}

fn is_blank(item: &Item) -> bool {
    item.as_str().is_some_and(|text| text.trim().is_empty())
        || item.as_array().is_some_and(Array::is_empty)
}

/// Crates depend on each other through the one version at the root; a dev-dependency has none, so that
/// cargo strips it from the package and two crates may test each other.
fn dependency_on_ours(
    workspace: &Workspace,
    package: &Package,
    dependency: &Dependency,
) -> Option<Finding> {
    let ours = workspace.package(&dependency.package)?;
    let name = &ours.name;
    if dependency.dev {
        let right = dependency.path && !dependency.version && !dependency.workspace;
        return (!right).then(|| {
            let what = format!("dev-dependency {name} is not path-only; write `{name} = {{ path = \"…\" }}`, without a version");
            package.manifest.finding_at(dependency.line, what)
        });
    }
    if !dependency.workspace {
        let what = format!("{name} is not inherited; write `{name}.workspace = true`");
        return Some(package.manifest.finding_at(dependency.line, what));
    }
    let shared = ["workspace", "dependencies", name];
    let path = workspace
        .manifest
        .text(&["workspace", "dependencies", name, "path"])
        .unwrap_or_default();
    let version = workspace
        .manifest
        .text(&["workspace", "dependencies", name, "version"]);
    (version.is_none() || path != ours.folder.to_string_lossy()).then(|| {
        let folder = ours.folder.display();
        let what = format!("{name} lacks its path or version; write `{name} = {{ path = \"{folder}\", version = \"…\" }}`");
        workspace.manifest.finding(&shared, what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::{Tree, only};

    const CORE: &str = "crates/core/Cargo.toml";
    const GROQ: &str = "crates/providers/groq/Cargo.toml";

    fn found(tree: &Tree) -> Vec<Finding> {
        let workspace = tree.workspace();
        workspace
            .packages
            .iter()
            .flat_map(|package| check(&workspace, package))
            .collect()
    }

    #[test]
    fn every_required_key_is_asked_for() {
        for line in [
            "description = \"A crate\"\n",
            "license.workspace = true\n",
            "readme = \"README.md\"\n",
            "keywords = [\"ai\"]\n",
            "categories = [\"api-bindings\"]\n",
            "rust-version.workspace = true\n",
            "include = [\"src/**\", \"README.md\", \"LICENSE-*\"]\n",
        ] {
            let tree = Tree::in_order();
            tree.replace(CORE, line, "");
            let finding = only(found(&tree));
            let key = line.split([' ', '.']).next().unwrap();
            assert!(finding.what.contains(key), "{finding} does not name {key}");
            assert_eq!((finding.file.to_str(), finding.line), (Some(CORE), 1));
        }
    }

    #[test]
    fn an_empty_key_counts_as_missing() {
        let tree = Tree::in_order();
        tree.replace(CORE, "\"A crate\"", "\" \"");
        assert!(only(found(&tree)).what.starts_with("no `description`"));
    }

    #[test]
    fn an_unpublished_crate_needs_the_lints_only() {
        let tree = Tree::in_order();
        tree.replace(CORE, "description = \"A crate\"\n", "publish = false\n");
        assert_eq!(found(&tree), []);
        tree.replace(CORE, "[lints]\nworkspace = true\n", "");
        assert!(only(found(&tree)).what.contains("shared lints"));
    }

    #[test]
    fn a_dev_dependency_on_ours_is_path_only() {
        for wrong in [
            "{ workspace = true }",
            "{ git = \"https://example.com\" }",
            "\"0.1.0\"",
            "{ path = \"../testkit\", version = \"0.1.0\" }",
        ] {
            let tree = Tree::in_order();
            tree.replace(CORE, "{ path = \"../testkit\" }", wrong);
            let finding = only(found(&tree));
            assert!(
                finding
                    .what
                    .starts_with("dev-dependency trunkline-testkit is not path-only"),
                "{finding}"
            );
        }
    }

    #[test]
    fn a_dependency_on_ours_is_inherited() {
        for wrong in [
            "trunkline-core = \"0.1.0\"",
            "trunkline-core = { path = \"../../core\", version = \"0.1.0\" }",
        ] {
            let tree = Tree::in_order();
            tree.replace(GROQ, "trunkline-core.workspace = true", wrong);
            assert!(
                only(found(&tree))
                    .what
                    .starts_with("trunkline-core is not inherited")
            );
        }
    }

    #[test]
    fn the_root_gives_ours_a_path_and_a_version() {
        for (right, wrong) in [
            ("path = \"crates/core\", ", ""),
            ("version = \"0.1.0\", ", ""),
            ("crates/core\", v", "crates/cor\", v"),
        ] {
            let tree = Tree::in_order();
            tree.replace("Cargo.toml", right, wrong);
            let finding = found(&tree).into_iter().next().expect("a finding");
            assert!(
                finding
                    .what
                    .starts_with("trunkline-core lacks its path or version"),
                "{finding}"
            );
            assert_eq!(finding.file.to_str(), Some("Cargo.toml"));
        }
    }
}
