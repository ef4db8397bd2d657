//! The client's host: asks as a program would, and judges what it gets.

use std::{rc::Rc, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::{
    runtime::Handle,
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};
use trunkline_core::{
    Backend, ChatResponse, ChatStream, Delivery, Delta, Error, ErrorKind, HttpClient, Model, Stats,
    StreamChunk, middleware::Gate, protocol::Timers,
};
use trunkline_groq::Groq;
use trunkline_http::hyper::HyperTransport;
use trunkline_openai::{CHAT_COMPLETIONS, OpenAi};

use crate::{
    network::Network,
    plan::{Ask, FAULTS_END, HOSTS, Plan, Settings, Way},
    report::{Outcome, Report},
};

/// How much later than its deadline a call may end.
const GRACE: Duration = Duration::from_millis(50);
/// Beyond twice the transport's idle timeout of 30 s: it looks once in that time.
const IDLE: Duration = Duration::from_secs(65);
/// Beyond the longest rest of a circuit that opened twice.
const REST: Duration = Duration::from_secs(15);
const EASY_CALLS: usize = 12;

/// A program's model, and what lies under it.
#[derive(Clone)]
struct Client {
    transport: HyperTransport,
    primary: Backend,
    spare: Backend,
    model: Model,
}

/// Runs the plan and leaves its report.
pub(crate) async fn run(plan: Rc<Plan>) -> Result<Report> {
    let client = Client::new(plan.settings)?;
    let began = Instant::now();
    let mut report = Report::default();
    ask_all(&client, &plan.calls, began, &mut report).await?;
    sleep_until(began + FAULTS_END).await;
    client.is_at_rest().await?;

    // What was lost on the network is never sent again: connections that wait for it go unused.
    sleep(REST).await;
    let now = began.elapsed();
    let easy: Vec<Ask> = (0..EASY_CALLS)
        .map(|at| Ask::easy(plan.calls.len() + at, now))
        .collect();
    let mut recovered = Report::default();
    ask_all(&client, &easy, began, &mut recovered).await?;
    for (id, outcome) in &recovered.outcomes {
        let whole = matches!(outcome, Outcome::Whole { .. });
        ensure!(whole, "call {id}, after all faults were over: {outcome:?}");
    }
    let of_account = |(_, outcome): &(usize, Outcome)| matches!(outcome, Outcome::Whole { model, .. } if model == "primary");
    ensure!(
        recovered.outcomes.iter().any(of_account),
        "after all faults were over nobody asked the account"
    );
    report.outcomes.append(&mut recovered.outcomes);
    client.is_at_rest().await?;
    client.sums_up(&mut report, began.elapsed())?;
    Ok(report)
}

async fn ask_all(
    client: &Client,
    calls: &[Ask],
    began: Instant,
    report: &mut Report,
) -> Result<()> {
    let mut tasks = JoinSet::new();
    for ask in calls.iter().copied() {
        let client = client.clone();
        tasks.spawn_local(async move {
            sleep_until(began + ask.at).await;
            let outcome = client.ask(ask).await;
            outcome
                .map(|outcome| (ask.id, outcome))
                .with_context(|| format!("{ask:?}"))
        });
    }
    while let Some(done) = tasks.join_next().await {
        report.outcomes.push(done??);
    }
    Ok(())
}

impl Client {
    fn new(settings: Settings) -> Result<Self> {
        let mut transport = HyperTransport::builder().connector(Network);
        let mut timers = Timers::default();
        if settings.impatient {
            let some = Duration::from_secs(3);
            transport = transport.connect_timeout(some).pool_idle_timeout(some);
            timers = timers.head(some).byte_idle(some).progress_idle(2 * some);
        }
        let transport = transport.build()?;
        let http = HttpClient::new(transport.clone());
        let mut account = OpenAi::builder()
            .setting("api", CHAT_COMPLETIONS)
            .client(http.clone())
            .timers(timers)
            .allow_plain_http();
        for host in &HOSTS[..3] {
            account = account.endpoint(format!("http://{host}/v1"));
        }
        for key in 0..settings.keys {
            account = account.key(format!("sk-{key}"));
        }
        if settings.gate {
            account = account.endpoint_limits(Gate::new(2, 16));
        }
        let account = account.build()?;
        let spare = Groq::builder()
            .client(http)
            .timers(timers)
            .allow_plain_http()
            .endpoint(format!("http://{}/v1", HOSTS[3]))
            .key("gsk")
            .build()?;
        let (primary, spare) = (account.model("primary"), spare.model("spare"));
        Ok(Self {
            transport,
            primary: primary.backend().clone(),
            spare: spare.backend().clone(),
            model: primary.or(spare),
        })
    }

    /// Makes the call, sees to it that it ends in time, and that what comes is what was sent.
    async fn ask(&self, ask: Ask) -> Result<Outcome> {
        let began = Instant::now();
        let outcome = match ask.leaves {
            // Dropped wherever it is.
            Some(after) => match timeout(after, self.judged(ask)).await {
                Ok(outcome) => outcome?,
                Err(_) => Outcome::Left,
            },
            None => self.judged(ask).await?,
        };
        let late = began.elapsed().saturating_sub(ask.timeout);
        ensure!(
            late <= GRACE,
            "ended {late:?} after its deadline: {outcome:?}"
        );
        Ok(outcome)
    }

    async fn judged(&self, ask: Ask) -> Result<Outcome> {
        let call = self.model.chat(ask.prompt()).timeout(ask.timeout);
        let answer = match ask.way {
            Way::Chat => call.await,
            Way::Buffered => call.buffered().await,
            Way::Stream => match call.stream().await {
                Ok(stream) => return read(ask, stream).await,
                Err(error) => Err(error),
            },
        };
        match answer {
            Ok(answer) => whole(ask, &answer),
            Err(error) => failed(ask, &error),
        }
    }

    /// Nothing runs, waits or is held any more, and no task is left behind.
    async fn is_at_rest(&self) -> Result<()> {
        // Tasks that were told to end run once more.
        sleep(Duration::from_millis(1)).await;
        let in_flight = self.transport.stats().in_flight;
        ensure!(
            in_flight == 0,
            "{in_flight} requests in flight after the last call"
        );
        for stats in self.stats() {
            for endpoint in &stats.endpoints {
                let busy = endpoint.running + endpoint.queued;
                ensure!(busy == 0, "still at work after the last call: {endpoint:?}");
            }
            for key in &stats.keys {
                let busy = key.running.unwrap_or(0) + key.queued;
                ensure!(busy == 0, "still at work after the last call: {key:?}");
            }
        }
        let deadline = Instant::now() + IDLE;
        loop {
            let stats = self.transport.stats();
            let tasks = Handle::current().metrics().num_alive_tasks() as u64;
            if stats.tasks + stats.connecting + stats.connections_open + tasks == 0 {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("{tasks} tasks are left {IDLE:?} after the last call: {stats:?}");
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    fn stats(&self) -> [Stats; 2] {
        [self.primary.stats(), self.spare.stats()]
    }

    /// Every attempt was counted once, and no more were made than the budgets of retries allow.
    fn sums_up(&self, report: &mut Report, elapsed: Duration) -> Result<()> {
        let resent = self.transport.stats().resent;
        report.resent = resent;
        for (stats, calls) in self.stats().iter().zip(&mut report.attempts) {
            let mut succeeded = 0;
            for endpoint in &stats.endpoints {
                let failed: u64 = endpoint.errors.values().sum();
                let ended = endpoint.completed + endpoint.cancelled + failed;
                ensure!(
                    ended == endpoint.calls,
                    "not every attempt has one end: {endpoint:?}"
                );
                *calls += endpoint.calls;
                succeeded += endpoint.completed + endpoint.errors.get("interrupted").unwrap_or(&0);
            }
            // Each call has one attempt; each further one takes a token, of which there are 10, a
            // fifth of one for each success, and one a minute.
            let asked = report.outcomes.len() as f64;
            let tokens = 10.0 + 0.2 * asked.min(succeeded as f64) + elapsed.as_secs_f64() / 60.0;
            let most = (asked + tokens).floor() as u64;
            ensure!(
                *calls <= most,
                "{calls} attempts at {asked} calls; {most} would do"
            );
        }
        Ok(())
    }
}

async fn read(ask: Ask, mut stream: ChatStream) -> Result<Outcome> {
    let expected = ask.answer();
    let mut text = String::new();
    let mut finished = 0;
    let failure = loop {
        match stream.next().await {
            Some(Ok(chunk)) => match chunk {
                StreamChunk::Delta {
                    delta: Delta::Text(words),
                    ..
                } => {
                    ensure!(finished == 0, "words after the end");
                    text += &words;
                }
                StreamChunk::Finish { .. } => finished += 1,
                _ => {}
            },
            Some(Err(error)) => break Some(error),
            None => break None,
        }
        ensure!(expected.starts_with(&text), "lost or doubled words: {text}");
    };
    for _ in 0..2 {
        let more = stream.next().await;
        ensure!(more.is_none(), "after the end came {more:?}");
    }
    let Some(error) = failure else {
        ensure!(finished == 1, "{finished} ends of one answer");
        return whole(ask, &stream.partial());
    };
    let partial = error.partial().context("no partial answer")?.text();
    ensure!(
        partial == text,
        "the partial answer is {partial}, and {text} was shown"
    );
    let shown = error.delivery() == Delivery::Committed;
    ensure!(shown, "an error of an open stream: {error:?}");
    Ok(Outcome::Interrupted(error.kind()))
}

fn whole(ask: Ask, answer: &ChatResponse) -> Result<Outcome> {
    let text = answer.text();
    ensure!(
        text == ask.answer(),
        "a success that is not the answer: {text}"
    );
    // The usage is the last event: a server may be gone before it, after an answer that is whole.
    let tokens = answer.usage.output.total;
    ensure!(
        tokens.is_none_or(|tokens| tokens == ask.words as u64),
        "a success with usage {tokens:?}"
    );
    let known = ["primary", "spare"].contains(&answer.model.as_str());
    ensure!(known, "answered by {}", answer.model);
    Ok(Outcome::Whole {
        model: answer.model.clone(),
        attempts: answer.meta.attempts,
    })
}

/// What a caller who was shown nothing may be told here.
fn failed(ask: Ask, error: &Error) -> Result<Outcome> {
    use ErrorKind as Kind;
    let known = matches!(
        error.kind(),
        Kind::Timeout
            | Kind::Connect
            | Kind::Interrupted
            | Kind::Server
            | Kind::Overloaded
            | Kind::RateLimited
            | Kind::Decode
            | Kind::CircuitOpen
            | Kind::QueueFull
    );
    ensure!(
        known,
        "an error that nothing here gives reason for: {error:?}"
    );
    ensure!(
        error.delivery() != Delivery::Committed,
        "nothing was shown of call {}: {error:?}",
        ask.id
    );
    Ok(Outcome::Failed(error.kind()))
}
