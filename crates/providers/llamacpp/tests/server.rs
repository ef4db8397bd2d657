//! Every operation against real servers, which this starts and ends:
//!
//! `LLAMA_SERVER=…/llama-server LLAMA_MODELS=…/folder cargo test -p trunkline-llamacpp --test server
//! -- --ignored --test-threads 1`
//!
//! The folder has `chat.gguf`, which knows how to fill gaps; `lora.gguf`, an adapter for it;
//! `embed.gguf` and `rerank.gguf`. A chat model of random weights will do.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use trunkline_core::{
    Backend, Call, ChatRequest, Check, ErrorKind, HttpClient, Json, Op, Registry,
    chat::{FinishKind, Format},
    health::Load,
};
use trunkline_llamacpp::{
    ApplyTemplate, Completion, CompletionOptions, EmbedTokens, EraseSlot, Infill, LlamaCpp,
    LoraAdapters, LoraScale, Options, PROVIDER, Props, RestoreSlot, SaveSlot, SetLoraScales,
    SetProps, Slots, Timings,
};

struct Running {
    child: Child,
    port: u16,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn models() -> PathBuf {
    std::env::var_os("LLAMA_MODELS").unwrap().into()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn start(model: &str, more: &[&str]) -> Running {
    start_at(free_port(), model, more)
}

fn start_at(port: u16, model: &str, more: &[&str]) -> Running {
    let mut command = Command::new(std::env::var_os("LLAMA_SERVER").unwrap());
    command
        .current_dir(models())
        .args(["-m", model, "--host", "127.0.0.1", "--port"]);
    command.arg(port.to_string());
    command.args([
        "--threads",
        "1",
        "--threads-http",
        "64",
        "--no-webui",
        "--alias",
        "one",
    ]);
    command
        .args(more)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let child = command.spawn().unwrap();
    Running { child, port }
}

fn account(servers: &[&Running]) -> LlamaCpp {
    let builder = LlamaCpp::builder().client(HttpClient::shared());
    let builder = servers.iter().fold(builder, |builder, server| {
        builder.endpoint(format!("http://127.0.0.1:{}/v1", server.port))
    });
    builder.build().unwrap()
}

/// Waits until it can serve; what it says until then is that it loads, or nothing.
async fn ready(server: &LlamaCpp) {
    let begun = Instant::now();
    while let Err(error) = server.bare().check(Check::Ready).await {
        assert!(
            matches!(error.kind(), ErrorKind::NotReady | ErrorKind::Connect),
            "{error}"
        );
        assert!(begun.elapsed() < Duration::from_secs(60), "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn load(backend: &Backend) -> Load {
    let op = Op::Load(Arc::default());
    backend
        .call(Call::new(op))
        .await
        .unwrap()
        .into_load()
        .unwrap()
}

#[tokio::test]
#[ignore = "needs a llama-server"]
async fn chats() {
    let server = start(
        "chat.gguf",
        &["-c", "4096", "-np", "2", "--jinja", "--metrics"],
    );
    let account = account(&[&server]);
    ready(&account).await;
    let model = account.default_model().unwrap();
    let backend = Backend::from(account.clone());
    let only = Options::new().grammar(r#"root ::= "yes" | "no""#);
    let request = ChatRequest::from("Is an otter a fish?")
        .option(only)
        .logprobs(2);
    let whole = model.chat(request.clone()).await.unwrap();
    assert!(["yes", "no"].contains(&&*whole.text()), "{whole:?}");
    assert!(Timings::of(&whole).unwrap().predicted_n > Some(0));
    assert!(
        whole.usage.timing.is_some() && whole.usage.input.total > Some(0),
        "{:?}",
        whole.usage
    );
    let counted = model.count_tokens(request.clone()).await.unwrap();
    assert_eq!(Some(counted.input), whole.usage.input.total);
    let stream = model.chat(request).stream().await.unwrap();
    let streamed = stream.collect().await.unwrap();
    assert!(["yes", "no"].contains(&&*streamed.text()), "{streamed:?}");
    assert!(Timings::of(&streamed).unwrap().cache_n > Some(0));

    let schema =
        Json::parse(r#"{"type":"object","properties":{"a":{"type":"boolean"}},"required":["a"]}"#);
    let held = ChatRequest::from("Say.").format(Format::Schema {
        name: "a".to_owned(),
        schema: schema.unwrap(),
        strict: true,
    });
    let held = model.chat(held).await.unwrap();
    Json::parse(held.text()).unwrap();
    let cut = model
        .chat(ChatRequest::from("Say.").max_output_tokens(3_u64))
        .await
        .unwrap();
    assert_eq!(cut.finish.kind, FinishKind::MaxTokens);
    let long = ChatRequest::from("the quick brown fox ".repeat(2_000));
    let error = model.chat(long.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ContextLength, "{error}");
    let error = model.chat(long).stream().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ContextLength, "{error}");
    let wrong = Options::new().grammar("root ::= (");
    let error = model
        .chat(ChatRequest::from("Say.").option(wrong))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    let error = model.embed(["a"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");

    let text = "an otter á 👋 naïve";
    let tokens = model.tokenize(text).special(false).await.unwrap();
    assert!(tokens.tokens.iter().all(|token| token.text.is_some()));
    let back = model.detokenize(tokens.ids()).await.unwrap();
    assert_eq!(back, text);

    let listed = backend.models().await.unwrap();
    assert_eq!(
        (listed[0].id.as_str(), listed[0].context_limit),
        ("one", Some(2_048))
    );
    let load = load(&backend).await;
    assert_eq!((load.running, load.waiting), (Some(0.0), Some(0.0)));
    assert!(
        load.output_tokens > Some(3.0) && load.input_tokens > Some(10.0),
        "{load:?}"
    );
    let prompt = backend
        .ask(ApplyTemplate::new("Hello otter"))
        .await
        .unwrap();
    assert!(prompt.contains("Hello otter"), "{prompt}");
    assert_eq!(
        backend.ask(SaveSlot::new(0, "x")).await.unwrap_err().kind(),
        ErrorKind::Unsupported
    );
}

#[tokio::test]
#[ignore = "needs a llama-server"]
async fn completions_slots_and_adapters() {
    let folder = std::env::temp_dir().join(format!("llamacpp-slots-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let kept = format!("{}/", folder.display());
    let more = [
        "-c",
        "4096",
        "-np",
        "2",
        "--props",
        "--slots",
        "--lora",
        "lora.gguf",
        "--slot-save-path",
        &kept,
    ];
    let server = start("chat.gguf", &more);
    let account = account(&[&server]);
    ready(&account).await;
    let backend = Backend::from(account);
    let options = CompletionOptions::new()
        .n_predict(12)
        .n_probs(2_u32)
        .temperature(0.0)
        .ignore_eos(true)
        .cache_prompt(true)
        .return_tokens(true)
        .id_slot(0_u32);
    let completion = Completion::new("The otter said that").with(options.clone());
    let whole = backend.ask(completion.clone()).await.unwrap();
    assert_eq!(whole.finish.as_ref().unwrap().kind, FinishKind::MaxTokens);
    assert_eq!((whole.tokens.len(), whole.probabilities.len()), (12, 12));
    assert_eq!(whole.probabilities[0].top.len(), 2);
    let mut pieces = backend.follow(completion).await.unwrap();
    let (mut text, mut tokens, mut last) = (String::new(), Vec::new(), None);
    while let Some(piece) = pieces.next().await {
        let piece = piece.unwrap();
        text.push_str(&piece.text);
        tokens.extend(piece.tokens.clone());
        last = Some(piece);
    }
    // The greedy choice is the same each time.
    assert_eq!((&text, &tokens), (&whole.text, &whole.tokens));
    let last = last.unwrap();
    assert_eq!(last.finish, whole.finish);
    assert!(last.usage.input.cache_read > Some(0), "{:?}", last.usage);
    let progress = options
        .clone()
        .return_progress(true)
        .cache_prompt(false)
        .timings_per_token(true);
    let mut pieces = backend
        .follow(Completion::new("The otter").with(progress))
        .await
        .unwrap();
    let first = pieces.next().await.unwrap().unwrap();
    assert!(
        first.progress.is_some() && first.tokens.is_empty(),
        "{first:?}"
    );
    drop(pieces);
    let tokens = Completion::new(vec![1_u32, 300, 310]).with(
        CompletionOptions::new()
            .n_predict(1)
            .post_sampling_probs(true)
            .n_probs(1_u32),
    );
    let likely = backend.ask(tokens).await.unwrap();
    assert!(
        likely.probabilities[0]
            .prob
            .is_some_and(|prob| (0.0..=1.0).contains(&prob))
    );

    let gap =
        Infill::new("fn a() {", "}").with(CompletionOptions::new().n_predict(4).temperature(0.0));
    let filled = backend.ask(gap.clone()).await.unwrap();
    let streamed = backend.follow(gap).await.unwrap().last().await.unwrap();
    assert_eq!(filled.finish, streamed.finish);

    let slots = backend.ask(Slots::new()).await.unwrap();
    assert_eq!(slots.len(), 2);
    assert!(
        slots[0].n_prompt_tokens > Some(0) && slots[0].n_decoded().is_some(),
        "{slots:?}"
    );
    let saved = backend.ask(SaveSlot::new(0, "talk.bin")).await.unwrap();
    assert!(saved.n_saved > 0 && saved.n_written > 0, "{saved:?}");
    let erased = backend.ask(EraseSlot(0)).await.unwrap();
    assert_eq!(erased.n_erased, saved.n_saved);
    let restored = backend.ask(RestoreSlot::new(0, "talk.bin")).await.unwrap();
    assert_eq!(
        (restored.n_restored, restored.n_read),
        (saved.n_saved, saved.n_written)
    );
    // Of numbers that there are not, it takes the rest of their division.
    let erased = backend.ask(EraseSlot(2)).await.unwrap();
    assert_eq!((erased.id_slot, erased.n_erased), (2, saved.n_saved));

    assert_eq!(backend.ask(LoraAdapters).await.unwrap()[0].scale, 1.0);
    backend
        .ask(SetLoraScales(vec![LoraScale::new(0, 0.25)]))
        .await
        .unwrap();
    assert_eq!(backend.ask(LoraAdapters).await.unwrap()[0].scale, 0.25);
    let props = backend.ask(Props::new()).await.unwrap();
    assert_eq!(
        (props.total_slots, props.model_alias.as_deref()),
        (Some(2), Some("one"))
    );
    assert_eq!(
        (props.endpoint_metrics, props.endpoint_slots),
        (Some(false), Some(true))
    );
    backend
        .ask(SetProps(Json::parse("{}").unwrap()))
        .await
        .unwrap();
    let error = backend
        .call(Call::new(Op::Load(Arc::default())))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
#[ignore = "needs a llama-server"]
async fn embeds_and_ranks() {
    let embed = start("embed.gguf", &["--embeddings", "--pooling", "mean"]);
    let tokens = start(
        "chat.gguf",
        &["-c", "2048", "--embeddings", "--pooling", "none"],
    );
    let rerank = start("rerank.gguf", &["--reranking"]);
    let (embed, each, rank) = (account(&[&embed]), account(&[&tokens]), account(&[&rerank]));
    for server in [&embed, &each, &rank] {
        ready(server).await;
    }
    let model = embed.model("one");
    let vectors = model
        .embed(["a cat sat", "a kitten sat", "the stock market"])
        .await
        .unwrap();
    let dot = |a: usize, b: usize| -> f32 {
        let (a, b) = (&vectors.vectors[a], &vectors.vectors[b]);
        a.as_slice()
            .iter()
            .zip(b.as_slice())
            .map(|(a, b)| a * b)
            .sum()
    };
    assert!(
        dot(0, 1) > 0.75 && dot(0, 2) < 0.2,
        "{} {}",
        dot(0, 1),
        dot(0, 2)
    );
    let native = Backend::from(embed.clone())
        .ask(EmbedTokens::new(["a cat sat"]))
        .await
        .unwrap();
    assert_eq!(native[0].vectors.len(), 1);
    let off = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-5;
    assert!(
        native[0].vectors[0]
            .iter()
            .zip(vectors.vectors[0].as_slice())
            .all(off)
    );
    let error = model.embed(["otter ".repeat(900)]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ContextLength, "{error}");

    let each = Backend::from(each)
        .ask(EmbedTokens::new(["a", "a b c"]))
        .await
        .unwrap();
    assert!(
        each[1].vectors.len() > each[0].vectors.len(),
        "{}",
        each[1].vectors.len()
    );
    let ranked = rank
        .model("one")
        .rerank("What do otters eat?", ["Fish.", "The moon.", "Crabs."]);
    let ranked = ranked.top_n(2).await.unwrap();
    assert_eq!(ranked.results.len(), 2);
    assert!(ranked.usage.input.total > Some(0));
}

/// `LLAMA_SLOW` is a library that has the server wait before it opens its model.
#[tokio::test]
#[ignore = "needs a llama-server"]
async fn loads_while_others_wait() {
    let mut command = Command::new(std::env::var_os("LLAMA_SERVER").unwrap());
    let port = free_port();
    command
        .current_dir(models())
        .args(["-m", "chat.gguf", "--host", "127.0.0.1", "--port"]);
    command
        .arg(port.to_string())
        .args(["-c", "2048", "--no-webui", "--jinja"]);
    command
        .env("LD_PRELOAD", std::env::var_os("LLAMA_SLOW").unwrap())
        .env("SLOW", "1");
    let child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let server = Running { child, port };
    let account = account(&[&server]);
    let begun = Instant::now();
    loop {
        let op = Op::Ready(Arc::default());
        match account.bare().call(Call::new(op)).await {
            Ok(reply) => {
                assert!(!reply.into_ready().unwrap().ready, "it was ready at once");
                break;
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Connect, "{error}"),
        }
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
    let model = account.model("one");
    let error = account.bare().model("one").chat("Hi").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotReady, "{error}");
    let error = account.bare().ask(Props::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotReady, "{error}");
    // The account's own retries may end before it has loaded; its circuit stays closed.
    let answer = loop {
        match model
            .chat(ChatRequest::from("Hi").max_output_tokens(4_u64))
            .await
        {
            Ok(answer) => break answer,
            Err(error) => assert_eq!(error.kind(), ErrorKind::NotReady, "{error}"),
        }
        assert!(begun.elapsed() < Duration::from_secs(60));
    };
    assert!(answer.usage.output.total > Some(0));
    println!(
        "loaded and answered after {:?}: {:?}",
        begun.elapsed(),
        account.backend().stats().endpoints[0]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a llama-server"]
async fn one_of_two_is_killed_under_load() {
    let more = ["-c", "4096", "-np", "2", "--metrics"];
    let (first, second) = (start("chat.gguf", &more), start("chat.gguf", &more));
    let account = account(&[&first, &second]);
    for server in [&first, &second] {
        ready(&self::account(&[server])).await;
    }
    let model = account.model("one");
    let ask = |n: u64| {
        let model = model.clone();
        async move {
            let request = ChatRequest::from(format!("Number {n}")).max_output_tokens(8_u64);
            match n % 2 {
                0 => model
                    .chat(request)
                    .await
                    .map(|answer| answer.usage.output.total),
                _ => match model.chat(request).stream().await {
                    Ok(stream) => stream
                        .collect()
                        .await
                        .map(|answer| answer.usage.output.total),
                    Err(error) => Err(error),
                },
            }
        }
    };
    let begun = Instant::now();
    let mut calls = tokio::task::JoinSet::new();
    let (mut well, mut committed, mut other) = (0, 0, Vec::new());
    let (mut first, mut sent) = (Some(first), 0_u64);
    let mut port = 0;
    let mut again = None;
    while well + committed + other.len() < 400 {
        while calls.len() < 16 && sent < 400 {
            calls.spawn(ask(sent));
            sent += 1;
        }
        match calls.join_next().await.unwrap().unwrap() {
            Ok(_) => well += 1,
            Err(error) if error.partial().is_some() => committed += 1,
            Err(error) => other.push(error.to_string()),
        }
        if sent > 150 && first.is_some() {
            port = first.as_ref().unwrap().port;
            first = None;
        }
        if sent > 300 && again.is_none() {
            again = Some(start_at(port, "chat.gguf", &more));
        }
    }
    println!(
        "{well} well, {committed} broken off after their first words, others {other:?}, {:?}",
        begun.elapsed()
    );
    for endpoint in account.backend().stats().endpoints {
        println!("{endpoint:?}");
    }
    assert!(other.is_empty(), "{other:?}");
    assert_eq!(
        load(&Backend::from(self::account(&[&second])))
            .await
            .running,
        Some(0.0)
    );
}

#[tokio::test]
#[ignore = "needs a llama-server"]
async fn a_stream_leaves_no_dead_connection() {
    let server = start("chat.gguf", &["-c", "2048"]);
    let account = account(&[&server]);
    ready(&account).await;
    // Without retries.
    let bare = account.bare();
    let options = CompletionOptions::new().n_predict(2);
    let (mut chats, mut completions) = (Vec::new(), Vec::new());
    for _ in 0..150 {
        let request = ChatRequest::from("Hi").max_output_tokens(2_u64);
        let stream = bare.model("one").chat(request).stream().await;
        match stream {
            Ok(stream) => drop(stream.collect().await.unwrap()),
            Err(error) => chats.push(error.to_string()),
        }
        if let Err(error) = bare.ask(Props::new()).await {
            chats.push(error.to_string());
        }
        let completion = Completion::new("Hi").with(options.clone());
        match bare.follow(completion).await {
            Ok(pieces) => drop(pieces.last().await.unwrap()),
            Err(error) => completions.push(error.to_string()),
        }
        if let Err(error) = bare.ask(Props::new()).await {
            completions.push(error.to_string());
        }
    }
    println!(
        "after chats {}, after completions {}: {:?}",
        chats.len(),
        completions.len(),
        completions.first()
    );
    assert!(chats.is_empty(), "{chats:?}");
}

#[tokio::test]
#[ignore = "needs a llama-server, and the port 8080"]
async fn is_found() {
    let server = start_at(8080, "chat.gguf", &["-c", "2048"]);
    ready(&account(&[&server])).await;
    let found = Registry::discover(&[PROVIDER], HttpClient::shared())
        .await
        .unwrap();
    let backend = found.backend("llamacpp").unwrap();
    assert_eq!(backend.models().await.unwrap()[0].id, "one");
}
