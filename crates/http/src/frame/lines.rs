//! Cuts chunks into lines, the part that all line-based framings share.

use std::{collections::VecDeque, mem};

use bytes::{Buf, Bytes};

use super::FrameTooLarge;
use crate::Limit;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What ends a line.
#[derive(Clone, Copy, Debug)]
pub(super) enum Endings {
    /// LF, CRLF or CR, as in an event stream.
    Any,
    /// LF or CRLF. A lone CR is content: it is whitespace in JSON.
    Lf,
}

impl Endings {
    /// Stops at the first ending, so that every byte is looked at once.
    fn find(self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Any => memchr::memchr2(b'\n', b'\r', bytes),
            Self::Lf => memchr::memchr(b'\n', bytes),
        }
    }
}

/// Lines out of chunks. A line that lies within one chunk shares it; one that spans chunks is
/// copied together.
#[derive(Debug)]
pub(super) struct Lines {
    endings: Endings,
    limit: usize,
    /// What is not read yet of the current chunk.
    chunk: Bytes,
    /// Chunks after it. Empty as long as the caller takes all lines before feeding more.
    later: VecDeque<Bytes>,
    /// The beginning of a line whose ending has not come; scanned already.
    partial: Vec<u8>,
    /// What may still come of a byte order mark; empty after the first bytes.
    mark: &'static [u8],
    /// The last line ended with CR: an LF that follows belongs to that ending. The line was given
    /// out without waiting for it, since it may take minutes to come.
    after_cr: bool,
    failed: Option<FrameTooLarge>,
}

impl Lines {
    pub(super) fn new(endings: Endings, limit: usize) -> Self {
        Self {
            endings,
            limit,
            chunk: Bytes::new(),
            later: VecDeque::new(),
            partial: Vec::new(),
            mark: BYTE_ORDER_MARK,
            after_cr: false,
            failed: None,
        }
    }

    pub(super) fn feed(&mut self, chunk: Bytes) {
        if self.failed.is_some() {
            return;
        }
        if self.chunk.is_empty() && self.later.is_empty() {
            self.chunk = chunk;
        } else if !chunk.is_empty() {
            self.later.push_back(chunk);
        }
    }

    /// The next line that has its ending, without it.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, FrameTooLarge> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        if !self.mark.is_empty() {
            self.skip_mark();
        }
        while self.pull() {
            if mem::take(&mut self.after_cr) && self.chunk.first() == Some(&b'\n') {
                self.chunk.advance(1);
                continue;
            }
            let Some(length) = self.endings.find(&self.chunk) else {
                let rest = mem::take(&mut self.chunk);
                self.hold(&rest)?;
                continue;
            };
            let end = self.chunk.split_to(length);
            self.after_cr = self.chunk.first() == Some(&b'\r');
            self.chunk.advance(1);
            return self.join(end).map(Some);
        }
        Ok(None)
    }

    /// What came after the last ending, to be asked for when there is no next line.
    pub(super) fn last(&mut self) -> Result<Option<Bytes>, FrameTooLarge> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.keep_false_mark();
        if self.partial.is_empty() {
            return Ok(None);
        }
        self.join(Bytes::new()).map(Some)
    }

    /// Ends all reading: whatever is asked for or fed from now on, the answer is this error.
    #[cold]
    pub(super) fn fail(&mut self, limit: Limit) -> FrameTooLarge {
        let error = FrameTooLarge { limit };
        *self = Self {
            failed: Some(error),
            ..Self::new(self.endings, self.limit)
        };
        error
    }

    /// Whether there is anything to read.
    fn pull(&mut self) -> bool {
        while self.chunk.is_empty() {
            match self.later.pop_front() {
                Some(chunk) => self.chunk = chunk,
                None => {
                    // An empty slice would still keep the chunk alive.
                    self.chunk = Bytes::new();
                    return false;
                }
            }
        }
        true
    }

    /// Skips a byte order mark, which may come in pieces.
    fn skip_mark(&mut self) {
        while let [expected, rest @ ..] = self.mark
            && self.pull()
        {
            if self.chunk.first() == Some(expected) {
                self.chunk.advance(1);
                self.mark = rest;
            } else {
                self.keep_false_mark();
            }
        }
    }

    /// What was skipped was no byte order mark after all: it belongs to the first line.
    fn keep_false_mark(&mut self) {
        let rest = mem::take(&mut self.mark);
        if !rest.is_empty()
            && let Some(skipped) = BYTE_ORDER_MARK.strip_suffix(rest)
        {
            self.partial.extend_from_slice(skipped);
        }
    }

    /// A whole line from its end and what was held of it.
    #[inline]
    fn join(&mut self, end: Bytes) -> Result<Bytes, FrameTooLarge> {
        let mut line = end;
        if !self.partial.is_empty() {
            self.hold(&line)?;
            line = Bytes::from(mem::take(&mut self.partial));
        }
        if matches!(self.endings, Endings::Lf) && line.last() == Some(&b'\r') {
            line.truncate(line.len() - 1);
        }
        if line.len() > self.limit {
            return Err(self.fail(Limit::Line));
        }
        Ok(line)
    }

    fn hold(&mut self, bytes: &[u8]) -> Result<(), FrameTooLarge> {
        // A CR at the end may turn out to be half of the ending.
        let last = bytes.last().or(self.partial.last());
        let content = self.partial.len() + bytes.len() - usize::from(last == Some(&b'\r'));
        if content > self.limit {
            return Err(self.fail(Limit::Line));
        }
        append(&mut self.partial, bytes, self.limit);
        Ok(())
    }
}

/// Appends with doubling growth that does not overshoot `limit`. Long lines
/// are rare: from a 64th of the limit on it takes all that there may be, since growing further, the
/// old and the new buffer would be half as much again.
pub(super) fn append(buffer: &mut Vec<u8>, bytes: &[u8], limit: usize) {
    let needed = buffer.len() + bytes.len();
    if needed > buffer.capacity() {
        let doubled = buffer.capacity().saturating_mul(2);
        let capacity = if doubled > limit / 64 { limit } else { doubled }.max(needed);
        buffer.reserve_exact(capacity - buffer.len());
    }
    buffer.extend_from_slice(bytes);
}
