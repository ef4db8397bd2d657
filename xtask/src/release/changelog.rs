//! The sections of CHANGELOG.md.

use anyhow::{Context, Result};

use super::{members::Member, version::Version};
use crate::{finding::Finding, workspace::Workspace};

const FILE: &str = "CHANGELOG.md";

/// The lines below a heading that begins with the crate's name and version, up to the next of its level or above.
///
/// Both forms are read: `### trunkline-groq 0.2.1` under `## Unreleased`, and `## trunkline-groq 0.2.1 — 2027-01-12`.
pub(crate) fn section<'a>(text: &'a str, name: &str, version: &Version) -> Option<&'a str> {
    let version = version.to_string();
    let mut from = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let level = line.chars().take_while(|c| *c == '#').count();
        let title = line.get(level..).unwrap_or_default();
        let is_heading = level > 0 && title.starts_with(' ');
        match from {
            Some((start, above)) if is_heading && level <= above => {
                return text.get(start..at).map(str::trim);
            }
            None if is_heading => {
                let mut words = title.split_whitespace();
                if words.next() == Some(name) && words.next() == Some(&version) {
                    from = Some((at + line.len(), level));
                }
            }
            _ => {}
        }
        at += line.len();
    }
    from.and_then(|(start, _)| text.get(start..)).map(str::trim)
}

/// What changed in this version of a crate.
pub(crate) fn notes(workspace: &Workspace, member: &Member<'_>) -> Result<String> {
    let text = workspace.read(FILE)?.unwrap_or_default();
    let found = section(&text, member.name(), &member.version).filter(|notes| !notes.is_empty());
    found.map(str::to_owned).with_context(|| {
        let (name, version) = (member.name(), &member.version);
        format!(
            "{FILE} says nothing of {name} {version}; write `### {name} {version}` with what a user gets under `## Unreleased`"
        )
    })
}

pub(crate) fn trouble(workspace: &Workspace, member: &Member<'_>) -> Option<Finding> {
    let error = notes(workspace, member).err()?.to_string();
    let what = error.strip_prefix(FILE).unwrap_or(&error).trim_start();
    Some(Finding::file(FILE, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Changelog\n\n## Unreleased\n\n### trunkline-groq 0.2.2\n\n- New.\n\n### trunkline-core 0.1.0\n\n#### Added\n\n- All.\n\n\
        ## trunkline-groq 0.2.1 — 2027-01-12\n\n- Old.\n\n### Fixed\n\n- Much.\n\n## trunkline-groq 0.2.0\n";

    fn read(name: &str, version: &str) -> Option<&'static str> {
        section(TEXT, name, &Version::parse(version).unwrap())
    }

    #[test]
    fn a_section_is_found_released_or_not_and_ends_with_the_next_heading_of_its_level() {
        assert_eq!(read("trunkline-groq", "0.2.2"), Some("- New."));
        assert_eq!(
            read("trunkline-core", "0.1.0"),
            Some("#### Added\n\n- All.")
        );
        assert_eq!(
            read("trunkline-groq", "0.2.1"),
            Some("- Old.\n\n### Fixed\n\n- Much.")
        );
    }

    #[test]
    fn neither_another_version_nor_a_longer_name_is_taken() {
        assert_eq!(read("trunkline-groq", "0.2.3"), None);
        assert_eq!(read("trunkline", "0.2.1"), None);
        assert_eq!(read("groq", "0.2.1"), None);
    }

    #[test]
    fn an_empty_or_missing_section_is_told_with_what_to_write() {
        use crate::{release::members::Members, trees::Tree};
        let tree = Tree::in_order();
        for text in ["", "## trunkline-core 0.1.0\n\n"] {
            tree.write(FILE, text);
            let workspace = tree.workspace();
            let members = Members::of(&workspace).unwrap();
            let finding = trouble(&workspace, members.named("trunkline-core").unwrap()).unwrap();
            let told = finding.to_string();
            assert!(
                told.starts_with(
                    "CHANGELOG.md:1: says nothing of trunkline-core 0.1.0; write `### "
                ),
                "{told}"
            );
        }
        tree.write(FILE, "## Unreleased\n### trunkline-core 0.1.0\n- Core.\n");
        let workspace = tree.workspace();
        let members = Members::of(&workspace).unwrap();
        let core = members.named("trunkline-core").unwrap();
        assert_eq!(trouble(&workspace, core), None);
        assert_eq!(notes(&workspace, core).unwrap(), "- Core.");
    }
}
