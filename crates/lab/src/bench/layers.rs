//! What the default stack adds to the bare call, without a network.

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

pub(super) fn rows(server: &Server) -> Result<Vec<Row>> {
    let call = added(server, Work::ChatInMemory, 2_000)?;
    let event = added(server, Work::StreamInMemory, 20_000)?;
    let allocations = Row::new(
        "default stack over bare: allocations",
        Unit::Count,
        Target::AtMost(3.0),
    );
    let instructions = Row::new(
        "default stack over bare: instructions",
        Unit::Count,
        Target::None,
    );
    let mut rows = vec![
        Row::new(
            "default stack over bare: a call",
            Unit::Micros,
            Target::AtMost(5.0),
        )
        .ours(call / 1e3)
        .how(HOW),
        Row::new(
            "default stack over bare: an event",
            Unit::Nanos,
            Target::AtMost(30.0),
        )
        .ours(event)
        .how(HOW),
    ];
    if callgrind::is_installed() {
        let bare = callgrind::cost(Work::ChatInMemory, Who::Bare, server.http1, 200)?;
        let stack = callgrind::cost(Work::ChatInMemory, Who::Stack, server.http1, 200)?;
        let how = "callgrind, stack − bare, (run of 2n − run of n) / n";
        rows.push(
            allocations
                .ours(stack.allocations - bare.allocations)
                .how(how),
        );
        rows.push(
            instructions
                .ours(stack.instructions - bare.instructions)
                .how(how),
        );
    } else {
        rows.push(allocations.how("not measured: install valgrind"));
    }
    Ok(rows)
}

/// CPU nanoseconds that the stack adds to each unit of work.
fn added(server: &Server, work: Work, n: usize) -> Result<f64> {
    let runtime = runtime()?;
    let bare = Client::new(work, Who::Bare, server.http1)?;
    let stack = Client::new(work, Who::Stack, server.http1)?;
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
