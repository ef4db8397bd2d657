//! Every Rust file: its size, and nothing unfinished in it.

use std::{fmt, path::PathBuf};

use anyhow::Result;

use crate::{finding::Finding, source, workspace::Workspace};

const MOST_LINES: usize = 800;

/// What marks code as unfinished or a test as skipped.
const UNFINISHED: [(&str, &str); 4] = [
    ("todo!", "write what is missing, or leave it out"),
    (
        "unimplemented!",
        "write what is missing, or answer an error",
    ),
    ("dbg!", "remove it"),
    ("#[ignore", "make the test pass, or remove it"),
];

/// How long the files are.
#[derive(Debug, Default)]
pub(crate) struct Sizes {
    files: usize,
    median: usize,
    longest: Option<(usize, PathBuf)>,
}

impl fmt::Display for Sizes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Rust files, median {} lines", self.files, self.median)?;
        match &self.longest {
            Some((lines, path)) => write!(f, ", longest {lines} ({})", path.display()),
            None => Ok(()),
        }
    }
}

pub(crate) fn check(workspace: &Workspace) -> Result<(Sizes, Vec<Finding>)> {
    let mut findings = Vec::new();
    let mut lengths = Vec::new();
    for folder in ["crates", "examples", "xtask"] {
        for path in source::files(&workspace.root, folder, "rs")? {
            let text = workspace.read(&path)?.unwrap_or_default();
            let lines = text.lines().count();
            if lines > MOST_LINES {
                let what =
                    format!("{lines} lines, {MOST_LINES} at most; split it along what it does");
                findings.push(Finding::new(&path, MOST_LINES + 1, what));
            }
            for (number, line) in source::code_only(&text).lines().enumerate() {
                let marks = UNFINISHED
                    .into_iter()
                    .filter(|(mark, _)| source::has_word(line, mark));
                findings.extend(marks.map(|(mark, advice)| {
                    Finding::new(
                        &path,
                        number + 1,
                        format!("`{mark}` is unfinished work; {advice}"),
                    )
                }));
            }
            lengths.push((lines, path));
        }
    }
    lengths.sort();
    let median = lengths
        .get(lengths.len() / 2)
        .map_or(0, |(lines, _)| *lines);
    Ok((
        Sizes {
            files: lengths.len(),
            median,
            longest: lengths.pop(),
        },
        findings,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::{Tree, only};

    fn found(tree: &Tree) -> Vec<Finding> {
        check(&tree.workspace()).unwrap().1
    }

    #[test]
    fn eight_hundred_lines_are_allowed_and_one_more_is_not() {
        let tree = Tree::in_order();
        tree.write("crates/core/src/big.rs", &"\n".repeat(800));
        assert_eq!(found(&tree), []);
        tree.write("crates/core/src/big.rs", &"\n".repeat(801));
        assert_eq!(
            only(found(&tree)).to_string(),
            "crates/core/src/big.rs:801: 801 lines, 800 at most; split it along what it does",
        );
    }

    #[test]
    fn unfinished_work_is_found_in_every_folder_and_spelling() {
        for (path, code) in [
            ("crates/core/src/a.rs", "fn f() { todo!() }"),
            ("crates/core/tests/a.rs", "fn f() { unimplemented! { } }"),
            ("examples/a.rs", "fn f() { dbg!(1); }"),
            ("xtask/src/a.rs", "#[test]#[ignore = \"slow\"]fn f() {}"),
        ] {
            let tree = Tree::in_order();
            tree.write(path, &format!("\n{code}\n"));
            let finding = only(found(&tree));
            assert_eq!((finding.file.to_str(), finding.line), (Some(path), 2));
        }
    }

    #[test]
    fn a_comment_or_a_string_may_name_them() {
        let tree = Tree::in_order();
        tree.write(
            "crates/core/src/a.rs",
            "// no todo!()\nconst A: &str = \"dbg!(x)\";\nmy_todo!();\n",
        );
        assert_eq!(found(&tree), []);
    }

    #[test]
    fn the_median_is_reported() {
        let tree = Tree::in_order();
        tree.write("examples/long.rs", &"\n".repeat(700));
        let sizes = check(&tree.workspace()).unwrap().0.to_string();
        assert!(
            sizes.contains("median 2 lines") && sizes.ends_with("longest 700 (examples/long.rs)"),
            "{sizes}"
        );
    }
}
