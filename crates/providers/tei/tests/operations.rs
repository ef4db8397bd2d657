//! What only this server has, and what its limit does, over a real connection.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use trunkline_core::{Backend, Check, ErrorKind, HttpClient, Operation, Scope};
use trunkline_tei::{
    DecodeMany, EmbedAll, EmbedSparse, Info, MAX_BATCH, ModelType, Predict, Similarity, Tei,
    TokenizeMany, TruncationDirection,
};
use trunkline_testkit::{Peer, peer::Reply};

fn at(peer: &Peer) -> Backend {
    let builder = Tei::builder().client(HttpClient::shared());
    builder.endpoint(peer.url()).build().unwrap().bare()
}

async fn answering(body: &Value) -> Peer {
    Peer::start(Reply::status(200).json(body)).await
}

fn asked(peer: &Peer) -> (String, Value) {
    let request = peer.requests().remove(0);
    let body = serde_json::from_str(&request.text()).unwrap_or_default();
    (format!("{} {}", request.method, request.path), body)
}

#[tokio::test]
async fn a_vector_for_each_token() {
    let peer = answering(&json!([[[0.5, 1.0], [0.25, 0.0]], [[1.0, 1.0]]])).await;
    let all = EmbedAll::new(["otter", "crab"])
        .truncate(true)
        .truncation_direction(TruncationDirection::Left)
        .prompt_name("query");
    let embedded = at(&peer).ask(all).await.unwrap();
    assert_eq!(
        embedded,
        [vec![vec![0.5, 1.0], vec![0.25, 0.0]], vec![vec![1.0, 1.0]]]
    );
    let body = json!({
        "inputs": ["otter", "crab"], "truncate": true, "truncation_direction": "Left",
        "prompt_name": "query",
    });
    assert_eq!(asked(&peer), ("POST /embed_all".to_owned(), body));
}

#[tokio::test]
async fn sparse_vectors() {
    let peer = answering(&json!([[{"index": 1012, "value": 0.9375}], []])).await;
    let sparse = EmbedSparse::new([vec![101, 7], vec![9]]);
    let embedded = at(&peer).ask(sparse).await.unwrap();
    assert_eq!(
        (embedded[0][0].index, embedded[0][0].value),
        (1_012, 0.9375)
    );
    assert!(embedded[1].is_empty());
    let body = json!({"inputs": [[101, 7], [9]]});
    assert_eq!(asked(&peer), ("POST /embed_sparse".to_owned(), body));
}

#[tokio::test]
async fn classes_of_texts_and_of_pairs() {
    let calm = json!([{"score": 0.75, "label": "calm"}, {"score": 0.25, "label": "rough"}]);
    let peer = answering(&json!([calm, calm])).await;
    let texts = Predict::new(["The sea is flat.", "No wind."])
        .raw_scores(true)
        .truncate(false);
    let predicted = at(&peer).ask(texts).await.unwrap();
    assert_eq!(
        (predicted.len(), predicted[0][0].label.as_str()),
        (2, "calm")
    );
    assert_eq!(predicted[1][1].score, 0.25);
    let body = json!({
        "inputs": [["The sea is flat."], ["No wind."]], "truncate": false, "raw_scores": true,
    });
    assert_eq!(asked(&peer), ("POST /predict".to_owned(), body));

    let peer = answering(&json!([calm])).await;
    let pair = Predict::new([("It rains.", "It is wet.")]);
    at(&peer).ask(pair).await.unwrap();
    assert_eq!(
        asked(&peer).1,
        json!({"inputs": [["It rains.", "It is wet."]]})
    );
}

