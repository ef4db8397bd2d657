use bytes::{Buf, Bytes, BytesMut};

use super::{Frame, FrameLimits, FrameTooLarge};
use crate::Limit;

/// Decodes a JSON array that is sent while it is made: each of its elements is a frame, and so is its
/// end, which is a frame without data. What follows that is ignored.
///
/// A value that stands alone, without an array around it, is a frame as well. The values are not
/// parsed here, only where they end is found. Frames have no name.
///
/// ```
/// use trunkline_http::frame::{FrameLimits, JsonArrayDecoder};
///
/// let mut decoder = JsonArrayDecoder::new(FrameLimits::default());
/// decoder.feed("[{\"n\":1}\n,\r\n{\"n\":".into());
/// assert_eq!(decoder.next()?.expect("a whole element").data, "{\"n\":1}");
/// assert_eq!(decoder.next()?, None);
///
/// decoder.feed("2}]".into());
/// assert_eq!(decoder.next()?.expect("another").data, "{\"n\":2}");
/// assert_eq!(decoder.next()?.expect("its end").data, "");
/// # Ok::<(), trunkline_http::frame::FrameTooLarge>(())
/// ```
#[derive(Debug)]
pub struct JsonArrayDecoder {
    limit: usize,
    /// What is not given out yet; it begins with a value, or with what stands between two.
    buffer: BytesMut,
    place: Place,
    /// Whether the array began, and whether it ended.
    inside: bool,
    over: bool,
    failed: Option<FrameTooLarge>,
}

/// How far the value at the beginning of the buffer was looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    begun: bool,
    scanned: usize,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl JsonArrayDecoder {
    /// A decoder at the beginning of a stream.
    pub fn new(limits: FrameLimits) -> Self {
        Self {
            limit: limits.event,
            buffer: BytesMut::new(),
            place: Place::default(),
            inside: false,
            over: false,
            failed: None,
        }
    }

    /// Gives it the next bytes. Take all elements with [`next`](Self::next) before the next feed:
    /// what is not taken is buffered without bound.
    pub fn feed(&mut self, chunk: Bytes) {
        if self.failed.is_some() || self.over {
            return;
        }
        match (self.buffer.is_empty(), chunk.try_into_mut()) {
            (true, Ok(chunk)) => self.buffer = chunk,
            (_, Ok(chunk)) => self.buffer.unsplit(chunk),
            (_, Err(chunk)) => self.buffer.extend_from_slice(&chunk),
        }
    }

    /// The next whole element, or `None` until more is fed.
    ///
    /// # Errors
    ///
    /// An element passed a bound. From then on every call gives that error.
    #[expect(
        clippy::should_implement_trait,
        reason = "`None` is not the end: more may be fed"
    )]
    pub fn next(&mut self) -> Result<Option<Frame>, FrameTooLarge> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        while !self.place.begun {
            match self.buffer.first() {
                Some(b']') if self.inside => {
                    self.over = true;
                    self.buffer = BytesMut::new();
                    return Ok(Some(Frame::default()));
                }
                Some(byte) if is_between(*byte) => {
                    self.inside |= *byte == b'[';
                    self.buffer.advance(1);
                }
                Some(_) => self.place.begun = true,
                None => return Ok(None),
            }
        }
        let end = self.scan();
        if end.unwrap_or(self.buffer.len()) > self.limit {
            return Err(self.fail());
        }
        let Some(end) = end else { return Ok(None) };
        self.place = Place::default();
        Ok(Some(Frame::new(self.buffer.split_to(end))))
    }

    /// What was left unfinished when the body ended cleanly. Not to be called after a broken
    /// connection: what was cut is not an element. Where elements were not taken before, those come
    /// first: call it until there is `None`.
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next).
    pub fn finish(&mut self) -> Result<Option<Frame>, FrameTooLarge> {
        if let Some(frame) = self.next()? {
            return Ok(Some(frame));
        }
        self.place = Place::default();
        let rest = self.buffer.split();
        Ok((!rest.is_empty()).then(|| Frame::new(rest)))
    }

    /// Where the value ends that the buffer begins with, if it does.
    fn scan(&mut self) -> Option<usize> {
        let mut place = self.place;
        let rest = self.buffer.iter().enumerate().skip(place.scanned);
        for (at, byte) in rest {
            match byte {
                _ if place.escaped => place.escaped = false,
                b'\\' if place.in_string => place.escaped = true,
                b'"' => place.in_string = !place.in_string,
                _ if place.in_string => {}
                b'{' | b'[' => place.depth += 1,
                // The end of the array, after a number or a word.
                b'}' | b']' if place.depth == 0 => return Some(at),
                b'}' | b']' => {
                    place.depth -= 1;
                    if place.depth == 0 {
                        return Some(at + 1);
                    }
                }
                between if place.depth == 0 && is_between(*between) => return Some(at),
                _ => {}
            }
        }
        place.scanned = self.buffer.len();
        self.place = place;
        None
    }

    #[cold]
    fn fail(&mut self) -> FrameTooLarge {
        let error = FrameTooLarge {
            limit: Limit::Event,
        };
        self.buffer = BytesMut::new();
        self.failed = Some(error);
        error
    }
}

/// What may stand between two elements: the array's own signs, white space, a byte order mark.
const fn is_between(byte: u8) -> bool {
    matches!(
        byte,
        b'[' | b']' | b',' | b' ' | b'\t' | b'\r' | b'\n' | 0xEF | 0xBB | 0xBF
    )
}
