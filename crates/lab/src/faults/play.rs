//! Plays a case: makes its calls on its client, against its peers.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use futures_util::future::join_all;
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout},
};
use trunkline_core::{
    Call, ChatCall, ChatRequest, Class, Error, Json, Model, Priority,
    chat::Effort,
    http_transport::hyper::HyperTransport,
    raw::RawRequest,
    stream::{ChatStream, Fold},
};

use super::{
    canary::{self, Canary},
    case::{self, Calls, Case, Clock, Operation},
    client,
    net::Network,
    seen::{CallSeen, Got, Part, PeerSeen},
};

/// Makes `calls` and says what came of them.
pub(crate) async fn part(
    calls: &Calls,
    case: &Case,
    model: &Model,
    network: &Network,
    transport: &HyperTransport,
    canary: &Canary,
) -> Result<Part> {
    let before = network.seen();
    let unscripted = network.unscripted();
    let resent = transport.stats().resent;
    let began = Instant::now();
    let all = std::iter::once(calls).chain(&calls.beside);
    let seen = join_all(all.map(|calls| several(calls, case, model))).await;
    let calls: Vec<CallSeen> = seen.into_iter().flatten().collect();
    for call in &calls {
        show(call, case, canary);
    }
    let peers = network
        .seen()
        .into_iter()
        .zip(&before)
        .zip(network.unscripted())
        .zip(unscripted);
    let peers: Vec<PeerSeen> = peers
        .map(|(((now, before), late), early)| PeerSeen {
            requests: now
                .requests
                .into_iter()
                .skip(before.requests.len())
                .collect(),
            connections: now.connections.accepted - before.connections.accepted,
            unscripted: late - early,
        })
        .collect();
    for request in peers.iter().flat_map(|peer| &peer.requests) {
        canary.sink("URL of a request", &request.path);
    }
    let stats = model.backend().stats();
    canary.sink("Debug of Stats", &format!("{stats:?}"));
    canary.sink("JSON of Stats", &serde_json::to_string(&stats)?);
    canary.sink(
        "Debug of Model",
        &format!("{model:?} {:?}", model.backend().info()),
    );
    Ok(Part {
        began,
        calls,
        peers,
        resent: transport.stats().resent - resent,
        stats: serde_json::to_value(stats)?,
    })
}

/// All that a call shows of itself afterwards.
fn show(call: &CallSeen, case: &Case, canary: &Canary) {
    match &call.got {
        Got::Error(error) => canary.error(error, quotes(case)),
        Got::Chat(response) => canary.sink("Debug of ChatResponse", &format!("{response:?}")),
        Got::Other(_) | Got::Dropped => {}
    }
}

/// Whether a peer of this case says the prompt again.
fn quotes(case: &Case) -> bool {
    format!("{:?}", case.peer).contains("prompt}")
}

async fn several(calls: &Calls, case: &Case, model: &Model) -> Vec<CallSeen> {
    if let Some(after) = calls.after {
        sleep(after.0).await;
    }
    let began = Instant::now();
    let turns = Semaphore::new(calls.concurrent.max(1));
    let futures = (0..calls.count).map(|index| {
        let turns = &turns;
        async move {
            // Those that begin at fixed times wait for nobody.
            let _turn = match calls.every {
                Some(every) => {
                    tokio::time::sleep_until(began + every.0 * index).await;
                    None
                }
                None => turns.acquire().await.ok(),
            };
            one(calls, case, model).await
        }
    });
    join_all(futures).await
}

async fn one(calls: &Calls, case: &Case, model: &Model) -> CallSeen {
    let began = Instant::now();
    let mut tally = Tally::default();
    let call = once(calls, model, &mut tally);
    let got = match calls.drop_after {
        Some(limit) => timeout(limit.0, call).await.unwrap_or(Got::Dropped),
        None => call.await,
    };
    CallSeen {
        began,
        elapsed: began.elapsed(),
        bound: bound(calls, case),
        got,
        contents: tally.contents,
        chunks: tally.chunks,
        endings: tally.endings,
    }
}

