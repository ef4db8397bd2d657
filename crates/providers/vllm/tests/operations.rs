//! What only vLLM has: what is sent for it, and what is made of the answers.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use http::response::Parts;
use trunkline_core::{ChatRequest, ErrorKind, Json, Operation, chat::Effort, raw::RawRequest};
use trunkline_vllm::{
    Classify, EmbedOptions, IsSleeping, LoadLora, PauseMode, Pool, PoolingTask, RerankOptions,
    ResetPrefixCache, Score, Sleep, SleepLevel, TokenizeChat, TruncationSide, UnloadLora, Vectors,
    Version, WakeUp,
};

fn head() -> Parts {
    http::Response::new(()).into_parts().0
}

fn decoded<O: Operation>(operation: &O, body: &str) -> trunkline_core::Result<O::Output> {
    operation.decode(&head(), body.to_owned().into())
}

/// Method, path and body.
fn shown(request: &RawRequest) -> String {
    let body = String::from_utf8_lossy(&request.body);
    format!("{} {} {body}", request.method, request.path)
        .trim_end()
        .to_owned()
}

fn sent(operation: &impl Operation) -> String {
    shown(&operation.encode().unwrap())
}

#[test]
fn pairs_are_scored_in_their_order() {
    let picture = Json::parse(r#"{"content":[{"type":"text","text":"a boat"}]}"#).unwrap();
    let score = Score::new("m", ["q"], ["a", "b"]);
    assert_eq!(
        sent(&score),
        r#"POST /score {"model":"m","text_1":["q"],"text_2":["a","b"]}"#
    );
    let options = RerankOptions::new().truncation_side(TruncationSide::Left);
    let of_pictures = Score::new("m", ["q"], [picture]).options(options);
    assert_eq!(
        sent(&of_pictures),
        r#"POST /score {"model":"m","text_1":["q"],"text_2":[{"content":[{"type":"text","text":"a boat"}]}],"truncation_side":"left"}"#
    );
    let answer = r#"{"id":"score-1","object":"list","created":1,"model":"m","data":[{"index":1,"object":"score","score":0.25},{"index":0,"object":"score","score":1}],"usage":{"prompt_tokens":9,"total_tokens":9}}"#;
    let scores = decoded(&score, answer).unwrap();
    assert_eq!(scores.scores, [1.0, 0.25]);
    assert_eq!((&*scores.model, scores.prompt_tokens), ("m", Some(9)));
    for wrong in [
        r#"{"data":[{"index":0,"score":1}]}"#,
        r#"{"data":[{"index":0,"score":1},{"index":2,"score":1}]}"#,
        r#"{"data":[{"index":0,"score":1},{"index":0,"score":1}]}"#,
        r#"{"data":[{"index":0,"score":null},{"index":1,"score":1}]}"#,
        "{}",
        "",
    ] {
        let error = decoded(&score, wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{wrong}");
    }
}

#[test]
fn a_class_has_a_name_where_the_model_has_one() {
    let classify = Classify::new("m", ["Sun!", "Rain."]);
    assert_eq!(
        sent(&classify),
        r#"POST /classify {"model":"m","input":["Sun!","Rain."]}"#
    );
    let answer = r#"{"id":"classify-1","model":"m","data":[{"index":0,"label":"glad","probs":[0.75,0.25],"num_classes":2},{"index":1,"label":null,"probs":[0.5,0.5],"num_classes":2}],"usage":{"prompt_tokens":6,"total_tokens":6}}"#;
    let classified = decoded(&classify, answer).unwrap();
    assert_eq!(classified.verdicts[0].label.as_deref(), Some("glad"));
    assert_eq!(classified.verdicts[1].label, None);
    assert_eq!(classified.verdicts[0].probs, [0.75, 0.25]);
}

#[test]
fn what_a_pooling_model_gives_is_one_vector_or_one_for_each_token() {
    let options = EmbedOptions::new().truncate_prompt_tokens(-1);
    let pool = Pool::new("m", ["a", "b c"])
        .task(PoolingTask::TokenEmbed)
        .options(options);
    assert_eq!(
        sent(&pool),
        r#"POST /pooling {"model":"m","input":["a","b c"],"task":"token_embed","truncate_prompt_tokens":-1}"#
    );
    let answer = r#"{"id":"pool-1","model":"m","data":[{"index":0,"object":"pooling","data":[0.5,-1]},{"index":1,"object":"pooling","data":[ [0.5,1],[2,4] ]}],"usage":{"prompt_tokens":5,"total_tokens":5}}"#;
    let pooled = decoded(&pool, answer).unwrap();
    assert_eq!(pooled.data[0], Vectors::One(vec![0.5, -1.0]));
    assert_eq!(
        pooled.data[1],
        Vectors::Each(vec![vec![0.5, 1.0], vec![2.0, 4.0]])
    );
    for wrong in [r#""AAAA""#, "[[1],2]", "null", "7"] {
        let answer =
            format!(r#"{{"data":[{{"index":0,"data":{wrong}}},{{"index":1,"data":[]}}]}}"#);
        assert!(decoded(&pool, &answer).is_err(), "{wrong}");
    }
}

#[test]
fn a_conversation_is_asked_for_its_tokens_with_what_its_prompt_is_made_of_only() {
    let chat = ChatRequest::from("Hi").model("m").temperature(0.5).option(
        trunkline_vllm::Options::new()
            .priority(3)
            .add_special_tokens(true),
    );
    let tokenize = TokenizeChat::new(chat);
    assert_eq!(
        sent(&tokenize),
        r#"POST /tokenize {"model":"m","messages":[{"role":"user","content":"Hi"}],"add_special_tokens":true,"return_token_strs":true}"#
    );
    let answer = r#"{"count":2,"max_model_len":64,"tokens":[1,9],"token_strs":["<s>","Hi"]}"#;
    let tokens = decoded(&tokenize, answer).unwrap();
    assert_eq!(tokens.max_model_len, Some(64));
    assert_eq!(tokens.tokens[1].text.as_deref(), Some("Hi"));
    let nothing = TokenizeChat::new(ChatRequest::default());
    assert_eq!(
        nothing.encode().unwrap_err().kind(),
        ErrorKind::InvalidRequest
    );
}

#[test]
fn what_a_chat_gives_its_template_counts_where_only_the_template_is_asked() {
    let of = |request: ChatRequest| {
        let sent = sent(&TokenizeChat::new(request.model("m")));
        let body: serde_json::Value =
            serde_json::from_str(sent.strip_prefix("POST /tokenize ").unwrap()).unwrap();
        assert!(body.get("reasoning_effort").is_none() && body.get("documents").is_none());
        body.get("chat_template_kwargs").map(ToString::to_string)
    };
    let kwargs = |json: &str| {
        let kwargs = Json::parse(json).unwrap();
        trunkline_vllm::Options::new().chat_template_kwargs(kwargs)
    };
    assert_eq!(of(ChatRequest::from("Hi")), None);
    assert_eq!(
        of(ChatRequest::from("Hi").effort(Effort::None)).unwrap(),
        r#"{"enable_thinking":false,"reasoning_effort":"none"}"#
    );
    // The caller's own word on thinking holds, as in chats; of the effort the request's does.
    let own = kwargs(r#"{"enable_thinking":false,"reasoning_effort":"low","x":1}"#);
    assert_eq!(
        of(ChatRequest::from("Hi").effort(Effort::High).option(own)).unwrap(),
        r#"{"enable_thinking":false,"reasoning_effort":"high","x":1}"#
    );
    let tide = Json::parse(r#"{"title":"Tide","text":"Six."}"#).unwrap();
    let documents = trunkline_vllm::Options::new().documents(vec![tide]);
    assert_eq!(
        of(ChatRequest::from("Hi").option(documents)).unwrap(),
        r#"{"documents":[{"text":"Six.","title":"Tide"}]}"#
    );
    let own = kwargs(r#"{"x":1}"#);
    assert_eq!(
        of(ChatRequest::from("Hi").option(own)).unwrap(),
        r#"{"x":1}"#
    );
}

#[test]
fn adapters_come_and_go_by_name() {
    assert_eq!(
        sent(&LoadLora::new("sql", "/a/sql")),
        r#"POST /v1/load_lora_adapter {"lora_name":"sql","lora_path":"/a/sql"}"#
    );
    assert_eq!(
        sent(&LoadLora::new("sql", "/a/sql").in_place().three_dimensions()),
        r#"POST /v1/load_lora_adapter {"lora_name":"sql","lora_path":"/a/sql","load_inplace":true,"is_3d_lora_weight":true}"#
    );
    let unload = UnloadLora::new("sql");
    assert_eq!(
        sent(&unload),
        r#"POST /v1/unload_lora_adapter {"lora_name":"sql"}"#
    );
    assert_eq!(
        decoded(&unload, "Success: gone.").unwrap(),
        "Success: gone."
    );
}

#[test]
fn a_server_sleeps_and_wakes_up() {
    assert_eq!(sent(&Sleep::default()), "POST /sleep?level=1");
    assert_eq!(
        sent(&Sleep::level(SleepLevel::Discard).mode(PauseMode::Keep)),
        "POST /sleep?level=2&mode=keep"
    );
    assert_eq!(sent(&WakeUp::default()), "POST /wake_up");
    let weights = WakeUp::only(["weights", "a b"]);
    assert_eq!(sent(&weights), "POST /wake_up?tags=weights&tags=a%20b");
    assert!(!decoded(&weights, r#"{"status":"sleeping","tags":["weights"]}"#).unwrap());
    assert!(decoded(&weights, r#"{"status":"awake","tags":["weights"]}"#).unwrap());
    // Those of old answer with nothing.
    assert!(decoded(&WakeUp::default(), "").unwrap() && !decoded(&weights, "").unwrap());
    assert_eq!(sent(&IsSleeping), "GET /is_sleeping");
    assert!(decoded(&IsSleeping, r#"{"is_sleeping":true}"#).unwrap());
    assert!(decoded(&IsSleeping, "").is_err());
}

#[test]
fn the_cache_is_forgotten_and_the_version_told() {
    assert_eq!(
        sent(&ResetPrefixCache::default().running_requests().external()),
        "POST /reset_prefix_cache?reset_running_requests=true&reset_external=true"
    );
    let reset = ResetPrefixCache::default();
    assert_eq!(sent(&reset), "POST /reset_prefix_cache");
    assert_eq!(
        decoded(&reset, r#"{"success":false}"#).unwrap(),
        Some(false)
    );
    assert_eq!(decoded(&reset, "").unwrap(), None);
    assert_eq!(sent(&Version), "GET /version");
    assert_eq!(
        decoded(&Version, r#"{"version":"0.32.0"}"#).unwrap(),
        "0.32.0"
    );
}
