//! Waiting to be let in.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{
    line::{Arrival, Line, Permit, Refused, Ticket},
    queue::Entry,
    size::size_hint_bytes,
};
use crate::{Call, End, Error, ErrorKind, Observe, Phase, Reply, Result};

pin_project! {
    /// Waits in line for a permit. The place in line is taken when it is first polled, and given
    /// up when it is dropped.
    #[derive(Debug)]
    pub(crate) struct Enter {
        line: Line,
        entry: Option<Entry>,
        ticket: Option<Ticket>,
        #[pin]
        sleep: Option<Sleep>,
        began: Option<Instant>,
    }
}

impl Entry {
    /// What `call` asks for.
    pub(crate) fn of(call: &Call) -> Self {
        Self {
            priority: call.priority,
            tenant: call.tenant.clone(),
            bytes: size_hint_bytes(&call.op),
            deadline: call.deadline.map(Instant::into_std),
        }
    }
}

impl Line {
    /// Waits for a permit.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::QueueFull`], at once or driven out by a higher class later; [`Phase::Queue`]
    /// at the end of the entry's time or the line's longest wait. Nothing was sent in either case.
    pub(crate) fn enter(&self, entry: Entry) -> Enter {
        Enter {
            line: self.clone(),
            entry: Some(entry),
            ticket: None,
            sleep: None,
            began: None,
        }
    }

    fn refusal(&self, refused: Refused, waited: Duration) -> Error {
        match refused {
            Refused::Full => Error::new(
                ErrorKind::QueueFull,
                format!(
                    "the queue is full: {} calls run and {} wait; try again later, with a higher \
                     priority, or let more wait",
                    self.running(),
                    self.waiting(),
                ),
            ),
            Refused::Late if waited.is_zero() => Error::new(
                ErrorKind::Timeout,
                "the call would have to wait in line, and its deadline has passed already",
            )
            .with_phase(Phase::Queue),
            Refused::Late => Error::timeout(Phase::Queue, waited),
        }
    }
}

impl Future for Enter {
    type Output = Result<Permit>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Permit>> {
        let mut this = self.project();
        if let Some(entry) = this.entry.take() {
            match this.line.arrive(entry) {
                Ok(Arrival::In(permit)) => return Poll::Ready(Ok(permit)),
                Ok(Arrival::Waits(ticket)) => {
                    *this.began = Some(Instant::now());
                    let until = ticket.until().map(Instant::from_std);
                    this.sleep.set(until.map(sleep_until));
                    *this.ticket = Some(ticket);
                }
                Err(refused) => {
                    return Poll::Ready(Err(this.line.refusal(refused, Duration::ZERO)));
                }
            }
        }
        let Some(ticket) = this.ticket.as_mut() else {
            return Poll::Pending;
        };
        let outcome = match ticket.poll(cx.waker()) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => {
                let Some(sleep) = this.sleep.as_mut().as_pin_mut() else {
                    return Poll::Pending;
                };
                ready!(sleep.poll(cx));
                Err(Refused::Late)
            }
        };
        *this.ticket = None;
        this.sleep.set(None);
        let waited = this.began.map_or(Duration::ZERO, |began| began.elapsed());
        Poll::Ready(outcome.map_err(|refused| this.line.refusal(refused, waited)))
    }
}

impl Permit {
    /// Goes with the reply to its end: with a stream or a body that is still to be read, or no
    /// further.
    pub(crate) fn until_over(self, reply: Result<Reply>) -> Result<Reply> {
        match reply {
            Ok(open) if open.is_open() => Ok(open.observe(self)),
            over => over,
        }
    }
}

impl Observe for Permit {
    fn on_end(self: Box<Self>, _: End<'_>) {}
}
