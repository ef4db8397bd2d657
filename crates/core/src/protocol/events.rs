//! A response body in pieces: framing, decoding, idle timers, bounds. The pieces are a chat's chunks,
//! or what an operation of one provider makes of its frames.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use tokio::time::{Instant, Sleep, sleep_until};
use trunkline_http::frame::{Frame, FrameLimits, FrameTooLarge, Framer, Framing};

use super::{Auth, Limits, Terminal, Timers};
use crate::{
    Body, Delivery, Error, ErrorKind, Limit, Phase, Result, Secret, StreamChunk, Warning,
    account::Site,
};

/// Makes pieces of frames.
pub(crate) trait Reader {
    /// What it makes of them.
    type Piece;

    /// Keeps the frame as it came, where that was asked for.
    fn keep(&self, _frame: &Frame, _out: &mut VecDeque<Self::Piece>) {}

    fn frame(&mut self, frame: Frame, out: &mut VecDeque<Self::Piece>) -> Result<()>;

    fn finish(&mut self, out: &mut VecDeque<Self::Piece>) -> Result<()>;

    fn terminal(&self) -> Terminal;

    /// Whether a piece shows that somebody is at work; a sign of life alone does not.
    fn is_progress(piece: &Self::Piece) -> bool;
}

/// How an account reads the streams of a call. It travels with an answer that the caller reads.
#[derive(Clone, Default)]
pub(crate) struct Reading {
    timers: Timers,
    limits: Limits,
    lenient: bool,
    secrets: Secrets,
    /// The authority of the endpoint that answers.
    pub(crate) endpoint: Option<Arc<str>>,
}

impl Reading {
    pub(super) fn of(site: &Site, timers: Timers, key: Option<Secret>) -> Self {
        Self {
            timers,
            limits: site.limits,
            lenient: site.lenient,
            secrets: Secrets {
                own: key,
                auth: Some(site.auth.clone()),
            },
            endpoint: Some(site.target.shared_authority().clone()),
        }
    }

    /// The account's bound on lines and events, if it has one.
    fn frame_limits(&self, usual: FrameLimits) -> FrameLimits {
        self.limits.event.map_or(usual, FrameLimits::both)
    }
}

/// How long, and how far, to read on after the provider's last word, so that the connection can
/// be used again.
const DRAIN_TIME: Duration = Duration::from_secs(1);
const DRAIN_BYTES: u64 = 64 << 10;
/// How long to wait for figures that may follow a whole answer.
const TRAILER_TIME: Duration = Duration::from_secs(5);

pin_project_lite::pin_project! {
    /// The pieces of a response body.
    pub(crate) struct Events<R: Reader> {
        body: Body,
        framer: Framer,
        reader: R,
        out: VecDeque<R::Piece>,
        state: State,
        failure: Option<Error>,
        bytes: u64,
        events: u64,
        limits: Limits,
        lenient: bool,
        secrets: Secrets,
        #[pin]
        clock: Clock,
    }
}

/// What the provider must not repeat to us: the call's own key, and the account's.
#[derive(Clone, Default)]
struct Secrets {
    own: Option<Secret>,
    auth: Option<Auth>,
}

impl Secrets {
    fn hide(&self, mut error: Error) -> Error {
        if let Some(auth) = &self.auth {
            auth.hide(self.own.as_ref(), &mut error);
        }
        error
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    /// The last word was read; so many bytes more may be thrown away.
    Draining(u64),
    Over,
}

impl<R: Reader> Events<R> {
    pub(crate) fn new(
        body: Body,
        framing: Framing,
        frame_limits: FrameLimits,
        reader: R,
        reading: Reading,
    ) -> Self {
        Self {
            body,
            framer: Framer::new(framing, reading.frame_limits(frame_limits)),
            reader,
            out: VecDeque::new(),
            state: State::Reading,
            failure: None,
            bytes: 0,
            events: 0,
            limits: reading.limits,
            lenient: reading.lenient,
            secrets: reading.secrets,
            clock: Clock::new(reading.timers),
        }
    }
}

impl<R: Reader<Piece = StreamChunk>> Events<R> {
    pub(super) fn with_warnings(mut self, warnings: Vec<Warning>) -> Self {
        self.out.push_front(StreamChunk::Start { warnings });
        self
    }
}

impl<R: Reader> Stream for Events<R> {
    type Item = Result<R::Piece>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let this = self.as_mut().project();
            if let Some(chunk) = this.out.pop_front() {
                return Poll::Ready(Some(Ok(chunk)));
            }
            match *this.state {
                State::Over => return Poll::Ready(this.failure.take().map(Err)),
                State::Draining(ref mut room) => {
                    ready!(drain(this.body, room, this.clock, cx));
                    *this.state = State::Over;
                }
                State::Reading => {
                    if let Err(error) = ready!(self.as_mut().poll_step(cx)) {
                        // What was decoded before the failure is still the caller's: it comes first.
                        let this = self.as_mut().project();
                        *this.state = State::Over;
                        *this.failure = Some(this.secrets.hide(error));
                    }
                }
            }
        }
    }
}

