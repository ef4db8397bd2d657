//! What became of the calls of a load, counted.

use std::time::Duration;

use trunkline_core::stats::Stats;

/// What became of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Answered,
    /// Its stream ended early after its first content was shown, and the error says so.
    Cut {
        at: String,
    },
    /// Anything else, in words.
    Lost(String),
}

#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub(super) fate: Fate,
    pub(super) took: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    answered: Vec<Duration>,
    cut: Vec<String>,
    lost: Vec<String>,
}

impl Tally {
    pub(super) fn add(&mut self, ended: Ended) {
        match ended.fate {
            Fate::Answered => self.answered.push(ended.took),
            Fate::Cut { at } => self.cut.push(at),
            Fate::Lost(why) => self.lost.push(why),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.answered.len() + self.cut.len() + self.lost.len()
    }

    /// So many calls ended, none was lost, and no more were cut than a replica had under way, all of
    /// them at the one that was killed.
    pub(super) fn verdict(
        &self,
        calls: usize,
        under_way: usize,
        victim: &str,
    ) -> Result<(), String> {
        if let Some(first) = self.lost.first() {
            return Err(format!(
                "{} calls lost, the first: {first}",
                self.lost.len()
            ));
        }
        if let Some(at) = self.cut.iter().find(|at| *at != victim) {
            return Err(format!("a stream was cut at {at}, which was not killed"));
        }
        if self.cut.len() > under_way {
            return Err(format!(
                "{} streams cut, of {under_way} under way",
                self.cut.len()
            ));
        }
        match self.len() == calls {
            true => Ok(()),
            false => Err(format!("{} of {calls} calls ended", self.len())),
        }
    }

    /// The counts, and how long an answer took.
    pub(super) fn told(&self, took: Duration) -> String {
        let mut times = self.answered.clone();
        times.sort_unstable();
        let quantile = |of_hundred: usize| {
            let at = (times.len() * of_hundred / 100).min(times.len().saturating_sub(1));
            times.get(at).copied().unwrap_or_default().as_millis()
        };
        format!(
            "{} calls in {:.1} s: {} answered, {} cut after their first content, {} lost; an answer took \
             {} ms (p50), {} ms (p90), {} ms (p99), {} ms (longest)",
            self.len(),
            took.as_secs_f64(),
            self.answered.len(),
            self.cut.len(),
            self.lost.len(),
            quantile(50),
            quantile(90),
            quantile(99),
            quantile(100),
        )
    }

    /// A line for each endpoint, from the account's own statistics.
    pub(super) fn served(&self, stats: &Stats) -> Vec<String> {
        let endpoints = stats.endpoints.iter().map(|at| {
            let told = |counts: &std::collections::BTreeMap<&str, u64>| {
                let each = counts.iter().map(|(kind, count)| format!("{count} {kind}"));
                each.collect::<Vec<_>>().join(", ")
            };
            let mut line = format!(
                "{}: {} attempts, {} whole, {} of them retries",
                at.endpoint, at.calls, at.completed, at.retries
            );
            for (what, counts) in [("failed", &at.errors), ("refused", &at.refused)] {
                if !counts.is_empty() {
                    line.push_str(&format!("; {what}: {}", told(counts)));
                }
            }
            line
        });
        endpoints.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(fates: &[Fate]) -> Tally {
        let mut tally = Tally::default();
        for (at, fate) in fates.iter().enumerate() {
            let took = Duration::from_millis(at as u64 + 1);
            tally.add(Ended {
                fate: fate.clone(),
                took,
            });
        }
        tally
    }

    fn cut(at: &str) -> Fate {
        Fate::Cut { at: at.to_owned() }
    }

    #[test]
    fn a_lost_call_fails_and_a_cut_stream_only_at_the_wrong_place() {
        let verdict = |fates: &[Fate]| tally(fates).verdict(2, 1, "b:1");
        assert_eq!(verdict(&[Fate::Answered, cut("b:1")]), Ok(()));
        assert!(verdict(&[Fate::Answered, cut("a:1")]).is_err());
        assert!(verdict(&[cut("b:1"), cut("b:1")]).is_err());
        assert!(verdict(&[Fate::Answered, Fate::Lost("why".to_owned())]).is_err());
        assert!(verdict(&[Fate::Answered]).is_err());
    }

    #[test]
    fn the_times_are_those_of_the_answers() {
        let fates = vec![Fate::Answered; 100];
        let told = tally(&fates).told(Duration::from_secs(2));
        assert!(
            told.contains("51 ms (p50), 91 ms (p90), 100 ms (p99), 100 ms (longest)"),
            "{told}"
        );
        assert!(tally(&[]).told(Duration::ZERO).contains("0 calls in 0.0 s"));
    }
}
