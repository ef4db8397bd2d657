//! Calls through an account with two replicas of a server, one of which is slow; and a thousand calls,
//! while one is killed under way and started again. No call may be lost; a stream that had begun to be
//! shown may end early, and says so.

mod relay;
mod replica;
mod slow;
mod tally;
mod work;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
    time::{sleep, sleep_until, timeout},
};
use trunkline_core::Backend;

pub(crate) use self::{replica::Replica, work::Work};
use self::{
    tally::{Ended, Tally},
    work::Job,
};
use super::{
    checks::{Check, Outcome},
    known::Ready,
    process::Running,
    row::{Row, Subject},
};

/// How much is asked, and when what happens to the second replica, in calls that have ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Calls where one is slow.
    slowed: usize,
    /// So few of these at once that none waits in a server: beside one with a queue, one that is slow
    /// and idle may well be the sooner to answer.
    slowed_at_once: usize,
    /// Calls where one is killed.
    calls: usize,
    at_once: usize,
    killed_at: usize,
    restarted_at: usize,
    /// When the account asks an endpoint again that has failed: it leaves it out for 30 s, and up to a
    /// tenth longer.
    forgiven: Duration,
    /// By when it has asked again: one that was not back in time is left out for twice as long.
    returned: Duration,
    /// Calls after that, of which the replica that is back must serve some.
    after: usize,
    /// How long all may take.
    patience: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            slowed: 500,
            slowed_at_once: 4,
            calls: 1_000,
            at_once: 32,
            killed_at: 300,
            restarted_at: 500,
            forgiven: Duration::from_secs(35),
            returned: Duration::from_secs(110),
            after: 200,
            patience: Duration::from_secs(420),
        }
    }
}

/// One load at a time on this machine, whatever the number of servers: two would measure each other.
pub(crate) type Turn = Arc<Mutex<()>>;

/// Makes a check of two replicas with each load of a protocol, and says what came of it and the figures
/// in lines.
pub(crate) async fn run(
    check: Check,
    row: &Row,
    first: u16,
    second: &mut Second,
    plan: Plan,
    turn: &Turn,
) -> (Outcome, Vec<String>) {
    let mut lines = Vec::new();
    for work in row.load.iter().copied() {
        let ports = [first, second.replica.port];
        let driven = match check {
            Check::Slow => {
                let _quiet = turn.lock().await;
                timeout(
                    plan.patience,
                    slow::drive(row, ports, work, plan, &mut lines),
                )
                .await
            }
            _ => {
                timeout(
                    plan.patience,
                    drive(row, ports, work, second, plan, turn, &mut lines),
                )
                .await
            }
        };
        let wrong = match driven {
            Ok(Ok(())) => continue,
            Ok(Err(wrong)) => wrong,
            Err(_) => format!("no end within {:?}", plan.patience),
        };
        return (Outcome::Failed(format!("{work}: {wrong}")), lines);
    }
    (Outcome::Passed, lines)
}

/// Why nothing can be asked.
const NO_CRATE: &str = "the workspace has no crate";

/// The replica that is killed.
pub(crate) struct Second {
    pub(crate) replica: Replica,
    pub(crate) running: Running,
    pub(crate) ready: Ready,
    pub(crate) startup: Duration,
}

async fn drive(
    row: &Row,
    ports: [u16; 2],
    work: Work,
    second: &mut Second,
    plan: Plan,
    turn: &Turn,
    lines: &mut Vec<String>,
) -> Result<(), String> {
    let subject = Subject::over(row.clone(), &ports).ok_or(NO_CRATE)?;
    let job = Job::new(&subject, work)?;
    let victim = format!("127.0.0.1:{}", second.replica.port);

    let quiet = turn.lock().await;
    let started = Instant::now();
    let mut killed = started;
    let mut tally = Tally::default();
    let mut ended = calls(&job, plan.calls, plan.at_once);
    while let Some(call) = ended.recv().await {
        tally.add(call);
        if tally.len() == plan.killed_at {
            second.running.kill().map_err(|error| error.to_string())?;
            killed = Instant::now();
        } else if tally.len() == plan.restarted_at {
            let again = second.replica.start();
            second.running = again.map_err(|error| format!("{error:#}"))?;
        }
    }
    let took = started.elapsed();
    drop(quiet);
    lines.push(format!("{work}: {}", tally.told(took)));
    lines.extend(tally.served(&job.backend.stats()));
    tally.verdict(plan.calls, plan.at_once, &victim)?;

    let back = second.running.ready(second.ready, second.startup).await;
    let back = back.map_err(|error| format!("the replica did not come back: {error:#}"))?;
    sleep_until((killed + plan.forgiven).into()).await;
    let served = loop {
        let served = after(&job, plan, &victim, turn).await?;
        if served > 0 || killed.elapsed() > plan.returned {
            break served;
        }
        sleep(Duration::from_secs(5)).await;
    };
    lines.push(format!(
        "{work}: the killed replica was ready again after {:.1} s, and had {served} of {} calls after that",
        back.as_secs_f64(),
        plan.after,
    ));
    match served {
        0 => Err("the replica that came back was not asked again".to_owned()),
        _ => Ok(()),
    }
}

/// Some calls more, of which none may fail, and how many of them the victim had.
async fn after(job: &Job, plan: Plan, victim: &str, turn: &Turn) -> Result<u64, String> {
    let _quiet = turn.lock().await;
    let before = calls_at(&job.backend, victim);
    let mut tally = Tally::default();
    let mut ended = calls(job, plan.after, plan.at_once);
    while let Some(call) = ended.recv().await {
        tally.add(call);
    }
    tally.verdict(plan.after, 0, victim)?;
    Ok(calls_at(&job.backend, victim).saturating_sub(before))
}

fn calls_at(backend: &Backend, endpoint: &str) -> u64 {
    let stats = backend.stats();
    let mut endpoints = stats.endpoints.iter();
    endpoints
        .find(|stats| stats.endpoint == endpoint)
        .map_or(0, |stats| stats.calls)
}

/// Makes so many calls, so many at once, and tells of each as it ends.
fn calls(job: &Job, total: usize, at_once: usize) -> Calls {
    let next = Arc::new(AtomicUsize::new(0));
    let (tell, told) = mpsc::unbounded_channel();
    let mut callers = JoinSet::new();
    for _ in 0..at_once {
        let (job, next, tell) = (job.clone(), next.clone(), tell.clone());
        callers.spawn(async move {
            loop {
                let number = next.fetch_add(1, Relaxed);
                if number >= total {
                    return;
                }
                let asked = Instant::now();
                let fate = job.call(number).await;
                let ended = Ended {
                    fate,
                    took: asked.elapsed(),
                };
                if tell.send(ended).is_err() {
                    return;
                }
            }
        });
    }
    Calls {
        told,
        _callers: callers,
    }
}

/// Those under way end with this value.
struct Calls {
    told: mpsc::UnboundedReceiver<Ended>,
    _callers: JoinSet<()>,
}

impl Calls {
    async fn recv(&mut self) -> Option<Ended> {
        self.told.recv().await
    }
}
