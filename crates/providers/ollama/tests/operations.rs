//! What only Ollama has, over a real connection.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::time::Duration;

use serde_json::{Value, json};
use trunkline_core::{Backend, Delivery, ErrorKind, HttpClient, Json, chat::FinishKind};
use trunkline_ollama::{
    Generate, GenerateOptions, KeepAlive, ModelOptions, Ollama, Ps, Pull, Show, Think, Version,
};
use trunkline_testkit::{Peer, peer::Reply};

fn at(peer: &Peer) -> Backend {
    let builder = Ollama::builder().client(HttpClient::shared());
    builder
        .endpoint(format!("{}/api", peer.url()))
        .build()
        .unwrap()
        .bare()
}

fn lines(lines: &[Value]) -> Reply {
    let lines = lines.iter().map(|line| format!("{line}\n"));
    Reply::status(200)
        .header("content-type", "application/x-ndjson")
        .chunked(lines)
}

fn asked(peer: &Peer) -> (String, Value) {
    let request = peer.requests().remove(0);
    let body = serde_json::from_str(&request.text()).unwrap_or_default();
    (format!("{} {}", request.method, request.path), body)
}

#[tokio::test]
async fn a_pull_tells_how_far_it_is() {
    let layer = |completed: Option<u64>| json!({"status": "pulling 8eeb52dfb3bb", "digest": "sha256:8eeb52dfb3bb", "total": 2000, "completed": completed});
    let steps = [
        json!({"status": "pulling manifest"}),
        layer(None),
        layer(Some(500)),
        layer(Some(2000)),
        json!({"status": "verifying sha256 digest"}),
        json!({"status": "success"}),
    ];
    let peer = Peer::start(lines(&steps).slices(5)).await;
    let mut progress = at(&peer).follow(Pull::new("llama3.2")).await.unwrap();
    let mut seen = Vec::new();
    while let Some(step) = progress.next().await {
        seen.push(step.unwrap());
    }
    let shares: Vec<_> = seen.iter().map(trunkline_ollama::Progress::share).collect();
    assert_eq!(shares, [None, Some(0.0), Some(0.25), Some(1.0), None, None]);
    assert!(seen[5].is_done() && !seen[4].is_done());
    assert_eq!(seen[3].digest.as_deref(), Some("sha256:8eeb52dfb3bb"));
    let body = json!({"model": "llama3.2", "stream": true});
    assert_eq!(asked(&peer), ("POST /api/pull".to_owned(), body));
}

#[tokio::test]
async fn a_pull_that_fails_or_ends_too_early_says_so() {
    let begun = json!({"status": "pulling manifest"});
    let failed = json!({"error": "pull model manifest: file does not exist"});
    for (steps, kind) in [
        (vec![begun.clone(), failed], ErrorKind::NotFound),
        (vec![begun.clone()], ErrorKind::Interrupted),
    ] {
        let peer = Peer::start(lines(&steps)).await;
        let mut progress = at(&peer).follow(Pull::new("nothing")).await.unwrap();
        progress.next().await.unwrap().unwrap();
        let error = progress.next().await.unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), error.delivery()),
            (kind, Delivery::Committed)
        );
        assert!(progress.next().await.is_none());
    }
    let done = json!({"status": "success"});
    let peer = Peer::start(lines(&[begun, done])).await;
    let progress = at(&peer).follow(Pull::new("m")).await.unwrap();
    assert!(progress.last().await.unwrap().is_done());
}

fn generated(response: &str) -> Value {
    json!({"model": "m", "created_at": "2026-03-14T09:26:53Z", "response": response, "done": false})
}

#[tokio::test]
async fn words_go_on_from_a_prompt_piece_by_piece() {
    let mut last = generated("");
    last["done"] = true.into();
    last["done_reason"] = "length".into();
    last["context"] = json!([1, 2, 3]);
    last["eval_count"] = 2.into();
    last["load_duration"] = 5.into();
    let mut thought = generated("");
    thought["thinking"] = "Hm.".into();
    let all = [thought, generated("return"), generated(" a"), last];
    let peer = Peer::start(lines(&all)).await;
    let mut pieces = at(&peer).follow(Generate::new("m", "fn")).await.unwrap();
    let mut seen = Vec::new();
    while let Some(piece) = pieces.next().await {
        seen.push(piece.unwrap());
    }
    let text: String = seen.iter().map(|piece| piece.text.as_str()).collect();
    assert_eq!(text, "return a");
    assert_eq!(seen[0].thinking.as_deref(), Some("Hm."));
    assert_eq!(seen[1].finish, None);
    let last = &seen[3];
    assert_eq!(last.finish.as_ref().unwrap().kind, FinishKind::MaxTokens);
    assert_eq!(last.context.as_ref().unwrap().get(), "[1,2,3]");
    assert_eq!(last.usage.output.total, Some(2));
    let timing = last.usage.timing.as_ref().unwrap();
    assert_eq!(timing.load, Some(Duration::from_nanos(5)));
    assert_eq!(last.created, Some(1_773_480_413));
}

