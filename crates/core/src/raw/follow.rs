//! Operations that only one provider has and whose answer comes in pieces.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use http::response::Parts;
use trunkline_http::frame::{Frame, FrameLimits, Framing};

use super::RawRequest;
use crate::{
    Backend, Call, Class, Delivery, Error, Result,
    protocol::{Events, Reader, Reading, Terminal, request_id},
};

/// An operation that only one provider has and whose answer comes in pieces, called as
/// `backend.follow(ollama::Pull::new("llama3.2"))`. It travels as [`Op::Raw`](crate::Op::Raw),
/// through every layer; from the head of its answer on, the account's idle timers and its limits on
/// streams hold.
pub trait StreamOperation: Send + 'static {
    /// What it gives, many times.
    type Item: Send + 'static;
    /// What it is called in spans and statistics.
    const NAME: &'static str;
    /// What repeating it would do.
    const CLASS: Class;
    /// How its answer is cut into frames.
    const FRAMING: Framing;

    /// The request, relative to the endpoint's base URL.
    ///
    /// # Errors
    ///
    /// It cannot be expressed.
    fn encode(&self) -> Result<RawRequest>;

    /// How large a frame may be, unless the account says it.
    fn limits(&self) -> FrameLimits {
        FrameLimits::default()
    }

    /// Reads one frame.
    ///
    /// # Errors
    ///
    /// The frame cannot be read, or it is an error of the provider. Either ends the stream.
    fn frame(&mut self, frame: Frame, out: &mut VecDeque<Self::Item>) -> Result<()>;

    /// Whether the answer is whole by the provider's own rule. One that ends while more must come
    /// is [`Interrupted`](crate::ErrorKind::Interrupted).
    fn terminal(&self) -> Terminal;
}

/// What a [`StreamOperation`] gives, piece by piece. To drop it is to hang up.
pub struct Followed<T> {
    /// Until it is over: then what it held, the connection above all, is let go of.
    items: Option<Items<T>>,
    from: From,
    given: bool,
}

type Items<T> = Pin<Box<dyn Stream<Item = Result<T>> + Send>>;

/// Whose answer it is, for errors.
struct From {
    provider: &'static str,
    endpoint: Option<Arc<str>>,
    request_id: Option<Box<str>>,
}

impl<T> Followed<T> {
    /// The next piece; `None` when the answer is whole.
    ///
    /// # Errors
    ///
    /// The provider's, or what the way there did. Nothing comes after it.
    pub async fn next(&mut self) -> Option<Result<T>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Reads to the end and gives the last piece: of a pull, that it succeeded.
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next); [`Interrupted`](crate::ErrorKind::Interrupted) if nothing came.
    pub async fn last(mut self) -> Result<T> {
        let mut last = None;
        while let Some(item) = self.next().await {
            last = Some(item?);
        }
        last.ok_or_else(|| self.from.sign(Error::interrupted("nothing came")))
    }
}

impl From {
    fn sign(&self, error: Error) -> Error {
        let mut error = error.with_provider(self.provider);
        if let Some(endpoint) = &self.endpoint {
            error = error.with_endpoint(endpoint.clone());
        }
        match self
            .request_id
            .clone()
            .filter(|_| error.request_id().is_none())
        {
            Some(id) => error.with_request_id(id),
            None => error,
        }
    }
}

impl<T> Stream for Followed<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        let Some(items) = &mut self.items else {
            return Poll::Ready(None);
        };
        let item = ready!(items.as_mut().poll_next(cx));
        if !matches!(item, Some(Ok(_))) {
            self.items = None;
        }
        let given = std::mem::replace(&mut self.given, true);
        Poll::Ready(item.map(|item| {
            item.map_err(|error| {
                let error = self.from.sign(error);
                match given {
                    true => error.with_delivery(Delivery::Committed),
                    false => error,
                }
            })
        }))
    }
}

impl<T> fmt::Debug for Followed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followed").finish_non_exhaustive()
    }
}

/// The frames of an operation's answer.
struct Frames<O>(O);

impl<O: StreamOperation> Reader for Frames<O> {
    type Piece = O::Item;

    fn frame(&mut self, frame: Frame, out: &mut VecDeque<O::Item>) -> Result<()> {
        self.0.frame(frame, out)
    }

    fn finish(&mut self, _: &mut VecDeque<O::Item>) -> Result<()> {
        match self.0.terminal() {
            Terminal::Open => Err(Error::interrupted(
                "the stream ended before its answer was whole",
            )),
            Terminal::Whole | Terminal::Last => Ok(()),
        }
    }

    fn terminal(&self) -> Terminal {
        self.0.terminal()
    }

    fn is_progress(_: &O::Item) -> bool {
        true
    }
}

pub(crate) async fn follow<O: StreamOperation>(
    backend: &Backend,
    operation: O,
) -> Result<Followed<O::Item>> {
    let mut request = operation.encode()?;
    request.name = O::NAME;
    request.class = O::CLASS;
    let reply = backend.call(Call::new(request)).await?;
    let (head, body) = reply.into_raw()?.into_parts();
    // A backend that is no provider's has no settings for streams.
    let reading = head.extensions.get::<Reading>().cloned();
    let reading = reading.unwrap_or_default();
    let from = From {
        provider: backend.info().provider,
        endpoint: reading.endpoint.clone(),
        request_id: name_of(&head),
    };
    let limits = operation.limits();
    let items = Events::new(body, O::FRAMING, limits, Frames(operation), reading);
    Ok(Followed {
        items: Some(Box::pin(items)),
        from,
        given: false,
    })
}

fn name_of(head: &Parts) -> Option<Box<str>> {
    request_id(&head.headers).map(Box::from)
}
