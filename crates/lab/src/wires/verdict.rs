//! What is to be said of one exchange.

use trunkline_core::Op;

use super::{
    compare,
    corpus::Exchange,
    cut::Cut,
    exceptions::{self, EXCEPTIONS, Exception},
    format::Format,
    replay::{self, Got, Run},
    subject::Subject,
};

/// What became of an exchange.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It waits for something.
    NotYet(&'static str),
    /// It was replayed.
    Replayed(Judged),
}

/// What replaying showed.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// What went wrong.
    pub(crate) faults: Vec<String>,
    /// Laws of streams that were broken.
    pub(crate) violations: Vec<String>,
    /// The kinds of the parts that have no name in the vocabulary.
    pub(crate) opaque: Vec<String>,
    /// What the answer warns of.
    pub(crate) warnings: Vec<String>,
    /// The error that came out.
    pub(crate) error: Option<String>,
    /// The rule by which nothing of this counts.
    pub(crate) exception: Option<Exception>,
}

impl Judged {
    /// Whether nothing is wrong.
    pub(crate) fn is_clean(&self) -> bool {
        self.faults.is_empty() && self.violations.is_empty()
    }
}

/// Replays `exchange` whole and cut, and judges what comes out.
pub(crate) async fn judge(
    exchange: &Exchange,
    format: &Format,
    op: &Op,
    subject: &Subject,
    splits: usize,
    seed: u64,
) -> Judged {
    let whole = replay::once(exchange, op, subject, &Cut::Whole).await;
    let mut judged = Judged {
        faults: compare::faults(exchange, format, op, &whole.got),
        opaque: whole.got.opaque(),
        warnings: whole
            .got
            .warnings()
            .iter()
            .map(|warning| format!("{warning:?}"))
            .collect(),
        violations: whole.violations.clone(),
        error: match &whole.got {
            Got::Failed(failure, _) => Some(failure.to_string()),
            _ => None,
        },
        exception: None,
    };
    for cut in Cut::all(
        exchange.body.len(),
        &exchange.arrived,
        splits,
        seed_of(exchange, seed),
    ) {
        let run = replay::once(exchange, op, subject, &cut).await;
        judged.faults.extend(difference(&cut, &run, &whole));
    }
    if let Op::ChatStream(request) = op {
        let buffered = replay::buffered(exchange, request, subject).await;
        let same = buffered.got.says_the_same(&whole.got);
        judged
            .faults
            .extend((!same).then(|| unlike("buffered", &buffered, &whole)));
    }
    if !judged.is_clean() {
        judged.exception = exceptions::of(exchange, EXCEPTIONS);
    }
    judged
}

fn difference(cut: &Cut, run: &Run, whole: &Run) -> Option<String> {
    (run != whole).then(|| unlike(&cut.to_string(), run, whole))
}

fn unlike(how: &str, run: &Run, whole: &Run) -> String {
    format!(
        "{how}: {}, and not {}",
        run.got.summary(),
        whole.got.summary()
    )
}

/// Its own for each exchange, so that it is the same whichever others are replayed.
fn seed_of(exchange: &Exchange, seed: u64) -> u64 {
    exchange.file.bytes().fold(seed, |seed, byte| {
        seed.wrapping_mul(31).wrapping_add(byte.into())
    })
}

#[cfg(test)]
mod tests;
