//! What became of a plan.

use std::collections::BTreeMap;

use trunkline_core::ErrorKind;

/// How one call ended. Each ends one way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// With its whole answer.
    Whole { model: String, attempts: u32 },
    /// With an error, and nothing was shown.
    Failed(ErrorKind),
    /// With an error after content was shown.
    Interrupted(ErrorKind),
    /// The caller went away.
    Left,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    /// By the call's number, as they ended.
    pub(crate) outcomes: Vec<(usize, Outcome)>,
    /// What the client counted: of the account, of the fallback.
    pub(crate) attempts: [u64; 2],
    pub(crate) resent: u64,
}

impl Report {
    /// How many calls ended which way.
    pub(crate) fn tally(&self) -> BTreeMap<String, usize> {
        let mut tally = BTreeMap::new();
        for (_, outcome) in &self.outcomes {
            let name = match outcome {
                Outcome::Whole { model, attempts: 1 } => format!("whole, {model}, at once"),
                Outcome::Whole { model, .. } => format!("whole, {model}, after failures"),
                Outcome::Failed(kind) => format!("failed, {}", kind.name()),
                Outcome::Interrupted(kind) => format!("interrupted, {}", kind.name()),
                Outcome::Left => "left by the caller".to_owned(),
            };
            *tally.entry(name).or_default() += 1;
        }
        tally
    }
}
