//! Regions of hand-written files whose content is generated: the lines between two markers.

/// How a marker is commented.
#[derive(Clone, Copy, Debug)]
pub(super) enum Comment {
    Html,
    Rust,
    Toml,
}

impl Comment {
    fn marker(self, name: &str) -> String {
        match self {
            Comment::Html => format!("<!-- {name} -->"),
            Comment::Rust => format!("// {name}"),
            Comment::Toml => format!("# {name}"),
        }
    }
}

/// Why a file cannot be filled.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) line: usize,
    pub(super) what: String,
}

/// The text with every region filled with what `body` gives for the TOML table that the region stands in
/// (empty in other files); where it gives nothing, the region stays.
pub(super) fn fill(
    text: &str,
    comment: Comment,
    body: &dyn Fn(&str) -> Option<String>,
) -> Result<String, Trouble> {
    let (begin, end) = (
        comment.marker("backends:begin"),
        comment.marker("backends:end"),
    );
    let mut filled = String::with_capacity(text.len());
    let mut table = "";
    let mut open: Option<(usize, String)> = None;
    let mut regions = 0_usize;
    for (number, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed == end {
            let Some((_, content)) = open.take() else {
                return Err(Trouble {
                    line: number + 1,
                    what: format!("`{end}` closes nothing; add `{begin}` above"),
                });
            };
            filled.push_str(&body(table).unwrap_or(content));
        } else if let Some((_, content)) = &mut open {
            content.push_str(line);
            content.push('\n');
            continue;
        }
        table = header(trimmed).unwrap_or(table);
        filled.push_str(line);
        filled.push('\n');
        if trimmed == begin {
            open = Some((number + 1, String::new()));
            regions += 1;
        }
    }
    match open {
        Some((line, _)) => Err(Trouble {
            line,
            what: format!("`{begin}` is not closed; add `{end}` below"),
        }),
        None if regions == 0 => Err(Trouble {
            line: 1,
            what: format!("no backends here; add a line `{begin}` and below it `{end}`"),
        }),
        None => Ok(filled),
    }
}

/// The TOML tables in which regions begin.
pub(super) fn tables(text: &str) -> Vec<&str> {
    let begin = Comment::Toml.marker("backends:begin");
    let mut table = "";
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        table = header(line).unwrap_or(table);
        if line == begin {
            found.push(table);
        }
    }
    found
}

fn header(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.strip_suffix(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(table: &str) -> Option<String> {
        (table != "other").then(|| format!("new {table}\n"))
    }

    #[test]
    fn only_the_region_changes() {
        let text = "a\n<!-- backends:begin -->\nold\n<!-- backends:end -->\nb\n";
        let filled = fill(text, Comment::Html, &body).unwrap();
        assert_eq!(
            filled,
            "a\n<!-- backends:begin -->\nnew \n<!-- backends:end -->\nb\n"
        );
        assert_eq!(fill(&filled, Comment::Html, &body).unwrap(), filled);
    }

    #[test]
    fn a_region_is_filled_by_the_table_it_stands_in() {
        let text = "[x]\n# backends:begin\n# backends:end\n[other]\n# backends:begin\nkept\n# backends:end\n";
        let filled = fill(text, Comment::Toml, &body).unwrap();
        assert_eq!(
            filled,
            "[x]\n# backends:begin\nnew x\n# backends:end\n[other]\n# backends:begin\nkept\n# backends:end\n"
        );
        assert_eq!(tables(text), ["x", "other"]);
    }

    #[test]
    fn markers_come_in_pairs() {
        let line = |text: &str| fill(text, Comment::Rust, &body).unwrap_err();
        assert_eq!(line("a\n// backends:begin\nb\n").line, 2);
        assert_eq!(line("a\nb\n// backends:end\n").line, 3);
        assert!(line("a\n").what.starts_with("no backends here"));
    }
}
