//! One attempt: choose, wait in line, ask, judge.

use std::sync::{Arc, atomic::Ordering::Relaxed};

use tokio::time::Instant;

use super::{Shared, choose::Chosen, hold::Hold, key::Lease, member::Member};
use crate::{
    Call, Class, Delivery, Error, ErrorKind, Recovery, Reply, Result, Scope,
    middleware::{
        Times,
        gate::{Entry, Line, Permit},
        rate::reservation::Reservation,
    },
};

impl Shared {
    /// One attempt at `call`, wherever it is served best.
    pub(super) async fn serve(self: Arc<Self>, call: Call) -> Result<Reply> {
        let Entered {
            mut hold,
            lease,
            mut reservation,
        } = self.enter(&call).await?;
        let member = hold.running.member().clone();
        let mut sent = call.clone();
        let mut generation = 0;
        if let Some(lease) = &lease {
            match lease.key.secret().await {
                Ok(None) => {}
                Ok(Some(current)) => {
                    generation = current.generation;
                    sent.key = Some(current.secret);
                }
                Err(error) => {
                    lease.key.unfetched();
                    let told = match member.ring.has_other(self.wish(&call), &lease.key) {
                        true => Recovery::Elsewhere,
                        false => Recovery::OtherModel,
                    };
                    return settle(reservation, Err(error.with_recovery(told)));
                }
            }
        }
        if let Some(reservation) = &mut reservation {
            reservation.sent();
        }
        if let Some(lease) = &lease {
            lease.key.calls.fetch_add(1, Relaxed);
        }
        let sent_at = Instant::now();
        hold.sent = sent_at;
        match settle(reservation, member.backend.call(sent).await) {
            Ok(mut reply) => {
                if let Some(lease) = lease {
                    if let Some(meta) = reply.meta_mut().filter(|_| !self.limits_keys) {
                        lease.key.limiter.learn(&meta.headers, Instant::now());
                    }
                    if lease.key.served(call.op.model(), sent_at) {
                        drop(lease);
                        self.changed.notify_waiters();
                    }
                }
                Ok(hold.follow(reply))
            }
            Err(mut error) => {
                hold.failed(&error);
                if let Some(lease) = lease {
                    error.set_key(lease.key.source.label().clone());
                    let model = call.op.model();
                    lease.key.refused(model, generation, sent_at, &error);
                    drop(lease);
                    self.changed.notify_waiters();
                }
                Err(self.tell(&call, &member, error))
            }
        }
    }

    /// A place at an endpoint that will have the call, with a key.
    async fn enter(self: &Arc<Self>, call: &Call) -> Result<Entered> {
        let mut refused: Vec<Arc<str>> = Vec::new();
        let mut last: Option<Error> = None;
        loop {
            let chosen = match (self.choose(call, &refused).await, last.take()) {
                (Ok(chosen), _) => chosen,
                // What the last endpoint said is more to the point than that there is none left.
                (Err(_), Some(error)) => return Err(error),
                (Err(error), None) => {
                    if error.kind() == ErrorKind::CircuitOpen {
                        self.count_shut_out(call.op.model());
                    }
                    return Err(error);
                }
            };
            let member = chosen.running.member().clone();
            match self.admit(call, chosen).await {
                Ok(Some(entered)) => return Ok(entered),
                // Its key may not be used any more: perhaps another, or the same one later.
                Ok(None) => {}
                // It never left, so another may have it, without a retry.
                Err(error)
                    if matches!(error.kind(), ErrorKind::QueueFull | ErrorKind::CircuitOpen) =>
                {
                    member.count_refusal(error.kind());
                    refused.push(member.label.clone());
                    last = Some(
                        error
                            .with_endpoint(member.label.clone())
                            .with_recovery(Recovery::OtherModel),
                    );
                }
                Err(error) => return Err(error.with_endpoint(member.label.clone())),
            }
        }
    }