/// Invariant U5: until when the call must be over.
fn bound(calls: &Calls, case: &Case) -> Option<Duration> {
    let slack = match case.clock {
        Clock::Paused => Duration::from_millis(50),
        Clock::Real => Duration::from_secs(2),
    };
    let account = Some(client::deadline(&case.client))
        .filter(|_| !case.client.bare && calls.op != Operation::Stream);
    let models = 1 + u32::from(case.client.fallback.is_some());
    let bound = calls
        .timeout
        .map(|limit| limit.0)
        .or(account.map(|limit| limit * models))?;
    calls.read_pause.is_none().then_some(bound + slack)
}

#[derive(Default)]
struct Tally {
    contents: u64,
    chunks: u64,
    endings: u32,
}

async fn once(calls: &Calls, model: &Model, tally: &mut Tally) -> Got {
    let result = match calls.op {
        Operation::Chat => chat(calls, model)
            .await
            .map(|answer| Got::Chat(answer.into())),
        Operation::Buffered => chat(calls, model)
            .buffered()
            .await
            .map(|answer| Got::Chat(answer.into())),
        Operation::Stream => match chat(calls, model).stream().await {
            Ok(stream) => read(stream, calls, tally).await,
            Err(error) => Err(error),
        },
        Operation::Embed => {
            let mut call = model.embed([canary::prompt(calls.prompt.0)]);
            if let Some(limit) = calls.timeout {
                call = call.timeout(limit.0);
            }
            call.await.map(|answer| Got::Other(answer.meta.attempts))
        }
        Operation::Models => model.backend().models().await.map(|_| Got::Other(1)),
        Operation::Raw => raw(calls, model).await,
    };
    result.unwrap_or_else(Got::Error)
}

fn chat(calls: &Calls, model: &Model) -> ChatCall {
    let mut request = ChatRequest::from(canary::prompt(calls.prompt.0));
    if let Some(model) = &calls.model {
        request = request.model(model);
    }
    if calls.reasoning {
        request = request.effort(Effort::Medium);
    }
    let mut call = model.chat(request).priority(match calls.priority {
        case::Priority::Low => Priority::Low,
        case::Priority::Normal => Priority::Normal,
        case::Priority::High => Priority::High,
    });
    if let Some(limit) = calls.timeout {
        call = call.timeout(limit.0);
    }
    if let Some(tenant) = &calls.tenant {
        call = call.tenant(Arc::<str>::from(tenant.as_str()));
    }
    call
}

/// Reads a stream as the case's caller does.
async fn read(mut stream: ChatStream, calls: &Calls, tally: &mut Tally) -> Result<Got, Error> {
    let mut fold = Fold::default();
    loop {
        if let Some(pause) = calls.read_pause
            && calls.pause_at.is_none_or(|at| at == tally.chunks)
            && tally.chunks > 0
        {
            sleep(pause.0).await;
        }
        match stream.next().await {
            Some(Ok(chunk)) => {
                tally.chunks += 1;
                tally.contents += u64::from(chunk.is_output());
                fold.push(&chunk)?;
            }
            Some(Err(error)) => {
                tally.endings += 1;
                while stream.next().await.is_some() {
                    tally.endings += 1;
                }
                return Err(error);
            }
            None => break,
        }
        if calls.drop_after_chunks == Some(tally.chunks) {
            return Ok(Got::Dropped);
        }
    }
    tally.endings += 1;
    if stream.next().await.is_some() {
        tally.endings += 1;
    }
    let mut response = fold.finish()?;
    response.meta = stream.meta().clone();
    Ok(Got::Chat(response.into()))
}

async fn raw(calls: &Calls, model: &Model) -> Result<Got, Error> {
    const MOST: usize = 64 << 20;
    let body = Json::of(&serde_json::json!({ "prompt": canary::prompt(calls.prompt.0) }))?;
    let request = RawRequest::post("/raw", &body);
    let mut call = Call::new(request.class(match calls.class {
        case::Class::Read => Class::Read,
        case::Class::Billed => Class::Billed,
        case::Class::Effect => Class::Effect,
    }));
    if let Some(limit) = calls.timeout {
        call = call.timeout(limit.0);
    }
    let response = model.backend().call(call).await?.into_raw()?;
    response.into_body().collect(MOST).await?;
    Ok(Got::Other(1))
}
