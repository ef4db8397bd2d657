//! What a provider implements: pure functions between our types and its wire. One driver does all
//! the I/O.

use std::collections::VecDeque;

use bytes::Bytes;
use http::{Request, header, response::Parts};
use trunkline_http::frame::{Frame, FrameLimits, Framing};

use crate::{Error, Op, Reply, Result, StreamChunk, chat::Warnings};

mod auth;
mod body;
mod chunks;
mod driver;
mod either;
mod events;
pub mod hints;
mod idle;
mod patience;
mod pieces;
mod settings;
mod status;
mod target;
mod within;

pub use crate::json::Fields;
pub use auth::{Auth, AuthScheme, Authorize};
pub use body::{functions, instructions, read, room, seconds, write};
pub use driver::HttpBackend;
pub use either::EitherDecoder;
pub(crate) use events::{Events, Reader, Reading};
pub use settings::{Limits, Timers};
pub use status::error_of_status;
pub(crate) use status::request_id;
pub(crate) use target::decoded;
pub use target::{Target, query, segment};
pub use within::{check, check_embed, check_rerank, survey, within};

/// The wire format of a provider. Every function is pure: bytes and types in, bytes and types
/// out. One [`Op`] is one exchange.
pub trait Protocol: Send + Sync + 'static {
    /// Reads its streams.
    type Decoder: Decoder;

    /// Writes a request. Every setting that the wire cannot carry leaves a warning; the driver
    /// delivers them, or refuses before sending where the request is strict.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for an operation that the provider does not
    /// have; [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for what cannot be meant.
    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>>;

    /// How to read this answer, a success, by its head and what was asked. Never asked for
    /// [`Op::Raw`], whose answer the caller reads.
    fn shape(&self, op: &Op, head: &Parts) -> Shape {
        match op {
            Op::ChatStream(_) if !is_json(head) => {
                Shape::Frames(Framing::Sse, FrameLimits::default())
            }
            _ => Shape::Whole,
        }
    }

    /// Reads a whole answer; of one that is [`Streamed`](Shape::Streamed) no more than its head, with an
    /// empty body: the driver puts the content into an [`ObjectReply`](crate::ObjectReply). For
    /// [`Op::ChatStream`] that the provider answered whole, a [`Reply::Chat`] will do.
    ///
    /// # Errors
    ///
    /// [`Decode`](crate::ErrorKind::Decode), or what an error in a success's clothes says.
    fn decode(&self, op: &Op, head: &Parts, body: Bytes) -> Result<Reply>;

    /// What reads this stream.
    fn decoder(&self, op: &Op, head: &Parts) -> Self::Decoder;

    /// Reads an answer that is no success. The driver adds status, request id, waiting time and
    /// the provider's name.
    fn error(&self, head: &Parts, body: &[u8]) -> Error;
}

/// Turns frames into chunks. Pushed, never polled; no I/O.
pub trait Decoder: Send + 'static {
    /// Reads one frame.
    ///
    /// # Errors
    ///
    /// The frame cannot be read, or it is an error of the provider. Either ends the stream.
    fn frame(&mut self, frame: Frame, out: &mut VecDeque<StreamChunk>) -> Result<()>;

    /// Closes what is open, at the end of a stream. Called when the body ended, or when
    /// [`terminal`](Self::terminal) said that nothing more is needed.
    ///
    /// # Errors
    ///
    /// The stream ended too early.
    fn finish(&mut self, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        let _ = out;
        Ok(())
    }

    /// Whether the answer is whole by the provider's own rule.
    fn terminal(&self) -> Terminal {
        Terminal::Open
    }
}

/// How far a stream's answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Terminal {
    /// More must come: an end here is an interruption.
    Open,
    /// It is whole; figures may follow. An end here, however rough, is a good one.
    Whole,
    /// The provider's last word was read. What follows is ignored.
    Last,
}

/// How to read an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// To its end, then at once.
    Whole,
    /// Frame by frame.
    Frames(Framing, FrameLimits),
    /// Not at all: the caller reads it, as the content of an object.
    Streamed,
}

/// A decoder for protocols without streams. It is never asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStream;

impl Decoder for NoStream {
    fn frame(&mut self, _: Frame, _: &mut VecDeque<StreamChunk>) -> Result<()> {
        Err(Error::decode("a stream where there are none"))
    }
}

/// Headers that nobody but the driver and the transport sets: those that would lead a request, or
/// the key on it, to somewhere else, or end it early.
pub(crate) fn is_ours(name: &http::HeaderName) -> bool {
    const OURS: [http::HeaderName; 10] = [
        header::AUTHORIZATION,
        header::PROXY_AUTHORIZATION,
        header::HOST,
        header::CONNECTION,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::TE,
        header::TRAILER,
        header::UPGRADE,
        header::EXPECT,
    ];
    OURS.contains(name)
}

/// Whether the head announces JSON. `application/json`, and anything that ends in `+json`.
pub fn is_json(head: &Parts) -> bool {
    let Some(media_type) = content_type(head) else {
        return false;
    };
    let media_type = media_type.to_ascii_lowercase();
    media_type == "application/json" || media_type.ends_with("+json")
}

/// The media type of a body, without parameters, as the head announces it.
pub fn content_type(head: &Parts) -> Option<&str> {
    let value = head.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or(value).trim())
}
