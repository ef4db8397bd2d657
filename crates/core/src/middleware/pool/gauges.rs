//! What an endpoint says of its own load: others may use it as well, and only it knows of them.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering::Relaxed},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    time::{Instant, timeout},
};

use super::member::Member;
use crate::{Call, Op, Reply};

/// How often an endpoint in use is asked. A page of metrics costs a server about a millisecond.
const EVERY: Duration = Duration::from_secs(1);
/// How long what it said is believed.
const BELIEVED: Duration = Duration::from_secs(5);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// When one that did not answer, metrics off say, is asked again.
const AGAIN: Duration = Duration::from_secs(30);

/// The last word of an endpoint.
#[derive(Debug, Default)]
pub(super) struct Gauges(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// When to ask next, unless somebody asks already.
    next: Option<Instant>,
    asking: bool,
    told: Option<(Instant, f64)>,
}

impl Gauges {
    /// How many requests of others it has; 0 where it does not say, or not lately.
    pub(super) fn of_others(&self) -> f64 {
        let told = self.state().told;
        told.filter(|(at, _)| at.elapsed() < BELIEVED)
            .map_or(0.0, |(_, others)| others)
    }

    /// Whether it is time to ask: true for one who asks, then.
    fn begin(&self) -> bool {
        let mut state = self.state();
        let is_due = state.next.is_none_or(|next| Instant::now() >= next);
        is_due && !std::mem::replace(&mut state.asking, true)
    }

    fn end(&self, others: Option<f64>) {
        let now = Instant::now();
        let mut state = self.state();
        state.asking = false;
        state.next = Some(now + if others.is_some() { EVERY } else { AGAIN });
        if let Some(others) = others {
            state.told = Some((now, others));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock, so a poisoned one is sound.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member {
    /// Asks the endpoint how busy it is, if it can tell and it is time. Nobody waits for that.
    pub(super) fn look(self: &Arc<Self>) {
        if !self.backend.info().capabilities.load {
            return;
        }
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if self.gauges.begin() {
            runtime.spawn(Look(self.clone()).run());
        }
    }
}

/// Somebody asks, until this is dropped: a runtime that ends drops it as well.
struct Look(Arc<Member>);

impl Look {
    async fn run(self) {
        let running = || self.0.running.load(Relaxed) as f64;
        let before = running();
        let call = Call::new(Op::Load(Arc::default()));
        let answer = timeout(PATIENCE, self.0.backend.call(call)).await;
        let others = match answer {
            // Ours are counted here already. Of two moments the one with more of them: what begins
            // or ends meanwhile is no stranger.
            Ok(Ok(Reply::Load(load))) => Some((load.requests() - before.max(running())).max(0.0)),
            _ => None,
        };
        self.0.gauges.end(others);
    }
}

impl Drop for Look {
    fn drop(&mut self) {
        self.0.gauges.state().asking = false;
    }
}
