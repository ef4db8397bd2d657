//! What `backend.stats()` tells of a pool under load, live in the terminal.
//!
//! `cargo run --example status -- --seconds 10`
//!
//! It needs no key and no network: four servers of the test kit on loopback, of which two fail, and
//! three keys, of which one is unknown and one is over its limit. Where the output is no terminal,
//! it is a table each second. The last snapshot follows as JSON.

use std::{
    fmt::Write,
    io::{IsTerminal, Write as _},
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};
use trunkline::{
    Backend, HttpClient, Result, Stats,
    middleware::{Breaker, CircuitState, Gate, Stack},
    stats::EndpointStats,
};
use trunkline_openai::{CHAT_COMPLETIONS, OpenAi};
use trunkline_testkit::peer::{Peer, Received, Reply};

const USAGE: &str = "usage: cargo run --example status [-- --seconds N]";

#[tokio::main]
async fn main() -> ExitCode {
    let Some(seconds) = seconds() else {
        eprintln!("{USAGE}");
        return ExitCode::FAILURE;
    };
    match run(Duration::from_secs(seconds)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn seconds() -> Option<u64> {
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => Some(10),
        (Some("--seconds"), Some(number)) => number.parse().ok(),
        _ => None,
    }
}

async fn run(time: Duration) -> Result<()> {
    let servers = servers().await;
    let backend = pool(&servers)?;
    let mut load = load(&backend);

    watch(&backend, time).await;

    // Who is under way has two seconds to end; then all are sent away.
    backend.close(Duration::from_secs(2)).await;
    load.shutdown().await;
    let json = serde_json::to_string_pretty(&backend.stats());
    println!("{}", json.unwrap_or_else(|error| error.to_string()));
    Ok(())
}

/// Draws the table until the time is over.
async fn watch(backend: &Backend, time: Duration) {
    let began = Instant::now();
    let is_terminal = std::io::stdout().is_terminal();
    let pause = Duration::from_millis(if is_terminal { 250 } else { 1_000 });
    while began.elapsed() < time {
        sleep(pause).await;
        let mut page = format!("{} s\n\n", began.elapsed().as_secs());
        // Writing to a string cannot fail.
        let _ = table(&mut page, &backend.stats());
        if is_terminal {
            // Clears the screen and begins at its top.
            print!("\x1b[2J\x1b[H");
        }
        println!("{page}");
        // Output that fails to flush is output that nobody sees: nothing to do about it here.
        let _ = std::io::stdout().flush();
    }
}

fn table(page: &mut String, stats: &Stats) -> std::fmt::Result {
    writeln!(
        page,
        "{:<16} {:>7} {:>6} {:>6} {:>6} {:>7} {:>7} {:>8} {:>8}  {:<7} {:<24} failed",
        "endpoint",
        "running",
        "queued",
        "calls",
        "ok",
        "retries",
        "tokens",
        "ttfc p50",
        "p95",
        "ejected",
        "circuits",
    )?;
    for endpoint in &stats.endpoints {
        row(page, endpoint)?;
    }
    writeln!(
        page,
        "\n{:<10} {:<10} {:>7}  cooling",
        "key", "state", "refused"
    )?;
    for key in &stats.keys {
        writeln!(
            page,
            "{:<10} {:<10} {:>7}  {}",
            key.id,
            key.state.name(),
            key.refused,
            key.cooling.join(", ")
        )?;
    }
    if let Some(left) = stats.retry_budget {
        writeln!(page, "\nretry budget: {left:.1} of 100")?;
    }
    Ok(())
}

fn row(page: &mut String, endpoint: &EndpointStats) -> std::fmt::Result {
    let first = &endpoint.time_to_first_content;
    let circuits = endpoint.circuits.iter();
    let circuits: Vec<_> = circuits
        .filter(|circuit| circuit.state != CircuitState::Closed)
        .map(|circuit| format!("{} {}", circuit.model, circuit.state.name()))
        .collect();
    let circuits = match circuits.as_slice() {
        [] => "closed".to_owned(),
        some => some.join(", "),
    };
    let failed = endpoint.errors.iter();
    let failed: Vec<_> = failed
        .map(|(kind, count)| format!("{kind} {count}"))
        .collect();
    writeln!(
        page,
        "{:<16} {:>7} {:>6} {:>6} {:>6} {:>7} {:>7} {:>8} {:>8}  {:<7} {:<24} {}",
        endpoint.endpoint,
        endpoint.running,
        endpoint.queued,
        endpoint.calls,
        endpoint.completed,
        endpoint.retries,
        endpoint.input_tokens + endpoint.output_tokens,
        format!("{} ms", first.p50.as_millis()),
        format!("{} ms", first.p95.as_millis()),
        if endpoint.ejected { "yes" } else { "no" },
        circuits,
        failed.join(", "),
    )
}

/// A good one, a slow one, one that fails every second time, and one that is gone.
async fn servers() -> Vec<Peer> {
    let turn = AtomicUsize::new(0);
    vec![
        Peer::respond_with(|request| refusal(request).unwrap_or_else(|| words(40))).await,
        Peer::respond_with(|request| refusal(request).unwrap_or_else(|| words(250))).await,
        Peer::respond_with(move |request| match turn.fetch_add(1, Relaxed) % 2 {
            0 => Reply::status(503),
            _ => refusal(request).unwrap_or_else(|| words(40)),
        })
        .await,
    ]
}

/// What the servers think of the keys: `key-b` is over its limit for the large model, and nobody
/// knows `key-c`.
fn refusal(request: &Received) -> Option<Reply> {
    let large = request.text().contains(r#""model":"large""#);
    match request.header("authorization")? {
        "Bearer key-b" if large => Some(Reply::status(429).header("retry-after", "3")),
        "Bearer key-c" => Some(Reply::status(401)),
        _ => None,
    }
}

/// A short answer, whose first word comes after so many milliseconds.
fn words(millis: u64) -> Reply {
    let word =
        |word: &str| format!(r#"{{"choices":[{{"index":0,"delta":{{"content":"{word}"}}}}]}}"#);
    let last = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":3}}"#;
    Reply::sse([word("All "), word("is "), word("well."), last.to_owned()])
        .done()
        .pause_before_body(Duration::from_millis(millis))
        .pause_between(Duration::from_millis(20))
}

fn pool(servers: &[Peer]) -> Result<Backend> {
    let mut builder = OpenAi::builder()
        .setting("api", CHAT_COMPLETIONS)
        .key("key-c")
        .key("key-b")
        .key("key-a")
        .client(HttpClient::shared())
        .stack(
            Stack::default()
                .breaker(Breaker::default().rest(Duration::from_secs(1)))
                .endpoint_limits(Gate::new(4, 64)),
        );
    for server in servers {
        builder = builder.endpoint(server.url());
    }
    // Nobody listens at the port that discards everything.
    builder = builder.endpoint("http://127.0.0.1:9");
    Ok(builder.build()?.into())
}

/// Sixteen callers without rest; one call in ten is given up after its first word.
fn load(backend: &Backend) -> JoinSet<()> {
    let mut callers = JoinSet::new();
    for caller in 0..16_u32 {
        let model = backend.model(if caller % 4 == 0 { "large" } else { "small" });
        callers.spawn(async move {
            for call in caller.. {
                if let Ok(mut stream) = model.chat("How is it going?").stream().await {
                    let _ = stream.next().await;
                    if call % 10 != 0 {
                        // What comes of it is in the statistics.
                        let _ = stream.collect().await;
                    }
                }
                sleep(Duration::from_millis(30)).await;
            }
        });
    }
    callers
}
