//! Responses: well-formed ones, and ones that go wrong in a chosen place.

use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;

use super::Exchange;

/// A response to a request that was read in full.
///
/// It leaves the connection open for the next request, unless it is one after which no client
/// could go on (cut short, or without an end), says `connection: close`, or was told how to end.
///
/// ```
/// use trunkline_testkit::peer::Reply;
///
/// let reply = Reply::status(200).header("x-request-id", "req_1").json(r#"{"ok":true}"#);
/// let stream = Reply::sse([r#"{"n":1}"#, r#"{"n":2}"#]).done();
/// let broken = Reply::status(200).body("0123456789").cut_after(4).reset();
/// # let _ = (reply, stream, broken);
/// ```
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<Bytes>,
    framing: Framing,
    informational: Option<(u16, usize)>,
    pause_before_body: Option<Duration>,
    pause_between: Option<Duration>,
    slice: usize,
    cut_after: Option<usize>,
    garbage: Option<Bytes>,
    ending: Option<Ending>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length { claimed: Option<usize> },
    Chunked { last: bool },
    UntilClose,
}

#[derive(Clone, Copy, Debug)]
enum Ending {
    Close,
    Reset,
    Stall,
}

impl Reply {
    /// A response of this status with an empty body.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            framing: Framing::Length { claimed: None },
            informational: None,
            pause_before_body: None,
            pause_between: None,
            slice: 0,
            cut_after: None,
            garbage: None,
            ending: None,
        }
    }

    /// A 200 whose body is server-sent events: each of `data` a `data:` line and a blank line, in
    /// a chunk of its own. [`done`](Self::done) adds OpenAI's `[DONE]`.
    pub fn sse<D: Display>(data: impl IntoIterator<Item = D>) -> Self {
        Self::status(200)
            .header("content-type", "text/event-stream")
            .chunked(data.into_iter().map(event))
    }

    /// Adds a header; several of one name are all sent, in order. The value may be any bytes.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers
            .push((name.to_owned(), value.as_ref().to_vec()));
        self
    }

    /// A JSON body, from a `serde_json::Value` or from text that is sent as it is.
    pub fn json(self, json: impl Display) -> Self {
        self.header("content-type", "application/json")
            .body(json.to_string())
    }

    /// A body with its content-length.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = vec![body.into()];
        self.framing = Framing::Length { claimed: None };
        self
    }

    /// A body in these chunks (`transfer-encoding: chunked`), each written by itself.
    pub fn chunked<B: Into<Bytes>>(mut self, chunks: impl IntoIterator<Item = B>) -> Self {
        self.body = chunks.into_iter().map(Into::into).collect();
        self.framing = Framing::Chunked { last: true };
        self
    }

    /// A body without any framing, which ends where the connection does.
    pub fn until_close(mut self, body: impl Into<Bytes>) -> Self {
        self.body = vec![body.into()];
        self.framing = Framing::UntilClose;
        self
    }

    /// Adds the event `data: [DONE]` to a chunked body.
    pub fn done(mut self) -> Self {
        self.body.push(event("[DONE]"));
        self
    }

    /// Sends `count` informational responses (1xx) before this one.
    pub fn informational(mut self, status: u16, count: usize) -> Self {
        self.informational = Some((status, count));
        self
    }

    /// Waits between the head and the body.
    pub fn pause_before_body(mut self, duration: Duration) -> Self {
        self.pause_before_body = Some(duration);
        self
    }

    /// Waits between one chunk and the next.
    pub fn pause_between(mut self, duration: Duration) -> Self {
        self.pause_between = Some(duration);
        self
    }

    /// Writes `count` bytes at a time, head included, each flushed by itself.
    pub fn slices(mut self, count: usize) -> Self {
        self.slice = count;
        self
    }

    /// Stops after `count` bytes of the body, chunk framing included, and closes the connection
    /// unless [`reset`](Self::reset) or [`stall`](Self::stall) says otherwise.
    pub fn cut_after(mut self, count: usize) -> Self {
        self.cut_after = Some(count);
        self
    }

    /// Claims this content-length, whatever the body is; after one that is too long the
    /// connection is closed.
    pub fn lie_content_length(mut self, length: usize) -> Self {
        self.framing = Framing::Length {
            claimed: Some(length),
        };
        self
    }

    /// Leaves out the last, empty chunk, and closes the connection.
    pub fn no_last_chunk(mut self) -> Self {
        self.framing = Framing::Chunked { last: false };
        self
    }

    /// Sends bytes after the complete response that belong to nothing.
    pub fn trailing_garbage(mut self, bytes: impl Into<Bytes>) -> Self {
        self.garbage = Some(bytes.into());
        self
    }

    /// Closes the connection afterwards, unannounced.
    pub fn close(mut self) -> Self {
        self.ending = Some(Ending::Close);
        self
    }

    /// Resets the connection afterwards.
    pub fn reset(mut self) -> Self {
        self.ending = Some(Ending::Reset);
        self
    }

    /// Holds the connection open afterwards and answers nothing more on it.
    pub fn stall(mut self) -> Self {
        self.ending = Some(Ending::Stall);
        self
    }

    fn head(&self) -> Vec<u8> {
        let mut head = status_line(self.status).into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        let framing = match self.framing {
            Framing::Length { .. } if self.has_no_body() => String::new(),
            Framing::Length { claimed } => {
                let length = claimed.unwrap_or_else(|| self.body_len());
                format!("content-length: {length}\r\n")
            }
            Framing::Chunked { .. } => "transfer-encoding: chunked\r\n".to_owned(),
            Framing::UntilClose => String::new(),
        };
        head.extend_from_slice(framing.as_bytes());
        head.extend_from_slice(b"\r\n");
        head
    }

    /// The body as it goes over the wire, one piece per write.
    fn pieces(&self) -> Vec<Bytes> {
        let mut pieces: Vec<Bytes> = match self.framing {
            Framing::Chunked { .. } => self.body.iter().map(chunk).collect(),
            _ => self.body.clone(),
        };
        if self.framing == (Framing::Chunked { last: true }) {
            pieces.push(Bytes::from_static(b"0\r\n\r\n"));
        }
        if let Some(mut left) = self.cut_after {
            for piece in &mut pieces {
                piece.truncate(left);
                left -= piece.len();
            }
        }
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }

    fn ending(&self) -> Option<Ending> {
        let endless = match self.framing {
            Framing::Length { claimed } => claimed > Some(self.body_len()),
            Framing::Chunked { last } => !last,
            Framing::UntilClose => true,
        };
        let says_close = self.headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case(b"close")
        });
        let implied = endless || says_close || self.is_cut();
        self.ending.or(implied.then_some(Ending::Close))
    }

    fn is_cut(&self) -> bool {
        let uncut = Self {
            cut_after: None,
            ..self.clone()
        };
        let whole: usize = uncut.pieces().iter().map(Bytes::len).sum();
        self.cut_after.is_some_and(|count| count < whole)
    }

    fn body_len(&self) -> usize {
        self.body.iter().map(Bytes::len).sum()
    }

    fn has_no_body(&self) -> bool {
        matches!(self.status, 100..=199 | 204 | 304) && self.body_len() == 0
    }
}

