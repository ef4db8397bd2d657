//! `backends`: what is generated from the manifests of the providers.

mod entry;
mod facade;
mod region;
mod table;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use self::{entry::Entry, region::Comment};
use crate::{excerpts, finding::Finding, workspace::Workspace};

const LIST: &str = "docs/backends.md";
const README: &str = "README.md";

/// What the generated files should be, and what kept one from being generated.
#[derive(Default)]
struct Generated {
    files: Vec<(PathBuf, String)>,
    findings: Vec<Finding>,
}

/// A finding for each file that is out of date.
pub(crate) fn stale(workspace: &Workspace) -> Result<Vec<Finding>> {
    let generated = generate(workspace)?;
    let mut findings = generated.findings;
    for (path, wanted) in generated.files {
        let found = workspace.read(&path)?.unwrap_or_default();
        if found != wanted {
            let what = "not what the manifests of the providers and the code say; run `cargo xtask backends`";
            findings.push(Finding::new(path, first_difference(&found, &wanted), what));
        }
    }
    Ok(findings)
}

/// What the files should be, for a workspace that is not written yet.
pub(crate) fn wanted(workspace: &Workspace) -> Result<Vec<(PathBuf, String)>> {
    let generated = generate(workspace)?;
    match generated.findings.first() {
        Some(finding) => bail!("the generated lists are not in order: {finding}"),
        None => Ok(generated.files),
    }
}

/// Brings the files up to date; the findings are what it could not generate.
pub(crate) fn write(workspace: &Workspace) -> Result<Vec<Finding>> {
    let generated = generate(workspace)?;
    for (path, wanted) in generated.files {
        if workspace.read(&path)?.as_ref() == Some(&wanted) {
            continue;
        }
        let absolute = workspace.root.join(&path);
        if let Some(folder) = absolute.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
        }
        fs::write(&absolute, wanted)
            .with_context(|| format!("cannot write {}", absolute.display()))?;
        println!("wrote {}", path.display());
    }
    Ok(generated.findings)
}

fn generate(workspace: &Workspace) -> Result<Generated> {
    let (entries, findings) = entry::all(workspace);
    let mut generated = Generated {
        files: vec![(LIST.into(), table::page(&entries))],
        findings,
    };
    match workspace.read(README)? {
        Some(text) => {
            let body = |_: &str| Some(table::section(&entries, ""));
            generated.fill(Path::new(README), &text, Comment::Html, &body);
        }
        None => generated.findings.push(Finding::file(
            README,
            "missing; write it, with the markers of the backends",
        )),
    }
    generated.facade(workspace, &entries)?;
    generated.dependents(workspace, &entries)?;
    let (pages, findings) = excerpts::pages(workspace)?;
    generated.files.extend(pages);
    generated.findings.extend(findings);
    Ok(generated)
}

impl Generated {
    /// What the workspace and the lab list, where they have a region for it.
    fn dependents(&mut self, workspace: &Workspace, entries: &[Entry]) -> Result<()> {
        for (path, comment, body) in [
            ("Cargo.toml", Comment::Toml, facade::requirements(entries)),
            (
                "crates/lab/Cargo.toml",
                Comment::Toml,
                facade::inherited(entries),
            ),
            (
                "crates/lab/src/providers.rs",
                Comment::Rust,
                facade::linked(entries),
            ),
        ] {
            if let Some(text) = workspace.read(path)? {
                self.fill(Path::new(path), &text, comment, &|_| Some(body.clone()));
            }
        }
        Ok(())
    }

    /// There is nothing to generate before there is a facade.
    fn facade(&mut self, workspace: &Workspace, entries: &[Entry]) -> Result<()> {
        let Some(facade) = workspace.package("trunkline") else {
            return Ok(());
        };
        let manifest = facade.folder.join("Cargo.toml");
        let text = workspace.read(&manifest)?.unwrap_or_default();
        self.fill(&manifest, &text, Comment::Toml, &|table| {
            facade::table(table, entries)
        });
        for table in facade::TABLES {
            if !region::tables(&text).contains(&table) {
                let what = format!(
                    "no markers in [{table}]; add lines `# backends:begin` and `# backends:end` there"
                );
                self.findings.push(Finding::file(&manifest, what));
            }
        }
        let sources = [
            ("src/lib.rs", facade::reexports(entries)),
            ("src/providers.rs", facade::definitions(entries)),
        ];
        for (name, body) in sources {
            let path = facade.folder.join(name);
            if let Some(text) = workspace.read(&path)? {
                self.fill(&path, &text, Comment::Rust, &|_| Some(body.clone()));
            }
        }
        Ok(())
    }

