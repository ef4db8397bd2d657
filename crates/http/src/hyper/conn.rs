//! One connection as hyper-util sees it: its protocol and its bytes.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use hyper_util::client::legacy::connect::{Connected, Connection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

#[cfg(feature = "http2")]
use super::calm::Ear;
use super::guard::Guard;

pub(super) struct Conn {
    bytes: Bytes,
    /// Of HTTP/2, what the server says is read along.
    #[cfg(feature = "http2")]
    ear: Option<Ear>,
}

enum Bytes {
    Plain(Guard),
    Tls(Box<TlsStream<Guard>>),
}

impl Conn {
    pub(super) fn plain(stream: Guard) -> Self {
        Self::new(Bytes::Plain(stream))
    }

    pub(super) fn tls(stream: TlsStream<Guard>) -> Self {
        Self::new(Bytes::Tls(Box::new(stream)))
    }

    fn new(bytes: Bytes) -> Self {
        Self {
            bytes,
            #[cfg(feature = "http2")]
            ear: None,
        }
    }

    #[cfg(feature = "http2")]
    pub(super) fn heard_by(mut self, ear: Ear) -> Self {
        self.ear = Some(ear);
        self
    }

    /// Whether TLS settled on HTTP/2.
    pub(super) fn is_http2(&self) -> bool {
        match &self.bytes {
            Bytes::Plain(_) => false,
            Bytes::Tls(tls) => tls.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }

    /// Whether the server has closed it since, as far as that shows. Nobody has used it yet.
    pub(super) fn is_closed(&mut self) -> bool {
        // Over HTTP/2 the server speaks first: a byte that is taken here would be missed later.
        #[cfg(feature = "http2")]
        if self.ear.is_some() {
            return false;
        }
        let mut byte = [0];
        let mut cx = Context::from_waker(Waker::noop());
        let read = Pin::new(self).poll_read(&mut cx, &mut ReadBuf::new(&mut byte));
        read.is_ready()
    }
}

impl Connection for Conn {
    fn connected(&self) -> Connected {
        if self.is_http2() {
            Connected::new().negotiated_h2()
        } else {
            Connected::new()
        }
    }
}

macro_rules! either {
    ($self:expr, $stream:ident => $then:expr) => {
        match &mut $self.get_mut().bytes {
            Bytes::Plain(stream) => {
                let $stream = Pin::new(stream);
                $then
            }
            Bytes::Tls(stream) => {
                let $stream = Pin::new(&mut **stream);
                $then
            }
        }
    };
}

impl AsyncRead for Conn {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        #[cfg(feature = "http2")]
        let before = buffer.filled().len();
        let read = either!(self.as_mut(), stream => stream.poll_read(cx, buffer));
        #[cfg(feature = "http2")]
        if let Some(ear) = &mut self.ear {
            ear.hear(buffer.filled().get(before..).unwrap_or_default());
        }
        read
    }
}

impl AsyncWrite for Conn {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, stream => stream.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.bytes {
            Bytes::Plain(stream) => stream.is_write_vectored(),
            Bytes::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, stream => stream.poll_shutdown(cx))
    }
}
