use bytes::{Buf, Bytes, BytesMut};

use super::{Frame, FrameLimits, FrameTooLarge};
use crate::Limit;

/// Decodes one JSON array that comes piece by piece: each of its objects, arrays and strings is a
/// frame as soon as it is whole.
///
/// The values are not parsed, only told apart. Numbers and words among them are passed over. A value
/// that stands alone, not in an array, is a frame as well: an error in an array's place. So is the
/// end of the array, a frame without data: nothing need be waited for after it. What follows is
/// ignored. Frames have no name.
///
/// ```
/// use trunkline_http::frame::{FrameLimits, JsonArrayDecoder};
///
/// let mut decoder = JsonArrayDecoder::new(FrameLimits::default());
/// decoder.feed("[{\"n\":[1]},\n{\"n\":".into());
/// assert_eq!(decoder.next()?.expect("a whole value").data, "{\"n\":[1]}");
/// assert_eq!(decoder.next()?, None);
/// # Ok::<(), trunkline_http::frame::FrameTooLarge>(())
/// ```
#[derive(Debug)]
pub struct JsonArrayDecoder {
    /// What was fed and not taken. It begins where the value under way does.
    fed: BytesMut,
    /// How much of it belongs to that value.
    scanned: usize,
    place: Place,
    /// How many brackets of the value are open.
    depth: usize,
    limit: usize,
    failed: Option<FrameTooLarge>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nothing but white space came.
    Start,
    /// Before a value.
    Between,
    /// In a value, and in no string.
    Value,
    /// In a string.
    Text,
    /// After a backslash in a string.
    Escape,
    /// In a word that stands where an array should.
    Word,
    /// At the end of the array.
    End,
    /// Past it.
    Over,
}

impl JsonArrayDecoder {
    /// A decoder at the beginning of a stream.
    pub fn new(limits: FrameLimits) -> Self {
        Self {
            fed: BytesMut::new(),
            scanned: 0,
            place: Place::Start,
            depth: 0,
            limit: limits.event,
            failed: None,
        }
    }

    /// Gives it the next bytes. Take all values with [`next`](Self::next) before the next feed:
    /// what is not taken is buffered without bound.
    pub fn feed(&mut self, chunk: Bytes) {
        if self.failed.is_none() && self.place != Place::Over {
            self.fed.extend_from_slice(&chunk);
        }
    }

    /// The next whole value, or `None` until more is fed.
    ///
    /// # Errors
    ///
    /// A value is larger than an event may be. From then on every call gives that error.
    #[expect(
        clippy::should_implement_trait,
        reason = "`None` is not the end: more may be fed"
    )]
    pub fn next(&mut self) -> Result<Option<Frame>, FrameTooLarge> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        loop {
            let whole = self.scan();
            if self.scanned > self.limit {
                let error = FrameTooLarge {
                    limit: Limit::Event,
                };
                self.failed = Some(error);
                self.fed = BytesMut::new();
                return Err(error);
            }
            if whole {
                let value = self.fed.split_to(self.scanned).freeze();
                self.scanned = 0;
                return Ok(Some(Frame::new(value)));
            }
            if self.place == Place::End {
                self.place = Place::Over;
                return Ok(Some(Frame::default()));
            }
            if self.place == Place::Over {
                self.fed = BytesMut::new();
            }
            if self.fed.len() == self.scanned {
                return Ok(None);
            }
        }
    }

    /// What was fed and not taken before; a value that was cut is none.
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next).
    pub fn finish(&mut self) -> Result<Option<Frame>, FrameTooLarge> {
        let next = self.next()?;
        if next.is_some() || self.place != Place::Word {
            return Ok(next);
        }
        (self.place, self.scanned) = (Place::Over, 0);
        Ok(Some(Frame::new(self.fed.split().freeze())))
    }

    /// Looks at what was not looked at. Whether the value under way is whole.
    fn scan(&mut self) -> bool {
        while let Some(byte) = self.fed.get(self.scanned).copied() {
            self.place = match (self.place, byte) {
                (Place::End | Place::Over, _) => return false,
                (Place::Start, b'[') => {
                    self.fed.advance(1);
                    Place::Between
                }
                (Place::Start | Place::Between, b'{' | b'[') => {
                    (self.depth, self.scanned) = (1, 1);
                    Place::Value
                }
                (Place::Start | Place::Between, b'"') => {
                    (self.depth, self.scanned) = (0, 1);
                    Place::Text
                }
                (Place::Between, b']') => {
                    self.fed.advance(1);
                    Place::End
                }
                (Place::Start, byte) if !is_blank(byte) => {
                    self.scanned = 1;
                    Place::Word
                }
                (Place::Start | Place::Between, _) => {
                    self.fed.advance(1);
                    self.place
                }
                (Place::Word, byte) if is_blank(byte) => {
                    self.place = Place::Over;
                    return true;
                }
                (Place::Word, _) => self.went_on(Place::Word),
                (Place::Escape, _) => self.went_on(Place::Text),
                (Place::Text, b'\\') => self.went_on(Place::Escape),
                (Place::Text, b'"') => self.went_on(Place::Value),
                (Place::Text, _) => {
                    self.skip_text();
                    Place::Text
                }
                (Place::Value, b'"') => self.went_on(Place::Text),
                (Place::Value, b'{' | b'[') => {
                    self.depth += 1;
                    self.went_on(Place::Value)
                }
                (Place::Value, b'}' | b']') => {
                    self.depth = self.depth.saturating_sub(1);
                    self.went_on(Place::Value)
                }
                (Place::Value, _) => self.went_on(Place::Value),
            };
            if self.place == Place::Value && self.depth == 0 {
                self.place = Place::Between;
                return true;
            }
            if self.scanned > self.limit {
                return false;
            }
        }
        false
    }

    fn went_on(&mut self, place: Place) -> Place {
        self.scanned += 1;
        place
    }

    /// Most of a value is text.
    fn skip_text(&mut self) {
        let rest = self.fed.get(self.scanned..).unwrap_or_default();
        let plain = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
        self.scanned += plain;
    }
}

/// White space, and the bytes of a byte order mark.
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0xEF | 0xBB | 0xBF)
}
