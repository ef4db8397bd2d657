//! A reply as the bytes and pauses that go over the wire.

use std::{io::Write, time::Duration};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::StatusCode;
use trunkline_testkit::peer::Exchange;

use super::{Answer, Chunk, End, Framing, Read, Reply, Step, Words, answer::Piece};

/// Waits, then sends.
struct Sent {
    after: Duration,
    bytes: Bytes,
}

impl Reply {
    /// What is done about a request that asks for a stream, or not.
    pub(super) fn exchange(&self, streams: bool, words: &Words, id: &str) -> Exchange {
        let exchange = match self.read {
            Read::All => Exchange::new(),
            Read::Head => Exchange::new().read_head(),
            Read::Nothing => Exchange::new().read_nothing(),
        };
        let exchange = match self.delay {
            Some(delay) => exchange.pause(delay.0),
            None => exchange,
        };
        match &self.steps {
            Some(steps) => steps
                .iter()
                .fold(exchange, |exchange, step| step.add(exchange, words)),
            None => self.written(exchange, streams, words, id),
        }
    }

    fn written(&self, mut exchange: Exchange, streams: bool, words: &Words, id: &str) -> Exchange {
        exchange = exchange.slices(self.slices.unwrap_or(0));
        let body = self.pieces(streams, words);
        let framing = self.framing(streams);
        if let Some(early) = self.informational {
            for _ in 0..early.count {
                exchange = exchange.send(format!("{}\r\n", status_line(early.status)));
            }
        }
        let length: usize = body.iter().map(|sent| sent.bytes.len()).sum();
        let length = self.length.or(self.announced(streams)).unwrap_or(length);
        exchange = exchange.send(self.head(framing, length, streams, words, id));

        let mut left = self.cut.unwrap_or(usize::MAX);
        let last = (framing == Framing::Chunked && !self.no_last_chunk && !self.is_cut_short())
            .then(|| Sent {
                after: Duration::ZERO,
                bytes: Bytes::from_static(b"0\r\n\r\n"),
            });
        let mut frames = Frames::default();
        let framed = body.into_iter().map(|sent| match framing {
            Framing::Chunked if !sent.bytes.is_empty() => Sent {
                bytes: frames.of(&sent.bytes),
                ..sent
            },
            _ => sent,
        });
        let hold = self.hold.unwrap_or_default().0;
        for (index, sent) in framed.chain(last).enumerate() {
            let pause = if index == 0 {
                hold + sent.after
            } else {
                sent.after
            };
            if !pause.is_zero() {
                exchange = exchange.pause(pause);
            }
            let part = sent.bytes.slice(..sent.bytes.len().min(left));
            left -= part.len();
            if !part.is_empty() {
                exchange = exchange.send(part);
            }
        }
        if let Some(garbage) = &self.garbage {
            exchange = exchange.send(garbage.clone());
        }
        let endless = framing == Framing::Close
            || self.no_last_chunk
            || self.is_cut_short()
            || self.cut.is_some()
            || self.length.is_some();
        match self.end {
            End::Open if endless => exchange.close(),
            End::Open => exchange,
            End::Close => exchange.close(),
            End::Reset => exchange.reset(),
            End::Stall => exchange.stall(),
        }
    }

    fn pieces(&self, streams: bool, words: &Words) -> Vec<Sent> {
        let every = self.every.unwrap_or_default().0;
        let told = |text: &str| Bytes::from(words.fill(text));
        let mut pieces: Vec<Sent> = Vec::new();
        if let Some(answer) = &self.answer {
            let told = if streams {
                answer.stream()
            } else {
                answer.whole()
            };
            pieces.extend(told.into_iter().map(|Piece { after, bytes }| Sent {
                after: after + every,
                bytes: bytes.into(),
            }));
        }
        for text in self.json.iter().chain(&self.body) {
            pieces.push(Sent {
                after: Duration::ZERO,
                bytes: told(text),
            });
        }
        if let Some(size) = self.fill {
            pieces.push(Sent {
                after: Duration::ZERO,
                bytes: vec![b'x'; size.0].into(),
            });
        }
        for (index, data) in self.sse.iter().flatten().enumerate() {
            let after = if index == 0 { Duration::ZERO } else { every };
            pieces.push(Sent {
                after,
                bytes: told(&format!("data: {data}\n\n")),
            });
        }
        for chunk in self.chunks.iter().flatten() {
            chunk.add(&mut pieces, words, every);
        }
        if self.gzip {
            pieces = zipped(&pieces);
        }
        pieces
    }

    fn framing(&self, streams: bool) -> Framing {
        let in_pieces =
            self.sse.is_some() || self.chunks.is_some() || (self.answer.is_some() && streams);
        self.framing.unwrap_or(if in_pieces {
            Framing::Chunked
        } else {
            Framing::Length
        })
    }

    fn announced(&self, streams: bool) -> Option<usize> {
        let answer = self.answer.as_ref().filter(|_| !streams)?;
        Some(Answer::length(answer))
    }

    fn is_cut_short(&self) -> bool {
        self.answer
            .as_ref()
            .is_some_and(|answer| answer.faults.cut_after.is_some())
    }