impl<R: Reader> Events<R> {
    /// Reads one frame, or the next bytes, or the end.
    fn poll_step(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut this = self.as_mut().project();
        if let Some(frame) = this.framer.next().map_err(frame_too_large)? {
            return Poll::Ready(self.read(frame));
        }
        Poll::Ready(match this.body.poll_chunk(cx) {
            Poll::Ready(Some(Ok(chunk))) => {
                this.clock.woke();
                *this.bytes = this.bytes.saturating_add(chunk.len() as u64);
                if *this.bytes > this.limits.stream_bytes {
                    return Poll::Ready(Err(Error::limit_exceeded(
                        Limit::Body,
                        "the stream is too large",
                    )));
                }
                this.framer.feed(chunk);
                Ok(())
            }
            Poll::Ready(Some(Err(error))) => match this.reader.terminal() {
                Terminal::Open => Err(broken(error)),
                Terminal::Whole | Terminal::Last => self.finish(State::Over),
            },
            // An event without its blank line counts when the body ended cleanly.
            Poll::Ready(None) => match this.framer.finish().map_err(frame_too_large)? {
                Some(frame) => {
                    let whole = this.reader.terminal() != Terminal::Open;
                    match self.as_mut().read(frame) {
                        // Half an event after a whole answer takes nothing away from it.
                        Err(error) if whole && error.kind() == ErrorKind::Decode => {
                            self.finish(State::Over)
                        }
                        read => read,
                    }
                }
                None => self.finish(State::Over),
            },
            Poll::Pending => {
                match ready!(this.clock.as_mut().poll_idle(this.reader.terminal(), cx)) {
                    Some(error) => Err(error),
                    // Whole, and nothing follows.
                    None => self.finish(State::Over),
                }
            }
        })
    }

    fn read(mut self: Pin<&mut Self>, frame: Frame) -> Result<()> {
        let this = self.as_mut().project();
        *this.events += 1;
        if *this.events > this.limits.stream_events {
            return Err(Error::limit_exceeded(
                Limit::Events,
                "the stream has too many events",
            ));
        }
        this.reader.keep(&frame, this.out);
        let before = this.out.len();
        let read = this.reader.frame(frame, this.out);
        // An event that says nothing to us shows that the model is at work; a ping does not.
        let pings =
            |out: &VecDeque<R::Piece>| out.len() > before && !out.iter().any(R::is_progress);
        if !pings(this.out) {
            this.clock.progressed();
        }
        skip_if(*this.lenient, read)?;
        if this.reader.terminal() == Terminal::Last {
            self.finish(State::Draining(DRAIN_BYTES))
        } else {
            Ok(())
        }
    }

    fn finish(self: Pin<&mut Self>, next: State) -> Result<()> {
        let this = self.project();
        *this.state = next;
        this.reader.finish(this.out)
    }
}

fn skip_if(lenient: bool, read: Result<()>) -> Result<()> {
    match read {
        Err(error) if lenient && error.kind() == ErrorKind::Decode => {
            // Without the error's text, which may quote the answer.
            tracing::warn!(
                error.kind = error.kind().name(),
                "skipped an event that cannot be read"
            );
            Ok(())
        }
        read => read,
    }
}

fn broken(error: trunkline_http::TransportError) -> Error {
    let error = Error::from(error);
    if error.phase().is_none() {
        error.with_phase(Phase::Body)
    } else {
        error
    }
}

