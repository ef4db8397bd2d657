use bytes::{Buf, Bytes};

use super::{
    Frame, FrameLimits, FrameTooLarge,
    lines::{Endings, Lines, append},
};
use crate::Limit;

/// An event of this many `data` lines is refused however short they are.
const MAX_DATA_LINES: usize = 200_000;

/// Decodes `text/event-stream` as the WHATWG HTML standard defines it (section 9.2).
///
/// The `event` field becomes [`Frame::name`], the `data` lines, joined by LF, [`Frame::data`].
/// Comments and fields with other names are skipped; so are `id` and `retry`, because nothing is
/// ever reconnected: a request that is sent again is paid for again.
///
/// Three things differ from a browser. Bytes that are not UTF-8 are handed on as they are, for
/// [`Frame::text`] to refuse; [`finish`](Self::finish) gives an event that lacks only its blank
/// line; and a line that is `{…}` where no event has data yet is the data of one, since servers
/// that fail in the middle of a stream write what went wrong as they would in an answer.
///
/// ```
/// use trunkline_http::frame::{FrameLimits, SseDecoder};
///
/// let mut decoder = SseDecoder::new(FrameLimits::default());
/// decoder.feed("event: greeting\ndata: Hel".into());
/// assert_eq!(decoder.next()?, None);
///
/// decoder.feed("lo\n\n".into());
/// let frame = decoder.next()?.expect("the blank line has come");
/// assert_eq!((&frame.name[..], &frame.data[..]), (&b"greeting"[..], &b"Hello"[..]));
/// # Ok::<(), trunkline_http::frame::FrameTooLarge>(())
/// ```
#[derive(Debug)]
pub struct SseDecoder {
    lines: Lines,
    limit: usize,
    name: Bytes,
    data: Data,
}

/// The data of the event being read.
#[derive(Debug)]
enum Data {
    /// No `data` line yet, which is not the same as an empty one.
    None,
    /// The usual case: a slice of what was fed.
    Line(Bytes),
    Lines {
        joined: Vec<u8>,
        count: usize,
    },
}

impl SseDecoder {
    /// A decoder at the beginning of a stream.
    pub fn new(limits: FrameLimits) -> Self {
        Self {
            lines: Lines::new(Endings::Any, limits.line),
            limit: limits.event,
            name: Bytes::new(),
            data: Data::None,
        }
    }

    /// Gives it the next bytes. Take all events with [`next`](Self::next) before the next feed:
    /// what is not taken is buffered without bound.
    pub fn feed(&mut self, chunk: Bytes) {
        self.lines.feed(chunk);
    }

    /// The next whole event, or `None` until more is fed.
    ///
    /// # Errors
    ///
    /// A line or the data of an event passed its bound, or an event has 200,000 `data` lines.
    /// From then on every call gives that error.
    #[expect(
        clippy::should_implement_trait,
        reason = "`None` is not the end: more may be fed"
    )]
    pub fn next(&mut self) -> Result<Option<Frame>, FrameTooLarge> {
        while let Some(line) = self.lines.next()? {
            if !line.is_empty() {
                self.field(line)?;
            } else if let Some(frame) = self.dispatch() {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }

    /// The event that was left without its blank line when the body ended cleanly. Not to be
    /// called after a broken connection: what was cut is not an event. Where events were not taken
    /// before, those come first: call it until there is `None`.
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next).
    pub fn finish(&mut self) -> Result<Option<Frame>, FrameTooLarge> {
        if let Some(frame) = self.next()? {
            return Ok(Some(frame));
        }
        if let Some(line) = self.lines.last()? {
            self.field(line)?;
        }
        Ok(self.dispatch())
    }

    fn field(&mut self, mut line: Bytes) -> Result<(), FrameTooLarge> {
        if let Some(start) = value_start(&line, b"data") {
            line.advance(start);
            return self.push(line);
        }
        if let Some(start) = value_start(&line, b"event") {
            line.advance(start);
            self.name = line;
            return Ok(());
        }
        let is_apart = matches!(self.data, Data::None);
        if is_apart && line.starts_with(b"{") && line.ends_with(b"}") {
            return self.push(line);
        }
        Ok(())
    }

    fn push(&mut self, value: Bytes) -> Result<(), FrameTooLarge> {
        let (before, count) = match &self.data {
            Data::None => (0, 1),
            Data::Line(first) => (first.len() + 1, 2),
            Data::Lines { joined, count } => (joined.len() + 1, count + 1),
        };
        if before + value.len() > self.limit || count >= MAX_DATA_LINES {
            (self.name, self.data) = (Bytes::new(), Data::None);
            return Err(self.lines.fail(Limit::Event));
        }
        self.data = match std::mem::replace(&mut self.data, Data::None) {
            Data::None => Data::Line(value),
            Data::Line(first) => Data::Lines {
                joined: self.joined(first.into(), &value),
                count,
            },
            Data::Lines { joined, .. } => Data::Lines {
                joined: self.joined(joined, &value),
                count,
            },
        };
        Ok(())
    }

    fn joined(&self, mut lines: Vec<u8>, value: &[u8]) -> Vec<u8> {
        append(&mut lines, b"\n", self.limit);
        append(&mut lines, value, self.limit);
        lines
    }

    /// A blank line: the event is complete, if there is data. If not, its name is forgotten.
    fn dispatch(&mut self) -> Option<Frame> {
        let name = std::mem::take(&mut self.name);
        let data = match std::mem::replace(&mut self.data, Data::None) {
            Data::None => return None,
            Data::Line(line) => line,
            Data::Lines { joined, .. } => Bytes::from(joined),
        };
        Some(Frame { name, data })
    }
}

/// Where the value begins, if `line` is the field `name`: after the colon and one space. A field
/// without a colon has an empty value.
#[inline]
fn value_start(line: &[u8], name: &[u8]) -> Option<usize> {
    match line.strip_prefix(name)? {
        [] => Some(name.len()),
        [b':', b' ', ..] => Some(name.len() + 2),
        [b':', ..] => Some(name.len() + 1),
        _ => None,
    }
}
