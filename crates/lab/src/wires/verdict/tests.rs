//! That broken code is caught: each of these breaks the real protocol in one way.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use http::{Request, response::Parts};
use trunkline_core::{
    Delta, Error, Reply, Result, StreamChunk,
    chat::Warnings,
    http_transport::frame::Frame,
    protocol::{Decoder, Protocol, Target, Terminal},
};
use trunkline_openai_compat::{ChunkDecoder, Dialect, OpenAiCompat};

use super::*;
use crate::wires::{exceptions::tests::exchange, plan, plan::Plan};

const STREAM: &str = concat!(
    "data: {\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Grüß\"}}]}\n\n",
    ": a comment\n\n",
    "data: {\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" dich\"}}]}\n\n",
    "data: {\"id\":\"1\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: [DONE]\n\n",
);

fn streamed() -> Exchange {
    let mut exchange = exchange();
    exchange.streamed = true;
    exchange
        .headers
        .insert("content-type", "text/event-stream".parse().unwrap());
    exchange.body = STREAM.into();
    exchange.arrived = vec![10, STREAM.len() - 10];
    exchange
}

fn judged(exchange: &Exchange, subject: &Subject) -> Judged {
    let Plan::Replay(format, op) = plan::of(exchange) else {
        panic!("not replayed")
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(judge(exchange, format, &op, subject, 5, 1))
}

/// Breaks a stream after it was decoded.
#[derive(Clone, Copy)]
enum Break {
    Nothing,
    /// Forgets the words of the second event.
    Words,
    /// Forgets that parts end.
    Ends,
    /// Says that all is well where it is not.
    Errors,
}

struct Broken(Break);

struct BrokenDecoder {
    inner: ChunkDecoder,
    how: Break,
    frames: usize,
}

impl Protocol for Broken {
    type Decoder = BrokenDecoder;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        OpenAiCompat(Dialect::OPENAI).encode(op, target, warnings)
    }

    fn decode(&self, op: &Op, head: &Parts, body: Bytes) -> Result<Reply> {
        OpenAiCompat(Dialect::OPENAI).decode(op, head, body)
    }

    fn decoder(&self, _: &Op, _: &Parts) -> BrokenDecoder {
        BrokenDecoder {
            inner: ChunkDecoder::of_stream(Dialect::OPENAI),
            how: self.0,
            frames: 0,
        }
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        match self.0 {
            Break::Errors => Error::decode("unknown"),
            _ => OpenAiCompat(Dialect::OPENAI).error(head, body),
        }
    }
}

impl Decoder for BrokenDecoder {
    fn frame(&mut self, frame: Frame, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        self.frames += 1;
        self.inner.frame(frame, out)?;
        self.damage(out);
        Ok(())
    }

    fn finish(&mut self, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        self.inner.finish(out)?;
        self.damage(out);
        Ok(())
    }

    fn terminal(&self) -> Terminal {
        self.inner.terminal()
    }
}

impl BrokenDecoder {
    fn damage(&self, out: &mut VecDeque<StreamChunk>) {
        let second = self.frames == 2;
        out.retain(|chunk| match (self.how, chunk) {
            (
                Break::Words,
                StreamChunk::Delta {
                    delta: Delta::Text(_),
                    ..
                },
            ) => !second,
            (Break::Ends, StreamChunk::PartEnd { .. }) => false,
            _ => true,
        });
    }
}

fn broken(how: Break) -> Subject {
    Subject::protocol("broken", move || Broken(how))
}

#[test]
fn what_is_not_broken_passes() {
    let judged = judged(&streamed(), &broken(Break::Nothing));
    assert!(judged.is_clean(), "{judged:?}");
}

#[test]
fn a_decoder_that_drops_a_delta_is_caught() {
    let judged = judged(&streamed(), &broken(Break::Words));
    assert_eq!(
        judged.faults,
        [r#"lost: text: from byte 6, "", and not " dich""#]
    );
}

#[test]
fn a_decoder_that_breaks_a_law_is_caught() {
    let judged = judged(&streamed(), &broken(Break::Ends));
    assert_eq!(
        judged.violations,
        ["a candidate finished while one of its parts was open"]
    );
}

#[test]
fn a_result_that_is_not_the_same_under_every_cut_is_caught() {
    let runs = AtomicUsize::new(0);
    let subject = Subject::protocol("broken", move || {
        // The whole body is replayed first.
        Broken(if runs.fetch_add(1, Ordering::Relaxed) == 0 {
            Break::Nothing
        } else {
            Break::Words
        })
    });
    let faults = judged(&streamed(), &subject).faults;
    assert_eq!(
        faults.len(),
        1 + 5 + 1 + 1,
        "as recorded, at random, after every byte, buffered: {faults:?}"
    );
    assert_eq!(
        faults[0],
        "cut as recorded: an answer of 1 parts, 6 bytes of text, 6 chunks, and not \
         an answer of 1 parts, 11 bytes of text, 7 chunks",
    );
}

#[test]
fn an_error_of_the_wrong_kind_is_caught() {
    let mut exchange = streamed();
    exchange.status = http::StatusCode::UNAUTHORIZED;
    exchange.body = r#"{"error":{"message":"wrong key"}}"#.into();
    assert!(judged(&exchange, &broken(Break::Nothing)).is_clean());
    assert_eq!(
        judged(&exchange, &broken(Break::Errors)).faults,
        ["status 401 came back as Decode: unknown"]
    );
}
