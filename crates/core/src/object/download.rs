//! The content of an object as it comes: gone on with where it breaks, and checked at its end.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use crc32fast::Hasher;
use futures_core::Stream;
use http::StatusCode;
use tokio::time::sleep;

use super::{Bucket, Get, ObjectInfo, ObjectOutcome, ObjectReply};
use crate::{Body, Delivery, Error, ErrorKind, Limit, Phase, Recovery, Result, chat::Meta};

type Asking = Pin<Box<dyn Future<Output = Result<ObjectReply>> + Send>>;

/// The content of an object, piece by piece. To drop it is to hang up.
///
/// Where the connection breaks, or nothing comes for as long as the account's
/// [`byte_idle`](crate::protocol::Timers::byte_idle) says, it asks for the rest: of the same object, by
/// its mark, so that nobody gets the halves of two. Three times in a row without a byte between
/// them are enough; then the error is given. An object without a mark is not gone on with.
///
/// Its length is checked, and its CRC-32 where all of it was asked for and the store keeps one:
/// what does not fit is [`Decode`](ErrorKind::Decode), after the last byte.
pub struct Download {
    bucket: Bucket,
    get: Get,
    info: ObjectInfo,
    meta: Meta,
    state: State,
    /// The place in the object of the next byte.
    at: u64,
    /// Where the last byte is followed by nothing, if that is known.
    end: Option<u64>,
    check: Option<(Hasher, u32)>,
    /// Times in a row that it broke without a byte between.
    broken: u32,
    most_broken: u32,
}

enum State {
    Reading(Body),
    /// For the rest; and why.
    Asking(Asking, Error),
    Over,
}

/// What is waited before the second try in a row; the next waits twice as long.
const PAUSE: Duration = Duration::from_millis(250);

impl Download {
    pub(super) fn new(bucket: Bucket, get: Get, info: ObjectInfo, meta: Meta, body: Body) -> Self {
        let range = info.range.clone();
        let (at, end) = match range {
            Some(range) => (range.start, Some(range.end)),
            None => (0, info.size),
        };
        let whole = get.range.is_none() && info.range.is_none();
        let check = info.crc32.filter(|_| whole);
        Self {
            bucket,
            get,
            info,
            meta,
            state: State::Reading(body),
            at,
            end,
            check: check.map(|crc32| (Hasher::new(), crc32)),
            broken: 0,
            most_broken: 3,
        }
    }

    /// Sets how many times in a row it is gone on with without a byte between; 0 for never.
    #[must_use]
    pub fn resumes(mut self, times: u32) -> Self {
        self.most_broken = times;
        self
    }

    /// What the store says of the object.
    pub fn info(&self) -> &ObjectInfo {
        &self.info
    }

    /// The HTTP side of the first answer.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Whether its CRC-32 will have been checked when it ends.
    pub fn is_checked(&self) -> bool {
        self.check.is_some()
    }