    /// Waits for the key's turn and for the endpoint's, and asks the circuit last: one that opens
    /// meanwhile sends away everybody in line at once. `None` where the key was refused meanwhile.
    async fn admit(self: &Arc<Self>, call: &Call, chosen: Chosen) -> Result<Option<Entered>> {
        let key_line = chosen
            .lease
            .as_ref()
            .and_then(|lease| lease.key.line.as_ref());
        let of_key = wait_in(key_line, call).await?;
        let of_endpoint = wait_in(chosen.running.member().line.as_ref(), call).await?;
        let has_stood_in_line = of_key.is_some() || of_endpoint.is_some();
        let is_good = |lease: &Lease| lease.is_good(call.op.model(), self.lone);
        if has_stood_in_line && !chosen.lease.as_ref().is_none_or(is_good) {
            return Ok(None);
        }
        let ticket = match &chosen.running.member().circuits {
            Some(circuits) => Some(circuits.of(call.op.model()).admit()?),
            None => None,
        };
        let hold = Hold {
            shared: self.clone(),
            ticket,
            _permits: [of_key, of_endpoint],
            sent: Instant::now(),
            has_content: false,
            probe: chosen.probe,
            running: chosen.running,
        };
        Ok(Some(Entered {
            hold,
            lease: chosen.lease,
            reservation: chosen.reservation,
        }))
    }

    /// Adds what only the pool knows: where it happened, and whether anybody else could serve.
    fn tell(&self, call: &Call, failed: &Arc<Member>, error: Error) -> Error {
        let error = error.with_endpoint(failed.label.clone());
        // No other endpoint would know it for what this one has done, whatever key it carries.
        let may_have_acted =
            call.op.class() == Class::Effect && error.delivery() == Delivery::MaybeProcessed;
        if may_have_acted && self.members.len() > 1 {
            return error.with_recovery(Recovery::OtherModel);
        }
        let has_other = || match self.lone {
            // The same key again, if it can be fetched anew.
            true => error.kind() == ErrorKind::Auth && failed.ring.is_refreshable(),
            false => self.has_other(call, failed, error.scope()),
        };
        let told = match error.recovery() {
            Recovery::Elsewhere if call.key.is_some() && is_of_key(&error) => Recovery::OtherModel,
            // Nor does the caller's own key become another one elsewhere.
            Recovery::Later if call.key.is_some() && is_of_key(&error) => return error,
            Recovery::Elsewhere if has_other() => Recovery::Elsewhere,
            Recovery::Elsewhere => Recovery::OtherModel,
            // What one endpoint or key asks us to wait is nothing to the others.
            Recovery::Later
                if (error.retry_after().is_some() || error.kind() == ErrorKind::RateLimited)
                    && has_other() =>
            {
                Recovery::Elsewhere
            }
            _ => return error,
        };
        error.with_recovery(told)
    }

    /// Counts a failure against an endpoint. Not more than half of them are out at once: the rest
    /// would not stand it.
    pub(super) fn count_failure(&self, member: &Member) {
        let _one_at_a_time = self.ejecting.lock();
        let out = self
            .members
            .iter()
            .filter(|member| member.health.is_ejected())
            .count();
        member.health.failed((out + 1) * 2 <= self.members.len());
    }
}

/// What an attempt has before it is sent.
struct Entered {
    hold: Hold,
    lease: Option<Lease>,
    reservation: Option<Reservation>,
}

/// Puts right what was taken of the key's limits.
fn settle(reservation: Option<Reservation>, result: Result<Reply>) -> Result<Reply> {
    match reservation {
        Some(reservation) => reservation.settle(result),
        None => result,
    }
}

fn is_of_key(error: &Error) -> bool {
    matches!(error.scope(), Scope::Key | Scope::Account)
}

async fn wait_in(line: Option<&Line>, call: &Call) -> Result<Option<Permit>> {
    let Some(line) = line else {
        return Ok(None);
    };
    if let Some(permit) = line.try_enter() {
        return Ok(Some(permit));
    }
    let since = Instant::now();
    let permit = line.enter(Entry::of(call)).await;
    // In vain or not, it stood there.
    if let Some(times) = Times::of(call) {
        times.add_queue(since.elapsed());
    }
    permit.map(Some)
}
