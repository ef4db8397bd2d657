//! Framing: turns the bytes of a stream into frames, whatever the chunks they came in.
//!
//! Push parsers without I/O: [`feed`](Framer::feed) bytes, take frames with
//! [`next`](Framer::next) until there is none, [`finish`](Framer::finish) at a clean end.
//! They are linear in their input and bounded by [`FrameLimits`].

use bytes::Bytes;

mod array;
mod lines;
mod ndjson;
mod prefixed;
mod sse;

pub use array::JsonArrayDecoder;
pub use ndjson::NdJsonDecoder;
pub use prefixed::PrefixedDecoder;
pub use sse::SseDecoder;

use crate::Limit;

/// How a stream is cut into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framing {
    /// `text/event-stream`, as the WHATWG HTML standard defines it (section 9.2).
    Sse,
    /// One JSON value per line.
    NdJson,
    /// One JSON array, whose elements come one after the other.
    JsonArray,
    /// Binary messages that begin with their length.
    Prefixed,
}

/// One frame. It shares the buffer that it was read into: a small frame that is kept keeps that
/// whole buffer, some 16 KB. Copy what is to live long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// The event's name; empty where the framing or the server gives none.
    pub name: Bytes,
    /// What it carries.
    pub data: Bytes,
}

impl Frame {
    /// A frame without a name.
    pub fn new(data: impl Into<Bytes>) -> Self {
        Self {
            name: Bytes::new(),
            data: data.into(),
        }
    }

    /// Sets the name.
    #[must_use]
    pub fn named(mut self, name: impl Into<Bytes>) -> Self {
        self.name = name.into();
        self
    }

    /// The data as text.
    ///
    /// # Errors
    ///
    /// It is not UTF-8, which in every framing here is an error and never replaced silently.
    pub fn text(&self) -> Result<&str, std::str::Utf8Error> {
        std::str::from_utf8(&self.data)
    }
}

/// How large a line and an event may grow, in bytes. Defaults: 1 MiB each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrameLimits {
    /// Of one line, without its ending.
    pub line: usize,
    /// Of one event's data.
    pub event: usize,
}

impl Default for FrameLimits {
    fn default() -> Self {
        Self::both(1 << 20)
    }
}

impl FrameLimits {
    /// The same bound for a line and for an event.
    pub const fn both(bytes: usize) -> Self {
        Self {
            line: bytes,
            event: bytes,
        }
    }
}

/// A line or an event grew past its bound. The stream cannot be read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameTooLarge {
    /// Which bound: [`Limit::Line`] or [`Limit::Event`].
    pub limit: Limit,
}

/// A decoder for any [`Framing`].
#[derive(Debug)]
pub struct Framer(Kind);

#[derive(Debug)]
enum Kind {
    Sse(SseDecoder),
    NdJson(NdJsonDecoder),
    JsonArray(JsonArrayDecoder),
    Prefixed(PrefixedDecoder),
}

impl Framer {
    /// A decoder for `framing`.
    pub fn new(framing: Framing, limits: FrameLimits) -> Self {
        Self(match framing {
            Framing::Sse => Kind::Sse(SseDecoder::new(limits)),
            Framing::NdJson => Kind::NdJson(NdJsonDecoder::new(limits)),
            Framing::JsonArray => Kind::JsonArray(JsonArrayDecoder::new(limits)),
            Framing::Prefixed => Kind::Prefixed(PrefixedDecoder::new(limits)),
        })
    }

    /// Gives it the next bytes. Take all frames with [`next`](Self::next) before the next feed:
    /// what is not taken is buffered without bound.
    pub fn feed(&mut self, chunk: Bytes) {
        match &mut self.0 {
            Kind::Sse(decoder) => decoder.feed(chunk),
            Kind::NdJson(decoder) => decoder.feed(chunk),
            Kind::JsonArray(decoder) => decoder.feed(chunk),
            Kind::Prefixed(decoder) => decoder.feed(chunk),
        }
    }

    /// The next whole frame, or `None` until more is fed.
    ///
    /// # Errors
    ///
    /// A bound was passed. From then on every call gives that error.
    #[expect(
        clippy::should_implement_trait,
        reason = "`None` is not the end: more may be fed"
    )]
    pub fn next(&mut self) -> Result<Option<Frame>, FrameTooLarge> {
        match &mut self.0 {
            Kind::Sse(decoder) => decoder.next(),
            Kind::NdJson(decoder) => decoder.next(),
            Kind::JsonArray(decoder) => decoder.next(),
            Kind::Prefixed(decoder) => decoder.next(),
        }
    }

    /// What was left unterminated when the body ended cleanly. Not to be called after a broken
    /// connection: what was cut is not a frame. Where frames were not taken before, those come
    /// first: call it until there is `None`.
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next).
    pub fn finish(&mut self) -> Result<Option<Frame>, FrameTooLarge> {
        match &mut self.0 {
            Kind::Sse(decoder) => decoder.finish(),
            Kind::NdJson(decoder) => decoder.finish(),
            Kind::JsonArray(decoder) => decoder.finish(),
            Kind::Prefixed(decoder) => decoder.finish(),
        }
    }
}
