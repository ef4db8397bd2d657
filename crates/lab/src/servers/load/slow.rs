//! Calls through an account with two replicas, of which one takes ten times as long as the server does.

use std::time::Instant;

use super::{
    NO_CRATE, Plan, calls, calls_at,
    relay::Relay,
    tally::Tally,
    work::{Job, Work},
};
use crate::servers::row::{Row, Subject};

/// How many times as long its answers take.
const TIMES: u32 = 10;

/// How many of a hundred calls it may get at most.
const SHARE: u64 = 15;

/// The two are `ports`, the second of which is slowed.
pub(super) async fn drive(
    row: &Row,
    ports: [u16; 2],
    work: Work,
    plan: Plan,
    lines: &mut Vec<String>,
) -> Result<(), String> {
    let relay = Relay::start(ports[1], TIMES).await;
    let relay = relay.map_err(|error| format!("no relay: {error}"))?;
    let subject = Subject::over(row.clone(), &[ports[0], relay.port]);
    let job = Job::new(&subject.ok_or(NO_CRATE)?, work)?;
    let slow = format!("127.0.0.1:{}", relay.port);

    let started = Instant::now();
    let mut tally = Tally::default();
    let mut ended = calls(&job, plan.slowed, plan.slowed_at_once);
    while let Some(call) = ended.recv().await {
        tally.add(call);
    }
    let share = calls_at(&job.backend, &slow);
    lines.push(format!("{work}: {}", tally.told(started.elapsed())));
    lines.push(format!(
        "{work}: {slow}, {TIMES} times slower, had {share} of {} calls",
        plan.slowed,
    ));
    tally.verdict(plan.slowed, 0, &slow)?;
    match share * 100 <= SHARE * plan.slowed as u64 {
        true => Ok(()),
        false => Err(format!(
            "the slow replica had {share} of {} calls",
            plan.slowed
        )),
    }
}