#[tokio::test]
async fn how_alike_sentences_are() {
    let peer = answering(&json!([0.875, -0.125])).await;
    let alike = Similarity::new("otter", ["beaver", "tide"]);
    assert_eq!(at(&peer).ask(alike.clone()).await.unwrap(), [0.875, -0.125]);
    let inputs = json!({"source_sentence": "otter", "sentences": ["beaver", "tide"]});
    assert_eq!(
        asked(&peer),
        ("POST /similarity".to_owned(), json!({"inputs": inputs}))
    );

    let peer = answering(&json!([0.875, -0.125])).await;
    at(&peer).ask(alike.prompt_name("query")).await.unwrap();
    let body = json!({"inputs": inputs, "parameters": {"prompt_name": "query"}});
    assert_eq!(asked(&peer).1, body);
}

#[tokio::test]
async fn tokens_of_many_texts_and_back() {
    let otter = json!({"id": 7, "text": "otter", "special": false, "start": 0, "stop": 5});
    let peer = answering(&json!([[otter], []])).await;
    let many = TokenizeMany::new(["otter", ""])
        .special(false)
        .prompt_name("query");
    let tokens = at(&peer).ask(many).await.unwrap();
    assert_eq!(
        (tokens[0][0].id, tokens[0][0].span.clone()),
        (7, Some(0..5))
    );
    assert!(tokens[1].is_empty());
    let body =
        json!({"inputs": ["otter", ""], "add_special_tokens": false, "prompt_name": "query"});
    assert_eq!(asked(&peer), ("POST /tokenize".to_owned(), body));

    let peer = answering(&json!(["otter", "crab"])).await;
    let many = DecodeMany::new([vec![7], vec![8, 9]]).special(true);
    assert_eq!(at(&peer).ask(many).await.unwrap(), ["otter", "crab"]);
    let body = json!({"ids": [[7], [8, 9]], "skip_special_tokens": false});
    assert_eq!(asked(&peer), ("POST /decode".to_owned(), body));
}

fn info(model_type: &Value) -> Value {
    json!({
        "model_id": "harbour/otter", "model_type": model_type, "max_client_batch_size": 8,
        "max_input_length": 512, "version": "1.9.3", "later": [1],
    })
}

#[tokio::test]
async fn what_the_server_says_of_itself() {
    let labels = json!({"id2label": {"0": "calm"}, "label2id": {"calm": 0}});
    for (model_type, name, route) in [
        (
            json!({"embedding": {"pooling": "mean"}}),
            "embedding",
            Some("embed"),
        ),
        (
            json!({"embedding": {"pooling": "splade"}}),
            "embedding",
            Some("embed_sparse"),
        ),
        (json!({"reranker": labels}), "reranker", Some("rerank")),
        (json!({"classifier": labels}), "classifier", Some("predict")),
        (json!({"listener": {"pooling": [7]}}), "listener", None),
        (json!("sleeper"), "sleeper", None),
    ] {
        let peer = answering(&info(&model_type)).await;
        let told = at(&peer).ask(Info).await.unwrap();
        assert_eq!(told.model_type.name(), name);
        assert_eq!(told.model_type.routes().first().copied(), route);
        assert_eq!(
            (told.max_client_batch_size, told.served_model_name),
            (Some(8), None)
        );
        if let ModelType::Classifier(labels) = told.model_type {
            assert_eq!(
                (labels.id2label["0"].as_str(), labels.label2id["calm"]),
                ("calm", 0)
            );
        }
        assert_eq!(asked(&peer).0, "GET /info");
    }
}

#[tokio::test]
async fn what_is_not_asked_or_not_answered_is_an_error() {
    let none: [&str; 0] = [];
    let empty = [
        EmbedAll::new(none).encode().map(drop),
        Predict::new(none).encode().map(drop),
        Similarity::new("otter", none).encode().map(drop),
        TokenizeMany::new(none).encode().map(drop),
    ];
    for refused in empty {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidRequest);
    }
    let peer = answering(&json!([[[0.5]]])).await;
    let error = at(&peer)
        .ask(EmbedAll::new(["otter", "crab"]))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");

    let body = json!({
        "error": "Backend error: Model is not an embedding model with SPLADE pooling",
        "error_type": "Backend",
    });
    let peer = Peer::start(Reply::status(424).json(&body)).await;
    let error = at(&peer)
        .ask(EmbedSparse::new(["otter"]))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.scope()),
        (ErrorKind::Unsupported, Scope::Model)
    );
    assert_eq!(error.error_type(), Some("Backend"));
}

