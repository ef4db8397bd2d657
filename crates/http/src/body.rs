//! Request and response bodies.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame, SizeHint};

use crate::{BoxError, Limit, Phase, Sent, TransportError, TransportErrorKind};

/// A body: in memory, or read as it arrives.
#[derive(Default)]
pub struct Body(Inner);

#[derive(Default)]
enum Inner {
    #[default]
    Empty,
    Whole(Bytes),
    Arriving(Pin<Box<dyn HttpBody<Data = Bytes, Error = TransportError> + Send>>),
}

impl Body {
    /// No bytes at all.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Wraps any body. An error that is not a [`TransportError`] becomes an interruption.
    pub fn new<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Inner::Arriving(Box::pin(Adapter { body })))
    }

    /// The bytes, if they are all in memory: such a body can be sent again.
    pub fn bytes(&self) -> Option<Bytes> {
        match &self.0 {
            Inner::Empty => Some(Bytes::new()),
            Inner::Whole(bytes) => Some(bytes.clone()),
            Inner::Arriving(_) => None,
        }
    }

    /// The next bytes as they arrive; `None` at a clean end. Trailers are passed over.
    ///
    /// # Errors
    ///
    /// The connection broke, or a bound was passed.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, TransportError>> {
        poll_fn(|cx| self.poll_chunk(cx)).await
    }

    /// [`chunk`](Self::chunk) for those who poll.
    pub fn poll_chunk(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, TransportError>>> {
        loop {
            match ready!(Pin::new(&mut *self).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }

    /// Reads to the end, at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](TransportErrorKind::LimitExceeded) as soon as there is more, or as soon
    /// as the server announces more; and whatever broke the connection.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, TransportError> {
        let announced = usize::try_from(self.size_hint().lower()).unwrap_or(usize::MAX);
        if announced > limit {
            return Err(too_large(limit));
        }
        let Some(first) = self.chunk().await.transpose()? else {
            return Ok(Bytes::new());
        };
        if first.len() > limit {
            return Err(too_large(limit));
        }
        if self.is_end_stream() {
            return Ok(first);
        }
        // An announced length is a claim: believe it only up to a size that costs nothing.
        let mut whole = BytesMut::with_capacity(announced.clamp(first.len(), 1 << 20));
        whole.extend_from_slice(&first);
        while let Some(chunk) = self.chunk().await.transpose()? {
            if whole.len() + chunk.len() > limit {
                return Err(too_large(limit));
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
    }

    /// Reads at most `limit` bytes and drops the rest: for error bodies, whose beginning is enough.
    pub async fn collect_prefix(mut self, limit: usize) -> Bytes {
        let mut prefix = BytesMut::new();
        while let Some(Ok(chunk)) = self.chunk().await {
            let room = limit.saturating_sub(prefix.len());
            prefix.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if prefix.len() >= limit {
                break;
            }
        }
        prefix.freeze()
    }
}

fn too_large(limit: usize) -> TransportError {
    TransportError::limit_exceeded(
        Limit::Body,
        format!("the body is larger than {limit} bytes"),
    )
    .with_phase(Phase::Body)
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        match &mut self.0 {
            Inner::Empty => Poll::Ready(None),
            Inner::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Inner::Empty;
                Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
            }
            Inner::Arriving(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Empty => true,
            Inner::Whole(bytes) => bytes.is_empty(),
            Inner::Arriving(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Empty => SizeHint::with_exact(0),
            Inner::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Inner::Arriving(body) => body.size_hint(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Empty => f.write_str("Body(0 bytes)"),
            Inner::Whole(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Inner::Arriving(_) => f.write_str("Body(arriving)"),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Inner::Whole(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

pin_project_lite::pin_project! {
    struct Adapter<B> {
        #[pin]
        body: B,
    }
}

impl<B> HttpBody for Adapter<B>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let frame = ready!(self.project().body.poll_frame(cx));
        Poll::Ready(frame.map(|frame| frame.map_err(|error| broken(error.into()))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn broken(error: BoxError) -> TransportError {
    error.downcast::<TransportError>().map_or_else(
        |other| {
            TransportError::new(
                TransportErrorKind::Interrupted,
                "the connection broke while the answer was read",
            )
            .with_phase(Phase::Body)
            .with_sent(Sent::Responded)
            .with_source(other)
        },
        |error| *error,
    )
}
