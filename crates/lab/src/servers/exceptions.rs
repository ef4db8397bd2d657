//! What a server is known to do otherwise than the provider does, and than its protocol says. Each rule
//! has its reason, covers one failure by its words, and fails where it no longer applies.

use super::{
    checks::{Check, Outcome},
    table::Cell,
};

/// A failure that is the server's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exception {
    server: &'static str,
    rows: &'static [&'static str],
    checks: &'static [Check],
    /// A part of the failure in words, so that no other failure hides behind it.
    says: &'static str,
    /// What the server does, and what would be right.
    reason: &'static str,
}

/// The rules.
pub(crate) const EXCEPTIONS: &[Exception] = &[];

/// What a cell says of an outcome.
pub(crate) fn judge(server: &str, row: &str, check: Check, outcome: Outcome) -> Cell {
    by(EXCEPTIONS, server, row, check, outcome)
}

fn by(rules: &[Exception], server: &str, row: &str, check: Check, outcome: Outcome) -> Cell {
    let mut rules = rules.iter();
    let rule = rules.find(|rule| {
        rule.server == server && rule.rows.contains(&row) && rule.checks.contains(&check)
    });
    match (outcome, rule) {
        (Outcome::Skipped(why), _) => Cell::Skipped(why),
        (Outcome::Failed(wrong), Some(rule)) if wrong.contains(rule.says) => {
            Cell::Known(rule.reason.to_owned())
        }
        (Outcome::Failed(wrong), _) => Cell::Failed(wrong),
        (Outcome::Passed, None) => Cell::Passed,
        (Outcome::Passed, Some(rule)) => Cell::Failed(format!(
            "it passed, so this exception has to go: {}",
            rule.reason
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::known;

    const RULES: &[Exception] = &[Exception {
        server: "mock",
        rows: &["a", "b"],
        checks: &[Check::Chat],
        says: "no such field",
        reason: "it leaves the field out",
    }];

    fn cell(row: &str, check: Check, outcome: Outcome) -> Cell {
        by(RULES, "mock", row, check, outcome)
    }

    fn failed(wrong: &str) -> Outcome {
        Outcome::Failed(wrong.to_owned())
    }

    #[test]
    fn a_rule_covers_the_failure_that_it_names_and_no_other() {
        let known = Cell::Known("it leaves the field out".to_owned());
        assert_eq!(
            cell("b", Check::Chat, failed("decode: no such field")),
            known
        );
        let other = Cell::Failed("another".to_owned());
        assert_eq!(cell("b", Check::Chat, failed("another")), other);
        let elsewhere = Cell::Failed("no such field".to_owned());
        assert_eq!(cell("c", Check::Chat, failed("no such field")), elsewhere);
        assert_eq!(cell("a", Check::Stream, failed("no such field")), elsewhere);
        assert_eq!(
            by(RULES, "m", "a", Check::Chat, failed("no such field")),
            elsewhere
        );
    }

    #[test]
    fn a_rule_that_no_longer_applies_fails() {
        assert!(matches!(
            cell("a", Check::Chat, Outcome::Passed),
            Cell::Failed(_)
        ));
        assert_eq!(cell("c", Check::Chat, Outcome::Passed), Cell::Passed);
    }

    #[test]
    fn every_rule_is_about_something_that_is_checked() {
        for rule in EXCEPTIONS {
            let server = known::find(rule.server).unwrap();
            let rows = (server.rows)();
            for name in rule.rows {
                let row = rows.iter().find(|row| row.name == *name);
                let row = row.unwrap_or_else(|| panic!("{} has no {name}", rule.server));
                for check in rule.checks {
                    assert!(row.lack(*check).is_none(), "{name} lacks {}", check.name());
                }
            }
            assert!(!rule.says.is_empty() && !rule.reason.is_empty());
        }
    }
}
