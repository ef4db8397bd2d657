//! What the registry says of keywords and categories: of some it warns, of some it says nothing.

use crate::{finding::Finding, workspace::Package};

/// How many keywords and categories the registry takes.
const MOST: usize = 5;
const LONGEST_KEYWORD: usize = 20;

/// What must go into the package, and how a pattern that takes it begins.
const INCLUDED: [(&str, &str); 3] = [
    ("src", "\"src/**\""),
    ("README", "\"README.md\""),
    ("LICENSE", "\"LICENSE-*\""),
];

/// Those of <https://crates.io/category_slugs> in August 2026. Others are dropped with a warning that nobody reads.
const CATEGORIES: &str = "
    accessibility aerospace aerospace::drones aerospace::protocols aerospace::simulation
    aerospace::space-protocols aerospace::unmanned-aerial-vehicles algorithms api-bindings
    artificial-intelligence asynchronous authentication automotive caching compilers command-line-interface
    command-line-utilities compression computer-vision config concurrency cryptography
    cryptography::cryptocurrencies database database-implementations data-structures date-and-time
    development-tools development-tools::build-utils development-tools::cargo-plugins
    development-tools::debugging development-tools::ffi development-tools::procedural-macro-helpers
    development-tools::profiling development-tools::testing email embedded emulators encoding
    external-ffi-bindings filesystem finance game-engines game-development games graphics gui hardware-support
    internationalization localization mathematics memory-management multimedia multimedia::audio
    multimedia::video multimedia::images multimedia::encoding network-programming no-std no-std::no-alloc os
    os::android-apis os::linux-apis os::freebsd-apis os::macos-apis os::unix-apis os::windows-apis
    parser-implementations parsing rendering rendering::engine rendering::graphics-api rendering::data-formats
    rust-patterns science science::computational-chemistry
    science::computational-chemistry::electronic-structure
    science::computational-chemistry::molecular-simulation science::computational-chemistry::cheminformatics
    science::computational-biology science::computational-biology::structural-modeling
    science::computational-biology::systems-biology science::materials science::geo science::robotics
    science::neuroscience science::bioinformatics science::bioinformatics::genomics
    science::bioinformatics::proteomics science::bioinformatics::sequence-analysis science::quantum-computing
    security simulation template-engine text-editors text-processing value-formatting virtualization
    visualization wasm web-programming web-programming::http-client web-programming::http-server
    web-programming::websocket
";

pub(super) fn check(package: &Package) -> Vec<Finding> {
    let mut findings = keywords(package);
    findings.extend(categories(package));
    findings.extend(include(package));
    findings
}

fn keywords(package: &Package) -> Vec<Finding> {
    let at = ["package", "keywords"];
    let keywords = package.manifest.list(&at).unwrap_or_default();
    let mut findings = Vec::new();
    if keywords.is_empty() || keywords.len() > MOST {
        let what = format!(
            "{} keywords; the registry takes one to {MOST}: choose",
            keywords.len()
        );
        findings.push(package.manifest.finding(&at, what));
    }
    for keyword in keywords.into_iter().filter(|keyword| !is_keyword(keyword)) {
        let what = format!(
            "the registry refuses the keyword `{keyword}`; use at most {LONGEST_KEYWORD} of a-z, 0-9, -, _ and +, a \
             letter or digit first"
        );
        findings.push(package.manifest.finding(&at, what));
    }
    findings
}

fn is_keyword(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= LONGEST_KEYWORD
        && text.starts_with(fits)
        && text.chars().all(|c| fits(c) || "-_+".contains(c))
}

fn categories(package: &Package) -> Vec<Finding> {
    let at = ["package", "categories"];
    let categories = package.manifest.list(&at).unwrap_or_default();
    let mut findings = Vec::new();
    if categories.len() > MOST {
        let what = format!(
            "{} categories; the registry takes {MOST}: choose",
            categories.len()
        );
        findings.push(package.manifest.finding(&at, what));
    }
    let is_known = |name: &&str| CATEGORIES.split_whitespace().any(|known| known == *name);
    for category in categories.into_iter().filter(|name| !is_known(name)) {
        let what = format!(
            "the registry has no category `{category}`; choose from https://crates.io/category_slugs"
        );
        findings.push(package.manifest.finding(&at, what));
    }
    findings
}

/// An `include` that forgets the licences is packaged without a word.
fn include(package: &Package) -> Vec<Finding> {
    let at = ["package", "include"];
    let Some(patterns) = package.manifest.list(&at).filter(|list| !list.is_empty()) else {
        return Vec::new();
    };
    let takes = |start: &str| {
        let mut patterns = patterns
            .iter()
            .map(|pattern| pattern.trim_start_matches('/'));
        patterns.any(|pattern| pattern.starts_with(start))
    };
    INCLUDED
        .into_iter()
        .filter(|(start, _)| !takes(start))
        .map(|(_, pattern)| {
            let what = format!("`include` leaves out {pattern}; add it");
            package.manifest.finding(&at, what)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::{Tree, only};

    fn found(old: &str, new: &str) -> Vec<Finding> {
        let tree = Tree::in_order();
        tree.replace("crates/core/Cargo.toml", old, new);
        check(tree.workspace().package("trunkline-core").unwrap())
    }

    #[test]
    fn one_to_five_keywords_of_the_registrys_form_are_taken() {
        assert_eq!(
            found("[\"ai\"]", "['c++', 'a_b', '3d', 'fault-injection', 'x']"),
            []
        );
        assert!(
            only(found("[\"ai\"]", "['a', 'b', 'c', 'd', 'e', 'f']"))
                .what
                .starts_with("6 keywords")
        );
        assert!(only(found("[\"ai\"]", "[]")).what.starts_with("0 keywords"));
        for wrong in ["two words", "-a", "a.b", "a-keyword-of-21-signs"] {
            let finding = only(found("\"ai\"", &format!("'{wrong}'")));
            assert!(finding.what.contains(wrong), "{finding}");
            assert_eq!(finding.line, 7);
        }
    }

    #[test]
    fn a_category_that_the_registry_does_not_have_is_found() {
        assert_eq!(
            found(
                "\"api-bindings\"",
                "'web-programming::http-client', 'no-std'"
            ),
            []
        );
        let finding = only(found("\"api-bindings\"", "'api-bindings', 'llm'"));
        assert!(finding.what.contains("no category `llm`"), "{finding}");
    }

    #[test]
    fn an_include_without_source_page_or_licences_is_found() {
        for (old, pattern) in [
            ("\"src/**\", ", "src/**"),
            ("\"README.md\", ", "README.md"),
            (", \"LICENSE-*\"", "LICENSE-*"),
        ] {
            let finding = only(found(old, ""));
            assert!(finding.what.contains(pattern), "{finding}");
        }
        assert_eq!(found("\"src/**\", ", "\"/src/**\", "), []);
    }
}
