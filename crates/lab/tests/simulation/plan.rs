//! What a seed decides: who fails when and how, what is asked, and how the client is set up.

use std::{cmp::Reverse, time::Duration};

use fastrand::Rng;

/// Three endpoints of one account, and the fallback's.
pub(crate) const HOSTS: [&str; 4] = ["one", "two", "three", "spare"];
pub(crate) const CLIENT: &str = "client";
/// When the last fault is over.
pub(crate) const FAULTS_END: Duration = Duration::from_secs(20);
const CALLS: usize = 32;

#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) settings: Settings,
    pub(crate) faults: Vec<Fault>,
    pub(crate) calls: Vec<Ask>,
    /// How likely a server does wrong by a request, while faults last.
    pub(crate) malice: f64,
}

/// How the client is set up; everything else is as it is by default.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// How many keys the account has.
    pub(crate) keys: usize,
    /// Whether endpoints serve two calls at a time, and others wait.
    pub(crate) gate: bool,
    /// Whether it waits a few seconds for what it waits minutes for by default.
    pub(crate) impatient: bool,
}

/// What is wrong between a host and the client, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) host: &'static str,
    pub(crate) kind: Trouble,
    pub(crate) from: Duration,
    pub(crate) until: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// All that is sent is lost, for ever: nothing sends it again.
    Partition,
    /// What the client sends is lost.
    Deaf,
    /// What the host sends is lost.
    Mute,
    /// All that is sent comes when it is over.
    Held,
    /// All that is sent comes late.
    Slow(Duration),
    /// The host's program ends, and is started again when it is over.
    Crash,
}

/// One call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask {
    pub(crate) id: usize,
    pub(crate) at: Duration,
    pub(crate) way: Way,
    pub(crate) words: usize,
    /// Its deadline.
    pub(crate) timeout: Duration,
    /// When the caller goes away, where it does.
    pub(crate) leaves: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Chat,
    Buffered,
    Stream,
}

/// The beginning or the end of a fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) at: Duration,
    pub(crate) begins: bool,
    pub(crate) fault: Fault,
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let settings = Settings {
            keys: random.usize(1..=2),
            gate: random.bool(),
            impatient: random.u8(..4) > 0,
        };
        let faults = HOSTS
            .into_iter()
            .flat_map(|host| faults_of(host, &mut random))
            .collect();
        let calls = (0..CALLS).map(|id| Ask::any(id, &mut random)).collect();
        Self {
            seed,
            settings,
            faults,
            calls,
            malice: random.f64() * 0.5,
        }
    }

    /// What happens when, the latest first.
    pub(crate) fn edges(&self) -> Vec<Edge> {
        let ends = |fault: &Fault| {
            [(fault.from, true), (fault.until, false)].map(|(at, begins)| Edge {
                at,
                begins,
                fault: *fault,
            })
        };
        let mut edges: Vec<Edge> = self.faults.iter().flat_map(ends).collect();
        edges.sort_by_key(|edge| Reverse((edge.at, edge.begins)));
        edges
    }
}

/// One after the other, so that the end of one is not the end of two.
fn faults_of(host: &'static str, random: &mut Rng) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut from = millis(random, 0..8_000);
    while from < FAULTS_END {
        let until = (from + millis(random, 200..8_000)).min(FAULTS_END);
        let kind = match random.u8(..6) {
            0 => Trouble::Partition,
            1 => Trouble::Deaf,
            2 => Trouble::Mute,
            3 => Trouble::Held,
            4 => Trouble::Slow(millis(random, 100..3_000)),
            _ => Trouble::Crash,
        };
        faults.push(Fault {
            host,
            kind,
            from,
            until,
        });
        from = until + millis(random, 500..8_000);
    }
    faults
}

impl Ask {
    fn any(id: usize, random: &mut Rng) -> Self {
        let leaves = random.u8(..8) == 0;
        Self {
            id,
            at: millis(random, 0..18_000),
            way: [Way::Chat, Way::Buffered, Way::Stream, Way::Stream][random.usize(..4)],
            words: random.usize(1..60),
            timeout: millis(random, 500..12_000),
            leaves: leaves.then(|| millis(random, 1..4_000)),
        }
    }

    /// One that nothing stands in the way of.
    pub(crate) fn easy(id: usize, now: Duration) -> Self {
        Self {
            id,
            at: now,
            way: [Way::Chat, Way::Buffered, Way::Stream][id % 3],
            words: 30,
            timeout: Duration::from_secs(20),
            leaves: None,
        }
    }

    pub(crate) fn prompt(&self) -> String {
        format!("{} {}", self.id, self.words)
    }

    /// What an answer to it says.
    pub(crate) fn answer(&self) -> String {
        (0..self.words).map(|at| word(self.id, at)).collect()
    }
}

/// Each names its call and its place, so that a lost, doubled or strange one is seen.
pub(crate) fn word(id: usize, at: usize) -> String {
    format!("{id}:{at} ")
}

fn millis(random: &mut Rng, range: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(random.u64(range))
}