    fn fill(
        &mut self,
        path: &Path,
        text: &str,
        comment: Comment,
        body: &dyn Fn(&str) -> Option<String>,
    ) {
        match region::fill(text, comment, body) {
            Ok(text) => self.files.push((path.to_path_buf(), text)),
            Err(trouble) => self
                .findings
                .push(Finding::new(path, trouble.line, trouble.what)),
        }
    }
}

/// The first line, from 1, in which the texts differ.
fn first_difference(found: &str, wanted: &str) -> usize {
    let same = found
        .lines()
        .zip(wanted.lines())
        .take_while(|(found, wanted)| found == wanted);
    same.count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::{Tree, only};

    #[test]
    fn what_was_written_is_up_to_date() {
        let tree = Tree::in_order();
        assert_eq!(stale(&tree.workspace()).unwrap(), []);
        assert!(
            tree.read("README.md")
                .contains("| [Groq](crates/providers/groq/README.md) |")
        );
        assert!(
            tree.read("docs/backends.md")
                .contains("| [Groq](../crates/providers/groq/README.md) |")
        );
        let manifest = tree.read("crates/trunkline/Cargo.toml");
        assert!(
            manifest.contains("groq = [\"dep:trunkline-groq\"]"),
            "{manifest}"
        );
        assert!(
            manifest.contains("trunkline-groq = { workspace = true, optional = true }"),
            "{manifest}"
        );
        assert!(
            tree.read("crates/trunkline/src/lib.rs")
                .contains("pub use trunkline_groq as groq;")
        );
        assert!(
            tree.read("crates/trunkline/src/providers.rs")
                .contains("crate::groq::PROVIDER,")
        );
    }

    #[test]
    fn each_file_that_was_changed_by_hand_is_found_and_mended() {
        for (path, line) in [
            ("README.md", 6),
            ("docs/backends.md", 7),
            ("crates/trunkline/Cargo.toml", 17),
            ("crates/trunkline/src/lib.rs", 5),
            ("crates/trunkline/src/providers.rs", 3),
        ] {
            let tree = Tree::in_order();
            let right = tree.read(path);
            let wrong: Vec<&str> = right
                .lines()
                .enumerate()
                .map(|(at, text)| if at + 1 == line { "# wrong" } else { text })
                .collect();
            tree.write(path, &(wrong.join("\n") + "\n"));
            let finding = only(stale(&tree.workspace()).unwrap());
            assert_eq!((finding.file.to_str(), finding.line), (Some(path), line));
            write(&tree.workspace()).unwrap();
            assert_eq!(tree.read(path), right);
        }
    }

    #[test]
    fn a_new_provider_makes_all_of_them_stale() {
        let tree = Tree::in_order();
        let manifest = tree.read("crates/providers/groq/Cargo.toml");
        tree.write(
            "crates/providers/xai/Cargo.toml",
            &manifest.replace("groq", "xai").replace("Groq", "xAI"),
        );
        tree.write("crates/providers/xai/README.md", "# xai");
        assert_eq!(stale(&tree.workspace()).unwrap().len(), 6);
    }

    #[test]
    fn missing_markers_are_told() {
        let tree = Tree::in_order();
        tree.write("README.md", "# Trunkline\n");
        let finding = only(stale(&tree.workspace()).unwrap());
        assert!(
            finding
                .what
                .contains("add a line `<!-- backends:begin -->`"),
            "{finding}"
        );

        let tree = Tree::in_order();
        tree.replace(
            "crates/trunkline/Cargo.toml",
            "[dependencies]",
            "[target.x.dependencies]",
        );
        let findings = stale(&tree.workspace()).unwrap();
        assert!(
            findings
                .iter()
                .any(|finding| finding.what.starts_with("no markers in [dependencies]")),
            "{findings:?}"
        );
    }
}
