//! Relative links of README.md, docs and the crates' READMEs.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::{
    finding::Finding,
    markdown,
    source::{self, normal},
    workspace::Workspace,
};

pub(crate) fn check(workspace: &Workspace) -> Result<Vec<Finding>> {
    let mut pages = vec![PathBuf::from("README.md")];
    pages.extend(source::files(&workspace.root, "docs", "md")?);
    pages.extend(
        workspace
            .packages
            .iter()
            .map(|package| package.folder.join("README.md")),
    );
    let mut findings = Vec::new();
    for page in pages {
        let Some(text) = workspace.read(&page)? else {
            continue;
        };
        for (number, line) in markdown::prose(&text).iter().enumerate() {
            let broken = markdown::links(line)
                .into_iter()
                .filter_map(|link| trouble(workspace, &page, link));
            findings.extend(broken.map(|what| Finding::new(&page, number + 1, what)));
        }
    }
    Ok(findings)
}

fn trouble(workspace: &Workspace, page: &Path, link: &str) -> Option<String> {
    let target = link.split(['#', '?']).next().unwrap_or_default();
    if target.is_empty() || is_address(link) || is_item(target) {
        return None;
    }
    match normal(&page.parent().unwrap_or(Path::new("")).join(target)) {
        Some(path) if workspace.exists(&path) => None,
        Some(path) => Some(format!(
            "link to {}, which does not exist; correct or remove it",
            path.display()
        )),
        None => Some(format!(
            "link to {target}, outside the repository; link to a file in it, or to an address"
        )),
    }
}

/// `https:`, `mailto:` and the like.
fn is_address(link: &str) -> bool {
    let scheme = link.split_once(':').map_or("", |(scheme, _)| scheme);
    !scheme.is_empty()
        && !link.contains("::")
        && scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
        || link.starts_with("//")
        || link.contains("://")
}

/// A name that rustdoc resolves, and denies if it cannot: `Model`, `trunkline_core::Model`, `fn@ask`, `ask()`.
fn is_item(target: &str) -> bool {
    let name = target.split_once('@').map_or(target, |(_, name)| name);
    let name = name.trim_end_matches("()").trim_end_matches('!');
    name.split("::")
        .all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::{Tree, only};

    #[test]
    fn a_link_to_nowhere_is_found_on_every_kind_of_page() {
        for (page, link) in [
            ("README.md", "docs/nowhere.md"),
            ("docs/adr/0001-x.md", "../nowhere.md"),
            ("crates/core/README.md", "../nowhere.md#part"),
        ] {
            let tree = Tree::in_order();
            tree.append(page, &format!("\n[text]({link})\n"));
            let finding = only(check(&tree.workspace()).unwrap());
            assert_eq!(finding.file.to_str(), Some(page));
            assert!(
                finding.what.contains("nowhere.md") && finding.line > 1,
                "{finding}"
            );
        }
    }

    #[test]
    fn a_link_out_of_the_repository_is_found() {
        let tree = Tree::in_order();
        tree.append("README.md", "[x](../shared/x.md)\n");
        assert!(
            only(check(&tree.workspace()).unwrap())
                .what
                .contains("outside the repository")
        );
    }

    #[test]
    fn addresses_items_anchors_and_files_are_fine() {
        let tree = Tree::in_order();
        tree.append(
            "crates/core/README.md",
            "[a](https://example.com/a.md) [b](mailto:a@b.c) [c](crate::Model) [d](Model) [e](#part) [f](../../README.md#x)\n",
        );
        assert_eq!(check(&tree.workspace()).unwrap(), []);
    }
}
