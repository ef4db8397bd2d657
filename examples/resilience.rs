//! What happens to a call that fails: retry, another endpoint, another model, the circuit breaker.
//!
//! `cargo run --example resilience`
//!
//! It needs no key and no network: the test kit's servers on loopback fail on cue. What each part
//! shows is explained in docs/resilience.md.

use std::{
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use trunkline::{
    Backend, ChatResponse, Error, HttpClient, Result,
    middleware::{Breaker, Pick, Stack},
};
use trunkline_openai::{CHAT_COMPLETIONS, OpenAi};
use trunkline_testkit::peer::{Peer, Reply, Script};

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<()> {
    retry().await?;
    exhausted().await?;
    endpoints().await?;
    models().await?;
    broken_stream().await?;
    breaker().await
}

/// The first request is refused with a wait, which is kept.
async fn retry() -> Result<()> {
    println!("— A refusal, with the wait that the provider asks for —");
    let server = Peer::start([busy("400"), answer("Now I have time.")]).await;
    let model = account(&[&server.url()], Stack::default())?.model("demo");

    let began = Instant::now();
    let answer = model.chat("Are you there?").await?;
    println!("429, retry-after-ms: 400");
    println!(
        "“{}” after {:?}, in attempt {}\n",
        answer.text(),
        rounded(began.elapsed()),
        answer.meta().attempts
    );
    Ok(())
}

/// Where no attempt helps, the error tells of all of them.
async fn exhausted() -> Result<()> {
    println!("— A server that is down —");
    let server = Peer::start(Script::new([Reply::status(503)]).repeat_last()).await;
    let model = account(&[&server.url()], Stack::default())?.model("demo");
    if let Err(error) = model.chat("Are you there?").await {
        println!("{error}");
        print_attempts(&error);
        println!(
            "is it worth another try of ours? {}\n",
            error.is_retryable()
        );
    }
    Ok(())
}

/// Two endpoints, of which the first has nobody listening.
async fn endpoints() -> Result<()> {
    println!("— An endpoint that is dead, and one that lives —");
    let live = Peer::start(Script::new([answer("Here I am.")]).repeat_last()).await;
    // Gone as soon as its address is known.
    let dead = Peer::start(Reply::status(500)).await.url();
    // The first is preferred, so that its failures are seen; the default takes the better of two.
    let backend = account(&[&dead, &live.url()], Stack::default().pick(Pick::First))?;
    for call in 1..=6 {
        let answer = backend.model("demo").chat("Are you there?").await?;
        let meta = answer.meta();
        println!(
            "call {call}: answered by {} in attempt {}",
            meta.endpoint.as_deref().unwrap_or("nobody"),
            meta.attempts
        );
    }
    for endpoint in backend.stats().endpoints {
        println!(
            "{}: errors {:?}, ejected {}",
            endpoint.endpoint, endpoint.errors, endpoint.ejected
        );
    }
    println!();
    Ok(())
}

/// A conversation that does not fit one model, and fits the other.
async fn models() -> Result<()> {
    println!("— A model that cannot serve, and one that can —");
    let server = Peer::respond_with(|request| {
        if request.text().contains(r#""model":"small""#) {
            let too_long = r#"{"error":{"message":"too long","code":"context_length_exceeded"}}"#;
            Reply::status(400).json(too_long)
        } else {
            answer("It fits.")
        }
    })
    .await;
    let backend = account(&[&server.url()], Stack::default())?;
    let model = backend.model("small").or(backend.model("large"));
    let answer = model.chat("A long story …").await?;
    println!("small: 400 context_length_exceeded, not asked again");
    println!("large: “{}”\n", answer.text());
    Ok(())
}

/// What was shown is never repeated: a stream that breaks afterwards is an error with what came.
async fn broken_stream() -> Result<()> {
    println!("— A stream that breaks after its first words —");
    let words = r#"{"choices":[{"index":0,"delta":{"content":"Once upon a"}}]}"#;
    let server = Peer::start(Reply::sse([words]).no_last_chunk().reset()).await;
    let model = account(&[&server.url()], Stack::default())?.model("demo");
    let mut stream = model.chat("Tell me a story.").stream().await?.text();
    loop {
        match stream.try_next().await {
            Ok(Some(words)) => println!("“{words}”"),
            Ok(None) => break,
            Err(error) => {
                println!("{error}");
                let partial = error.partial().map(ChatResponse::text);
                println!("what had come: {:?}", partial.unwrap_or_default());
                break;
            }
        }
    }
    println!("requests: {}\n", server.requests().len());
    Ok(())
}

/// Three failures open the circuit; after a short rest two good answers close it.
async fn breaker() -> Result<()> {
    println!("— A circuit that opens, refuses, tries and closes —");
    let sick = Arc::new(AtomicBool::new(true));
    let server = Peer::respond_with({
        let sick = sick.clone();
        move |_| match sick.load(Relaxed) {
            true => Reply::status(503),
            false => answer("I am well again."),
        }
    })
    .await;
    let breaker = Breaker::default()
        .consecutive(3)
        .rest(Duration::from_millis(500))
        .probes(2);
    // Without retries, so that each line is one request.
    let stack = Stack::default().retry(None).breaker(breaker);
    let backend = account(&[&server.url()], stack)?;

    for _ in 0..4 {
        ask(&backend, &server).await;
    }
    println!("(the server recovers, and the circuit rests)");
    sick.store(false, Relaxed);
    tokio::time::sleep(Duration::from_millis(700)).await;
    for _ in 0..3 {
        ask(&backend, &server).await;
    }
    Ok(())
}

async fn ask(backend: &Backend, server: &Peer) {
    let said = match backend.model("demo").chat("How are you?").await {
        Ok(answer) => format!("“{}”", answer.text()),
        Err(error) => match error.retry_after() {
            Some(wait) => format!("{}; again in {:?}", error.kind().name(), rounded(wait)),
            None => error.kind().name().to_owned(),
        },
    };
    let circuits = backend.circuits().into_iter();
    let states = circuits.flat_map(|(_, circuits)| circuits.states());
    let states: Vec<_> = states.map(|circuit| circuit.state.name()).collect();
    println!(
        "{} requests so far: {said:<30} circuit {}",
        server.requests().len(),
        states.join(", ")
    );
}

fn account(urls: &[&str], stack: Stack) -> Result<Backend> {
    let mut builder = OpenAi::builder()
        .setting("api", CHAT_COMPLETIONS)
        .key("no-key-needed")
        .client(HttpClient::shared())
        .stack(stack);
    for url in urls {
        builder = builder.endpoint(*url);
    }
    Ok(builder.build()?.into())
}

fn busy(millis: &str) -> Reply {
    Reply::status(429).header("retry-after-ms", millis)
}

fn answer(words: &str) -> Reply {
    let message = serde_json::json!({ "role": "assistant", "content": words });
    let choice = serde_json::json!({ "index": 0, "message": message, "finish_reason": "stop" });
    Reply::status(200).json(serde_json::json!({ "model": "demo", "choices": [choice] }))
}

fn print_attempts(error: &Error) {
    for attempt in error.attempts() {
        print!(
            "  {}: {}",
            attempt.endpoint.as_deref().unwrap_or("nowhere"),
            attempt.kind.name()
        );
        match attempt.waited {
            Some(wait) => println!(", then {:?} of waiting", rounded(wait)),
            None => println!(", and no more"),
        }
    }
}

fn rounded(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
