use bytes::Bytes;

use super::{
    Frame, FrameLimits, FrameTooLarge,
    lines::{Endings, Lines},
};
use crate::Limit;

/// Decodes newline-delimited JSON: one value per line, which ends with LF or CRLF.
///
/// Blank lines and a leading byte order mark are skipped. The values are not parsed here, so a
/// line that is no JSON is a frame, too. Frames have no name.
///
/// ```
/// use trunkline_http::frame::{FrameLimits, NdJsonDecoder};
///
/// let mut decoder = NdJsonDecoder::new(FrameLimits::default());
/// decoder.feed("{\"n\":1}\n{\"n\":".into());
/// assert_eq!(decoder.next()?.expect("a whole line").data, "{\"n\":1}");
/// assert_eq!(decoder.next()?, None);
///
/// decoder.feed("2}".into());
/// assert_eq!(decoder.finish()?.expect("the body ended").data, "{\"n\":2}");
/// # Ok::<(), trunkline_http::frame::FrameTooLarge>(())
/// ```
#[derive(Debug)]
pub struct NdJsonDecoder {
    lines: Lines,
    limit: usize,
}

impl NdJsonDecoder {
    /// A decoder at the beginning of a stream.
    pub fn new(limits: FrameLimits) -> Self {
        Self {
            lines: Lines::new(Endings::Lf, limits.line),
            limit: limits.event,
        }
    }

    /// Gives it the next bytes. Take all values with [`next`](Self::next) before the next feed:
    /// what is not taken is buffered without bound.
    pub fn feed(&mut self, chunk: Bytes) {
        self.lines.feed(chunk);
    }

    /// The next whole line that is not blank, or `None` until more is fed.
    ///
    /// # Errors
    ///
    /// A line passed a bound. From then on every call gives that error.
    #[expect(
        clippy::should_implement_trait,
        reason = "`None` is not the end: more may be fed"
    )]
    pub fn next(&mut self) -> Result<Option<Frame>, FrameTooLarge> {
        while let Some(line) = self.lines.next()? {
            if let Some(frame) = self.frame(line)? {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }

    /// The line that was left without its ending when the body ended cleanly. Not to be called
    /// after a broken connection: what was cut is not a value. Where values were not taken before,
    /// those come first: call it until there is `None`.
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next).
    pub fn finish(&mut self) -> Result<Option<Frame>, FrameTooLarge> {
        if let Some(frame) = self.next()? {
            return Ok(Some(frame));
        }
        match self.lines.last()? {
            Some(line) => self.frame(line),
            None => Ok(None),
        }
    }

    fn frame(&mut self, line: Bytes) -> Result<Option<Frame>, FrameTooLarge> {
        if line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r')) {
            return Ok(None);
        }
        if line.len() > self.limit {
            return Err(self.lines.fail(Limit::Event));
        }
        Ok(Some(Frame::new(line)))
    }
}
