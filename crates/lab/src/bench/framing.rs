//! How fast a stream is cut into events, and nothing else.

use std::hint::black_box;

use anyhow::{Result, ensure};
use bytes::Bytes;
use trunkline_http::frame::{FrameLimits, Framer, Framing};

use super::{
    clock::{cpu_nanos, median},
    server::Server,
    table::{Row, Target, Unit},
};

/// What a transport hands over at once.
const READ: usize = 16 << 10;
const ROUNDS: usize = 15;

pub(super) fn rows(_: &Server) -> Result<Vec<Row>> {
    let events = format!("data: {}\n\n", "x".repeat(300)).repeat(100_000);
    let line = |length| format!("data: {}\n\n", "x".repeat(length));
    [
        ("SSE framing, events of 300 B", events),
        ("SSE framing, lines of 1 MiB", line(1 << 20).repeat(32)),
        ("SSE framing, a line of 32 MiB", line(32 << 20)),
    ]
    .into_iter()
    .map(|(name, stream)| {
        let row = Row::new(name, Unit::Gigabytes, Target::AtLeast(1.0));
        let how = "bytes per CPU nanosecond in reads of 16 KB, median of 15";
        Ok(row.ours(speed(&stream)?).how(how))
    })
    .collect()
}

/// Bytes per nanosecond.
fn speed(stream: &str) -> Result<f64> {
    let reads: Vec<Bytes> = stream
        .as_bytes()
        .chunks(READ)
        .map(Bytes::copy_from_slice)
        .collect();
    let expected = stream.matches("\n\n").count();
    let mut readings = Vec::new();
    for _ in 0..ROUNDS {
        let (nanos, frames) = cpu_nanos(|| frames(&reads));
        ensure!(frames? == expected, "events were lost");
        readings.push(stream.len() as f64 / nanos);
    }
    Ok(median(readings))
}

fn frames(reads: &[Bytes]) -> Result<usize> {
    let mut framer = Framer::new(Framing::Sse, FrameLimits::both(64 << 20));
    let mut count = 0;
    for read in reads {
        framer.feed(read.clone());
        while let Some(frame) = framer
            .next()
            .map_err(|error| anyhow::anyhow!("{error:?}"))?
        {
            black_box(frame);
            count += 1;
        }
    }
    Ok(count)
}
