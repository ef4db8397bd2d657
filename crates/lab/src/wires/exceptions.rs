//! Exchanges that no correct client could decode: a recorder's artefacts, by rule, each with its
//! reason. What was recorded faithfully can never stand here.

use std::fmt;

use super::{corpus::Exchange, naive};

/// A recorder's artefact.
#[derive(Clone, Copy)]
pub(crate) struct Exception {
    /// What is wrong with the record.
    pub(crate) reason: &'static str,
    matches: fn(&Exchange) -> bool,
}

impl fmt::Debug for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Exception").field(&self.reason).finish()
    }
}

const EXCEPTIONS: [Exception; 1] = [Exception {
    reason: "two answers were written one after the other into one stream; no server ends an answer and begins another",
    matches: |exchange| exchange.streamed && naive::begins_again(&exchange.body),
}];

/// The rule that `exchange` falls under.
pub(crate) fn of(exchange: &Exchange) -> Option<Exception> {
    if exchange.is_faithful() {
        return None;
    }
    EXCEPTIONS
        .into_iter()
        .find(|exception| (exception.matches)(exchange))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn exchange() -> Exchange {
        let text = r#"{"fidelity":"rebuilt","provider":"p","api":"chat-completions","status":200,"stream":false}"#;
        Exchange::parse("p/x.json", text.as_bytes()).unwrap()
    }

    const TWICE: &str = "data: {\"id\":\"1\",\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n\
                         data: {\"id\":\"2\",\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n";

    #[test]
    fn two_answers_in_one_stream_are_an_exception_unless_a_server_sent_them() {
        let mut exchange = exchange();
        exchange.streamed = true;
        assert!(of(&exchange).is_none(), "an empty stream is none");
        exchange.body = TWICE.into();
        assert!(of(&exchange).is_some());
        exchange.fidelity = "wire, JSON keys sorted".to_owned();
        assert!(
            of(&exchange).is_none(),
            "what was recorded faithfully is never an exception"
        );
    }
}
