//! HTTP/2 bodies: a reader who stays away must not hurt those who share the connection.
//!
//! h2 holds what is not read. Flow control bounds its bytes for each stream, but each small frame
//! also spends from one budget that all streams of a connection share; when that is spent the
//! connection ends, and every stream with it. So a task moves frames out of h2 as they come. It
//! stops at a bound of bytes, where flow control takes over, and resets the one stream whose reader
//! stays away while small frames pile up.

use std::{
    collections::VecDeque,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::{failure, route::Slot, shard::STREAM_WINDOW, tasks::Tasks};
use crate::{Limit, Phase, TransportError};

/// What is moved out of h2 ahead of the reader.
const MAX_BYTES: usize = 1 << 20;

/// What h2 counts against its budget: by how much a frame is smaller than this.
const SMALL: usize = 256;

/// One stream's share of h2's budget, which is half the connection's window.
const SHARE: usize = STREAM_WINDOW as usize / 2;

/// What even a reader who comes now and then may leave: some 17,000 of the smallest frames.
const MAX_OVERHEAD: usize = 8 * SHARE;

/// A reader who has not come for so long stays away. Shorter, it may only not have had its turn.
const AWAY: Duration = Duration::from_secs(1);

/// How many frames are moved before the reader gets a turn.
const BATCH: usize = 64;

/// A body whose frames a task moves out of h2.
pub(super) struct Pumped {
    state: Arc<Mutex<State>>,
    slot: Option<Slot>,
}

struct State {
    /// `None` once it ended, or nobody wants it.
    incoming: Option<Incoming>,
    frames: VecDeque<Frame<Bytes>>,
    /// Of `frames`.
    bytes: usize,
    overhead: usize,
    failed: Option<TransportError>,
    /// What the server announced and is not handed out yet.
    announced: Option<u64>,
    came: Instant,
    reader: Option<Waker>,
    pump: Option<Waker>,
}

impl Pumped {
    pub(super) fn new(incoming: Incoming, slot: Option<Slot>, tasks: &Tasks) -> Self {
        let state = Arc::new(Mutex::new(State {
            announced: incoming.size_hint().exact(),
            incoming: Some(incoming),
            frames: VecDeque::new(),
            bytes: 0,
            overhead: 0,
            failed: None,
            came: Instant::now(),
            reader: None,
            pump: None,
        }));
        // A short answer often is here whole: that needs no task.
        let here = lock(&state).pull(&mut Context::from_waker(Waker::noop()));
        if here.is_pending() {
            let state = Arc::clone(&state);
            tasks.spawn(poll_fn(move |cx| lock(&state).pull(cx)));
        }
        Self { state, slot }
    }
}

impl State {
    /// Moves what has come. Ready when nothing more will.
    fn pull(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for _ in 0..BATCH {
            let Some(incoming) = &mut self.incoming else {
                return Poll::Ready(());
            };
            let next = if self.bytes < MAX_BYTES {
                Pin::new(incoming).poll_frame(cx)
            } else {
                Poll::Pending
            };
            match next {
                Poll::Pending => {
                    self.pump = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                Poll::Ready(Some(Ok(frame))) => self.take_in(frame),
                Poll::Ready(Some(Err(error))) => self.end(Some(failure::of_body(error))),
                Poll::Ready(None) => self.end(None),
            }
            if let Some(reader) = self.reader.take() {
                reader.wake();
            }
        }
        self.pump = None;
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn take_in(&mut self, frame: Frame<Bytes>) {
        let (bytes, overhead) = weight(&frame);
        self.bytes += bytes;
        self.overhead += overhead;
        self.frames.push_back(frame);
        let away = self.overhead > SHARE && self.came.elapsed() >= AWAY;
        if away || self.overhead > MAX_OVERHEAD {
            self.end(Some(unread()));
        }
    }

    /// Dropping the stream resets it where the server has not ended it.
    fn end(&mut self, failed: Option<TransportError>) {
        self.incoming = None;
        self.failed = failed;
    }

    fn hand_out(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        self.came = Instant::now();
        let Some(frame) = self.frames.pop_front() else {
            if self.incoming.is_none() {
                return Poll::Ready(self.failed.take().map(Err));
            }
            self.reader = Some(cx.waker().clone());
            return Poll::Pending;
        };
        let (bytes, overhead) = weight(&frame);
        let was_full = self.bytes >= MAX_BYTES;
        self.bytes -= bytes;
        self.overhead -= overhead;
        if let Some(announced) = &mut self.announced {
            *announced = announced.saturating_sub(bytes as u64);
        }
        if was_full && self.bytes < MAX_BYTES {
            self.wake_pump();
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn wake_pump(&mut self) {
        if let Some(pump) = self.pump.take() {
            pump.wake();
        }
    }
}

fn weight(frame: &Frame<Bytes>) -> (usize, usize) {
    let bytes = frame.data_ref().map_or(0, Bytes::len);
    (bytes, SMALL.saturating_sub(bytes))
}

fn unread() -> TransportError {
    TransportError::limit_exceeded(
        Limit::Consumer,
        "the stream was left unread while the server went on sending, at the cost of others on its \
         HTTP/2 connection: read it without long pauses, or use HTTP/1.1",
    )
    .with_phase(Phase::Body)
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HttpBody for Pumped {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let frame = lock(&self.state).hand_out(cx);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.slot = None;
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        let state = lock(&self.state);
        state.incoming.is_none() && state.frames.is_empty() && state.failed.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let announced = lock(&self.state).announced;
        announced.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Pumped {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        state.frames.clear();
        state.end(None);
        state.wake_pump();
    }
}
