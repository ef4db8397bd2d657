//! The workflows of .github and the pages that name our tasks, as far as a checkout can check them.
//!
//! Read line by line: enough for what is asked, and no parser of YAML in a crate that must stay light.

use std::{fs, path::Path};

use clap::CommandFactory as _;

use crate::{Cli, source};

const WORKFLOWS: &str = ".github/workflows";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn workflows() -> Vec<(String, String)> {
    let names = source::files(root(), WORKFLOWS, "yml").unwrap();
    assert!(!names.is_empty(), "{WORKFLOWS} is empty");
    names
        .iter()
        .map(|name| page(&name.to_string_lossy()))
        .collect()
}

fn page(name: &str) -> (String, String) {
    (
        name.to_owned(),
        fs::read_to_string(root().join(name)).unwrap(),
    )
}

/// What follows each `cargo xtask` outside of comments, word by word.
fn tasks(text: &str) -> Vec<Vec<&str>> {
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let tasks = lines.flat_map(|line| line.split("cargo xtask ").skip(1));
    let end = |word: &str| !word.starts_with(|c: char| c.is_ascii_lowercase());
    tasks
        .map(|rest| {
            rest.split([' ', ')', '`', ';'])
                .take_while(|word| !end(word))
                .collect()
        })
        .collect()
}

/// The first word that should name a task and does not.
fn unknown<'t>(words: &[&'t str]) -> Option<&'t str> {
    let mut command = Cli::command();
    for word in words {
        if !command.has_subcommands() {
            return None;
        }
        match command.find_subcommand(word) {
            Some(found) => command = found.clone(),
            None => return Some(word),
        }
    }
    None
}

/// What is after `uses:`, without its comment.
fn actions(text: &str) -> Vec<&str> {
    let lines = text
        .lines()
        .map(|line| line.trim_start().trim_start_matches("- ").trim_start());
    let used = lines.filter_map(|line| line.strip_prefix("uses:"));
    used.map(|action| action.split('#').next().unwrap_or_default().trim())
        .collect()
}

fn is_pinned(action: &str) -> bool {
    let hash = action.rsplit_once('@').map_or("", |(_, hash)| hash);
    hash.len() == 40 && hash.chars().all(|c| c.is_ascii_hexdigit())
}

#[test]
fn every_task_that_a_workflow_or_page_names_exists() {
    let pages = ["docs/releasing.md", "docs/stability.md"].map(page);
    for (name, text) in workflows().into_iter().chain(pages) {
        for words in tasks(&text) {
            assert_eq!(
                unknown(&words),
                None,
                "{name}: cargo xtask {}",
                words.join(" ")
            );
        }
    }
    let text =
        "run: cargo xtask graph\n# cargo xtask never\n x=$(cargo xtask release tagged \"$X\")\n";
    assert_eq!(tasks(text), [vec!["graph"], vec!["release", "tagged"]]);
    assert_eq!(unknown(&["release", "check", "trunkline-groq"]), None);
    assert_eq!(unknown(&["release", "chekc"]), Some("chekc"));
    assert_eq!(unknown(&["grahp"]), Some("grahp"));
}

#[test]
fn every_action_is_pinned_by_the_hash_of_its_commit() {
    for (name, text) in workflows() {
        for action in actions(&text) {
            assert!(
                is_pinned(action),
                "{name}: {action} can change; use a hash of 40 digits"
            );
        }
    }
    let hash = "0123456789abcdef0123456789abcdef01234567";
    let text = format!("  - uses: a/b@{hash} # v4\n    uses: a/b@v4\n");
    let pinned: Vec<bool> = actions(&text).into_iter().map(is_pinned).collect();
    assert_eq!(pinned, [true, false]);
}

#[test]
fn permissions_are_named_and_only_publishing_has_a_token_to_prove_itself() {
    for (name, text) in workflows() {
        assert!(
            text.lines().any(|line| line.starts_with("permissions:")),
            "{name} takes what it gets"
        );
        let writes = text.matches(": write").count();
        let expected = usize::from(name.ends_with("publish.yml"));
        assert_eq!(writes, expected, "{name} may write more than it needs");
    }
}

#[test]
fn tabs_and_odd_indents_are_no_yaml() {
    for (name, text) in workflows() {
        for (number, line) in text.lines().enumerate() {
            assert!(!line.contains('\t'), "{name}:{}: a tab", number + 1);
            let indent = line.len() - line.trim_start().len();
            assert!(
                indent % 2 == 0,
                "{name}:{}: indented by {indent}",
                number + 1
            );
        }
    }
}
