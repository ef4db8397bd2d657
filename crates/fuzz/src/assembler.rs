//! Chat completions from the wire to an answer: no panic, the laws of streams, bounds.

use std::collections::VecDeque;

use bytes::Bytes;
use trunkline_core::{
    StreamChunk,
    protocol::{Decoder, Terminal},
    stream::{Fold, Laws},
};
use trunkline_http::frame::Frame;
use trunkline_openai_compat::{ChunkDecoder, Dialect};

use crate::take_byte;

/// An input is a byte of settings, and frames, one a line. A line that begins with `!` is an event
/// of the name up to the next `!`.
pub fn check(input: &[u8]) {
    let (settings, input) = take_byte(input);
    let mut dialect = Dialect::OPENAI;
    if settings & 1 == 1 {
        dialect = dialect.think_tags();
    }
    let mut decoder = ChunkDecoder::of_stream(dialect).candidates(u32::from(settings >> 1) % 4);
    let mut stream = Checked::default();
    stream.take([StreamChunk::Start {
        warnings: Vec::new(),
    }]);
    let mut out = VecDeque::new();
    for line in input.split(|&byte| byte == b'\n') {
        let failed = decoder.frame(frame(line), &mut out).is_err();
        let room = 16 + line.len();
        assert!(out.len() <= room, "more chunks than the frame has bytes");
        stream.take(out.drain(..));
        if failed {
            return stream.end(false);
        }
        if decoder.terminal() == Terminal::Last {
            break;
        }
    }
    let finished = decoder.finish(&mut out).is_ok();
    let whole = finished && decoder.terminal() != Terminal::Open;
    stream.take(out);
    stream.end(whole);
}

fn frame(line: &[u8]) -> Frame {
    let named = line.strip_prefix(b"!").and_then(|line| {
        let end = line.iter().position(|&byte| byte == b'!')?;
        Some((&line[..end], &line[end + 1..]))
    });
    match named {
        Some((name, data)) => {
            Frame::new(Bytes::copy_from_slice(data)).named(Bytes::copy_from_slice(name))
        }
        None => Frame::new(Bytes::copy_from_slice(line)),
    }
}

#[derive(Default)]
struct Checked {
    laws: Laws,
    fold: Fold,
    /// The fold refused: too many parts, too large arguments. A stream would end here.
    full: bool,
}

impl Checked {
    fn take(&mut self, chunks: impl IntoIterator<Item = StreamChunk>) {
        for chunk in chunks {
            if self.full {
                return;
            }
            if let Err(violation) = self.laws.check(&chunk) {
                panic!("{violation}: {chunk:?}");
            }
            self.full = self.fold.push_owned(chunk).is_err();
        }
    }

    fn end(self, whole: bool) {
        let partial = self.fold.partial();
        let text = serde_json::to_string(&partial).expect("an answer can be stored");
        let again = serde_json::from_str(&text).expect("and read again");
        assert_eq!(partial, again, "what was stored is what was there");
        if whole && !self.full && self.fold.is_finished() {
            assert_eq!(self.laws.end(), Ok(()));
            assert!(self.fold.finish().is_ok());
        }
    }
}
