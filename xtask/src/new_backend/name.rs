//! Which names a provider may have: an allow-list, since the name becomes a folder, a crate, a
//! feature, a type and a variable.

use anyhow::{Result, bail, ensure};

/// Keywords cannot be modules, and the facade re-exports each provider under its name.
const KEYWORDS: [&str; 52] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "union", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Names of devices, which Windows has in every folder.
const DEVICES: [&str; 6] = ["aux", "clock", "con", "nul", "prn", "lpt"];

/// Crates and features that are there already, or mean something else.
const TAKEN: [&str; 16] = [
    "alloc",
    "core",
    "default",
    "default-tls",
    "examples",
    "full",
    "http",
    "hyper",
    "lab",
    "metrics",
    "openai-compat",
    "proc-macro",
    "std",
    "test",
    "testkit",
    "trunkline",
];

/// crates.io takes keywords of 20 characters, and the name is one.
const LONGEST: usize = 20;

/// Refuses what is no name of a provider, and says why.
pub(super) fn check(name: &str) -> Result<()> {
    let shown: String = name.chars().take(40).collect();
    let shown = shown.escape_debug();
    ensure!(
        (2..=LONGEST).contains(&name.chars().count()),
        "\"{shown}\" has {} characters; a name has 2 to {LONGEST}",
        name.chars().count(),
    );
    let words = name.split('-');
    let is_word = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    ensure!(
        words.clone().all(is_word) && name.starts_with(|first: char| first.is_ascii_lowercase()),
        "\"{shown}\" is no name: it has lower-case letters a–z and digits, words are joined by one hyphen, and a \
         letter comes first; `acme` or `acme-cloud`",
    );
    let device = name.trim_end_matches(|last: char| last.is_ascii_digit());
    if KEYWORDS.contains(&name) {
        bail!("`{name}` is a word of Rust; take another name, `{name}-ai` say");
    }
    if DEVICES.contains(&device) || device == "com" {
        bail!("`{name}` is a device on Windows, where no folder can have the name; take another");
    }
    if TAKEN.contains(&name) {
        bail!("`{name}` means something else here; take another name, `{name}-ai` say");
    }
    Ok(())
}

/// `acme-cloud` as a type: `AcmeCloud`.
pub(super) fn camel(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    name.split('-').map(capital).collect()
}

/// `acme-cloud` as a variable's prefix: `ACME_CLOUD`.
pub(super) fn screaming(name: &str) -> String {
    name.to_ascii_uppercase().replace('-', "_")
}
