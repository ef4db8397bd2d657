//! Rust sources: where they are, and their code without comments and literals.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context, Result};

/// All files below `folder` whose name ends in `.extension`, relative to the root and sorted.
/// Build output and hidden folders are left out; a folder that does not exist holds no files.
pub(crate) fn files(root: &Path, folder: &str, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::from(folder)];
    while let Some(folder) = open.pop() {
        if !root.join(&folder).is_dir() {
            continue;
        }
        let entries = fs::read_dir(root.join(&folder))
            .with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
            let name = entry.file_name();
            let path = folder.join(&name);
            let kind = entry
                .file_type()
                .with_context(|| format!("cannot look at {}", path.display()))?;
            if kind.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
                open.push(path);
            } else if kind.is_file() && path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The path without `.` and `..`; `None` if it leads out of the workspace.
pub(crate) fn normal(path: &Path) -> Option<PathBuf> {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name),
            Component::CurDir => {}
            Component::ParentDir if parts.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts)
}

/// The source with comments and literals replaced by spaces; lines stay lines.
pub(crate) fn code_only(source: &str) -> String {
    let mut code = String::with_capacity(source.len());
    let mut rest = source;
    let mut before = ' ';
    while let Some(first) = rest.chars().next() {
        let blank = blank_length(rest, before);
        let (taken, left) = rest
            .split_at_checked(blank.max(first.len_utf8()))
            .unwrap_or((rest, ""));
        if blank == 0 {
            code.push(first);
        } else {
            code.extend(taken.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        before = first;
        rest = left;
    }
    code
}

/// The length of the comment or literal that `rest` starts with; 0 if with neither.
fn blank_length(rest: &str, before: char) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if let Some(body) = rest.strip_prefix('"') {
        return 1 + closing(body, '"');
    }
    if let Some(body) = rest.strip_prefix('\'') {
        let mut chars = body.chars();
        return match (chars.next(), chars.next()) {
            (Some('\\'), _) => 1 + closing(body, '\''),
            (Some(c), Some('\'')) => 2 + c.len_utf8(),
            _ => 0, // A lifetime.
        };
    }
    if is_word(before) { 0 } else { raw_string(rest) }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut previous = ' ';
    for (at, c) in rest.char_indices() {
        match (previous, c) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth = depth.saturating_sub(1),
            _ => {
                previous = c;
                continue;
            }
        }
        if depth == 0 {
            return at + 1;
        }
        previous = ' ';
    }
    rest.len()
}

/// Up to and with the first `quote` that no backslash escapes.
fn closing(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    body.len()
}

fn raw_string(rest: &str) -> usize {
    let Some(body) = ["r", "br", "cr"]
        .into_iter()
        .find_map(|prefix| rest.strip_prefix(prefix))
    else {
        return 0;
    };
    let open = body.trim_start_matches('#');
    let Some(text) = open.strip_prefix('"') else {
        return 0;
    };
    let end = format!("\"{}", "#".repeat(body.len() - open.len()));
    let close = text.find(&end).map_or(text.len(), |at| at + end.len());
    rest.len() - text.len() + close
}

/// Whether `word` stands in the line by itself, not as a part of a longer name.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line
            .get(at + word.len()..)
            .and_then(|text| text.chars().next());
        let starts = !(before.is_some_and(is_word) && word.starts_with(is_word));
        let ends = !(after.is_some_and(is_word) && word.ends_with(is_word));
        starts && ends
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::Tree;

    #[test]
    fn comments_and_literals_are_blank_and_lines_stay() {
        let source = "a(); // async\n/* x /* y */ async */ b();\nlet s = \"as\\\"ync\"; c();\n";
        let code = code_only(source);
        assert!(!code.contains("sync"), "{code}");
        assert!(
            code.contains("a()") && code.contains("b()") && code.contains("c()"),
            "{code}"
        );
        assert_eq!(code.lines().count(), 3);
    }

    #[test]
    fn raw_strings_end_where_rust_says() {
        let code = code_only("f(r#\"async \" x\"#, br\"tokio\", r\"\\\"); live(r#type); bar\"x\"");
        assert!(!code.contains("async") && !code.contains("tokio"), "{code}");
        assert!(
            code.contains("live(r#type)") && code.contains("bar"),
            "{code}"
        );
    }

    #[test]
    fn a_quote_as_a_character_opens_no_string_and_a_lifetime_no_character() {
        let code = code_only("let q = '\"'; let e = '\\''; fn f<'a>(x: &'a str) {} async");
        assert!(code.ends_with("fn f<'a>(x: &'a str) {} async"), "{code}");
    }

    #[test]
    fn build_output_and_hidden_folders_hold_no_sources() {
        let tree = Tree::in_order();
        for path in [
            "crates/core/target/a.rs",
            "crates/core/.hidden/b.rs",
            "crates/core/src/deep/c.rs",
        ] {
            tree.write(path, "");
        }
        let found = files(&tree.workspace().root, "crates/core", "rs").unwrap();
        assert_eq!(
            found,
            ["crates/core/src/deep/c.rs", "crates/core/src/lib.rs"].map(PathBuf::from)
        );
    }

    #[test]
    fn paths_are_normal_within_the_workspace() {
        assert_eq!(
            normal(Path::new("a/b/../c/./d")),
            Some(PathBuf::from("a/c/d"))
        );
        assert_eq!(normal(Path::new("a/../../b")), None);
        assert_eq!(normal(Path::new("/etc")), None);
    }

    #[test]
    fn words_have_borders() {
        assert!(has_word("use tokio::net;", "tokio"));
        assert!(!has_word("use my_tokio_util;", "tokio"));
        assert!(has_word("x.await?", ".await"));
        assert!(!has_word("x.awaited()", ".await"));
    }
}
