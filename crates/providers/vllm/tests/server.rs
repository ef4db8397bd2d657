//! Against real servers: `TRUNKLINE_VLLM_URL=http://127.0.0.1:8000 cargo test -p trunkline-vllm --test
//! server -- --nocapture` for one that writes, `TRUNKLINE_VLLM_POOLING_URL` for one that embeds. Without
//! the variables there is nothing to do.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::sync::Arc;

use trunkline_core::health::{Load, ReadyRequest};
use trunkline_vllm::{
    Extras, IsSleeping, LoadLora, Options, Pool, PoolingTask, ResetPrefixCache, Score, Sleep,
    SleepLevel, StructuredOutputs, TokenizeChat, UnloadLora, Vectors, Version, Vllm, WakeUp,
    prelude::*,
};

/// Why nothing was tried, is printed.
fn address(variable: &str) -> Option<String> {
    let address = std::env::var(variable).ok();
    if address.is_none() {
        println!("{variable} is not set: no real server was asked");
    }
    address
}

async fn load(backend: &Backend) -> Load {
    backend.load().await.unwrap()
}

/// The server, and what it calls its model.
async fn served(url: String) -> (Backend, Model) {
    let builder = Vllm::builder().client(HttpClient::shared()).endpoint(url);
    let backend = Backend::from(builder.build().unwrap());
    println!("version {}", backend.ask(Version).await.unwrap());
    let models = backend.models().await.unwrap();
    println!("{models:?}");
    assert!(models[0].context_limit.is_some());
    let model = backend.model(models[0].id.as_str());
    backend.check(Check::Ready).await.unwrap();
    for (name, ready) in [(models[0].id.as_str(), true), ("nobody", false)] {
        let op = Op::Ready(Arc::new(ReadyRequest::model(name)));
        let readiness = backend.call(Call::new(op)).await.unwrap();
        assert_eq!(readiness.into_ready().unwrap().ready, ready);
    }
    (backend, model)
}

