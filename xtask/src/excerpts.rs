//! Code in pages under docs/ that is taken from files that CI compiles and runs, so that it cannot go
//! stale: between `<!-- code PATH: FIRST LINE -->` and `<!-- /code -->` stands the item of PATH whose
//! first line begins so.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::{finding::Finding, source, workspace::Workspace};

const BEGIN: &str = "<!-- code ";
const END: &str = "<!-- /code -->";

/// A file and its text.
type Page = (PathBuf, String);

/// Each page with excerpts, as it should be, and what no excerpt can be taken from.
pub(crate) fn pages(workspace: &Workspace) -> Result<(Vec<Page>, Vec<Finding>)> {
    let (mut pages, mut findings) = (Vec::new(), Vec::new());
    for path in source::files(&workspace.root, "docs", "md")? {
        let text = workspace.read(&path)?.unwrap_or_default();
        if !text.contains(BEGIN) {
            continue;
        }
        match fill(workspace, &path, &text)? {
            Ok(text) => pages.push((path, text)),
            Err(finding) => findings.push(finding),
        }
    }
    Ok((pages, findings))
}

fn fill(workspace: &Workspace, page: &Path, text: &str) -> Result<Result<String, Finding>> {
    let mut filled = String::with_capacity(text.len());
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        filled.push_str(line);
        filled.push('\n');
        let Some(asked) = line
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.strip_suffix(" -->"))
        else {
            continue;
        };
        let trouble = |what: String| Ok(Err(Finding::new(page, number + 1, what)));
        let Some((path, first)) = asked.split_once(": ") else {
            return trouble("no item is named; write `<!-- code PATH: FIRST LINE -->`".to_owned());
        };
        let Some(source) = workspace.read(path)? else {
            return trouble(format!("{path} does not exist; correct the path"));
        };
        let Some(item) = excerpt(&source, first) else {
            return trouble(format!(
                "no line of {path} begins with `{first}`; correct one of them"
            ));
        };
        let language = if path.ends_with(".toml") {
            "toml"
        } else {
            "rust,ignore"
        };
        filled.push_str(&format!("```{language}\n{item}```\n"));
        if !lines.by_ref().any(|(_, line)| line == END) {
            return trouble(format!("it is not closed; add `{END}` below"));
        }
        filled.push_str(END);
        filled.push('\n');
    }
    Ok(Ok(filled))
}

/// The item whose first line begins with `first`, with the lines of documentation and attributes
/// above it, to the line that is indented as much as the first and ends it. Marks of regions are
/// left out, as the scaffolder leaves them out.
fn excerpt(source: &str, first: &str) -> Option<String> {
    let lines: Vec<&str> = source.lines().collect();
    let at = lines
        .iter()
        .position(|line| line.trim_start().starts_with(first))?;
    let indent = lines.get(at)?.len() - lines.get(at)?.trim_start().len();
    let above = lines.get(..at)?.iter().rev().take_while(|line| {
        let line = line.trim_start();
        line.starts_with("///") || line.starts_with("#[")
    });
    let begin = at - above.count();
    let ends = |line: &&str| {
        let depth = line.len() - line.trim_start().len();
        depth == indent && (line.trim_end().ends_with(['}', ';']) || line.trim() == ");")
    };
    let length = lines.get(at..)?.iter().position(ends)?;
    let kept = lines
        .get(begin..=at + length)?
        .iter()
        .filter(|line| !is_mark(line));
    Some(
        kept.map(|line| format!("{}\n", line.get(indent..).unwrap_or(line.trim_start())))
            .collect(),
    )
}

fn is_mark(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("//= ")
        || ((line.starts_with("// [") || line.starts_with("# [")) && line.ends_with(']'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::{Tree, only};

    const CODE: &str = "use a;\n\n/// What it is.\n#[derive(Debug)]\npub struct A {\n    // [chat]\n    b: u8,\n    // [/chat]\n}\n\nimpl A {\n    fn c() {\n        d();\n    }\n}\n";

    fn page(tree: &Tree) -> String {
        let (pages, findings) = pages(&tree.workspace()).unwrap();
        assert_eq!(findings, []);
        pages.into_iter().next().unwrap().1
    }

    #[test]
    fn an_item_stands_with_its_documentation_and_without_marks() {
        let tree = Tree::in_order();
        tree.write("x.rs", CODE);
        tree.write(
            "docs/x.md",
            "a\n<!-- code x.rs: pub struct A -->\nold\n<!-- /code -->\nb\n",
        );
        assert_eq!(
            page(&tree),
            "a\n<!-- code x.rs: pub struct A -->\n```rust,ignore\n/// What it is.\n#[derive(Debug)]\npub struct A {\n    b: u8,\n}\n```\n<!-- /code -->\nb\n"
        );
    }

    #[test]
    fn an_inner_item_is_moved_to_the_left() {
        let tree = Tree::in_order();
        tree.write("x.rs", CODE);
        tree.write("docs/x.md", "<!-- code x.rs: fn c -->\n<!-- /code -->\n");
        assert!(page(&tree).contains("\nfn c() {\n    d();\n}\n```"));
    }

    #[test]
    fn what_cannot_be_taken_is_told() {
        for (page, what) in [
            ("<!-- code x.rs -->\n", "no item is named"),
            ("<!-- code y.rs: fn c -->\n", "y.rs does not exist"),
            (
                "<!-- code x.rs: fn z -->\n",
                "no line of x.rs begins with `fn z`",
            ),
            ("<!-- code x.rs: fn c -->\n", "not closed"),
        ] {
            let tree = Tree::in_order();
            tree.write("x.rs", CODE);
            tree.write("docs/x.md", page);
            let finding = only(pages(&tree.workspace()).unwrap().1);
            assert!(finding.what.contains(what), "{finding}");
        }
    }
}