impl From<Reply> for Exchange {
    fn from(reply: Reply) -> Self {
        let mut exchange = Exchange::new().slices(reply.slice);
        if let Some((status, count)) = reply.informational {
            let head = Bytes::from(format!("{}\r\n", status_line(status)));
            for _ in 0..count {
                exchange = exchange.send(head.clone());
            }
        }
        let mut head = reply.head();
        let mut pieces = reply.pieces().into_iter();
        match reply.pause_before_body {
            Some(pause) => exchange = exchange.send(head).pause(pause),
            None => {
                head.extend_from_slice(&pieces.next().unwrap_or_default());
                exchange = exchange.send(head);
            }
        }
        for (index, piece) in pieces.enumerate() {
            let follows = index > 0 || reply.pause_before_body.is_none();
            if let Some(pause) = reply.pause_between.filter(|_| follows) {
                exchange = exchange.pause(pause);
            }
            exchange = exchange.send(piece);
        }
        if let Some(garbage) = &reply.garbage {
            exchange = exchange.send(garbage.clone());
        }
        match reply.ending() {
            None => exchange,
            Some(Ending::Close) => exchange.close(),
            Some(Ending::Reset) => exchange.reset(),
            Some(Ending::Stall) => exchange.stall(),
        }
    }
}

fn status_line(status: u16) -> String {
    let reason = StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or_default();
    format!("HTTP/1.1 {status} {reason}\r\n")
}

fn event(data: impl Display) -> Bytes {
    Bytes::from(format!("data: {data}\n\n"))
}

fn chunk(data: &Bytes) -> Bytes {
    let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
    chunk.extend_from_slice(data);
    chunk.extend_from_slice(b"\r\n");
    Bytes::from(chunk)
}
