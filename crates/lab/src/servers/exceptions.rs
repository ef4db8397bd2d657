//! What a server is known to do otherwise than the provider does, and than its protocol says. Each rule
//! has its reason, covers one failure by its words, and fails where it no longer applies.

use super::{
    checks::{
        Check::{
            self, BadKey, CountTokens, Cut, Embed, EmbedOrder, Models, ObjectErrors, Overloaded,
            Parallel, Reasoning, StreamTools, Tools, UnknownModel, Usage,
        },
        Outcome,
    },
    conversation::THOUGHT,
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

const ALL_OF_LITELLM: &[&str] = &["openai", "responses", "anthropic", "gemini"];

/// The rules, for the versions that `--install` installs.
pub(crate) const EXCEPTIONS: &[Exception] = &[
    Exception {
        server: "aimock",
        rows: &["anthropic"],
        checks: &[UnknownModel],
        says: "invalid_request instead of not_found: anthropic: invalid request (404",
        reason: "it calls what it does not find invalid_request_error, Anthropic says not_found_error",
    },
    Exception {
        server: "aimock",
        rows: &["gemini", "vertex"],
        checks: &[Tools, StreamTools, Parallel],
        says: "FUNCTION_CALL",
        reason: "it ends a tool call as FUNCTION_CALL, which is no finishReason; Gemini says STOP",
    },
    Exception {
        server: "aimock",
        rows: &["ollama"],
        checks: &[Usage],
        says: "Some(0) tokens in, Some(0) out",
        reason: "it counts no tokens in Ollama's form, whatever its script says",
    },
    Exception {
        server: "aimock",
        rows: &["ollama"],
        checks: &[Reasoning],
        says: "it thought \"\"",
        reason: "it has thoughts in reasoning_content, Ollama in thinking",
    },
    Exception {
        server: "aimock",
        rows: &["ollama"],
        checks: &[Embed, EmbedOrder],
        says: "0 embeddings came",
        reason: "it answers embedding, Ollama's /api/embed embeddings: its own client refuses it too",
    },
    Exception {
        server: "aimock",
        rows: &["cohere"],
        checks: &[Reasoning],
        says: THOUGHT,
        reason: "it says thoughts as text, Cohere has a part for them",
    },
    Exception {
        server: "aimock",
        rows: &["cohere"],
        checks: &[Models],
        says: "another form than documented",
        reason: "its /v1/models is OpenAI's list, Cohere's has another form at the same path",
    },
    Exception {
        server: "litellm",
        rows: ALL_OF_LITELLM,
        checks: &[BadKey],
        says: "No connected db.",
        reason: "without a database it knows no key but its own, and says 400 to any other",
    },
    Exception {
        server: "litellm",
        rows: ALL_OF_LITELLM,
        checks: &[UnknownModel],
        says: "Invalid model name passed in model=no-such-model",
        reason: "it says 400 to a model that it does not have, and not 404",
    },
    Exception {
        server: "litellm",
        rows: ALL_OF_LITELLM,
        checks: &[Cut],
        says: "server instead of interrupted",
        reason: "it tells in the stream, as an error of its own, that aimock's ended too early; \
                 what had come is checked",
    },
    Exception {
        server: "litellm",
        rows: &["gemini"],
        checks: &[Usage],
        says: "stream: Some(0) tokens in, Some(0) out",
        reason: "it asks aimock for no usage of a stream that it translates to Gemini's form",
    },
    Exception {
        server: "litellm",
        rows: &["gemini"],
        checks: &[Reasoning],
        says: "it thought \"\"",
        reason: "it drops thoughts on the way to Gemini's form",
    },
    Exception {
        server: "litellm",
        rows: &["gemini"],
        checks: &[CountTokens],
        says: "3 tokens, and 3 for twenty times as much",
        reason: "it counts what is in contents, and nothing of a whole generateContentRequest",
    },
    Exception {
        server: "litellm",
        rows: &["gemini"],
        checks: &[Overloaded],
        says: "server instead of overloaded: gemini: server error (500)",
        reason: "it says 500 for every failure of aimock's in Gemini's form",
    },
    Exception {
        server: "s3s",
        rows: &["s3"],
        checks: &[ObjectErrors],
        says: "it was answered: Content(ObjectInfo { key: \"there\"",
        reason: "it gives an object whatever If-Match says, S3 answers 412",
    },
];

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
