//! Decoders of frames: no panic, no dependence on the chunks, no more memory than the limits say.

use bytes::Bytes;
use trunkline_http::{
    Limit,
    frame::{Frame, FrameLimits, Framer, Framing},
};

use crate::{Stream, take_byte};

/// An input is the limit of a line, the limit of an event (255: the default), and a [`Stream`].
pub fn check(framing: Framing, input: &[u8]) {
    let mut limits = FrameLimits::default();
    let (line, input) = take_byte(input);
    let (event, input) = take_byte(input);
    if line < 255 {
        limits.line = line.into();
    }
    if event < 255 {
        limits.event = event.into();
    }
    let stream = Stream::new(input);
    let whole = decode(framing, limits, [stream.whole.clone()]);
    assert_eq!(
        decode(framing, limits, stream.chunks),
        whole,
        "the chunks made a difference"
    );
    for frame in &whole.0 {
        assert!(
            frame.data.len() <= limits.event,
            "an event passed its limit"
        );
        assert!(
            frame.name.len() <= limits.line,
            "a name passed the limit of a line"
        );
    }
    let framed: usize = whole
        .0
        .iter()
        .map(|frame| frame.name.len() + frame.data.len())
        .sum();
    assert!(
        framed <= stream.whole.len(),
        "there is more in the frames than in the stream"
    );
}

fn decode(
    framing: Framing,
    limits: FrameLimits,
    chunks: impl IntoIterator<Item = Bytes>,
) -> (Vec<Frame>, Option<Limit>) {
    let mut framer = Framer::new(framing, limits);
    let mut frames = Vec::new();
    let mut unfinished = Unfinished::new(framing);
    for chunk in chunks {
        unfinished.read(&chunk);
        framer.feed(chunk);
        loop {
            match framer.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(framer.next(), Err(error), "an error is for good");
                    assert_eq!(framer.finish(), Err(error), "an error is for good");
                    return (frames, Some(error.limit));
                }
            }
        }
        assert!(
            unfinished.length <= limits.line + unfinished.exempt,
            "a line is held beyond its limit"
        );
    }
    match framer.finish() {
        Ok(last) => frames.extend(last),
        Err(error) => return (frames, Some(error.limit)),
    }
    assert_eq!(framer.finish(), Ok(None), "there is one last frame at most");
    (frames, None)
}

/// The line that has no ending yet.
struct Unfinished {
    length: usize,
    /// What the limit does not count: a byte order mark, and a CR that may be half of an ending.
    exempt: usize,
    cr_ends: bool,
}

impl Unfinished {
    fn new(framing: Framing) -> Self {
        Self {
            length: 0,
            exempt: 4,
            cr_ends: framing == Framing::Sse,
        }
    }

    fn read(&mut self, chunk: &[u8]) {
        for byte in chunk {
            if *byte == b'\n' || (*byte == b'\r' && self.cr_ends) {
                (self.length, self.exempt) = (0, 1);
            } else {
                self.length += 1;
            }
        }
    }
}
