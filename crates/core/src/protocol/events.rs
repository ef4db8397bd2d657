//! A response body as chunks: framing, decoding, idle timers, bounds.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;
use tokio::time::{Instant, Sleep, sleep_until};
use trunkline_http::frame::{FrameLimits, FrameTooLarge, Framer, Framing};

use super::{Decoder, Limits, Terminal, Timers};
use crate::{Body, Delivery, Error, ErrorKind, Limit, Phase, Result, StreamChunk, Warning, account::Site};

/// How long, and how far, to read on after the provider's last word, so that the connection can
/// be used again.
const DRAIN_TIME: Duration = Duration::from_secs(1);
const DRAIN_BYTES: u64 = 64 << 10;
/// How long to wait for figures that may follow a whole answer.
const TRAILER_TIME: Duration = Duration::from_secs(5);

pin_project_lite::pin_project! {
    /// The chunks of a response body.
    pub(super) struct Events<D> {
        body: Body,
        framer: Framer,
        decoder: D,
        out: VecDeque<StreamChunk>,
        state: State,
        failure: Option<Error>,
        bytes: u64,
        events: u64,
        limits: Limits,
        keep_raw: bool,
        lenient: bool,
        #[pin]
        clock: Clock,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    /// The last word was read; so many bytes more may be thrown away.
    Draining(u64),
    Over,
}

impl<D: Decoder> Events<D> {
    pub(super) fn new(
        body: Body,
        framing: Framing,
        frame_limits: FrameLimits,
        decoder: D,
        site: &Site,
        keep_raw: bool,
    ) -> Self {
        Self {
            body,
            framer: Framer::new(framing, frame_limits),
            decoder,
            out: VecDeque::new(),
            state: State::Reading,
            failure: None,
            bytes: 0,
            events: 0,
            limits: site.limits,
            keep_raw,
            lenient: site.lenient,
            clock: Clock::new(site.timers),
        }
    }

    pub(super) fn with_warnings(mut self, warnings: Vec<Warning>) -> Self {
        self.out.push_front(StreamChunk::Start { warnings });
        self
    }
}

impl<D: Decoder> Stream for Events<D> {
    type Item = Result<StreamChunk>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            if let Some(chunk) = this.out.pop_front() {
                return Poll::Ready(Some(Ok(chunk)));
            }
            let step = match *this.state {
                State::Over => return Poll::Ready(this.failure.take().map(Err)),
                State::Draining(room) => {
                    std::task::ready!(drain(this.body, room, this.clock.as_mut(), cx));
                    *this.state = State::Over;
                    continue;
                }
                State::Reading => match this.framer.next() {
                    Ok(Some(frame)) => {
                        *this.events += 1;
                        if *this.events > this.limits.stream_events {
                            Err(Error::limit_exceeded(Limit::Events, "the stream has too many events"))
                        } else {
                            if *this.keep_raw {
                                this.out.push_back(StreamChunk::Raw(frame.data.clone()));
                            }
                            let read = this.decoder.frame(frame, this.out);
                            skip_if(*this.lenient, read)
                        }
                    }
                    Ok(None) => match this.body.poll_chunk(cx) {
                        Poll::Ready(Some(Ok(chunk))) => {
                            this.clock.as_mut().woke();
                            *this.bytes += chunk.len() as u64;
                            if *this.bytes > this.limits.stream_bytes {
                                Err(Error::limit_exceeded(Limit::Body, "the stream is too large"))
                            } else {
                                this.framer.feed(chunk);
                                continue;
                            }
                        }
                        Poll::Ready(Some(Err(error))) => match this.decoder.terminal() {
                            Terminal::Open => Err(broken(error)),
                            _ => end(this.decoder, this.out, this.state),
                        },
                        Poll::Ready(None) => last_frame(this.framer, this.decoder, this.out)
                            .and_then(|()| end(this.decoder, this.out, this.state)),
                        Poll::Pending => match this.clock.as_mut().poll_idle(this.decoder.terminal(), cx) {
                            Poll::Pending => return Poll::Pending,
                            Poll::Ready(Some(error)) => Err(error),
                            // Whole, and nothing follows.
                            Poll::Ready(None) => end(this.decoder, this.out, this.state),
                        },
                    },
                    Err(too_large) => Err(frame_too_large(too_large)),
                },
            };
            if let Err(error) = step {
                // What was decoded before the failure is still the caller's: it comes first.
                *this.state = State::Over;
                *this.failure = Some(error);
            }
            if this.out.iter().any(StreamChunk::is_progress) {
                this.clock.as_mut().progressed();
            }
            if *this.state == State::Reading && this.decoder.terminal() == Terminal::Last {
                match this.decoder.finish(this.out) {
                    Ok(()) => *this.state = State::Draining(DRAIN_BYTES),
                    Err(error) => {
                        *this.state = State::Over;
                        *this.failure = Some(error);
                    }
                }
            }
        }
    }
}

