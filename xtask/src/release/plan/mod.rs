//! `release plan`: what to publish, as which version, in which order.

mod told;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use self::told::tell;
use super::{
    git::Git,
    history::History,
    members::{Member, Members},
    progress::count,
    semver::{Answer, Checker},
    version::{Change, Version},
};
use crate::workspace::Workspace;

/// What is to be done with one crate.
#[derive(Debug)]
struct Entry<'a> {
    member: &'a Member<'a>,
    history: History,
    answer: Answer,
    /// The version to publish; `None` where the registry has what is here.
    next: Option<Version>,
    why: String,
}

pub(crate) fn run(workspace: &Workspace, ask: bool) -> Result<()> {
    let members = Members::of(workspace)?;
    let git = Git::at(&workspace.root)?;
    let mut histories = BTreeMap::new();
    for member in members.iter() {
        histories.insert(member.name(), History::of(workspace, &git, member)?);
    }
    let checker = if ask {
        Some(Checker::new(&workspace.root, &members)?)
    } else {
        None
    };
    let entries = plan(&members, &histories, |member, history| match &checker {
        Some(checker) => checker.ask(member, history),
        None => Answer::NotChecked("left out, as asked".to_owned()),
    });
    println!(
        "release plan: {}, in the order of publishing\n",
        count(entries.len(), "crate")
    );
    print!("{}", tell(&entries));
    let missing = without_repository(workspace, &members);
    if !missing.is_empty() {
        println!(
            "\nNo `repository` in {} of {} manifests: there is no public one yet. The registry takes a crate without; \
             cargo warns.",
            missing.len(),
            entries.len()
        );
    }
    Ok(())
}

fn plan<'a>(
    members: &'a Members<'a>,
    histories: &BTreeMap<&str, History>,
    ask: impl Fn(&Member<'_>, &History) -> Answer,
) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry<'a>> = Vec::new();
    // Crates that leave those behind who use their types, with whom they follow.
    let mut breaking: BTreeSet<&str> = BTreeSet::new();
    for member in members.iter() {
        let history = histories
            .get(member.name())
            .cloned()
            .unwrap_or(History::Never);
        let answer = ask(member, &history);
        let followed: Vec<&str> = member
            .needs
            .iter()
            .copied()
            .filter(|need| breaking.contains(need))
            .collect();
        let (next, why) = decide(member, &history, &answer, &followed);
        let breaks = match (history.released(), &next) {
            (Some(released), Some(next)) => !released.accepts(next),
            _ => false,
        };
        if breaks {
            breaking.insert(member.name());
        }
        entries.push(Entry {
            member,
            history,
            answer,
            next,
            why,
        });
    }
    entries
}

/// A crate that needs a broken one shows its types, or must be taken to: no manifest says otherwise.
fn decide(
    member: &Member<'_>,
    history: &History,
    answer: &Answer,
    followed: &[&str],
) -> (Option<Version>, String) {
    let History::Released {
        version: released,
        changed,
    } = history
    else {
        return (
            Some(member.version.clone()),
            format!("never released: {} is the first", member.version),
        );
    };
    let own = match answer {
        Answer::Asks(change, _) => *change,
        Answer::NotChecked(_) | Answer::NoNeed => Change::Fix,
    };
    let (change, reason) = if !followed.is_empty() {
        (Change::Breaking, format!("follows {}", followed.join(", ")))
    } else if changed.is_empty() && member.version == *released {
        return (None, format!("as {}", member.tag()));
    } else if changed.is_empty() {
        (own, "raised by hand".to_owned())
    } else {
        let asked = match answer {
            Answer::Asks(change, _) => change.to_string(),
            _ => "changed; at least".to_owned(),
        };
        (own, asked)
    };
    let least = released.after(change);
    if member.version >= least {
        return (Some(member.version.clone()), reason);
    }
    let why = format!("{reason}: raise `version` to {least}");
    (Some(least), why)
}

