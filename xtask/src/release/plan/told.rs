//! The plan as text: a table, what could not be checked, what to do next.

use std::collections::BTreeMap;

use super::Entry;
use crate::release::{
    history::History,
    progress::{count, table},
    semver::Answer,
};

/// How the registry slows down who claims names; versions of known crates are much freer.
const BURST: usize = 5;
const MINUTES: usize = 10;

pub(super) fn tell(entries: &[Entry<'_>]) -> String {
    let headings = [
        "crate", "version", "released", "changed", "asks for", "next", "why",
    ];
    let mut rows = vec![headings.map(str::to_owned).to_vec()];
    let mut unchecked: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut compared = Vec::new();
    for entry in entries {
        let name = entry.member.name();
        let asks = match &entry.answer {
            Answer::Asks(change, with) => {
                compared.push(format!("  {name} with {with}\n"));
                change.to_string()
            }
            Answer::NotChecked(why) => {
                unchecked.entry(why).or_default().push(name);
                "?".to_owned()
            }
            Answer::NoNeed => "-".to_owned(),
        };
        let (released, changed) = match &entry.history {
            History::Never => ("never".to_owned(), "-".to_owned()),
            History::Released { version, changed } if changed.is_empty() => {
                (version.to_string(), "no".to_owned())
            }
            History::Released { version, changed } => {
                (version.to_string(), count(changed.len(), "file"))
            }
        };
        let next = entry
            .next
            .as_ref()
            .map_or_else(|| "-".to_owned(), ToString::to_string);
        rows.push(vec![
            name.to_owned(),
            entry.member.version.to_string(),
            released,
            changed,
            asks,
            next,
            entry.why.clone(),
        ]);
    }
    let mut text = table(&rows);
    if !compared.is_empty() {
        text.push_str(&format!(
            "\nCompared by cargo-semver-checks:\n{}",
            compared.concat()
        ));
    }
    for (why, names) in unchecked {
        text.push_str(&format!(
            "\nNot checked: what the changes of {} ask for.\n  {why}\n",
            said(&names, entries.len())
        ));
    }
    let names = entries
        .iter()
        .filter(|entry| entry.history == History::Never)
        .count();
    if names > BURST {
        text.push_str(&format!(
            "\nNew names: {names}. The registry takes {BURST} at once, then one in {MINUTES} minutes: {} minutes in all.\n",
            (names - BURST) * MINUTES
        ));
    }
    text.push_str(&format!("\n{}\n", todo(entries)));
    text
}

fn said(names: &[&str], all: usize) -> String {
    if names.len() == all {
        "all crates".to_owned()
    } else {
        names.join(", ")
    }
}

fn todo(entries: &[Entry<'_>]) -> String {
    let to_publish = entries.iter().filter(|entry| entry.next.is_some());
    let to_raise = entries.iter().filter(|entry| {
        entry
            .next
            .as_ref()
            .is_some_and(|next| *next != entry.member.version)
    });
    let (publish, raise) = (to_publish.count(), to_raise.count());
    match (publish, raise) {
        (0, _) => "Next: nothing; all that is here is released.".to_owned(),
        (_, 0) => format!(
            "Next: `cargo xtask release check`, then publish {} in this order; see docs/releasing.md.",
            count(publish, "crate")
        ),
        _ => format!(
            "Next: raise {}, with the requirements in Cargo.toml; then `cargo xtask release plan` again.",
            count(raise, "version")
        ),
    }
}
