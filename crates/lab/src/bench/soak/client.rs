//! Many streams at once, read by ours or by raw.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use http_body_util::Empty;
use hyper_util::{client::legacy, rt::TokioExecutor};
use tokio::{
    runtime,
    sync::{Semaphore, watch},
    task::JoinSet,
    time::sleep,
};
use trunkline_core::{
    ChatStream, Delta, ErrorKind, HttpClient, Model, Phase, StreamChunk, protocol::Timers,
    stats::EndpointStats,
};
use trunkline_http::hyper::HyperTransport;

use super::{
    figures::Figures,
    plan::{Fate, Plan, Seen},
};
use crate::bench::{
    clock::cpu_time,
    idle::resident,
    work::{Who, Wire, ours, payload, raw::Raw, raw::Words},
};

/// How many are opened at a time.
const OPENING: usize = 200;
/// Streams that are opened before memory is looked at.
const WARM: usize = 32;

/// Opens all streams, lets them begin together, and reads each to its end.
pub(super) fn run(who: Who, server: SocketAddr, plan: Plan) -> Result<Figures> {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let client = Client::new(who, server, plan)?;
        soak(client, server, plan).await
    })
}

#[derive(Clone)]
enum Client {
    Raw(Arc<Raw>),
    Ours {
        model: Model,
        transport: HyperTransport,
    },
}

enum Stream {
    Raw(Words),
    Ours(Box<ChatStream>),
}

async fn soak(client: Client, server: SocketAddr, plan: Plan) -> Result<Figures> {
    let begins = watch::Sender::new(false);
    let door = Arc::new(Semaphore::new(OPENING));
    let (opened, mut seen_open) = watch::channel(0);
    let mut readers = JoinSet::new();
    let mut before = 0;
    for id in 1..=plan.streams {
        if id == WARM.min(plan.streams) {
            seen_open.wait_for(|open| open + 1 == id).await?;
            before = resident()?;
        }
        let turn = door.clone().acquire_owned().await?;
        let (client, opened, mut begun) = (client.clone(), opened.clone(), begins.subscribe());
        readers.spawn(async move {
            let mut seen = Seen::nothing(id);
            let stream = client
                .open(id, &mut seen)
                .await
                .with_context(|| format!("opening {id}"))?;
            drop(turn);
            opened.send_modify(|open| *open += 1);
            begun.wait_for(|begun| *begun).await?;
            stream
                .read(seen, plan)
                .await
                .with_context(|| format!("stream {id}"))
        });
    }
    let all_open = async {
        seen_open
            .wait_for(|open| *open == plan.streams)
            .await
            .map(drop)
    };
    tokio::select! {
        open = all_open => open?,
        Some(ended) = readers.join_next() => {
            ended??;
            bail!("a stream ended before the first began");
        }
    }
    let idle = resident()?;
    let cpu = cpu_time();
    begins.send_replace(true);
    go(server).await?;
    let mut events = 0;
    while let Some(read) = readers.join_next().await {
        events += read??;
    }
    let figures = Figures {
        memory: idle.saturating_sub(before) / (plan.streams - WARM.min(plan.streams - 1)).max(1),
        nanos: (cpu_time() - cpu).as_nanos() as f64 / events as f64,
        events,
    };
    client.is_at_rest(plan).await?;
    Ok(figures)
}

/// Lets the server's streams begin.
async fn go(server: SocketAddr) -> Result<()> {
    let client = legacy::Client::builder(TokioExecutor::new()).build_http::<Empty<&[u8]>>();
    client.get(format!("http://{server}/go").parse()?).await?;
    Ok(())
}

impl Client {
    fn new(who: Who, server: SocketAddr, plan: Plan) -> Result<Self> {
        let base = format!("http://{server}");
        if who == Who::Raw {
            return Ok(Self::Raw(Arc::new(Raw::speaking(base, Wire::Http1))));
        }
        let transport = HyperTransport::builder().build()?;
        let account = ours::full(HttpClient::new(transport.clone()), &base)
            .timers(Timers::default().byte_idle(plan.patience()));
        let model = account.build()?.model(payload::MODEL);
        Ok(Self::Ours { model, transport })
    }

    /// A stream that has shown its first word.
    async fn open(&self, id: usize, seen: &mut Seen) -> Result<Stream> {
        match self {
            Self::Raw(raw) => {
                let mut words = raw.open(id).await?;
                while seen.events == 0 {
                    ensure!(see(&mut words, seen).await?, "it ended");
                }
                Ok(Stream::Raw(words))
            }
            Self::Ours { model, .. } => {
                let call = model.chat(payload::PROMPT).header("x-n", &id.to_string());
                Ok(Stream::Ours(Box::new(call.stream().await?)))
            }
        }
    }