    /// The next piece; `None` when the content is whole.
    ///
    /// # Errors
    ///
    /// What broke it, after it was gone on with as often as that may be done;
    /// [`Conflict`](ErrorKind::Conflict) where the object was changed meanwhile;
    /// [`Decode`](ErrorKind::Decode) where length or checksum do not fit. Nothing comes after it.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// All of it, at most `limit` bytes.
    ///
    /// # Errors
    ///
    /// As for [`next`](Self::next); [`LimitExceeded`](ErrorKind::LimitExceeded) as soon as there is
    /// more, or the store announces more.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes> {
        let announced = self.end.map_or(0, |end| end.saturating_sub(self.at));
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        let too_large = || {
            let what = format!("the object is larger than {limit} bytes");
            Error::limit_exceeded(Limit::Body, what)
        };
        if announced > limit {
            return Err(self.sign(too_large()));
        }
        // An announced length is a claim: believed only up to a size that costs nothing.
        let mut whole = BytesMut::with_capacity(announced.min(1 << 20));
        while let Some(piece) = self.next().await {
            let piece = piece?;
            if whole.is_empty() && Some(self.at) == self.end {
                // It came in one piece, and is not copied. The checks are still to be made.
                match self.next().await {
                    None => return Ok(piece),
                    Some(Err(error)) => return Err(error),
                    Some(Ok(more)) => {
                        whole.extend_from_slice(&piece);
                        whole.extend_from_slice(&more);
                        continue;
                    }
                }
            }
            if whole.len() + piece.len() > limit {
                return Err(self.sign(too_large()));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        loop {
            match &mut self.state {
                State::Over => return Poll::Ready(Ok(None)),
                State::Asking(asking, _) => match ready!(asking.as_mut().poll(cx)) {
                    Ok(reply) => self.state = State::Reading(self.rest(reply)?),
                    Err(error) => self.resume_after(error)?,
                },
                State::Reading(body) => match ready!(body.poll_chunk(cx)) {
                    Some(Ok(piece)) if piece.is_empty() => {}
                    Some(Ok(piece)) => return Poll::Ready(self.took(piece).map(Some)),
                    Some(Err(error)) if Some(self.at) != self.end => {
                        self.resume(Error::from(error))?;
                    }
                    None if self.end.is_some_and(|end| self.at < end) => {
                        let what = "the content ended before it was whole";
                        self.resume(Error::interrupted(what))?;
                    }
                    // Whole, however its connection ended.
                    _ => return Poll::Ready(self.finish().map(|()| None)),
                },
            }
        }
    }

    fn took(&mut self, piece: Bytes) -> Result<Bytes> {
        self.broken = 0;
        self.at = self.at.saturating_add(piece.len() as u64);
        if self.end.is_some_and(|end| self.at > end) {
            return Err(Error::decode(
                "more content came than the store had announced",
            ));
        }
        if let Some((hasher, _)) = &mut self.check {
            hasher.update(&piece);
        }
        Ok(piece)
    }

    fn finish(&mut self) -> Result<()> {
        self.state = State::Over;
        let differs = match self.check.take() {
            Some((hasher, expected)) => hasher.finalize() != expected,
            None => false,
        };
        match differs {
            true => Err(Error::decode(
                "the content is not what the store keeps: its CRC-32 is another one",
            )),
            false => Ok(()),
        }
    }

    /// Asks again, unless there is no rest: then what broke it is to be told. All of it may have come,
    /// but of an object whose length was never said nobody knows.
    fn resume_after(&mut self, error: Error) -> Result<()> {
        let has_no_rest = error.status() == Some(StatusCode::RANGE_NOT_SATISFIABLE);
        match std::mem::replace(&mut self.state, State::Over) {
            State::Asking(_, cause) if has_no_rest => Err(cause),
            _ => self.resume(error),
        }
    }

    /// Asks for the rest, unless `error` is to be the last word.
    fn resume(&mut self, error: Error) -> Result<()> {
        // The connection, and the place in the queue that it holds, are let go of first.
        self.state = State::Over;
        let is_cut = matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::Timeout);
        let may_help = is_cut || matches!(error.recovery(), Recovery::Later | Recovery::Elsewhere);
        let etag = self.info.etag.clone().filter(|_| may_help);
        let (Some(etag), true) = (etag, self.broken < self.most_broken) else {
            return Err(with_phase(error));
        };
        let pause = match self.broken {
            0 => Duration::ZERO,
            times => PAUSE.saturating_mul(1 << times.min(6)) / 2,
        };
        self.broken += 1;
        let rest = Get::new(self.get.key.clone())
            .range(self.at..self.end.unwrap_or(u64::MAX))
            .if_match(etag);
        let bucket = self.bucket.clone();
        let asking = Box::pin(async move {
            if !pause.is_zero() {
                sleep(pause).await;
            }
            bucket.run(rest).await
        });
        self.state = State::Asking(asking, with_phase(error));
        Ok(())
    }

    /// The body of the answer that goes on, if it does.
    fn rest(&self, reply: ObjectReply) -> Result<Body> {
        let ObjectOutcome::Content(info, body) = reply.outcome else {
            return Err(self.bucket.unexpected("the content of an object"));
        };
        // Some stores do not look at the condition.
        if info.etag != self.info.etag {
            let what = "the object was changed while it was read";
            return Err(Error::new(ErrorKind::Conflict, what));
        }
        match info.range {
            Some(range) if range.start == self.at => Ok(body),
            _ => Err(Error::interrupted(
                "the content broke off, and the store does not send the rest alone",
            )),
        }
    }

    fn sign(&self, error: Error) -> Error {
        let error = match &self.meta.provider {
            Some(provider) => error.with_provider(provider.clone()),
            None => error,
        };
        match &self.meta.endpoint {
            Some(endpoint) if error.endpoint().is_none() => error.with_endpoint(endpoint.clone()),
            _ => error,
        }
    }
}

fn with_phase(error: Error) -> Error {
    match error.phase() {
        Some(_) => error,
        None => error.with_phase(Phase::Body),
    }
}

impl Stream for Download {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let begun = self.info.range.as_ref().map_or(0, |range| range.start);
        let piece = ready!(self.poll_piece(cx));
        Poll::Ready(match piece {
            Ok(piece) => piece.map(Ok),
            Err(error) => {
                self.state = State::Over;
                let error = self.sign(error);
                Some(Err(match self.at > begun {
                    true => error.with_delivery(Delivery::Committed),
                    false => error,
                }))
            }
        })
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("info", &self.info)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}
