//! How fast streams are cut into frames, in bytes per second.
#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use trunkline_http::frame::{FrameLimits, Framer, Framing};

const READ: usize = 16 << 10;
const STREAM: usize = 4 << 20;

/// The stream as a transport would hand it over.
fn reads(stream: String) -> Vec<Bytes> {
    stream
        .into_bytes()
        .chunks(READ)
        .map(Bytes::copy_from_slice)
        .collect()
}

/// Repeats `frame`, which has room for `padding`, so that each is `length` long.
fn repeated(before: &str, after: &str, length: usize) -> Vec<Bytes> {
    let padding = "x".repeat(length - before.len() - after.len());
    reads(format!("{before}{padding}{after}").repeat(STREAM / length))
}

fn frames(framing: Framing, reads: &[Bytes]) -> usize {
    let mut framer = Framer::new(framing, FrameLimits::both(64 << 20));
    let mut count = 0;
    for read in reads {
        framer.feed(read.clone());
        while let Some(frame) = framer.next().unwrap() {
            black_box(frame);
            count += 1;
        }
    }
    count + usize::from(framer.finish().unwrap().is_some())
}

fn framing(c: &mut Criterion) {
    let line = |length| reads(format!("data: {}\n\n", "x".repeat(length)));
    let cases = [
        (
            "sse/300 B events",
            Framing::Sse,
            repeated("data: {", "}\n\n", 300),
        ),
        (
            "sse/300 B events, CRLF",
            Framing::Sse,
            repeated("data: {", "}\r\n\r\n", 300),
        ),
        (
            "sse/300 B named events",
            Framing::Sse,
            repeated("event: delta\ndata: {", "}\n\n", 300),
        ),
        (
            "sse/50 B events",
            Framing::Sse,
            repeated("data: {", "}\n\n", 50),
        ),
        ("sse/1 MiB line", Framing::Sse, line(1 << 20)),
        ("sse/32 MiB line", Framing::Sse, line(32 << 20)),
        (
            "ndjson/300 B values",
            Framing::NdJson,
            repeated("{", "}\n", 300),
        ),
    ];
    let mut group = c.benchmark_group("framing");
    for (name, framing, reads) in cases {
        let bytes: usize = reads.iter().map(Bytes::len).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(name, |b| b.iter(|| frames(framing, black_box(&reads))));
    }
}

criterion_group!(benches, framing);
criterion_main!(benches);
