//! Against real servers. Without the variables there is nothing to do:
//!
//! ```sh
//! llama-server -m chat.gguf -c 4096 -np 2 --jinja --metrics --props --slots --slot-save-path /tmp/slots/
//! TRUNKLINE_LLAMACPP_URL=http://127.0.0.1:8080 cargo test -p trunkline-llamacpp --test server -- --nocapture
//! ```
//!
//! `TRUNKLINE_LLAMACPP_EMBED_URL` is one with `--embeddings --pooling mean`, and
//! `TRUNKLINE_LLAMACPP_RERANK_URL` one with `--reranking`. A chat model of random weights will do.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use trunkline_core::{
    Backend, ChatRequest, Check, ErrorKind, HttpClient, Json, Message, Model,
    chat::{FinishKind, Format},
};
use trunkline_llamacpp::{
    ApplyTemplate, Completion, CompletionOptions, EmbedTokens, EraseSlot, Infill, LlamaCpp,
    LoraAdapters, LoraScale, Options, Props, RestoreSlot, SaveSlot, SetLoraScales, SetProps, Slots,
    Timings,
};

/// Why nothing was tried, is printed.
fn server(variable: &str) -> Option<LlamaCpp> {
    let Ok(url) = std::env::var(variable) else {
        println!("{variable} is not set: no real server was asked");
        return None;
    };
    let builder = LlamaCpp::builder().client(HttpClient::shared());
    Some(builder.endpoint(url).build().unwrap())
}

/// The account, its backend, and a model.
async fn served(variable: &str) -> Option<(LlamaCpp, Backend, Model)> {
    let account = server(variable)?;
    let backend = Backend::from(account.clone());
    backend.check(Check::Ready).await.unwrap();
    let models = backend.models().await.unwrap();
    println!("{models:?}");
    let model = account.model(models[0].id.as_str());
    Some((account, backend, model))
}

fn short() -> CompletionOptions {
    CompletionOptions::new().n_predict(2)
}

