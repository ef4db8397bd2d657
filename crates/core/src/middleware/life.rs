//! The end of a backend, in order.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::{sync::Notify, time::timeout};

use crate::{Delivery, Error, ErrorKind, Reply, Result};

mod body;
mod service;

/// Who is being served. Once closed it lets nobody in; ended, it sends everybody away.
///
/// As a layer it counts a call from its first attempt to the end of its reply, queues and the waits
/// between attempts included.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    emptied: Notify,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    /// One place for each call under way, with the task to wake when it has to end.
    places: Vec<Option<Option<Waker>>>,
    free: Vec<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    Closed,
    Ended,
}

impl Life {
    /// A place, until it is dropped.
    pub(crate) fn enter(&self) -> Result<Place> {
        let mut state = self.0.state();
        if state.phase != Phase::Open {
            return Err(closed().with_delivery(Delivery::NotSent));
        }
        let at = match state.free.pop() {
            Some(at) => at,
            None => {
                state.places.push(None);
                state.places.len() - 1
            }
        };
        state.swap(at, Some(None));
        Ok(Place {
            life: self.clone(),
            at,
            below: None,
        })
    }

    /// How many calls are under way.
    pub(crate) fn running(&self) -> usize {
        let state = self.0.state();
        state.places.len() - state.free.len()
    }

    /// Lets nobody in any more, waits until the last call is over, and ends those that are not by
    /// then.
    pub(crate) async fn close(&self, patience: Duration) {
        {
            let mut state = self.0.state();
            if state.phase == Phase::Open {
                state.phase = Phase::Closed;
            }
        }
        if timeout(patience, self.emptied()).await.is_ok() {
            return;
        }
        let waiting: Vec<Waker> = {
            let mut state = self.0.state();
            state.phase = Phase::Ended;
            let wakers = state.places.iter_mut().flatten();
            wakers.filter_map(Option::take).collect()
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    async fn emptied(&self) {
        loop {
            let mut emptied = pin!(self.0.emptied.notified());
            emptied.as_mut().enable();
            if self.running() == 0 {
                return;
            }
            emptied.await;
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, so a poisoned one is sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn swap(&mut self, at: usize, place: Option<Option<Waker>>) -> Option<Option<Waker>> {
        let slot = self.places.get_mut(at)?;
        std::mem::replace(slot, place)
    }
}

/// A call under way.
#[derive(Debug)]
pub(crate) struct Place {
    life: Life,
    at: usize,
    /// A place of the same stream at a backend below, as in a pool of accounts.
    below: Option<Box<Place>>,
}

impl Place {
    /// Ready when the call has to end.
    pub(crate) fn poll_ended(&self, cx: &mut Context<'_>) -> Poll<Error> {
        if let Some(below) = &self.below
            && let ended @ Poll::Ready(_) = below.poll_ended(cx)
        {
            return ended;
        }
        let mut state = self.life.0.state();
        if state.phase == Phase::Ended {
            return Poll::Ready(closed());
        }
        let known = state.places.get(self.at).and_then(Option::as_ref);
        if known.is_some_and(|waker| {
            waker
                .as_ref()
                .is_some_and(|waker| waker.will_wake(cx.waker()))
        }) {
            return Poll::Pending;
        }
        let old = state.swap(self.at, Some(Some(cx.waker().clone())));
        drop(state);
        // Not under the lock: with the last waker a task may go, and with the task another place.
        drop(old);
        Poll::Pending
    }
}

impl Place {
    /// The same place, and with it one below.
    pub(crate) fn above(mut self, below: Option<Self>) -> Self {
        self.below = below.map(Box::new);
        self
    }

    /// Goes with `reply` to its end, which comes when the backend is ended at the latest.
    fn until_over(self, mut reply: Reply) -> Reply {
        if let Reply::ChatStream(stream) = &mut reply {
            stream.keep(self);
        } else if let Some(body) = reply.body_mut() {
            *body = body::kept(std::mem::take(body), self);
        }
        reply
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.life.0.state();
        let waker = state.swap(self.at, None);
        state.free.push(self.at);
        let last = state.phase != Phase::Open && state.free.len() == state.places.len();
        drop(state);
        drop(waker);
        if last {
            self.life.0.emptied.notify_waiters();
        }
    }
}

const CLOSED: &str = "the backend was closed";

fn closed() -> Error {
    Error::new(ErrorKind::Closed, CLOSED).with_delivery(Delivery::MaybeProcessed)
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, task::Waker};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_waits_for_who_is_there_and_lets_nobody_in() {
        let life = Life::default();
        let place = life.enter().unwrap();
        let closing = tokio::spawn({
            let life = life.clone();
            async move { life.close(Duration::from_secs(5)).await }
        });
        tokio::task::yield_now().await;
        assert_eq!(life.enter().unwrap_err().kind(), ErrorKind::Closed);
        assert!(!closing.is_finished());
        drop(place);
        closing.await.unwrap();
        assert_eq!(life.running(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_who_stays_too_long() {
        let life = Life::default();
        let place = life.enter().unwrap();
        let stays = tokio::spawn(async move { poll_fn(|cx| place.poll_ended(cx)).await });
        tokio::task::yield_now().await;
        life.close(Duration::from_secs(5)).await;
        assert_eq!(stays.await.unwrap().kind(), ErrorKind::Closed);
        assert_eq!(life.running(), 0);
    }

    #[test]
    fn places_are_used_again() {
        let life = Life::default();
        for _ in 0..100 {
            let places: Vec<Place> = (0..3).map(|_| life.enter().unwrap()).collect();
            let mut cx = Context::from_waker(Waker::noop());
            assert!(
                places
                    .iter()
                    .all(|place| place.poll_ended(&mut cx).is_pending())
            );
        }
        assert_eq!(life.0.state().places.len(), 3);
    }
}
