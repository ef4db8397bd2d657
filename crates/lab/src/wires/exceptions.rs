//! Exchanges that no correct client could decode: a recorder's artefacts, by rule, each with its
//! reason. What was recorded faithfully can never stand here.

use std::fmt;

use super::corpus::Exchange;

/// A recorder's artefact.
#[derive(Clone, Copy)]
pub(crate) struct Exception {
    /// What is wrong with the record.
    pub(crate) reason: &'static str,
    /// Whether a record has it.
    pub(crate) matches: fn(&Exchange) -> bool,
}

impl fmt::Debug for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Exception").field(&self.reason).finish()
    }
}

/// The rules.
pub(crate) const EXCEPTIONS: &[Exception] = &[Exception {
    reason: "its status was not recorded: a quota that is used up comes under 429",
    matches: |exchange| {
        let answer: serde_json::Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
        exchange.fidelity.contains("status inferred")
            && answer
                .pointer("/error/code")
                .is_some_and(|code| code == "insufficient_quota")
    },
}];

/// The first of `rules` that `exchange` falls under.
pub(crate) fn of(exchange: &Exchange, rules: &[Exception]) -> Option<Exception> {
    if exchange.is_faithful() {
        return None;
    }
    rules
        .iter()
        .copied()
        .find(|exception| (exception.matches)(exchange))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn exchange() -> Exchange {
        let text = r#"{"fidelity":"rebuilt","provider":"p","api":"chat-completions","status":200,"stream":false}"#;
        Exchange::parse("p/x.json", text.as_bytes()).unwrap()
    }

    #[test]
    fn a_rule_covers_what_it_matches_unless_it_was_recorded_faithfully() {
        let rules = [Exception {
            reason: "no body",
            matches: |exchange| exchange.body.is_empty(),
        }];
        let mut exchange = exchange();
        assert_eq!(
            of(&exchange, &rules).map(|rule| rule.reason),
            Some("no body")
        );
        exchange.body = "{}".into();
        assert!(of(&exchange, &rules).is_none());
        exchange.body.clear();
        exchange.fidelity = "wire, JSON keys sorted".to_owned();
        assert!(of(&exchange, &rules).is_none());
    }
}
