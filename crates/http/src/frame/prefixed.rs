use bytes::{Buf, Bytes, BytesMut};

use super::{Frame, FrameLimits, FrameTooLarge};
use crate::Limit;

/// The bytes that hold a message's length.
const PREFIX: usize = 4;

/// Cuts binary messages that begin with their own whole length, four bytes with the highest first:
/// AWS's `application/vnd.amazon.eventstream` is one such format.
///
/// A frame is the whole message, its length included: what else is in it, checksums above all, is
/// the reader's to check. A message that claims to be shorter than its own length ends the stream
/// as one too large does: nobody knows where the next one begins. Frames have no name.
///
/// ```
/// use trunkline_http::frame::{FrameLimits, PrefixedDecoder};
///
/// let mut decoder = PrefixedDecoder::new(FrameLimits::default());
/// decoder.feed(b"\0\0\0\x06hi\0\0\0"[..].into());
/// assert_eq!(decoder.next()?.expect("a whole message").data, &b"\0\0\0\x06hi"[..]);
/// assert_eq!(decoder.next()?, None);
/// # Ok::<(), trunkline_http::frame::FrameTooLarge>(())
/// ```
#[derive(Debug)]
pub struct PrefixedDecoder {
    /// What was fed and not taken.
    fed: BytesMut,
    limit: usize,
    failed: Option<FrameTooLarge>,
}

impl PrefixedDecoder {
    /// A decoder at the beginning of a stream.
    pub fn new(limits: FrameLimits) -> Self {
        Self {
            fed: BytesMut::new(),
            limit: limits.event,
            failed: None,
        }
    }

    /// Gives it the next bytes. Take all messages with [`next`](Self::next) before the next feed:
    /// what is not taken is buffered without bound.
    pub fn feed(&mut self, chunk: Bytes) {
        if self.failed.is_none() {
            self.fed.extend_from_slice(&chunk);
        }
    }

    /// The next whole message, or `None` until more is fed.
    ///
    /// # Errors
    ///
    /// A message is larger than an event may be, or claims to be smaller than its length. From then
    /// on every call gives that error.
    #[expect(
        clippy::should_implement_trait,
        reason = "`None` is not the end: more may be fed"
    )]
    pub fn next(&mut self) -> Result<Option<Frame>, FrameTooLarge> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let Some(mut prefix) = self.fed.get(..PREFIX) else {
            return Ok(None);
        };
        let length = usize::try_from(prefix.get_u32()).unwrap_or(usize::MAX);
        if length < PREFIX || length > self.limit {
            let error = FrameTooLarge {
                limit: Limit::Event,
            };
            self.failed = Some(error);
            self.fed = BytesMut::new();
            return Err(error);
        }
        if self.fed.len() < length {
            self.fed.reserve(length - self.fed.len());
            return Ok(None);
        }
        Ok(Some(Frame::new(self.fed.split_to(length).freeze())))
    }

    /// What was fed and not taken before; a message that was cut is none.
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next).
    pub fn finish(&mut self) -> Result<Option<Frame>, FrameTooLarge> {
        self.next()
    }
}