#[tokio::test]
async fn a_server_that_writes() {
    let Some(url) = address("TRUNKLINE_VLLM_URL") else {
        return;
    };
    let (backend, model) = served(url).await;
    let before = load(&backend).await;
    println!("{before:?}");

    let asked = ChatRequest::from("Say something.")
        .max_output_tokens(12_u64)
        .temperature(0.8)
        .top_k(20)
        .seed(7)
        .option(
            Options::new()
                .return_token_ids(true)
                .return_prompt_text(true)
                .ignore_eos(true),
        );
    let whole = model.chat(asked.clone()).await.unwrap();
    println!("{whole:?}");
    assert_eq!(whole.finish.kind, FinishKind::MaxTokens);
    assert_eq!(whole.usage.output.total, Some(12));
    assert_eq!(whole.warnings, []);
    let extras = Extras::of(&whole).unwrap();
    assert_eq!(extras.choices[&0].token_ids.as_ref().unwrap().len(), 12);
    assert!(extras.prompt_text.is_some() && extras.prompt_token_ids.is_some());

    let streamed = model.chat(asked.clone()).stream().await.unwrap();
    let streamed = streamed.collect().await.unwrap();
    assert_eq!(streamed.text(), whole.text());
    assert_eq!(streamed.usage.output.total, Some(12));
    assert_eq!(Extras::of(&streamed).unwrap(), extras);

    let logged = model
        .chat(
            asked
                .clone()
                .logprobs(1)
                .option(Options::new().prompt_logprobs(1)),
        )
        .await
        .unwrap();
    let prompt = Extras::of(&logged).unwrap().prompt_logprobs.unwrap();
    assert_eq!(
        prompt.len(),
        extras.prompt_token_ids.as_ref().unwrap().len()
    );
    assert!(prompt[0].is_none() && prompt[1].is_some() && logged.logprobs.is_some());

    for (constraint, fits) in [
        (StructuredOutputs::choice(["yes", "no"]), "yes no"),
        (StructuredOutputs::regex("(ab){3}"), "ababab"),
        (StructuredOutputs::grammar("root ::= \"x\" | \"y\""), "x y"),
    ] {
        let held = model
            .chat(ChatRequest::from("Is it?").option(Options::new().structured_outputs(constraint)))
            .await
            .unwrap();
        println!("held {:?}", held.text());
        assert!(fits.contains(&held.text()) && !held.text().is_empty());
    }
    let schema = Json::parse(r#"{"type":"object","properties":{"n":{"type":"boolean"}},"required":["n"],"additionalProperties":false}"#).unwrap();
    let json = StructuredOutputs::json(schema);
    let held = model
        .chat(ChatRequest::from("Say so.").option(Options::new().structured_outputs(json)))
        .await;
    println!("json {:?}", held.unwrap().text());

    let two = model
        .chat(asked.clone().candidates(2))
        .stream()
        .await
        .unwrap();
    let two = two.collect().await.unwrap();
    assert_eq!(two.candidates.len(), 1);
    assert_eq!(Extras::of(&two).unwrap().choices.len(), 2);

    let begun = asked
        .clone()
        .message(Message::new(Role::Assistant, vec![Part::text("Once upon")]));
    let gone_on = model.chat(begun).await.unwrap();
    let prompt = Extras::of(&gone_on).unwrap().prompt_text.unwrap();
    println!("prefill {prompt:?} -> {:?}", gone_on.text());
    assert!(prompt.ends_with("Once upon"));

    let tokens = model.tokenize("Otters float.").await.unwrap();
    println!("{tokens:?}");
    assert!(tokens.tokens.iter().all(|token| token.text.is_some()));
    let bare = model
        .tokenize("Otters float.")
        .special(false)
        .await
        .unwrap();
    let text = model.detokenize(bare.ids()).await.unwrap();
    assert_eq!(text, "Otters float.");
    println!("{:?}", model.detokenize(tokens.ids()).await.unwrap());
    let chat = asked.clone().model(model.name());
    let prompt = backend.ask(TokenizeChat::new(chat)).await.unwrap();
    let counted = model.count_tokens(asked.clone()).await.unwrap();
    assert_eq!(prompt.tokens.len() as u64, counted.input);
    assert_eq!(Some(counted.input), whole.usage.input.total);

    for (wrong, kind) in [
        (
            asked.clone().max_output_tokens(100_000_u64),
            ErrorKind::InvalidRequest,
        ),
        (asked.clone().top_p(7.0), ErrorKind::InvalidRequest),
        (
            ChatRequest::from("x ".repeat(5_000)),
            ErrorKind::ContextLength,
        ),
    ] {
        let error = model.chat(wrong).await.unwrap_err();
        println!("{error} {:?}", error.param());
        assert_eq!(error.kind(), kind);
    }
    let error = backend.model("nobody").chat("Hi").await.unwrap_err();
    println!("{error}");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let error = model.embed(["Hi"]).await.unwrap_err();
    println!("embed {error}");
    let error = model.rerank("a", ["b", "c"]).await.unwrap_err();
    println!("rerank {error}");

    println!("reset {:?}", backend.ask(ResetPrefixCache::default()).await);
    println!("asleep {:?}", backend.ask(IsSleeping).await);
    println!(
        "sleep {:?}",
        backend.ask(Sleep::level(SleepLevel::Paused)).await
    );
    println!("asleep {:?}", backend.ask(IsSleeping).await);
    let by = |word: &str| {
        let vllm = Vllm::builder()
            .vars(&|name| std::env::var(name).ok())
            .unwrap();
        let vllm = vllm.client(HttpClient::shared()).setting("ready", word);
        Backend::from(vllm.build().unwrap())
    };
    for word in ["health", "metrics", "is_sleeping"] {
        println!("{word} {:?}", by(word).check(Check::Ready).await);
    }
    println!("wake {:?}", backend.ask(WakeUp::default()).await);
    println!("asleep {:?}", backend.ask(IsSleeping).await);
    println!(
        "lora {:?}",
        backend.ask(LoadLora::new("sql", "/nowhere")).await
    );
    println!("lora {:?}", backend.ask(UnloadLora::new("sql")).await);

    let after = load(&backend).await;
    println!("{after:?}");
    assert!(after.output_tokens > before.output_tokens);
}

#[tokio::test]
async fn a_server_that_embeds() {
    let Some(url) = address("TRUNKLINE_VLLM_POOLING_URL") else {
        return;
    };
    let (backend, model) = served(url).await;
    let texts = [
        "Otters sleep afloat.",
        "Sea otters rest on water.",
        "Taxes are due.",
    ];
    let embedded = model.embed(texts).await.unwrap();
    let likeness = |a: usize, b: usize| -> f32 {
        let (a, b) = (
            embedded.vectors[a].as_slice(),
            embedded.vectors[b].as_slice(),
        );
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    };
    println!("{} {} {:?}", likeness(0, 1), likeness(0, 2), embedded.usage);
    assert!(likeness(0, 1) > likeness(0, 2));
    let pooled = backend
        .ask(Pool::new(model.name(), texts).task(PoolingTask::Embed))
        .await
        .unwrap();
    let Vectors::One(first) = &pooled.data[0] else {
        panic!("{pooled:?}");
    };
    let same = first.iter().zip(embedded.vectors[0].as_slice());
    assert!(same.clone().all(|(a, b)| (a - b).abs() < 1e-5));
    let [query, documents @ ..] = texts;
    let scores = backend
        .ask(Score::new(model.name(), [query], documents))
        .await;
    println!("{scores:?}");
    assert!((scores.unwrap().scores[0] as f32 - likeness(0, 1)).abs() < 1e-3);
    let ranked = model
        .rerank(query, ["Taxes are due.", "Sea otters rest on water."])
        .await;
    let ranked = ranked.unwrap();
    println!("{ranked:?}");
    assert_eq!(ranked.results[0].index, 1);
    let short = model.embed(["a"]).dimensions(8).await;
    println!("{short:?}");
    println!("{:?}", load(&backend).await);
    println!("{}", model.chat("Hi").await.unwrap_err());
    println!("{:?}", model.tokenize("Otters").await.unwrap());
}
