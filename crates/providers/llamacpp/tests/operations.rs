//! What only the llama.cpp server has, over a real connection.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::time::Duration;

use serde_json::{Value, json};
use trunkline_core::{
    Backend, ChatRequest, Delivery, ErrorKind, HttpClient, Json, Tool,
    chat::{Completeness, FinishKind},
};
use trunkline_llamacpp::{
    ApplyTemplate, Completion, CompletionOptions, EmbedTokens, EndReasoning, EraseSlot, Infill,
    LlamaCpp, LoadModel, LoraAdapters, LoraScale, Prompt, PromptPiece, Props, RestoreSlot,
    SaveSlot, SetLoraScales, SetProps, Slot, Slots, UnloadModel,
};
use trunkline_testkit::{Peer, peer::Reply};

fn at(peer: &Peer) -> Backend {
    let builder = LlamaCpp::builder().client(HttpClient::shared());
    // Out of habit.
    builder
        .endpoint(format!("{}/v1", peer.url()))
        .build()
        .unwrap()
        .bare()
}

async fn says(json: Value) -> Peer {
    Peer::start(Reply::status(200).json(json)).await
}

fn asked(peer: &Peer) -> (String, Value) {
    let request = peer.requests().remove(0);
    let body = serde_json::from_str(&request.text()).unwrap_or_default();
    (format!("{} {}", request.method, request.path), body)
}

fn last(stop_type: &str) -> Value {
    json!({
        "index": 0, "content": "", "tokens": [], "id_slot": 1, "stop": true, "model": "tiny",
        "tokens_predicted": 2, "tokens_evaluated": 7, "generation_settings": {"seed": 4294967295_u64},
        "prompt": "<s>The otter", "has_new_line": false, "truncated": false, "stop_type": stop_type,
        "stopping_word": "", "tokens_cached": 9,
        "timings": {"cache_n": 5, "prompt_n": 2, "prompt_ms": 1.5, "prompt_per_second": null,
            "predicted_n": 2, "predicted_ms": 12.5, "predicted_per_second": 160.0, "new": [1]},
    })
}

fn piece(content: &str, tokens: &[u32], predicted: u64) -> Value {
    json!({"index": 0, "content": content, "tokens": tokens, "stop": false, "id_slot": -1,
        "tokens_predicted": predicted, "tokens_evaluated": 7})
}

#[tokio::test]
async fn a_completion_comes_token_by_token() {
    let mut read = piece("", &[0], 0);
    read["prompt_progress"] = json!({"total": 7, "cache": 5, "processed": 7, "time_ms": 3});
    let mut likely = piece(" swims", &[507], 1);
    likely["completion_probabilities"] = json!([{"id": 507, "token": " swims", "bytes": [32],
        "logprob": -0.5, "top_logprobs": [{"id": 9, "token": "", "bytes": [195], "logprob": -0.25}]}]);
    let all = [read, likely, piece(".", &[5], 2), last("limit")];
    let peer = Peer::start(Reply::sse(&all).slices(7)).await;
    let options = CompletionOptions::new()
        .n_predict(2)
        .n_probs(1_u32)
        .return_progress(true);
    let completion = Completion::new("The otter").with(options);
    let mut pieces = at(&peer).follow(completion).await.unwrap();
    let mut seen = Vec::new();
    while let Some(piece) = pieces.next().await {
        seen.push(piece.unwrap());
    }
    let text: String = seen.iter().map(|piece| piece.text.as_str()).collect();
    assert_eq!(text, " swims.");
    assert_eq!(seen[0].progress.unwrap().cache, 5);
    // The token of a piece that tells of progress is none.
    assert_eq!(
        (&seen[0].tokens[..], &seen[1].tokens[..]),
        (&[][..], &[507][..])
    );
    assert_eq!((seen[1].id_slot, &seen[1].finish), (None, &None));
    let likely = &seen[1].probabilities[0];
    assert_eq!((likely.logprob, likely.prob), (Some(-0.5), None));
    assert_eq!(
        (likely.top[0].id, &likely.top[0].bytes[..]),
        (9, &[195][..])
    );
    assert_eq!(seen[1].usage.completeness, Completeness::Partial);

    let end = &seen[3];
    assert_eq!(end.finish.as_ref().unwrap().kind, FinishKind::MaxTokens);
    assert_eq!((end.id_slot, end.model.as_str()), (Some(1), "tiny"));
    let usage = &end.usage;
    assert_eq!(
        (usage.input.total, usage.input.cache_read),
        (Some(7), Some(5))
    );
    assert_eq!(
        (usage.output.total, usage.completeness),
        (Some(2), Completeness::Final)
    );
    let timing = usage.timing.as_ref().unwrap();
    assert_eq!(timing.completion, Some(Duration::from_micros(12_500)));
    assert_eq!(end.timings.as_ref().unwrap().prompt_per_second, None);
    let body = json!({"prompt": "The otter", "n_predict": 2, "n_probs": 1, "return_progress": true, "stream": true});
    assert_eq!(asked(&peer), ("POST /completion".to_owned(), body));
}

