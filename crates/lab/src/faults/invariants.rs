//! What holds in every case, whatever it is about.

use std::time::Duration;

use tokio::{
    runtime::Handle,
    time::{Instant, sleep},
};

use trunkline_core::{Delivery, Error, Phase};

use super::{
    case::{Calls, Case, Clock, Operation},
    judge::Faults,
    net::Network,
    peer::Peer,
    seen::{CallSeen, Got, Part},
};

/// U2 (in part), U4 to U7, over the calls of one part.
pub(crate) fn of_part(case: &Case, calls: &Calls, part: &Part, faults: &mut Faults) {
    for call in &part.calls {
        in_time(call, faults);
        bounded(case, call, faults);
        if calls.op == Operation::Stream {
            ends_once(call, faults);
        }
        names_the_request(case, call, faults);
    }
    within_budget(case, part, faults);
    for (index, peer) in part.peers.iter().enumerate() {
        if peer.unscripted > 0 {
            faults.add(format!(
                "peer {}: {} requests more than the case has replies for",
                index + 1,
                peer.unscripted
            ));
        }
    }
    let places = ["/endpoints", "/keys"]
        .into_iter()
        .filter_map(|all| part.stats.pointer(all)?.as_array());
    for place in places.flatten() {
        for counter in ["running", "queued"] {
            if place
                .get(counter)
                .and_then(serde_json::Value::as_u64)
                .unwrap_or(0)
                > 0
            {
                faults.add(format!(
                    "U2: {counter} is not zero although all calls are over"
                ));
            }
        }
    }
}

fn in_time(call: &CallSeen, faults: &mut Faults) {
    if let Some(bound) = call.bound.filter(|bound| call.elapsed > *bound) {
        faults.add(format!(
            "U5: a call took {:?}, at most {bound:?}",
            call.elapsed
        ));
    }
}

fn bounded(case: &Case, call: &CallSeen, faults: &mut Faults) {
    let models = 1 + u64::from(case.client.fallback.is_some());
    let most = u64::from(case.client.attempts.unwrap_or(3)) * models;
    if call.attempts() > most {
        faults.add(format!("U4: {} attempts, at most {most}", call.attempts()));
    }
}

fn ends_once(call: &CallSeen, faults: &mut Faults) {
    // A stream that never began has ended by its call.
    let begun = call.error().is_none_or(|error| error.partial().is_some());
    let ended_well = call.endings == 1 || (!begun && call.endings == 0);
    let over = matches!(call.got, Got::Dropped)
        || ended_well
        || call.error().is_some_and(|_| call.endings == 0);
    if !over {
        faults.add(format!("U6: a stream ended {} times", call.endings));
    }
}

/// Peers name every request, unless the case does that itself.
fn names_the_request(case: &Case, call: &CallSeen, faults: &mut Faults) {
    let by_hand = |peer: &Peer| {
        let names = |name: &String| name.eq_ignore_ascii_case("x-request-id");
        peer.reply
            .iter()
            .any(|reply| reply.steps.is_some() || reply.headers.keys().any(names))
    };
    if case.peer.iter().any(by_hand) {
        return;
    }
    // A head that cannot be read names nothing.
    let answered = |error: &&Error| {
        error.status().is_some()
            || matches!(error.delivery(), Delivery::Responded | Delivery::Committed)
                && error.phase() != Some(Phase::Head)
    };
    let Some(error) = call.error().filter(answered) else {
        return;
    };
    if !error.request_id().is_some_and(|id| id.starts_with("req_")) {
        faults.add(format!(
            "U7: the request's id is not in the error: {:?}",
            error.request_id()
        ));
    }
}

/// `upstream <= N + 0.2 successes + 10 + minutes` for each model, and what was sent again.
fn within_budget(case: &Case, part: &Part, faults: &mut Faults) {
    let calls = part.calls.len() as u64;
    let models = 1 + u64::from(case.client.fallback.is_some());
    let minutes = part.began.elapsed().as_secs() / 60;
    let ok = part.calls.iter().filter(|call| call.is_ok()).count() as u64;
    let most = models * (calls + ok / 5 + 10 + minutes) + part.resent;
    let sent = part.requests().len() as u64;
    if sent > most {
        faults.add(format!(
            "U4: {sent} requests for {calls} calls, at most {most}"
        ));
    }
}

/// U2, once the client is gone: its connections and tasks are gone too.
pub(crate) async fn afterwards(case: &Case, network: &Network, tasks: usize, faults: &mut Faults) {
    // A peer that is in the midst of a silence notices afterwards that its client has gone.
    let Some(silence) = case
        .peer
        .iter()
        .map(Peer::longest_pause)
        .sum::<Option<Duration>>()
    else {
        return;
    };
    let patience = match case.clock {
        Clock::Paused => Duration::from_millis(100) + silence,
        Clock::Real => Duration::from_secs(2) + silence,
    };
    let began = Instant::now();
    loop {
        let open = network.open();
        let left = Handle::current()
            .metrics()
            .num_alive_tasks()
            .saturating_sub(tasks);
        if open == 0 && left == 0 {
            return;
        }
        if began.elapsed() > patience {
            faults.add(format!(
                "U2: {open} connections and {left} tasks are left {patience:?} after the client"
            ));
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
}
