//! What the stack adds to the bare call, without a network.

use anyhow::{Result, ensure};

use super::{
    callgrind,
    clock::{cpu_nanos, median},
    runtime,
    server::Server,
    table::{Row, Target, Unit},
    work::{Client, Who, Work},
};

const ROUNDS: usize = 31;
const HOW: &str = "stack − bare over a transport in memory, CPU time, median of 31 turns";
const HOW_COUNTED: &str = "callgrind, stack − bare, (run of 2n − run of n) / n";
const HOW_REFUSED: &str = "a refused `Backend::call`, CPU time, median of 31 turns";
const UNCOUNTED: &str = "not measured: install valgrind";

pub(super) fn rows(server: &Server) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (who, name) in [
        (Who::Stack, "default stack over bare"),
        (
            Who::Full,
            "with gate, limits, 3 endpoints × 3 keys over bare",
        ),
    ] {
        let call = added(server, Work::ChatInMemory, who, 2_000)?;
        let event = added(server, Work::StreamInMemory, who, 20_000)?;
        let call_row = Row::new(format!("{name}: a call"), Unit::Micros, Target::AtMost(5.0));
        let event_row = Row::new(
            format!("{name}: an event"),
            Unit::Nanos,
            Target::AtMost(30.0),
        );
        rows.push(call_row.ours(call / 1e3).how(HOW));
        rows.push(event_row.ours(event).how(HOW));
        rows.extend(counted(server, who, name)?);
    }
    rows.push(refusal(server, Who::Bare, "open circuit alone: a refusal")?);
    rows.push(refusal(
        server,
        Who::Stack,
        "open circuit behind the default stack: a refusal",
    )?);
    Ok(rows)
}

/// What does not vary from run to run.
fn counted(server: &Server, who: Who, name: &str) -> Result<Vec<Row>> {
    let row = |what: &str, target| Row::new(format!("{name}: {what}"), Unit::Count, target);
    let allocations = row("allocations", Target::AtMost(3.0));
    if !callgrind::is_installed() {
        return Ok(vec![allocations.how(UNCOUNTED)]);
    }
    let bare = callgrind::cost(Work::ChatInMemory, Who::Bare, server.http1, 200)?;
    let stack = callgrind::cost(Work::ChatInMemory, who, server.http1, 200)?;
    let more = stack.instructions - bare.instructions;
    Ok(vec![
        allocations
            .ours(stack.allocations - bare.allocations)
            .how(HOW_COUNTED),
        row("instructions", Target::None)
            .ours(more)
            .how(HOW_COUNTED),
    ])
}

/// CPU nanoseconds that the layers add to each unit of work.
fn added(server: &Server, work: Work, who: Who, n: usize) -> Result<f64> {
    let runtime = runtime()?;
    let bare = Client::new(work, Who::Bare, server.http1)?;
    let stack = Client::new(work, who, server.http1)?;
    let mut differences = Vec::new();
    for round in 0..=ROUNDS {
        let (bare, bare_done) = cpu_nanos(|| runtime.block_on(bare.run(work, n)));
        let (stack, stack_done) = cpu_nanos(|| runtime.block_on(stack.run(work, n)));
        let (bare_proof, stack_proof) = (bare_done?, stack_done?);
        ensure!(bare_proof == stack_proof, "the stack lost words");
        if round > 0 {
            differences.push((stack - bare) / n as f64);
        }
    }
    Ok(median(differences))
}

/// What it takes to be told that the circuit is open.
fn refusal(server: &Server, who: Who, name: &str) -> Result<Row> {
    let n = 20_000;
    let runtime = runtime()?;
    let client = Client::new(Work::Refused, who, server.http1)?;
    let mut nanos = Vec::new();
    for _ in 0..ROUNDS {
        let (all, done) = cpu_nanos(|| runtime.block_on(client.run(Work::Refused, n)));
        done?;
        nanos.push(all / n as f64);
    }
    let row = Row::new(name, Unit::Micros, Target::AtMost(1.0));
    Ok(row.ours(median(nanos) / 1e3).how(HOW_REFUSED))
}