#[tokio::test]
async fn every_setting_of_a_generation_is_sent() {
    let mut whole = generated("b");
    whole["done"] = true.into();
    let peer = Peer::start(Reply::status(200).json(&whole)).await;
    let options = GenerateOptions::new()
        .suffix("}")
        .system("Be brief.")
        .template("{{ .Prompt }}")
        .raw(true)
        .images(["dot"])
        .format(Json::parse(r#"{"type":"object"}"#).unwrap())
        .think(Think::Level("low".to_owned()))
        .context(Json::parse("[1,2]").unwrap())
        .keep_alive(Duration::from_secs(90))
        .truncate(false)
        .shift(false)
        .logprobs(true)
        .top_logprobs(3_u32)
        .options(
            ModelOptions::new()
                .num_ctx(8_192_u32)
                .stop(vec!["x".to_owned()]),
        );
    let generated = at(&peer).ask(Generate::new("m", "a").with(options)).await;
    assert_eq!(generated.unwrap().text, "b");
    let body = json!({
        "model": "m", "prompt": "a", "suffix": "}", "system": "Be brief.",
        "template": "{{ .Prompt }}", "raw": true, "images": ["ZG90"],
        "format": {"type": "object"}, "think": "low", "context": [1, 2], "keep_alive": 90,
        "truncate": false, "shift": false, "logprobs": true, "top_logprobs": 3,
        "options": {"num_ctx": 8192, "stop": ["x"]}, "stream": false,
    });
    assert_eq!(asked(&peer), ("POST /api/generate".to_owned(), body));

    let unfinished = self::generated("b");
    let peer = Peer::start(Reply::status(200).json(unfinished)).await;
    let error = at(&peer).ask(Generate::new("m", "a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn a_model_is_unloaded_by_a_generation_of_nothing() {
    let done = json!({"model": "m", "response": "", "done": true, "done_reason": "unload"});
    let peer = Peer::start(Reply::status(200).json(done)).await;
    let options = GenerateOptions::new().keep_alive(KeepAlive::Unload);
    let unload = Generate::new("m", "").with(options);
    let done = at(&peer).ask(unload).await.unwrap();
    assert_eq!(done.finish.unwrap().kind, FinishKind::Load);
    assert_eq!(asked(&peer).1["keep_alive"], 0);
}

#[tokio::test]
async fn a_model_is_shown() {
    let shown = json!({
        "capabilities": ["completion", "vision"], "license": "MIT", "template": "{{ .Prompt }}",
        "details": {"family": "llama", "families": null, "parameter_size": "8.0B"},
        "model_info": {"general.architecture": "llama", "llama.context_length": 8192},
        "modified_at": "2026-03-01T08:06:48-07:00", "parameters": null, "new_field": [1],
    });
    let peer = Peer::start(Reply::status(200).json(shown)).await;
    let shown = at(&peer).ask(Show::new("llava").verbose()).await.unwrap();
    assert!(shown.can("vision") && !shown.can("tools"));
    assert_eq!(shown.context_length(), Some(8_192));
    assert_eq!(
        shown.details.unwrap().parameter_size.as_deref(),
        Some("8.0B")
    );
    assert_eq!(
        asked(&peer),
        (
            "POST /api/show".to_owned(),
            json!({"model": "llava", "verbose": true})
        )
    );
}

#[tokio::test]
async fn what_is_in_memory_is_listed() {
    let loaded = json!({"models": [{
        "name": "m:1b", "model": "m:1b", "size": 3_367_856_128_u64, "size_vram": 1024,
        "expires_at": "2026-01-01T05:30:00.5+05:30", "context_length": 4096, "details": null,
    }]});
    let peer = Peer::start(Reply::status(200).json(loaded)).await;
    let loaded = at(&peer).ask(Ps).await.unwrap();
    assert_eq!(loaded[0].model, "m:1b");
    assert_eq!(loaded[0].size, Some(3_367_856_128));
    assert_eq!(loaded[0].expires(), Some(1_767_225_600));
    assert_eq!(asked(&peer).0, "GET /api/ps");
    let peer = Peer::start(Reply::status(200).json(json!({"models": null}))).await;
    assert_eq!(at(&peer).ask(Ps).await.unwrap(), []);
}

#[tokio::test]
async fn the_server_tells_its_version() {
    let peer = Peer::start(Reply::status(200).json(json!({"version": "0.12.6"}))).await;
    assert_eq!(at(&peer).ask(Version).await.unwrap(), "0.12.6");
    assert_eq!(asked(&peer).0, "GET /api/version");
}

#[tokio::test]
async fn ollama_s_own_variable_says_where_the_server_is() {
    let peer = Peer::start(Reply::status(200).json(json!({"version": "1"}))).await;
    let host = peer.url().replacen("http://127.0.0.1", "0.0.0.0", 1);
    let vars = move |name: &str| (name == "OLLAMA_HOST").then(|| host.clone());
    let backend = Backend::from(Ollama::from_vars(&vars).unwrap());
    assert_eq!(backend.ask(Version).await.unwrap(), "1");
    let request = peer.requests().remove(0);
    let has_key = request
        .headers
        .iter()
        .any(|(name, _)| name == "authorization");
    assert!(!has_key, "{:?}", request.headers);

    let wrong = |name: &str| (name == "OLLAMA_HOST").then(|| "ftp://x".to_owned());
    assert_eq!(
        Ollama::from_vars(&wrong).unwrap_err().kind(),
        ErrorKind::Config
    );
    // Ours goes before theirs.
    let both = |name: &str| match name {
        "OLLAMA_HOST" => Some("nowhere.invalid".to_owned()),
        "OLLAMA_BASE_URL" => Some(format!("{}/api", peer.url())),
        _ => None,
    };
    let stats = Ollama::from_vars(&both).unwrap().bare().stats();
    assert_eq!(
        &*stats.endpoints[0].endpoint,
        peer.url().trim_start_matches("http://")
    );
}