fn without_repository<'a>(workspace: &Workspace, members: &'a Members<'_>) -> Vec<&'a str> {
    let shared = workspace
        .manifest
        .text(&["workspace", "package", "repository"])
        .is_some();
    members
        .iter()
        .filter(
            |member| match member.package.manifest.get(&["package", "repository"]) {
                Some(item) => !item.is_str() && !shared,
                None => true,
            },
        )
        .map(Member::name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::Tree;

    const CORE: &str = "trunkline-core";
    const GROQ: &str = "trunkline-groq";

    fn released(changed: &[&str]) -> History {
        History::Released {
            version: Version::parse("0.1.0").unwrap(),
            changed: changed.iter().map(|&file| file.to_owned()).collect(),
        }
    }

    fn told(
        tree: &Tree,
        histories: &[(&'static str, History)],
        asked: &[(&str, Change)],
    ) -> String {
        let workspace = tree.workspace();
        let members = Members::of(&workspace).unwrap();
        let histories: BTreeMap<&str, History> = histories.iter().cloned().collect();
        let entries = plan(&members, &histories, |member, history| {
            let change = asked.iter().find(|(name, _)| *name == member.name());
            match (change, history) {
                (Some((name, change)), _) => Answer::Asks(*change, format!("{name}-v0.1.0")),
                (None, History::Never) => Answer::NotChecked("no baseline".to_owned()),
                (None, _) => Answer::NoNeed,
            }
        });
        tell(&entries)
    }

    fn row<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
        let line = text
            .lines()
            .find(|line| line.split_whitespace().next() == Some(name));
        line.unwrap().split_whitespace().collect()
    }

    fn all_released() -> Vec<(&'static str, History)> {
        [CORE, GROQ, "trunkline", "trunkline-testkit"]
            .map(|name| (name, released(&[])))
            .to_vec()
    }

    #[test]
    fn without_tags_every_crate_is_published_as_it_is_needs_first() {
        let text = told(&Tree::in_order(), &[], &[]);
        assert!(text.find(CORE) < text.find(GROQ), "{text}");
        assert!(
            row(&text, GROQ)
                .join(" ")
                .ends_with("never released: 0.1.0 is the first"),
            "{text}"
        );
        assert!(
            text.contains("Not checked: what the changes of all crates ask for.\n  no baseline\n"),
            "{text}"
        );
        assert!(text.contains("then publish 4 crates"), "{text}");
    }

    #[test]
    fn many_new_names_take_time() {
        let tree = Tree::in_order();
        assert!(
            !told(&tree, &[], &[]).contains("New names"),
            "four are taken at once"
        );
        for name in ["xai", "vllm", "tgi"] {
            let manifest = format!("[package]\nname = 'trunkline-{name}'\nversion = '0.1.0'\n");
            tree.write(&format!("crates/providers/{name}/Cargo.toml"), &manifest);
        }
        let text = told(&tree, &[], &[]);
        assert!(
            text.contains("New names: 7. The registry takes 5 at once"),
            "{text}"
        );
        assert!(text.contains("20 minutes in all"), "{text}");
    }

    #[test]
    fn what_is_released_and_unchanged_is_left_alone() {
        let text = told(&Tree::in_order(), &all_released(), &[]);
        assert_eq!(
            row(&text, GROQ)[..6],
            [GROQ, "0.1.0", "0.1.0", "no", "-", "-"]
        );
        assert!(text.contains("Next: nothing"), "{text}");
    }

    #[test]
    fn a_breaking_core_is_followed_by_all_who_need_it_and_by_those_who_need_them() {
        let mut histories = all_released();
        histories.push((CORE, released(&["src/lib.rs"])));
        let text = told(&Tree::in_order(), &histories, &[(CORE, Change::Breaking)]);
        assert!(
            row(&text, CORE)
                .join(" ")
                .ends_with("breaking 0.2.0 breaking: raise `version` to 0.2.0"),
            "{text}"
        );
        assert!(
            row(&text, GROQ)
                .join(" ")
                .ends_with("0.2.0 follows trunkline-core: raise `version` to 0.2.0"),
            "{text}"
        );
        assert!(
            row(&text, "trunkline")
                .join(" ")
                .contains("follows trunkline-core, trunkline-groq"),
            "{text}"
        );
        assert_eq!(
            row(&text, "trunkline-testkit")[5],
            "-",
            "the testkit of this tree needs nothing"
        );
        assert!(text.contains("Next: raise 3 versions"), "{text}");
    }

    #[test]
    fn an_addition_to_core_is_a_patch_and_nobody_follows() {
        let mut histories = all_released();
        histories.push((CORE, released(&["src/lib.rs"])));
        let text = told(&Tree::in_order(), &histories, &[(CORE, Change::Addition)]);
        assert_eq!(row(&text, CORE)[3..7], ["1", "file", "addition", "0.1.1"]);
        assert_eq!(row(&text, GROQ)[5], "-");
    }

    #[test]
    fn a_version_that_is_raised_enough_stays() {
        let tree = Tree::in_order();
        tree.replace(
            "crates/core/Cargo.toml",
            "version = \"0.1.0\"",
            "version = \"0.2.0\"",
        );
        let mut histories = all_released();
        histories.push((CORE, released(&["src/lib.rs"])));
        let text = told(&tree, &histories, &[(CORE, Change::Breaking)]);
        assert_eq!(row(&text, CORE)[6..], ["0.2.0", "breaking"]);
        assert_eq!(row(&text, GROQ)[5], "0.2.0", "it follows all the same");
    }

    #[test]
    fn a_missing_repository_is_counted_and_an_inherited_one_is_found_at_the_root() {
        let tree = Tree::in_order();
        let missing = |tree: &Tree| {
            let workspace = tree.workspace();
            let members = Members::of(&workspace).unwrap();
            without_repository(&workspace, &members).len()
        };
        assert_eq!(missing(&tree), 4);
        tree.replace(
            "crates/core/Cargo.toml",
            "description",
            "repository.workspace = true\ndescription",
        );
        assert_eq!(missing(&tree), 4);
        tree.append(
            "Cargo.toml",
            "[workspace.package]\nrepository = 'https://example.com'\n",
        );
        assert_eq!(missing(&tree), 3);
    }
}