#[tokio::test]
async fn chats() {
    let Some((_, backend, model)) = served("TRUNKLINE_LLAMACPP_URL").await else {
        return;
    };
    let only = Options::new().grammar(r#"root ::= "yes" | "no""#);
    let request = ChatRequest::from("Is an otter a fish?")
        .option(only)
        .logprobs(2);
    let whole = model.chat(request.clone()).await.unwrap();
    assert!(["yes", "no"].contains(&&*whole.text()), "{whole:?}");
    assert!(Timings::of(&whole).unwrap().predicted_n > Some(0));
    assert!(whole.usage.timing.is_some() && whole.usage.input.total > Some(0));
    let counted = model.count_tokens(request.clone()).await.unwrap();
    assert_eq!(Some(counted.input), whole.usage.input.total);
    let stream = model.chat(request).stream().await.unwrap();
    let streamed = stream.collect().await.unwrap();
    assert!(["yes", "no"].contains(&&*streamed.text()), "{streamed:?}");

    let schema =
        Json::parse(r#"{"type":"object","properties":{"a":{"type":"boolean"}},"required":["a"]}"#);
    let held = ChatRequest::from("Say.").format(Format::Schema {
        name: "a".to_owned(),
        schema: schema.unwrap(),
        strict: true,
    });
    Json::parse(model.chat(held).await.unwrap().text()).unwrap();
    let cut = ChatRequest::from("Say.").max_output_tokens(3_u64);
    let cut = model.chat(cut).await.unwrap();
    assert_eq!(cut.finish.kind, FinishKind::MaxTokens);

    let begun = || {
        let messages = ChatRequest::from("Hello").message(Message::assistant_text("Zyx, wvu "));
        messages.max_output_tokens(4_u64).temperature(0.0)
    };
    let whole = model.chat(begun()).await.unwrap().text();
    let stream = model.chat(begun()).stream().await.unwrap();
    let streamed = stream.collect().await.unwrap().text();
    assert!(!whole.contains("Zyx"), "{whole}");
    assert_eq!(whole, streamed);

    let text = "an otter á 👋 naïve";
    let tokens = model.tokenize(text).special(false).await.unwrap();
    assert!(tokens.tokens.iter().all(|token| token.text.is_some()));
    assert_eq!(model.detokenize(tokens.ids()).await.unwrap(), text);
    let prompt = backend.ask(ApplyTemplate::new("Hello otter")).await;
    assert!(prompt.unwrap().contains("Hello otter"));
    let load = backend.load().await.unwrap();
    assert!(load.running.is_some() && load.output_tokens > Some(3.0));
}

#[tokio::test]
async fn refusals() {
    let Some((_, _, model)) = served("TRUNKLINE_LLAMACPP_URL").await else {
        return;
    };
    let long = ChatRequest::from("the quick brown fox ".repeat(4_000));
    let error = model.chat(long.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ContextLength, "{error}");
    let error = model.chat(long).stream().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ContextLength, "{error}");
    let wrong = ChatRequest::from("Say.").option(Options::new().grammar("root ::= ("));
    let error = model.chat(wrong).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    let error = model.embed(["a"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}

#[tokio::test]
async fn completions_and_gaps() {
    let Some((_, backend, _)) = served("TRUNKLINE_LLAMACPP_URL").await else {
        return;
    };
    let options = CompletionOptions::new()
        .n_predict(12)
        .n_probs(2_u32)
        .temperature(0.0)
        .ignore_eos(true)
        .return_tokens(true);
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
    assert_eq!(last.unwrap().finish, whole.finish);

    let likely = short().post_sampling_probs(true).n_probs(1_u32);
    let likely = Completion::new(vec![1_u32, 300, 310]).with(likely);
    let likely = backend.ask(likely).await.unwrap();
    let prob = likely.probabilities[0].prob;
    assert!(prob.is_some_and(|prob| (0.0..=1.0).contains(&prob)));

    let gap = Infill::new("fn a() {", "}").with(short().temperature(0.0));
    match backend.ask(gap.clone()).await {
        Ok(filled) => {
            let streamed = backend.follow(gap).await.unwrap().last().await.unwrap();
            assert_eq!(filled.finish, streamed.finish);
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}"),
    }
}

#[tokio::test]
async fn slots_properties_and_adapters() {
    let Some((_, backend, _)) = served("TRUNKLINE_LLAMACPP_URL").await else {
        return;
    };
    let completion = Completion::new("The otter").with(short().id_slot(0_u32));
    backend.ask(completion).await.unwrap();
    let props = backend.ask(Props::new()).await.unwrap();
    backend
        .ask(SetProps(Json::parse("{}").unwrap()))
        .await
        .unwrap();
    let slots = backend.ask(Slots::new()).await.unwrap();
    assert_eq!(Some(slots.len() as u64), props.total_slots.map(u64::from));

    match backend.ask(SaveSlot::new(0, "talk.bin")).await {
        Ok(saved) => {
            let erased = backend.ask(EraseSlot(0)).await.unwrap();
            assert_eq!(erased.n_erased, saved.n_saved);
            let restored = backend.ask(RestoreSlot::new(0, "talk.bin")).await.unwrap();
            let counts = (restored.n_restored, restored.n_read);
            assert_eq!(counts, (saved.n_saved, saved.n_written));
        }
        Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}"),
    }
    let adapters = backend.ask(LoraAdapters).await.unwrap();
    println!("{adapters:?}");
    if !adapters.is_empty() {
        let scales = SetLoraScales(vec![LoraScale::new(0, 0.25)]);
        backend.ask(scales).await.unwrap();
        assert_eq!(backend.ask(LoraAdapters).await.unwrap()[0].scale, 0.25);
    }
}

/// The server hangs up after a stream, and does not say so.
#[tokio::test]
async fn a_stream_leaves_no_dead_connection() {
    let Some((account, _, model)) = served("TRUNKLINE_LLAMACPP_URL").await else {
        return;
    };
    // Without retries.
    let bare = account.bare();
    for _ in 0..50 {
        let request = ChatRequest::from("Hi").max_output_tokens(2_u64);
        let stream = bare.model(model.name()).chat(request).stream().await;
        stream.unwrap().collect().await.unwrap();
        bare.ask(Props::new()).await.unwrap();
        let completion = Completion::new("Hi").with(short());
        let pieces = bare.follow(completion).await.unwrap();
        pieces.last().await.unwrap();
        bare.ask(Props::new()).await.unwrap();
    }
}

#[tokio::test]
async fn embeds() {
    let Some((_, backend, model)) = served("TRUNKLINE_LLAMACPP_EMBED_URL").await else {
        return;
    };
    let texts = ["a cat sat", "a kitten sat", "the stock market"];
    let together = model.embed(texts).await.unwrap();
    let native = backend.ask(EmbedTokens::new(["a cat sat"])).await.unwrap();
    assert_eq!(native[0].vectors.len(), 1);
    let ours = together.vectors[0].as_slice();
    assert_eq!(native[0].vectors[0].len(), ours.len());
    let off = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-4;
    assert!(native[0].vectors[0].iter().zip(ours).all(off));
}

#[tokio::test]
async fn ranks() {
    let Some((_, _, model)) = served("TRUNKLINE_LLAMACPP_RERANK_URL").await else {
        return;
    };
    let documents = ["Fish.", "The moon.", "Crabs."];
    let ranked = model.rerank("What do otters eat?", documents).top_n(2);
    let ranked = ranked.await.unwrap();
    assert_eq!(ranked.results.len(), 2);
    assert!(ranked.usage.input.total > Some(0));
}
