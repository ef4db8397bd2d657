//! The time of the parts of a chat, and of whole ones over loopback beside a bare hyper client.
//!
//! `cargo bench -p trunkline-lab`. Framing is in trunkline-http's own benches.
#![allow(clippy::unwrap_used, reason = "a benchmark may panic")]

use std::{collections::VecDeque, hint::black_box, net::TcpListener, sync::Arc, thread};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use trunkline_core::{
    ChatRequest, Op,
    chat::Warnings,
    protocol::{Decoder, Protocol, Target},
};
use trunkline_http::frame::Frame;
use trunkline_openai_compat::{ChunkDecoder, Dialect, OpenAiCompat};

#[path = "../src/bench/work/mod.rs"]
#[allow(
    dead_code,
    reason = "shared with `cargo xtask bench`, which uses all of it"
)]
mod work;

use work::{Client, Who, Work, payload, server};

const EVENTS: usize = 1_000;

fn decode(c: &mut Criterion) {
    let frames: Vec<Frame> = payload::events(EVENTS)
        .map(|event| {
            let data = event.trim_end().strip_prefix("data: ").unwrap();
            Frame::new(Bytes::copy_from_slice(data.as_bytes()))
        })
        .collect();
    let mut group = c.benchmark_group("decode");
    group.throughput(Throughput::Elements(frames.len() as u64));
    group.bench_function("chat-completions events", |b| {
        b.iter(|| {
            let mut decoder = ChunkDecoder::of_stream(Dialect::OPENAI);
            let mut out = VecDeque::new();
            for frame in &frames {
                decoder.frame(frame.clone(), &mut out).unwrap();
                out.drain(..).for_each(|chunk| drop(black_box(chunk)));
            }
        });
    });
}

fn encode(c: &mut Criterion) {
    let mut request = ChatRequest::from(payload::PROMPT);
    request.model = payload::MODEL.to_owned();
    let op = Op::Chat(Arc::new(request));
    let target = Target::parse("https://api.example.com/v1").unwrap();
    c.bench_function("encode/chat request", |b| {
        b.iter(|| {
            let mut warnings = Warnings::default();
            OpenAiCompat(Dialect::OPENAI)
                .encode(black_box(&op), &target, &mut warnings)
                .unwrap()
        });
    });
}

fn loopback(c: &mut Criterion) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || server::serve(&listener));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for (work, n) in [
        (Work::Chat1k, 1),
        (Work::Chat64k, 1),
        (Work::Stream, EVENTS),
    ] {
        let mut group = c.benchmark_group(work.name());
        group.throughput(Throughput::Elements(n as u64));
        for who in [Who::Raw, Who::Bare, Who::Stack] {
            let client = Client::new(work, who, address).unwrap();
            group.bench_function(who.name(), |b| {
                b.iter(|| runtime.block_on(client.run(work, n)).unwrap());
            });
        }
    }
}

criterion_group!(benches, decode, encode, loopback);
criterion_main!(benches);