    fn head(
        &self,
        framing: Framing,
        length: usize,
        streams: bool,
        words: &Words,
        id: &str,
    ) -> Vec<u8> {
        let mut head = status_line(self.status).into_bytes();
        let is_stream = self.sse.is_some() || (self.answer.is_some() && streams);
        let given = |name: &str| {
            self.headers
                .keys()
                .any(|known| known.eq_ignore_ascii_case(name))
        };
        let mut usual = vec![("x-request-id", id.to_owned())];
        if is_stream {
            usual.push(("content-type", "text/event-stream".to_owned()));
        } else if self.json.is_some() || self.answer.is_some() {
            usual.push(("content-type", "application/json".to_owned()));
        }
        if self.gzip {
            usual.push(("content-encoding", "gzip".to_owned()));
        }
        match framing {
            Framing::Length => usual.push(("content-length", length.to_string())),
            Framing::Chunked => usual.push(("transfer-encoding", "chunked".to_owned())),
            Framing::Close => {}
        }
        for (name, value) in usual.into_iter().filter(|(name, _)| !given(name)) {
            head.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        for (name, values) in &self.headers {
            for value in values.all() {
                head.extend_from_slice(format!("{name}: ").as_bytes());
                head.extend(latin1(&words.fill(value)));
                head.extend_from_slice(b"\r\n");
            }
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    /// All its silences together; `None` if it may hold on to a connection that the client left.
    pub(super) fn pauses(&self) -> Option<Duration> {
        let stalls = self.end == End::Stall
            || self
                .steps
                .iter()
                .flatten()
                .any(|step| matches!(step, Step::Stall(true)));
        if stalls && self.read != Read::All {
            return None;
        }
        let words = Words {
            keys: Vec::new(),
            prompt: String::new(),
        };
        let body: Duration = self
            .pieces(true, &words)
            .iter()
            .map(|sent| sent.after)
            .sum();
        let steps: Duration = self.steps.iter().flatten().map(Step::pause).sum();
        Some(body + steps + self.hold.unwrap_or_default().0 + self.delay.unwrap_or_default().0)
    }
}

impl Chunk {
    fn add(&self, pieces: &mut Vec<Sent>, words: &Words, every: Duration) {
        match self {
            Self::Text(text) => pieces.push(Sent {
                after: if pieces.is_empty() {
                    Duration::ZERO
                } else {
                    every
                },
                bytes: words.fill(text).into(),
            }),
            Self::Repeated(chunk) => {
                let mut bytes = words.fill(&chunk.text).into_bytes();
                bytes.extend(unhex(&chunk.hex));
                // Shared: a gigabyte of the same costs no more than one of it.
                let bytes = Bytes::from(bytes.repeat(chunk.fold.unwrap_or(1)));
                let after = chunk.every.map_or(every, |every| every.0);
                pieces.extend((0..chunk.times.unwrap_or(1)).map(|_| Sent {
                    after,
                    bytes: bytes.clone(),
                }));
            }
        }
    }
}

impl Step {
    fn add(&self, exchange: Exchange, words: &Words) -> Exchange {
        match self {
            Self::Send(text) => exchange.send(words.fill(text)),
            Self::Hex(hex) => exchange.send(unhex(hex)),
            Self::Fold(fold) => exchange.send(words.fill(&fold.text).repeat(fold.times)),
            Self::Pause(pause) => exchange.pause(pause.0),
            Self::HalfClose(true) => exchange.half_close(),
            Self::Close(true) => exchange.close(),
            Self::Reset(true) => exchange.reset(),
            Self::Stall(true) => exchange.stall(),
            Self::HalfClose(false)
            | Self::Close(false)
            | Self::Reset(false)
            | Self::Stall(false) => exchange,
        }
    }

    fn pause(&self) -> Duration {
        match self {
            Self::Pause(pause) => pause.0,
            _ => Duration::ZERO,
        }
    }
}

/// Each piece flushed, so that it can be read as it comes.
fn zipped(pieces: &[Sent]) -> Vec<Sent> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let mut out = Vec::new();
    for sent in pieces {
        // Into memory: neither can fail.
        let _ = encoder
            .write_all(&sent.bytes)
            .and_then(|()| encoder.flush());
        out.push(Sent {
            after: sent.after,
            bytes: std::mem::take(encoder.get_mut()).into(),
        });
    }
    let rest = encoder.finish().unwrap_or_default();
    out.push(Sent {
        after: Duration::ZERO,
        bytes: rest.into(),
    });
    out
}

/// What is sent again and again is framed once and shared.
#[derive(Default)]
struct Frames {
    last: Bytes,
    frame: Bytes,
}

impl Frames {
    fn of(&mut self, data: &Bytes) -> Bytes {
        let is_last = self.last.as_ptr() == data.as_ptr() && self.last.len() == data.len();
        if !is_last {
            let mut frame = format!("{:x}\r\n", data.len()).into_bytes();
            frame.extend_from_slice(data);
            frame.extend_from_slice(b"\r\n");
            self.last = data.clone();
            self.frame = frame.into();
        }
        self.frame.clone()
    }
}

fn status_line(status: u16) -> String {
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default();
    format!("HTTP/1.1 {status} {reason}\r\n")
}

/// `\u00ff` is the byte 0xff: so a header can hold what is no UTF-8.
fn latin1(text: &str) -> impl Iterator<Item = u8> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    digits
        .chunks_exact(2)
        .map(|pair| {
            pair.iter().fold(0, |byte, digit| {
                byte * 16 + u8::try_from(*digit).unwrap_or(0)
            })
        })
        .collect()
}
