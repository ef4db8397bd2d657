//! As much of Markdown as the checks read: prose, headings, links.

/// The lines without code: those of fenced blocks are empty, code within a line is cut out.
pub(crate) fn prose(text: &str) -> Vec<String> {
    let mut open: Option<&str> = None;
    let mut lines = Vec::new();
    for line in text.lines() {
        let shown = match (open, fence(line)) {
            (Some(start), Some(end)) if end.starts_with(start) && end == line.trim() => {
                open = None;
                String::new()
            }
            (Some(_), _) => String::new(),
            (None, Some(start)) => {
                open = Some(start);
                String::new()
            }
            (None, None) => without_code(line),
        };
        lines.push(shown);
    }
    lines
}

/// The backticks or tildes that a line begins with, if they are enough for a fence.
fn fence(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.len() - line.trim_start_matches(mark).len();
    line.get(..length).filter(|_| length >= 3)
}

fn without_code(line: &str) -> String {
    let parts: Vec<&str> = line.split('`').collect();
    let paired = parts.len() - (parts.len() + 1) % 2;
    let texts = parts
        .iter()
        .enumerate()
        .map(|(at, part)| if at % 2 == 1 && at < paired { "" } else { part });
    texts.collect::<Vec<_>>().join("`")
}

/// The text of a heading of level 2 or more: `## Basic usage`.
pub(crate) fn subheading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    (level >= 2 && text.starts_with(' ')).then(|| text.trim())
}

/// The targets of all links and images in a line of prose, `[text](target)` and `[name]: target`.
pub(crate) fn links(line: &str) -> Vec<&str> {
    let inline = line
        .split("](")
        .skip(1)
        .filter_map(|rest| match rest.strip_prefix('<') {
            Some(rest) => rest.split('>').next(),
            None => rest.split([')', ' ']).next(),
        });
    let named = line
        .trim_start()
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("]: "));
    inline
        .chain(named.and_then(|(_, target)| target.split_whitespace().next()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_no_prose() {
        let lines = prose("a `[x](y)` b\n```rust\n# use x;\n[x](y)\n```\n## Real\n");
        assert_eq!(lines, ["a `` b", "", "", "", "", "## Real"]);
    }

    #[test]
    fn a_fence_is_closed_by_one_of_its_kind_and_at_least_its_length() {
        let lines = prose("````md\n```rust\nx\n```\n~~~\n`````\nafter\n");
        assert_eq!(lines, ["", "", "", "", "", "", "after"]);
    }

    #[test]
    fn a_single_backtick_hides_nothing() {
        assert_eq!(prose("it`s [x](y)"), ["it`s [x](y)"]);
        assert_eq!(prose("`a` [x](y) `"), ["`` [x](y) `"]);
    }

    #[test]
    fn headings_start_at_level_two() {
        assert_eq!(subheading("## Basic usage "), Some("Basic usage"));
        assert_eq!(subheading("# Title"), None);
        assert_eq!(subheading("##no"), None);
    }

    #[test]
    fn links_of_all_spellings_are_found() {
        assert_eq!(
            links("[a](b.md) ![c](<d e.png>) [f](g.md \"title\")"),
            ["b.md", "d e.png", "g.md"]
        );
        assert_eq!(links("[name]: docs/x.md"), ["docs/x.md"]);
        assert_eq!(
            links("[`Model`](trunkline_core::Model)"),
            ["trunkline_core::Model"]
        );
    }
}