/// What is no number in JSON, and the server writes as `null`: a model that overflows in 16 bits has
/// nothing else in its vectors.
#[tokio::test]
async fn vectors_of_no_numbers_say_what_to_do() {
    fn assert(error: trunkline_core::Error) {
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
        assert!(error.message().contains("--dtype float32"), "{error}");
    }
    let peer = answering(&json!([[null, null], [0.5, 0.25]])).await;
    let texts = vec!["otter".to_owned(), "crab".to_owned()];
    let error = at(&peer).model("any").embed(&texts).await.unwrap_err();
    assert(error);
    let peer = answering(&json!([[[0.5, null]]])).await;
    assert(at(&peer).ask(EmbedAll::new(["a"])).await.unwrap_err());
    let peer = answering(&json!([[{"index": 1, "value": null}]])).await;
    assert(at(&peer).ask(EmbedSparse::new(["a"])).await.unwrap_err());
    let peer = answering(&json!([null])).await;
    assert(
        at(&peer)
            .ask(Similarity::new("a", ["b"]))
            .await
            .unwrap_err(),
    );
    // Another form is another thing.
    let peer = answering(&json!([["a"]])).await;
    let error = at(&peer).ask(EmbedAll::new(["a"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(!error.message().contains("--dtype"), "{error}");
}

#[tokio::test]
async fn a_hosted_endpoint_that_wakes_up_is_not_ready() {
    // Of the proxy, which gives its errors no type, as the server itself does.
    let waking = json!({"error": "503 Service Unavailable"});
    let peer = Peer::start(Reply::status(503).json(&waking)).await;
    let error = at(&peer).ask(EmbedAll::new(["a"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotReady, "{error}");
    let broken = Reply::status(503).json(json!({"error": "unhealthy", "error_type": "Unhealthy"}));
    let peer = Peer::start(broken).await;
    let error = at(&peer).ask(EmbedAll::new(["a"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server, "{error}");
    let elsewhere = Reply::status(500).json(&waking);
    let peer = Peer::start(elsewhere).await;
    let error = at(&peer).ask(EmbedAll::new(["a"])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server, "{error}");
}

#[tokio::test]
async fn query_and_documents_arrive_in_their_order() {
    let places = json!([{"index": 1, "score": 0.5}, {"index": 0, "score": 0.25}]);
    let peer = answering(&places).await;
    let model = at(&peer).model("any");
    let ranking = model.rerank("é 漢字", ["two", "one \" \n"]).await.unwrap();
    assert_eq!(ranking.results[0].index, 1);
    let body = json!({"query": "é 漢字", "texts": ["two", "one \" \n"]});
    assert_eq!(asked(&peer), ("POST /rerank".to_owned(), body));
}

/// A server that takes so many in one request, and says of each input how long it is.
async fn measuring(most: usize) -> (Peer, Arc<Mutex<Vec<usize>>>) {
    let sizes: Arc<Mutex<Vec<usize>>> = Arc::default();
    let seen = sizes.clone();
    let peer = Peer::respond_with(move |request| {
        let body: Value = serde_json::from_str(&request.text()).unwrap();
        let texts = body.get("inputs").or_else(|| body.get("texts")).unwrap();
        let texts = texts.as_array().unwrap();
        seen.lock().unwrap().push(texts.len());
        if texts.len() > most {
            let error = format!(
                "batch size {} > maximum allowed batch size {most}",
                texts.len()
            );
            return Reply::status(422).json(json!({"error": error, "error_type": "Validation"}));
        }
        let lengths = texts.iter().map(|text| text.as_str().unwrap().len());
        let answer = match body.get("query") {
            Some(_) => lengths
                .enumerate()
                .map(|(index, score)| json!({"index": index, "score": score}))
                .collect(),
            None => lengths.map(|length| json!([length])).collect::<Vec<_>>(),
        };
        Reply::status(200)
            .json(json!(answer))
            .header("x-compute-tokens", texts.len().to_string())
    })
    .await;
    (peer, sizes)
}

#[tokio::test]
async fn a_thousand_texts_go_in_pieces_of_the_servers_own_limit() {
    let texts: Vec<String> = (0..1_000).map(|length| "x".repeat(length % 97)).collect();
    for (setting, most) in [(None, MAX_BATCH), (Some("100"), 100), (Some("1000"), 1_000)] {
        let (peer, sizes) = measuring(most).await;
        let builder = Tei::builder()
            .client(HttpClient::shared())
            .endpoint(peer.url());
        let builder = match setting {
            Some(most) => builder.setting("max_batch", most),
            None => builder,
        };
        let model = builder.build().unwrap().default_model().unwrap();
        let answer = model.embed(&texts).await.unwrap();
        let lengths: Vec<usize> = answer
            .vectors
            .iter()
            .map(|vector| vector[0] as usize)
            .collect();
        assert!(
            lengths
                .iter()
                .zip(&texts)
                .all(|(length, text)| *length == text.len())
        );
        assert_eq!(
            (lengths.len(), answer.usage.input.total),
            (1_000, Some(1_000))
        );
        assert_eq!(sizes.lock().unwrap().len(), 1_000_usize.div_ceil(most));

        let ranking = model.rerank("the longest", &texts).await.unwrap();
        let best = &ranking.results[0];
        assert_eq!((ranking.results.len(), best.score), (1_000, 96.0));
        assert_eq!(texts[best.index].len(), 96);
    }
}

#[tokio::test]
async fn an_account_that_thinks_the_server_takes_more_is_told() {
    let (peer, _) = measuring(4).await;
    let builder = Tei::builder()
        .client(HttpClient::shared())
        .endpoint(peer.url());
    let model = builder.build().unwrap().default_model().unwrap();
    let error = model.embed(["a"; 40]).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.done()),
        (ErrorKind::TooLarge, Some((0, 40)))
    );
    assert!(error.to_string().contains("TEI_MAX_BATCH"), "{error}");
}

#[test]
fn a_limit_that_is_none_is_a_wrong_setting() {
    for wrong in ["0", "-1", "many", ""] {
        let builder = Tei::builder().client(HttpClient::shared());
        let error = builder.setting("max_batch", wrong).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{wrong}");
        assert!(error.to_string().contains("TEI_MAX_BATCH"), "{error}");
    }
    let vars = |name: &str| (name == "TEI_MAX_BATCH").then(|| "7".to_owned());
    let tei = Tei::from_vars(&vars).unwrap();
    let can = tei.backend().info().capabilities;
    assert_eq!((can.max_inputs, can.max_documents), (Some(7), Some(7)));
}

#[tokio::test]
async fn a_base_url_may_end_as_other_clients_want_it() {
    for end in ["", "/", "/v1", "/v1/"] {
        let peer = answering(&json!([[1.0]])).await;
        let builder = Tei::builder().client(HttpClient::shared());
        let tei = builder
            .endpoint(format!("{}{end}", peer.url()))
            .build()
            .unwrap();
        tei.default_model().unwrap().embed(["otter"]).await.unwrap();
        assert_eq!(asked(&peer).0, "POST /embed", "{end}");
    }
}

#[tokio::test]
async fn a_server_without_a_key_is_found_and_another_is_not_taken_for_it() {
    let ours = answering(&info(&json!({"embedding": {"pooling": "cls"}}))).await;
    let check = at(&ours).check(Check::Authorized).await.unwrap();
    assert_eq!(check.models, ["harbour/otter"]);
    let request = ours.requests().remove(0);
    assert!(
        request.header("authorization").is_none(),
        "no key was given"
    );

    let theirs = answering(&json!({"model_id": "m", "router": "text-generation-router"})).await;
    let error = at(&theirs).check(Check::Authorized).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
}