#[tokio::test]
async fn a_completion_says_why_it_ended() {
    for (stop_type, truncated, word, expected) in [
        ("eos", false, "", FinishKind::Stop),
        ("limit", false, "", FinishKind::MaxTokens),
        ("limit", true, "", FinishKind::ContextWindow),
        (
            "word",
            false,
            "\n",
            FinishKind::StopSequence(Some("\n".to_owned())),
        ),
        ("swum_away", false, "", FinishKind::Other),
    ] {
        let mut whole = last(stop_type);
        whole["truncated"] = truncated.into();
        whole["stopping_word"] = word.into();
        let peer = says(whole).await;
        let completed = at(&peer).ask(Completion::new("a")).await.unwrap();
        let finish = completed.finish.unwrap();
        assert_eq!(
            (finish.kind, finish.raw.as_deref()),
            (expected, Some(stop_type))
        );
        assert_eq!(asked(&peer).1, json!({"prompt": "a", "stream": false}));
    }
    let peer = says(piece("a", &[1], 1)).await;
    let error = at(&peer).ask(Completion::new("a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn a_completion_that_breaks_off_or_fails_says_so() {
    let failed =
        json!({"error": {"code": 500, "message": "Compute error.", "type": "server_error"}});
    let full = json!({"error": {"code": 500, "message": "context shift is disabled", "type": "server_error"}});
    for (end, kind) in [
        (Some(failed), ErrorKind::Server),
        (Some(full), ErrorKind::ContextLength),
        (None, ErrorKind::Interrupted),
    ] {
        let all: Vec<Value> = [piece("a", &[1], 1)].into_iter().chain(end).collect();
        let peer = Peer::start(Reply::sse(&all)).await;
        let mut pieces = at(&peer).follow(Completion::new("a")).await.unwrap();
        pieces.next().await.unwrap().unwrap();
        let error = pieces.next().await.unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), error.delivery()),
            (kind, Delivery::Committed)
        );
        assert!(pieces.next().await.is_none());
    }
    let long = json!({"error": {"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 9,
        "n_ctx": 8, "message": "request (9 tokens) exceeds the available context size (8 tokens)"}});
    let peer = Peer::start(Reply::status(400).json(long)).await;
    let error = at(&peer).follow(Completion::new("a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ContextLength);
}

#[tokio::test]
async fn every_form_of_a_prompt_and_its_settings_are_sent() {
    let media = Prompt::Media {
        text: "See <m>".to_owned(),
        media: vec!["dot".into()],
    };
    let mixed = Prompt::from([PromptPiece::from(1), "a".into()]);
    for (prompt, sent) in [
        (Prompt::from(vec![1, 2]), json!([1, 2])),
        (mixed, json!([1, "a"])),
        (
            media,
            json!({"prompt_string": "See <m>", "multimodal_data": ["ZG90"]}),
        ),
    ] {
        let peer = says(last("eos")).await;
        let options = CompletionOptions::new()
            .model("tiny")
            .temperature(0.5)
            .top_k(9_u32)
            .seed(7_u32)
            .stop(vec!["\n".to_owned()])
            .logit_bias(Json::parse("[[7,false]]").unwrap())
            .return_tokens(true)
            .json_schema(Json::parse(r#"{"type":"object"}"#).unwrap())
            .lora(vec![LoraScale::new(0, 0.25)])
            .dry_sequence_breakers(vec![":".to_owned()])
            .samplers(vec!["top_k".to_owned()])
            .id_slot(1_u32);
        at(&peer)
            .ask(Completion::new(prompt).with(options))
            .await
            .unwrap();
        let body = json!({"prompt": sent, "model": "tiny", "temperature": 0.5, "top_k": 9, "seed": 7,
            "stop": ["\n"], "logit_bias": [[7, false]], "return_tokens": true,
            "json_schema": {"type": "object"}, "lora": [{"id": 0, "scale": 0.25}],
            "dry_sequence_breakers": [":"], "samplers": ["top_k"], "id_slot": 1, "stream": false});
        assert_eq!(asked(&peer).1, body);
    }
}

#[tokio::test]
async fn a_gap_is_filled_whole_and_piece_by_piece() {
    let peer = says(last("eos")).await;
    let gap = Infill::new("fn a() {", "}")
        .file("b.rs", "mod a;")
        .prompt(" let");
    let gap = gap.with(CompletionOptions::new().n_predict(8));
    at(&peer).ask(gap.clone()).await.unwrap();
    let mut body = json!({"input_prefix": "fn a() {", "input_suffix": "}", "prompt": " let",
        "input_extra": [{"filename": "b.rs", "text": "mod a;"}], "n_predict": 8, "stream": false});
    assert_eq!(asked(&peer), ("POST /infill".to_owned(), body.clone()));

    let peer = Peer::start(Reply::sse([piece("x", &[1], 1), last("eos")])).await;
    let end = at(&peer).follow(gap).await.unwrap().last().await.unwrap();
    assert_eq!(end.finish.unwrap().kind, FinishKind::Stop);
    body["stream"] = true.into();
    assert_eq!(asked(&peer).1, body);
    // The server hangs up after a stream.
    assert_eq!(peer.requests()[0].header("connection"), Some("close"));
    let no = json!({"error": {"code": 501, "type": "not_supported_error",
        "message": "Infill is not supported by this model: prefix token is missing."}});
    let peer = Peer::start(Reply::status(501).json(no)).await;
    let error = at(&peer).ask(Infill::new("a", "b")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn a_chat_becomes_the_prompt_that_it_is() {
    let peer = says(json!({"prompt": "<|user|>hi"})).await;
    let schema = Json::parse(r#"{"type":"object"}"#).unwrap();
    let chat = ChatRequest::from("hi").tool(Tool::new("dive", "Dives.", schema));
    let prompt = at(&peer).ask(ApplyTemplate::new(chat)).await.unwrap();
    assert_eq!(prompt, "<|user|>hi");
    let (path, body) = asked(&peer);
    assert_eq!(path, "POST /apply-template");
    assert_eq!(body["messages"], json!([{"role": "user", "content": "hi"}]));
    assert_eq!(body["tools"][0]["function"]["name"], "dive");
}

#[tokio::test]
async fn each_token_has_a_vector() {
    let two =
        json!([{"index": 1, "embedding": [[0.5]]}, {"index": 0, "embedding": [[1.0], [2.0]]}]);
    let peer = says(two.clone()).await;
    let inputs = EmbedTokens::new(["a", "b"]).normalize(-1).model("m");
    let vectors = at(&peer).ask(inputs).await.unwrap();
    assert_eq!(vectors[0].vectors, [[1.0], [2.0]]);
    assert_eq!(vectors[1].vectors, [[0.5]]);
    let body = json!({"model": "m", "content": ["a", "b"], "embd_normalize": -1});
    assert_eq!(asked(&peer), ("POST /embedding".to_owned(), body));
    let peer = says(two).await;
    let error = at(&peer).ask(EmbedTokens::new(["a"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn a_server_says_what_it_is() {
    let props = json!({"default_generation_settings": {"n_ctx": 2048, "params": {"seed": 1}},
        "total_slots": 2, "model_alias": "tiny", "model_path": "tiny.gguf", "chat_template": "{{ m }}",
        "modalities": {"vision": true, "audio": false}, "bos_token": "<s>", "eos_token": "</s>",
        "build_info": "b1-0", "is_sleeping": false, "endpoint_metrics": true, "media_marker": "<m>"});
    let peer = says(props).await;
    let props = at(&peer).ask(Props::of("a b")).await.unwrap();
    assert_eq!((props.n_ctx, props.total_slots), (Some(2_048), Some(2)));
    assert!(props.modalities.vision && !props.modalities.video);
    assert_eq!(props.params.unwrap().get(), r#"{"seed":1}"#);
    assert!(props.raw.get().contains("model_path"));
    assert_eq!(asked(&peer).0, "GET /props?model=a%20b");
    let peer = says(
        json!({"role": "router", "default_generation_settings": {"params": null, "n_ctx": 0}}),
    )
    .await;
    let router = at(&peer).ask(Props::new()).await.unwrap();
    assert_eq!(
        (router.role.as_deref(), router.total_slots),
        (Some("router"), None)
    );
}

#[tokio::test]
async fn slots_say_what_they_do() {
    let slots = json!([
        {"id": 0, "n_ctx": 2048, "speculative": false, "is_processing": false},
        {"id": 1, "n_ctx": 2048, "is_processing": true, "id_task": 3, "n_prompt_tokens": 9,
            "params": {"seed": 1}, "next_token": [{"n_decoded": 4, "n_remain": -1}]},
        {"id": 2, "is_processing": true, "id_task": -1, "next_token": {"n_decoded": 5}},
    ]);
    let peer = says(slots).await;
    let slots = at(&peer).ask(Slots::new()).await.unwrap();
    let decoded: Vec<_> = slots.iter().map(Slot::n_decoded).collect();
    assert_eq!(decoded, [None, Some(4), Some(5)]);
    assert_eq!(Slot::load(&slots).running, Some(2.0));
    assert_eq!(asked(&peer).0, "GET /slots");
}

#[tokio::test]
async fn a_slot_is_saved_restored_and_erased() {
    let peer = says(json!({"id_slot": 1, "filename": "a.bin", "n_saved": 7, "n_written": 900, "timings": {"save_ms": 1.0}})).await;
    let saved = at(&peer).ask(SaveSlot::new(1, "a.bin")).await.unwrap();
    assert_eq!((saved.n_saved, saved.n_written), (7, 900));
    let body = json!({"filename": "a.bin"});
    assert_eq!(asked(&peer), ("POST /slots/1?action=save".to_owned(), body));
    let peer =
        says(json!({"id_slot": 1, "filename": "a.bin", "n_restored": 7, "n_read": 900})).await;
    let restored = at(&peer).ask(RestoreSlot::new(1, "a.bin")).await.unwrap();
    assert_eq!((restored.n_restored, restored.n_read), (7, 900));
    assert_eq!(asked(&peer).0, "POST /slots/1?action=restore");
    let peer = says(json!({"id_slot": 1, "n_erased": 7})).await;
    assert_eq!(at(&peer).ask(EraseSlot(1)).await.unwrap().n_erased, 7);
    assert_eq!(
        asked(&peer),
        ("POST /slots/1?action=erase".to_owned(), json!({}))
    );
}

#[tokio::test]
async fn adapters_are_listed_and_scaled() {
    let listed =
        json!([{"id": 0, "path": "a.gguf", "scale": 0.5, "task_name": "", "prompt_prefix": ""}]);
    let peer = says(listed).await;
    let adapters = at(&peer).ask(LoraAdapters).await.unwrap();
    assert_eq!(
        (adapters[0].path.as_str(), adapters[0].scale),
        ("a.gguf", 0.5)
    );
    assert_eq!(asked(&peer).0, "GET /lora-adapters");
    let peer = says(json!({"success": true})).await;
    let scales = SetLoraScales(vec![LoraScale::new(0, 1.5)]);
    at(&peer).ask(scales).await.unwrap();
    let body = json!([{"id": 0, "scale": 1.5}]);
    assert_eq!(asked(&peer), ("POST /lora-adapters".to_owned(), body));
}

#[tokio::test]
async fn what_does_not_succeed_says_why() {
    let why = json!({"success": false, "message": "no active completion for this id"});
    let peer = says(why).await;
    let error = at(&peer)
        .ask(EndReasoning::new("chatcmpl-1"))
        .await
        .unwrap_err();
    assert_eq!(error.message(), "no active completion for this id");
    let body = json!({"id": "chatcmpl-1", "action": "reasoning_end"});
    assert_eq!(
        asked(&peer),
        ("POST /v1/chat/completions/control".to_owned(), body)
    );

    let peer = says(json!({"success": true})).await;
    at(&peer).ask(LoadModel::new("m")).await.unwrap();
    assert_eq!(
        asked(&peer),
        ("POST /models/load".to_owned(), json!({"model": "m"}))
    );
    let peer = says(json!({"success": true})).await;
    at(&peer).ask(UnloadModel::new("m")).await.unwrap();
    assert_eq!(asked(&peer).0, "POST /models/unload");
    let peer = says(json!({"success": true})).await;
    let props = SetProps(Json::parse("{}").unwrap());
    at(&peer).ask(props).await.unwrap();
    assert_eq!(asked(&peer).0, "POST /props");
}

#[tokio::test]
async fn a_token_that_there_is_not_is_the_requests_fault() {
    // Word for word the server's library's, under a status that others mean otherwise.
    let why = "vector::_M_range_check: __n (which is 9999999) >= this->size() (which is 582)";
    let error = json!({"error": {"code": 500, "message": why, "type": "server_error"}});
    let peer = Peer::start(Reply::status(500).json(error)).await;
    let model = at(&peer).model("tiny");
    let error = model.detokenize([9_999_999_u32]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(peer.requests().len(), 1);
}
