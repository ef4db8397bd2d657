//! A chat answer as it is generated.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::{
    ChatResponse, Delivery, Error, Limit, Phase, Result, chat::Meta, middleware::life::Place,
};

mod chunk;
mod fold;
mod laws;
mod observe;
mod parts;
mod replay;
mod text;

pub use chunk::{ChunkMeta, Delta, StreamChunk};
pub use fold::Fold;
pub use laws::{Laws, Violation};
pub use observe::{End, Observe};
pub use parts::Parts;
pub use text::TextStream;

/// When a stream is handed to the caller: what fails before can be retried unseen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Prime {
    /// As soon as the response head is there.
    Head,
    /// With the first chunk of any kind.
    FirstChunk,
    /// With the first content; see [`StreamChunk::is_output`].
    #[default]
    FirstContent,
    /// When the answer is whole. All of it is then in memory.
    Complete,
}

/// How many chunks without content may come before the first one with content.
const MAX_PRELUDE: usize = 1_024;

/// After how many chunks that were there already the deadline is looked at: a timer costs more to
/// poll than such a chunk to pass on.
const DEADLINE_STRIDE: u32 = 64;

/// A chat answer as it is generated.
///
/// A stream of [`StreamChunk`]s. It ends after its answer is whole, or with one error, which then
/// carries what had come as [`Error::partial`]. Dropping it cancels the answer: the connection is
/// closed, which is what makes a provider stop.
///
/// ```
/// # async fn demo(model: trunkline_core::Model) -> trunkline_core::Result<()> {
/// let mut words = model.chat("Tell me a story.").stream().await?.text();
/// while let Some(word) = words.try_next().await? {
///     print!("{word}");
/// }
/// # Ok(()) }
/// ```
#[must_use = "a stream does nothing unless it is read"]
pub struct ChatStream {
    inner: Pin<Box<dyn Stream<Item = Result<StreamChunk>> + Send>>,
    /// Chunks that were read to prime the stream and that the caller has not seen yet.
    ready: VecDeque<StreamChunk>,
    observers: Vec<Box<dyn Observe>>,
    fold: Fold,
    #[cfg(debug_assertions)]
    laws: Laws,
    meta: Meta,
    deadline: Option<(Pin<Box<Sleep>>, std::time::Duration)>,
    /// Its place at the backend, which may be closed.
    place: Option<Place>,
    since_deadline_check: u32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing that counts as content has been given to the caller.
    Uncommitted,
    Committed,
    Over,
}

impl ChatStream {
    /// Wraps a stream of chunks that obeys the [`Laws`].
    pub fn new(chunks: impl Stream<Item = Result<StreamChunk>> + Send + 'static) -> Self {
        Self {
            inner: Box::pin(chunks),
            ready: VecDeque::new(),
            observers: Vec::new(),
            fold: Fold::default(),
            #[cfg(debug_assertions)]
            laws: Laws::default(),
            meta: Meta::default(),
            deadline: None,
            place: None,
            since_deadline_check: 0,
            state: State::Uncommitted,
        }
    }

    /// An answer that is whole already, as a stream.
    pub fn from_response(response: ChatResponse) -> Self {
        replay::stream_of(response)
    }

    /// The next chunk; `None` at the end. The same as the [`Stream`], without another crate.
    pub async fn next(&mut self) -> Option<Result<StreamChunk>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Only the answer's words, as they come.
    pub fn text(self) -> TextStream {
        TextStream::new(self)
    }

    /// Reads to the end and gives the whole answer.
    ///
    /// # Errors
    ///
    /// The one error that the stream ends with.
    pub async fn collect(mut self) -> Result<ChatResponse> {
        while let Some(chunk) = self.next().await {
            chunk?;
        }
        let meta = std::mem::take(&mut self.meta);
        let mut response = std::mem::take(&mut self.fold).finish()?;
        response.sign(meta);
        Ok(response)
    }

    /// What has come so far, as an answer. Its last part may be half.
    pub fn partial(&self) -> ChatResponse {
        let mut partial = self.fold.partial();
        partial.sign(self.meta.clone());
        partial
    }

    /// The HTTP side of it: status, headers, provider, endpoint.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Tells `observer` of every chunk, and how the stream ends. What it owns is held until then.
    pub fn observe(&mut self, observer: impl Observe + 'static) {
        self.observers.push(Box::new(observer));
    }

    pub(crate) fn set_meta(&mut self, meta: Meta) {
        self.meta = meta;
    }

    pub(crate) fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    /// Ends it with [`Phase::Total`] at that moment, whatever it is doing.
    pub(crate) fn end_at(&mut self, deadline: Instant, after: std::time::Duration) {
        self.deadline = Some((Box::pin(sleep_until(deadline)), after));
    }

    /// Holds a place at a backend to its end, and ends when the backend does.
    pub(crate) fn keep(&mut self, place: Place) {
        self.place = Some(place.above(self.place.take()));
    }

    /// Whether content has been read that the caller has not seen yet.
    pub(crate) fn has_content(&self) -> bool {
        self.ready.iter().any(StreamChunk::is_output)
    }

    /// Reads as far as `prime` says. What fails until then fails the call and not the stream.
    pub(crate) async fn prime(mut self, prime: Prime) -> Result<Self> {
        match poll_fn(|cx| self.poll_prime(prime, cx)).await {
            Ok(()) => Ok(self),
            Err(error) => {
                let error = self.label(error);
                self.end(End::Failed(&error));
                Err(error)
            }
        }
    }

