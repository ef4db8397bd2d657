//! Reading requests: HTTP/1.1 heads and bodies, all of it bounded.

use std::io;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const MAX_HEAD: usize = 64 * 1024;
const MAX_CHUNK_LINE: usize = 4 * 1024;

/// A connection and what has been read from it but not used.
pub(crate) struct Wire<T> {
    pub(crate) io: T,
    buffer: BytesMut,
}

#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
}

/// Why a request could not be read.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The client closed the connection, in the middle of a request or between two.
    Closed,
    /// The connection broke.
    Broken,
    /// The request is malformed or too large: the status that says so, and why.
    Refused(u16, &'static str),
}

impl From<io::Error> for Trouble {
    fn from(_: io::Error) -> Self {
        Self::Broken
    }
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.header(name)
            .is_some_and(|found| found.eq_ignore_ascii_case(value))
    }

    pub(crate) fn closes(&self) -> bool {
        self.is("connection", "close")
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire<T> {
    pub(crate) fn new(io: T) -> Self {
        Self {
            io,
            buffer: BytesMut::new(),
        }
    }

    /// Waits until there is something to read, and takes no more than its first byte: how much
    /// is to be read, the script knows only now.
    pub(crate) async fn readable(&mut self) -> Result<(), Trouble> {
        self.fill_to(1).await
    }

    /// A whole request; `max_body` bytes of body are the limit.
    pub(crate) async fn request(&mut self, max_body: usize) -> Result<(Head, Bytes), Trouble> {
        let head = self.head().await?;
        if head.is("expect", "100-continue") {
            self.io.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
            self.io.flush().await?;
        }
        let body = self.body(&head, max_body).await?;
        Ok((head, body))
    }

    /// A head, and the part of the body that came with it.
    pub(crate) async fn head_and_more(&mut self) -> Result<(Head, Bytes), Trouble> {
        let head = self.head().await?;
        Ok((head, self.buffer.split().freeze()))
    }

    /// The first `count` bytes of a request: head and raw body if the head is among them.
    pub(crate) async fn part(&mut self, count: usize) -> Result<(Head, Bytes), Trouble> {
        self.fill_to(count).await?;
        let mut part = self.buffer.split_to(count.min(self.buffer.len()));
        let head = match end_of_head(&part) {
            Some(end) => parse_head(&part.split_to(end))?,
            None => Head::default(),
        };
        Ok((head, part.freeze()))
    }

    async fn head(&mut self) -> Result<Head, Trouble> {
        loop {
            if let Some(end) = end_of_head(&self.buffer) {
                return parse_head(&self.buffer.split_to(end));
            }
            if self.buffer.len() >= MAX_HEAD {
                return Err(Trouble::Refused(431, "the head exceeds 64 KiB"));
            }
            self.fill().await?;
        }
    }

    async fn body(&mut self, head: &Head, max: usize) -> Result<Bytes, Trouble> {
        if head.is("transfer-encoding", "chunked") {
            return self.chunks(max).await;
        }
        match head.header("content-length") {
            None => Ok(Bytes::new()),
            Some(length) => {
                let length = length
                    .parse()
                    .map_err(|_| Trouble::Refused(400, "content-length is no number"))?;
                self.exactly(length, max).await
            }
        }
    }

    async fn chunks(&mut self, max: usize) -> Result<Bytes, Trouble> {
        let mut body = BytesMut::new();
        loop {
            let line = self.line().await?;
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = usize::from_str_radix(size, 16)
                .map_err(|_| Trouble::Refused(400, "a chunk's size is no number"))?;
            if size == 0 {
                break;
            }
            let room = max.saturating_sub(body.len());
            body.extend_from_slice(&self.exactly(size, room).await?);
            if !self.line().await?.is_empty() {
                return Err(Trouble::Refused(400, "a chunk is longer than its size"));
            }
        }
        let mut trailers = 0;
        loop {
            let line = self.line().await?;
            trailers += line.len();
            if line.is_empty() {
                return Ok(body.freeze());
            }
            if trailers > MAX_HEAD {
                return Err(Trouble::Refused(431, "the trailers exceed 64 KiB"));
            }
        }
    }

    async fn exactly(&mut self, length: usize, max: usize) -> Result<Bytes, Trouble> {
        if length > max {
            return Err(Trouble::Refused(413, "the body is too large"));
        }
        while self.buffer.len() < length {
            self.fill().await?;
        }
        Ok(self.buffer.split_to(length).freeze())
    }

    /// A line of chunk framing, without its CRLF.
    async fn line(&mut self) -> Result<String, Trouble> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.buffer.split_to(end + 2);
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            if self.buffer.len() > MAX_CHUNK_LINE {
                return Err(Trouble::Refused(400, "a chunk's size line is too long"));
            }
            self.fill().await?;
        }
    }

    /// Fills the buffer to `count` bytes and leaves what follows on the wire.
    async fn fill_to(&mut self, count: usize) -> Result<(), Trouble> {
        while let missing @ 1.. = count.saturating_sub(self.buffer.len()) {
            let mut limited = (&mut self.io).take(missing as u64);
            if limited.read_buf(&mut self.buffer).await? == 0 {
                return Err(Trouble::Closed);
            }
        }
        Ok(())
    }

    async fn fill(&mut self) -> Result<(), Trouble> {
        match self.io.read_buf(&mut self.buffer).await? {
            0 => Err(Trouble::Closed),
            _ => Ok(()),
        }
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let blank = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(blank + 4)
}

fn parse_head(bytes: &[u8]) -> Result<Head, Trouble> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split("\r\n").filter(|line| !line.is_empty());
    let mut request_line = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(path), Some("HTTP/1.1"), None) = (
        request_line.next(),
        request_line.next(),
        request_line.next(),
        request_line.next(),
    ) else {
        return Err(Trouble::Refused(400, "this is no HTTP/1.1 request line"));
    };
    let headers = lines
        .map(|line| line.split_once(':'))
        .map(|pair| pair.map(|(name, value)| (name.to_owned(), value.trim().to_owned())))
        .collect::<Option<Vec<_>>>()
        .ok_or(Trouble::Refused(400, "a header line has no colon"))?;
    Ok(Head {
        method: method.to_owned(),
        path: path.to_owned(),
        headers,
    })
}
