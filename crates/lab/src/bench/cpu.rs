//! CPU time beside raw's, in the same process and by turns.

use anyhow::{Result, ensure};

use super::{
    clock::{cpu_nanos, median},
    runtime,
    server::Server,
    table::{Row, Target, Unit},
    work::{Client, Who, Work},
};

const ROUNDS: usize = 15;

pub(super) fn rows(server: &Server) -> Result<Vec<Row>> {
    super::clock::pin();
    let mut rows = Vec::new();
    for (work, name, n, most) in [
        (Work::Chat1k, "unary chat, 1 KB: CPU", 500, 1.3),
        (Work::Chat64k, "unary chat, 64 KB: CPU", 300, 1.15),
        (Work::EmbedFloat, "96 embeddings as numbers: CPU", 10, 1.1),
        (Work::EmbedBase64, "96 embeddings as base64: CPU", 30, 1.15),
    ] {
        let turns = Turns::take(server, work, n)?;
        rows.push(
            Row::new(name, Unit::Micros, Target::RatioAtMost(most))
                .figures(turns.ours / 1e3, turns.raw / 1e3)
                .ratio(turns.ratio)
                .how(
                    "CPU time of the client's process, server on the same CPU, median of 15 turns",
                ),
        );
    }
    rows.push(base64_over_numbers(server)?);
    let turns = Turns::take(server, Work::Stream, 20_000)?;
    rows.push(
        Row::new(
            "long stream: events per second",
            Unit::Count,
            Target::RatioAtLeast(0.75),
        )
        .figures(1e9 / turns.ours, 1e9 / turns.raw)
        .ratio(1.0 / turns.ratio)
        .how("per second of the client's CPU time, which is the bottleneck; 15 turns"),
    );
    Ok(rows)
}

/// What asking for base64 saves: ours of base64, raw of numbers.
fn base64_over_numbers(server: &Server) -> Result<Row> {
    let numbers = (Work::EmbedFloat, Who::Raw);
    let base64 = (Work::EmbedBase64, Who::Stack);
    let turns = Turns::between(server, numbers, base64, 10)?;
    let row = Row::new(
        "96 embeddings, ours asking for base64 over raw's numbers: CPU",
        Unit::Micros,
        Target::RatioAtMost(0.25),
    );
    Ok(row
        .figures(turns.ours / 1e3, turns.raw / 1e3)
        .ratio(turns.ratio)
        .how("CPU time of the client's process, server on the same CPU, median of 15 turns"))
}

/// CPU nanoseconds for each unit of work.
struct Turns {
    raw: f64,
    ours: f64,
    ratio: f64,
}

impl Turns {
    fn take(server: &Server, work: Work, n: usize) -> Result<Self> {
        Self::between(server, (work, Who::Raw), (work, Who::Stack), n)
    }

    fn between(server: &Server, raw: (Work, Who), ours: (Work, Who), n: usize) -> Result<Self> {
        let runtime = runtime()?;
        let (raw_client, our_client) = (
            Client::new(raw.0, raw.1, server.http1)?,
            Client::new(ours.0, ours.1, server.http1)?,
        );
        let (mut raws, mut our_own, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let (raw_nanos, raw_proof) = cpu_nanos(|| runtime.block_on(raw_client.run(raw.0, n)));
            let (our_nanos, our_proof) = cpu_nanos(|| runtime.block_on(our_client.run(ours.0, n)));
            let (raw_proof, our_proof) = (raw_proof?, our_proof?);
            ensure!(
                raw_proof == our_proof,
                "{}: raw read {}, ours {}",
                ours.0.name(),
                raw_proof.print(),
                our_proof.print()
            );
            // The first turn connects and warms up.
            if round > 0 {
                raws.push(raw_nanos / n as f64);
                our_own.push(our_nanos / n as f64);
                ratios.push(our_nanos / raw_nanos);
            }
        }
        Ok(Self {
            raw: median(raws),
            ours: median(our_own),
            ratio: median(ratios),
        })
    }
}