    fn poll_prime(&mut self, prime: Prime, cx: &mut Context<'_>) -> Poll<Result<()>> {
        if prime == Prime::Head {
            return Poll::Ready(Ok(()));
        }
        loop {
            let chunk = match ready!(self.poll_inner(cx)) {
                Some(chunk) => chunk?,
                None => {
                    self.inner = Box::pin(futures_util::stream::empty());
                    return Poll::Ready(Ok(()));
                }
            };
            let sign_of_life =
                matches!(chunk, StreamChunk::KeepAlive | StreamChunk::Progress { .. });
            if sign_of_life && prime != Prime::FirstChunk {
                continue;
            }
            let found = match prime {
                Prime::Head => true,
                Prime::FirstChunk => !matches!(chunk, StreamChunk::Start { .. }),
                Prime::FirstContent => chunk.is_output(),
                Prime::Complete => false,
            };
            self.ready.push_back(chunk);
            if found {
                return Poll::Ready(Ok(()));
            }
            if self.ready.len() > MAX_PRELUDE && prime != Prime::Complete {
                let what = format!("{MAX_PRELUDE} chunks came without any content");
                return Poll::Ready(Err(Error::limit_exceeded(Limit::Events, what)));
            }
        }
    }

    /// The next chunk of the inner stream, folded; the end is checked.
    fn poll_inner(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<StreamChunk>>> {
        let next = self.inner.as_mut().poll_next(cx);
        self.since_deadline_check += 1;
        let is_due = next.is_pending() || self.since_deadline_check >= DEADLINE_STRIDE;
        if is_due {
            self.since_deadline_check = 0;
        }
        if is_due
            && let Some((sleep, after)) = &mut self.deadline
            && sleep.as_mut().poll(cx).is_ready()
        {
            // What may follow a whole answer is not worth an error.
            if self.fold.is_finished() {
                return Poll::Ready(None);
            }
            let error = Error::timeout(Phase::Total, *after).with_delivery(Delivery::Responded);
            return Poll::Ready(Some(Err(error)));
        }
        if next.is_pending()
            && let Some(Poll::Ready(error)) = self.place.as_ref().map(|place| place.poll_ended(cx))
        {
            return Poll::Ready(Some(Err(error)));
        }
        let chunk = match ready!(next) {
            Some(Ok(chunk)) => chunk,
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            None if self.fold.is_finished() => return Poll::Ready(None),
            None => {
                let error = Error::interrupted("the stream ended before its answer was whole");
                return Poll::Ready(Some(Err(error)));
            }
        };
        #[cfg(debug_assertions)]
        if let Err(violation) = self.laws.check(&chunk) {
            tracing::warn!(%violation, "a decoder broke a law of streams");
        }
        Poll::Ready(Some(self.fold.push(&chunk).map(|()| chunk)))
    }

    /// Adds to `error` what had come, and from where.
    fn label(&self, error: Error) -> Error {
        let mut error = error.with_partial(self.partial());
        if self.state == State::Committed {
            error = error.with_delivery(Delivery::Committed);
        }
        if let Some(id) = self
            .meta
            .request_id()
            .filter(|_| error.request_id().is_none())
        {
            error = error.with_request_id(id);
        }
        if let Some(status) = self.meta.status.filter(|_| error.status().is_none()) {
            error = error.with_status(status);
        }
        if let Some(provider) = &self.meta.provider {
            error = error.with_provider(provider.clone());
        }
        if let Some(endpoint) = self
            .meta
            .endpoint
            .clone()
            .filter(|_| error.endpoint().is_none())
        {
            error = error.with_endpoint(endpoint);
        }
        error
    }

    /// It is over: what it held, the connection above all, is let go of now and not when the
    /// caller drops it.
    fn end(&mut self, end: End<'_>) {
        self.state = State::Over;
        self.deadline = None;
        self.place = None;
        self.inner = Box::pin(futures_util::stream::empty());
        for observer in self.observers.drain(..) {
            observer.on_end(end);
        }
    }
}

impl Stream for ChatStream {
    type Item = Result<StreamChunk>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.state == State::Over {
            return Poll::Ready(None);
        }
        let item = match self.ready.pop_front() {
            Some(chunk) => Some(Ok(chunk)),
            None => ready!(self.poll_inner(cx)),
        };
        match item {
            Some(Ok(chunk)) => {
                for observer in &mut self.observers {
                    observer.on_event(&chunk);
                }
                if self.state == State::Uncommitted && chunk.is_output() {
                    self.state = State::Committed;
                }
                Poll::Ready(Some(Ok(chunk)))
            }
            Some(Err(error)) => {
                let error = self.label(error);
                self.end(End::Failed(&error));
                Poll::Ready(Some(Err(error)))
            }
            None => {
                self.end(End::Complete);
                Poll::Ready(None)
            }
        }
    }
}

impl Drop for ChatStream {
    fn drop(&mut self) {
        if self.state != State::Over {
            // Who has seen the finish and reads no further has had the whole answer.
            let whole = self.fold.is_finished() && self.ready.is_empty();
            self.end(if whole { End::Complete } else { End::Dropped });
        }
    }
}

impl fmt::Debug for ChatStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatStream")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
