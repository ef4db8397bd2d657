//! Hazards of a scratch repository that has tags.

use super::*;
use crate::{release::git::tests::Repository, trees::Tree};

const LIB: &str = "crates/core/src/lib.rs";
const GROQ: &str = "crates/providers/groq/src/lib.rs";

/// A core with one function, and a provider that calls it. Neither needs the registry.
fn repository() -> Repository {
    let tree = Tree::in_order();
    tree.append(
        "Cargo.toml",
        "[workspace.package]\nlicense = 'MIT'\nrust-version = '1.88'\n[workspace.lints]\n",
    );
    for folder in ["core", "testkit", "trunkline", "providers/groq"] {
        let manifest = format!("crates/{folder}/Cargo.toml");
        tree.replace(&manifest, "[package]\n", "[package]\nedition = '2024'\n");
        tree.write(&format!("crates/{folder}/src/lib.rs"), "");
    }
    let groq = "crates/providers/groq/Cargo.toml";
    tree.replace(groq, "\"trunkline-http/hyper\"", "");
    tree.write(LIB, "pub fn ask() {}\n");
    tree.write(GROQ, "pub fn chat() { trunkline_core::ask() }\n");
    Repository::of(tree)
}

fn hazards(repository: &Repository) -> Option<Vec<String>> {
    let found = run(&repository.workspace()).unwrap();
    let scratch = Scratch::new(&repository.root, "hazards").unwrap();
    std::fs::remove_dir_all(scratch.folder()).unwrap();
    Some(found?.iter().map(ToString::to_string).collect())
}

#[test]
fn without_tags_and_archives_there_is_nothing_to_compare_with() {
    assert_eq!(hazards(&repository()), None);
}

#[test]
fn a_published_provider_that_a_changed_core_breaks_is_found() {
    let repository = repository();
    repository.tag("trunkline-core-v0.1.0");
    repository.tag("trunkline-groq-v0.1.0");
    assert_eq!(hazards(&repository), Some(Vec::new()));

    repository.tree.write(LIB, "pub fn ask(_: u8) {}\n");
    repository
        .tree
        .write(GROQ, "pub fn chat() { trunkline_core::ask(1) }\n");
    let found = hazards(&repository).unwrap();
    assert_eq!(found.len(), 2, "{found:#?}");
    let [these, published] = [0, 1].map(|at| found.iter().rev().nth(at).unwrap());
    assert!(
        published.contains(
            "trunkline-groq 0.1.0 on this core 0.1.0 does not compile; the change is breaking"
        ),
        "{published}"
    );
    assert!(
        these.contains("this trunkline-groq on core 0.1.0 does not compile; raise the version"),
        "{these}"
    );

    // With a minor of its own core leaves the published provider alone, and is to be published first.
    repository.tree.replace(
        "crates/core/Cargo.toml",
        "version = \"0.1.0\"",
        "version = \"0.2.0\"",
    );
    repository.tree.replace(
        "Cargo.toml",
        "crates/core\", version = \"0.1.0\"",
        "crates/core\", version = \"0.2.0\"",
    );
    assert_eq!(hazards(&repository), Some(Vec::new()));
}

#[test]
fn a_provider_that_uses_what_no_published_core_has_is_found() {
    let repository = repository();
    repository.tag("trunkline-core-v0.1.0");
    repository.tree.append(LIB, "pub fn embed() {}\n");
    repository
        .tree
        .write(GROQ, "pub fn chat() { trunkline_core::embed() }\n");
    let found = hazards(&repository).unwrap();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(
        found[0].starts_with("Cargo.toml:")
            && found[0].contains("this trunkline-groq on core 0.1.0"),
        "{found:#?}"
    );
}