fn skip_if(lenient: bool, read: Result<()>) -> Result<()> {
    match read {
        Err(error) if lenient && error.kind() == ErrorKind::Decode => {
            tracing::warn!(%error, "skipped an event that cannot be read");
            Ok(())
        }
        read => read,
    }
}

fn end<D: Decoder>(decoder: &mut D, out: &mut VecDeque<StreamChunk>, state: &mut State) -> Result<()> {
    *state = State::Over;
    decoder.finish(out)
}

/// An event without its blank line counts when the body ended cleanly.
fn last_frame<D: Decoder>(framer: &mut Framer, decoder: &mut D, out: &mut VecDeque<StreamChunk>) -> Result<()> {
    match framer.finish() {
        Ok(Some(frame)) => decoder.frame(frame, out),
        Ok(None) => Ok(()),
        Err(too_large) => Err(frame_too_large(too_large)),
    }
}

fn broken(error: trunkline_http::TransportError) -> Error {
    let error = Error::from(error);
    if error.phase().is_none() { error.with_phase(Phase::Body) } else { error }
}

fn frame_too_large(error: FrameTooLarge) -> Error {
    match error.limit {
        trunkline_http::Limit::Line => Error::limit_exceeded(Limit::Line, "a line of the stream is too long"),
        _ => Error::limit_exceeded(Limit::Event, "an event of the stream is too large"),
    }
}

/// Reads what follows the last word, a little. Ready when done.
fn drain(body: &mut Body, mut room: u64, mut clock: Pin<&mut Clock>, cx: &mut Context<'_>) -> Poll<()> {
    loop {
        match body.poll_chunk(cx) {
            Poll::Ready(Some(Ok(chunk))) => match room.checked_sub(chunk.len() as u64) {
                Some(left) => room = left,
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
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Clock {
    fn new(timers: Timers) -> Self {
        Self { timers, waiting_since: None, progress_left: timers.progress_idle, sleep: None }
    }

    /// Bytes came.
    fn woke(self: Pin<&mut Self>) {
        let this = self.project();
        if let Some(since) = this.waiting_since.take() {
            if let Some(left) = this.progress_left {
                *left = left.saturating_sub(since.elapsed());
            }
        }
    }

    /// The model showed that it is at work.
    fn progressed(self: Pin<&mut Self>) {
        let this = self.project();
        *this.progress_left = this.timers.progress_idle;
    }

    /// Nothing to read. Ready when that has lasted too long: with an error, or with `None` where
    /// the answer is whole anyway.
    fn poll_idle(mut self: Pin<&mut Self>, terminal: Terminal, cx: &mut Context<'_>) -> Poll<Option<Error>> {
        if terminal != Terminal::Open {
            return self.poll_for(TRAILER_TIME, cx).map(|()| None);
        }
        let (limit, phase) = match (self.timers.byte_idle, self.progress_left) {
            (Some(byte), Some(progress)) if progress < byte => (progress, Phase::ProgressIdle),
            (Some(byte), _) => (byte, Phase::ByteIdle),
            (None, Some(progress)) => (progress, Phase::ProgressIdle),
            (None, None) => return Poll::Pending,
        };
        std::task::ready!(self.as_mut().poll_for(limit, cx));
        let whole = if phase == Phase::ProgressIdle { self.timers.progress_idle } else { self.timers.byte_idle };
        Poll::Ready(Some(Error::timeout(phase, whole.unwrap_or(limit)).with_delivery(Delivery::Responded)))
    }

    /// Ready when we have been waiting for so long.
    fn poll_for(self: Pin<&mut Self>, limit: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if this.waiting_since.is_none() {
            let now = Instant::now();
            *this.waiting_since = Some(now);
            // A limit beyond what a clock can hold never passes.
            let Some(deadline) = now.checked_add(limit) else { return Poll::Pending };
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