fn frame_too_large(error: FrameTooLarge) -> Error {
    match error.limit {
        trunkline_http::Limit::Line => {
            Error::limit_exceeded(Limit::Line, "a line of the stream is too long")
        }
        _ => Error::limit_exceeded(Limit::Event, "an event of the stream is too large"),
    }
}

/// Reads what follows the last word, a little. Ready when done. `room` is what is left of it.
fn drain(
    body: &mut Body,
    room: &mut u64,
    mut clock: Pin<&mut Clock>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    loop {
        match body.poll_chunk(cx) {
            Poll::Ready(Some(Ok(chunk))) => match room.checked_sub(chunk.len() as u64) {
                Some(left) => *room = left,
                None => return Poll::Ready(()),
            },
            Poll::Ready(_) => return Poll::Ready(()),
            Poll::Pending => return clock.as_mut().poll_for(DRAIN_TIME, cx),
        }
    }
}

pin_project_lite::pin_project! {
    /// The idle timers. They run from the moment that we find nothing to read.
    struct Clock {
        timers: Timers,
        waiting_since: Option<Instant>,
        progress_left: Option<Duration>,
        // Since the answer is whole: how long to wait for what may follow.
        trailer_left: Option<Duration>,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Clock {
    fn new(timers: Timers) -> Self {
        Self {
            timers,
            waiting_since: None,
            progress_left: timers.progress_idle,
            trailer_left: None,
            sleep: None,
        }
    }

    /// Bytes came.
    fn woke(self: Pin<&mut Self>) {
        let this = self.project();
        // What a whole answer waits for is no longer the model.
        let left = this.trailer_left.as_mut().or(this.progress_left.as_mut());
        if let Some(since) = this.waiting_since.take()
            && let Some(left) = left
        {
            // No longer than the timer was set for: the rest is the caller's, who was away.
            let set = this
                .sleep
                .as_ref()
                .as_pin_ref()
                .map(|sleep| sleep.deadline());
            let until = set.map_or_else(Instant::now, |deadline| deadline.min(Instant::now()));
            *left = left.saturating_sub(until.saturating_duration_since(since));
        }
    }

    /// The model showed that it is at work.
    fn progressed(self: Pin<&mut Self>) {
        let this = self.project();
        *this.progress_left = this.timers.progress_idle;
    }

    /// Nothing to read. Ready when that has lasted too long: with an error, or with `None` where
    /// the answer is whole anyway.
    fn poll_idle(
        mut self: Pin<&mut Self>,
        terminal: Terminal,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Error>> {
        if terminal != Terminal::Open {
            // In all, whatever signs of life come meanwhile.
            let left = *self
                .as_mut()
                .project()
                .trailer_left
                .get_or_insert(TRAILER_TIME);
            return self.poll_for(left, cx).map(|()| None);
        }
        let (limit, phase) = match (self.timers.byte_idle, self.progress_left) {
            (Some(byte), Some(progress)) if progress < byte => (progress, Phase::ProgressIdle),
            (Some(byte), _) => (byte, Phase::ByteIdle),
            (None, Some(progress)) => (progress, Phase::ProgressIdle),
            (None, None) => return Poll::Pending,
        };
        ready!(self.as_mut().poll_for(limit, cx));
        let whole = if phase == Phase::ProgressIdle {
            self.timers.progress_idle
        } else {
            self.timers.byte_idle
        };
        Poll::Ready(Some(
            Error::timeout(phase, whole.unwrap_or(limit)).with_delivery(Delivery::Responded),
        ))
    }

    /// Ready when we have been waiting for so long.
    fn poll_for(self: Pin<&mut Self>, limit: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if this.waiting_since.is_none() {
            let now = Instant::now();
            *this.waiting_since = Some(now);
            // A limit beyond what a clock can hold never passes.
            let Some(deadline) = now.checked_add(limit) else {
                return Poll::Pending;
            };
            match this.sleep.as_mut().as_pin_mut() {
                Some(sleep) => sleep.reset(deadline),
                None => this.sleep.set(Some(sleep_until(deadline))),
            }
        }
        match this.sleep.as_pin_mut() {
            Some(sleep) => sleep.poll(cx),
            None => Poll::Pending,
        }
    }
}