    /// Nothing of ours runs, waits or is held any more, and all was counted.
    async fn is_at_rest(&self, plan: Plan) -> Result<()> {
        let Self::Ours { model, transport } = self else {
            return Ok(());
        };
        // A task that has just ended is counted until its thread gets to it.
        sleep(Duration::from_millis(100)).await;
        let in_flight = transport.stats().in_flight;
        ensure!(in_flight == 0, "{in_flight} requests are in flight");
        let stats = model.backend().stats();
        let sum = |of: fn(&EndpointStats) -> u64| -> u64 { stats.endpoints.iter().map(of).sum() };
        ensure!(
            sum(|one| one.running + one.queued) == 0,
            "not at rest: {stats:?}"
        );
        let expected = [Fate::Reset, Fate::Stall].map(|fate| plan.fated(fate) as u64);
        let failed = ["interrupted", "timeout"].map(|kind| -> u64 {
            stats
                .endpoints
                .iter()
                .filter_map(|one| one.errors.get(kind))
                .sum()
        });
        ensure!(
            failed == expected,
            "counted {failed:?} failures, not {expected:?}"
        );
        let whole = plan.streams as u64 - expected.iter().sum::<u64>();
        ensure!(
            sum(|one| one.completed) == whole,
            "not {whole} whole answers: {stats:?}"
        );
        Ok(())
    }
}

/// Shows `seen` what comes next; `false` at the end.
async fn see(words: &mut Words, seen: &mut Seen) -> Result<bool> {
    let mut strange = None;
    let more = words.more(|word| {
        if let Err(error) = seen.word(word) {
            strange.get_or_insert(error);
        }
    });
    let more = more.await?;
    strange.map_or(Ok(more), Err)
}

impl Stream {
    /// Reads to whichever end, which must be its fate's, and says how many events there were.
    async fn read(self, seen: Seen, plan: Plan) -> Result<usize> {
        match self {
            Self::Raw(words) => raw(words, seen, plan).await,
            Self::Ours(stream) => our(*stream, seen, plan).await,
        }
    }
}

async fn our(mut stream: ChatStream, mut seen: Seen, plan: Plan) -> Result<usize> {
    let mut paused = false;
    let (fate, turn) = (Fate::of(seen.id), plan.turn(seen.id));
    let ended = loop {
        match stream.next().await {
            Some(Ok(StreamChunk::Delta {
                delta: Delta::Text(word),
                ..
            })) => seen.word(&word)?,
            Some(Ok(_)) => {}
            Some(Err(error)) => break Err(error),
            None => break Ok(()),
        }
        if fate == Fate::Pause && seen.events == turn && !std::mem::replace(&mut paused, true) {
            sleep(plan.patience() / 2).await;
        }
    };
    ensure!(stream.next().await.is_none(), "more came after its end");
    let as_expected = match (fate, &ended) {
        (Fate::Well | Fate::Pause, Ok(())) => seen.events == plan.events,
        // What the kernel had and nobody had read is lost with the connection.
        (Fate::Reset, Err(error)) => error.kind() == ErrorKind::Interrupted && seen.events <= turn,
        (Fate::Stall, Err(error)) => error.phase() == Some(Phase::ByteIdle) && seen.events == turn,
        _ => false,
    };
    ensure!(
        as_expected,
        "{fate:?} after {} words: {ended:?}",
        seen.events
    );
    Ok(seen.events)
}

async fn raw(mut words: Words, mut seen: Seen, plan: Plan) -> Result<usize> {
    let mut paused = false;
    let (fate, turn) = (Fate::of(seen.id), plan.turn(seen.id));
    loop {
        // It has no timers: it is told when to give up.
        if fate == Fate::Stall && seen.events == turn {
            return Ok(seen.events);
        }
        match see(&mut words, &mut seen).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(_) if fate == Fate::Reset && seen.events <= turn => return Ok(seen.events),
            Err(error) => return Err(error),
        }
        if fate == Fate::Pause && seen.events == turn && !std::mem::replace(&mut paused, true) {
            sleep(plan.patience() / 2).await;
        }
    }
    ensure!(
        seen.events == plan.events,
        "{fate:?} after {} words",
        seen.events
    );
    Ok(seen.events)
}
