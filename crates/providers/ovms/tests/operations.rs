//! What only the OpenVINO Model Server has, over a real connection.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use serde_json::{Value, json};
use trunkline_core::{
    Backend, Call, Delivery, ErrorKind, HttpClient, Op, Reply as Answer, middleware::Stack,
};
use trunkline_ovms::{
    Complete, ConfigReload, ConfigStatus, Encoding, ImageOptions, Images, InferOptions, Options,
    Ovms, Predict, Predicted, Status, Tensor, prelude::InferRequest,
};
use trunkline_testkit::{Peer, peer::Reply};

fn account(peer: &Peer, path: &str) -> Ovms {
    let builder = Ovms::builder().client(HttpClient::shared());
    let builder = builder.endpoint(format!("{}{path}", peer.url()));
    builder.stack(Stack::bare()).build().unwrap()
}

fn at(peer: &Peer) -> Backend {
    account(peer, "").into()
}

async fn answers(body: impl ToString) -> Peer {
    let json = Reply::status(200).header("content-type", "application/json");
    Peer::start(json.body(body.to_string())).await
}

fn asked(peer: &Peer) -> (String, Value) {
    let request = peer.requests().remove(0);
    let body = serde_json::from_str(&request.text()).unwrap_or_default();
    (format!("{} {}", request.method, request.path), body)
}

fn x() -> Tensor {
    Tensor::of("x", [2, 2], &[1.5_f32, 2.0, 3.0, 4.0]).unwrap()
}

fn models() -> Value {
    json!({
        "resnet": {"model_version_status": [
            {"version": "1", "state": "END", "status": {"error_code": "OK", "error_message": "OK"}},
            {"version": "2", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": "OK"}},
        ]},
        "broken": {"model_version_status": [
            {"version": "1", "state": "LOADING", "status": {"error_code": "UNKNOWN", "error_message": "no file"}},
        ]},
    })
}

#[tokio::test]
async fn the_configuration_tells_how_all_models_stand() {
    let peer = answers(models()).await;
    let all = at(&peer).ask(ConfigStatus).await.unwrap();
    assert_eq!(asked(&peer).0, "GET /v1/config");
    assert!(all["resnet"].is_available() && !all["broken"].is_available());
    assert_eq!(all["broken"].versions[0].status.error_message, "no file");
    assert_eq!(all["resnet"].versions[1].version, "2");
}

#[tokio::test]
async fn a_reload_says_whether_anything_changed() {
    for (status, changed) in [(201, true), (200, false)] {
        let peer = Peer::start(Reply::status(status).body(models().to_string())).await;
        let reloaded = at(&peer).ask(ConfigReload).await.unwrap();
        assert_eq!((reloaded.changed, reloaded.models.len()), (changed, 2));
        assert_eq!(asked(&peer).0, "POST /v1/config/reload");
    }
    let failed = json!({"error": "Reloading config file failed. Check server logs for more info."});
    let peer = Peer::start(Reply::status(500).body(failed.to_string())).await;
    let error = at(&peer).ask(ConfigReload).await.unwrap_err();
    assert!(
        error.message().starts_with("Reloading config file failed"),
        "{error}"
    );
}

#[tokio::test]
async fn tensors_go_as_bytes_unless_told_otherwise() {
    let peer = answers(r#"{"outputs":[]}"#).await;
    account(&peer, "")
        .model("resnet")
        .infer([x()])
        .output("y")
        .await
        .unwrap();
    let request = peer.requests().remove(0);
    assert_eq!(request.path, "/v2/models/resnet/infer");
    let length = request.header("inference-header-content-length").unwrap();
    let length: usize = length.parse().unwrap();
    assert_eq!(&request.body[length..], x().data());
    let body: Value = serde_json::from_slice(&request.body[..length]).unwrap();
    assert_eq!(body["parameters"], json!({"binary_data_output": true}));

    let peer = answers(r#"{"outputs":[]}"#).await;
    let request = InferRequest::new([x()]).option(InferOptions::new().encoding(Encoding::Json));
    account(&peer, "")
        .model("resnet")
        .infer_request(request)
        .await
        .unwrap();
    assert_eq!(
        asked(&peer).1["inputs"][0]["data"],
        json!([1.5, 2.0, 3.0, 4.0])
    );
}

#[tokio::test]
async fn a_base_url_may_end_where_chats_begin() {
    for path in ["", "/v3", "/v3/"] {
        let answer = json!({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]});
        let peer = answers(answer).await;
        account(&peer, path).model("m").chat("Hi").await.unwrap();
        assert_eq!(asked(&peer).0, "POST /v3/chat/completions");
        let peer = answers(models()).await;
        account(&peer, path)
            .backend()
            .ask(ConfigStatus)
            .await
            .unwrap();
        assert_eq!(asked(&peer).0, "GET /v1/config");
    }
}

#[tokio::test]
async fn predict_sends_columns_or_rows() {
    let peer = answers(json!({"outputs": {"y": [[1.0, 2.0], [3.0, 4e0]], "z": [[7]]}})).await;
    let n = Tensor::of("n", [2], &[7_u8, 9]).unwrap();
    let predict = Predict::columns("net", [x(), n.clone()])
        .version("2")
        .signature_name("s");
    let predicted = at(&peer).ask(predict).await.unwrap();
    let sent =
        json!({"signature_name": "s", "inputs": {"x": [[1.5, 2.0], [3.0, 4.0]], "n": [7, 9]}});
    assert_eq!(
        asked(&peer),
        ("POST /v1/models/net/versions/2:predict".to_owned(), sent)
    );
    assert_eq!(predicted.numbers("y"), Some(vec![1.0, 2.0, 3.0, 4.0]));
    assert_eq!(
        (predicted.numbers("z"), predicted.numbers("q")),
        (Some(vec![7.0]), None)
    );

    let peer = answers(json!({"predictions": [{"y": [1]}, {"y": [2]}]})).await;
    let predicted = at(&peer)
        .ask(Predict::rows("net", [x(), n.clone()]))
        .await
        .unwrap();
    let sent = json!({"instances": [{"x": [1.5, 2.0], "n": 7}, {"x": [3.0, 4.0], "n": 9}]});
    assert_eq!(
        asked(&peer),
        ("POST /v1/models/net:predict".to_owned(), sent)
    );
    assert!(matches!(predicted, Predicted::Predictions(rows) if rows[1].get() == r#"{"y":[2]}"#));

    // A sole input without a name goes alone; bytes go as base64.
    let peer = answers(json!({"outputs": [[0.5], [1.5]]})).await;
    let files = Tensor::of_bytes("", [2], [&b"\xff\xd8"[..], b"x"]).unwrap();
    let predicted = at(&peer)
        .ask(Predict::columns("net", [files.clone()]))
        .await
        .unwrap();
    assert_eq!(
        asked(&peer).1,
        json!({"inputs": [{"b64": "/9g="}, {"b64": "eA=="}]})
    );
    assert_eq!(predicted.numbers(""), Some(vec![0.5, 1.5]));
    let peer = answers(json!({"predictions": [1, 2]})).await;
    at(&peer).ask(Predict::rows("net", [files])).await.unwrap();
    assert_eq!(
        asked(&peer).1,
        json!({"instances": [{"b64": "/9g="}, {"b64": "eA=="}]})
    );

    let uneven = Predict::rows("net", [x(), Tensor::of("n", [1], &[7_u8]).unwrap()]);
    let error = at(&answers("").await).ask(uneven).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let error = at(&answers("{}").await)
        .ask(Predict::columns("net", [x()]))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn a_model_s_status_is_tensorflow_s() {
    let peer = answers(&models()["resnet"]).await;
    let status = at(&peer)
        .ask(Status::of("res net").version("2"))
        .await
        .unwrap();
    assert!(status.is_available());
    assert_eq!(asked(&peer).0, "GET /v1/models/res%20net/versions/2");
}

#[tokio::test]
async fn a_server_without_tensorflow_s_api_says_so() {
    // Below /v1 such a server has what others have below /v3: a model of its list.
    let listed = json!({"id": "resnet", "object": "model", "created": 1, "owned_by": "OVMS"});
    let error = at(&answers(listed).await)
        .ask(Status::of("resnet"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(error.message().contains("ConfigStatus"), "{error}");

    let refused =
        json!({"error": "The file is not valid json - model field is missing in JSON body"});
    let peer = Peer::start(Reply::status(412).json(refused)).await;
    let predict = Predict::columns("resnet", [x()]);
    let error = at(&peer).ask(predict).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
}

#[tokio::test]
async fn a_graph_that_failed_is_told_from_a_request_that_was_wrong() {
    // It has one status, 400, for all that goes wrong in a graph.
    let says = async |status: &str| {
        let what = format!("Mediapipe execution failed. MP status - {status}");
        let peer = Peer::start(Reply::status(400).json(json!({ "error": what }))).await;
        let error = at(&peer)
            .ask(Images::new("sdxl", "an otter"))
            .await
            .unwrap_err();
        (error.kind(), error.delivery())
    };
    let failed = "INTERNAL: CalculatorGraph::Run() failed: \nError during images generation";
    let failed = says(failed).await;
    assert_eq!(failed, (ErrorKind::Server, Delivery::MaybeProcessed));
    let wrong = says("INVALID_ARGUMENT: n value should be greater than 0").await;
    assert_eq!(wrong, (ErrorKind::InvalidRequest, Delivery::Rejected));
    let many = says("INTERNAL: Number of documents exceeds max_allowed_chunks").await;
    assert_eq!(many.0, ErrorKind::TooLarge);
    let long = says("INTERNAL: The requests length of 900 tokens exceeds the model context of 512");
    assert_eq!(long.await.0, ErrorKind::ContextLength);
}

#[tokio::test]
async fn pictures_come_as_files() {
    let peer = answers(json!({"data": [{"b64_json": "iVBORw=="}]})).await;
    let options = ImageOptions::new().size("512x512").rng_seed(7_u32);
    let pictures = at(&peer)
        .ask(Images::new("sdxl", "an otter").options(options))
        .await
        .unwrap();
    assert_eq!(pictures, [&b"\x89PNG"[..]]);
    let sent = json!({"model": "sdxl", "prompt": "an otter", "size": "512x512", "rng_seed": 7});
    assert_eq!(
        asked(&peer),
        ("POST /v3/images/generations".to_owned(), sent)
    );
    let broken = answers(json!({"data": [{"b64_json": "?"}]})).await;
    let error = at(&broken)
        .ask(Images::new("sdxl", "an otter"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn a_prompt_is_gone_on_with_whole_or_piece_by_piece() {
    let asking = || {
        let options = Options::new().ignore_eos(true);
        Complete::new("llama3", "Once")
            .max_tokens(9)
            .temperature(0.5)
            .stop(".")
            .options(options)
    };
    let sent = |stream: bool| json!({"model": "llama3", "prompt": "Once", "max_tokens": 9, "temperature": 0.5, "stop": ["."], "ignore_eos": true, "stream": stream});
    let piece = |text: &str, finish: Value| json!({"model": "llama3", "choices": [{"index": 0, "text": text, "finish_reason": finish, "logprobs": null}]});
    let peer = answers(piece(" upon a time", json!("stop"))).await;
    let whole = at(&peer).ask(asking()).await.unwrap();
    assert_eq!(
        (whole.text(), whole.choices[0].finish_reason.as_deref()),
        (" upon a time", Some("stop"))
    );
    assert_eq!(
        asked(&peer),
        ("POST /v3/completions".to_owned(), sent(false))
    );

    let pieces = [
        piece(" upon", Value::Null),
        piece(" a time", json!("length")),
    ]
    .map(|piece| piece.to_string());
    let [first, second] = &pieces;
    let peer = Peer::start(Reply::sse([first.as_str(), second, "[DONE]"])).await;
    let mut following = at(&peer).follow(asking()).await.unwrap();
    let mut text = String::new();
    while let Some(piece) = following.next().await {
        text.push_str(piece.unwrap().text());
    }
    assert_eq!(
        (text.as_str(), asked(&peer).1),
        (" upon a time", sent(true))
    );

    for (last, kind) in [
        (second.as_str(), ErrorKind::Interrupted),
        (r#"{"error":"it broke"}"#, ErrorKind::Server),
    ] {
        let peer = Peer::start(Reply::sse([first.as_str(), last])).await;
        let error = at(&peer)
            .follow(asking())
            .await
            .unwrap()
            .last()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind);
    }
}

#[tokio::test]
async fn likelihoods_are_asked_for_by_a_number_where_a_prompt_is_gone_on_with() {
    let likely = || Options::new().logprobs(true).best_of(2_u32);
    let peer = answers(json!({"choices": [{"text": "x"}]})).await;
    let asking = Complete::new("llama3", "Once").options(likely());
    at(&peer).ask(asking).await.unwrap();
    let sent = asked(&peer).1;
    assert_eq!(
        (&sent["logprobs"], &sent["best_of"]),
        (&json!(1), &json!(2))
    );
    let peer = answers(json!({"choices": [{"text": "x"}]})).await;
    let asking = Complete::new("llama3", "Once").options(Options::new().logprobs(false));
    at(&peer).ask(asking).await.unwrap();
    assert_eq!(asked(&peer).1.get("logprobs"), None);
    // A chat is asked by a truth.
    let answer = json!({"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]});
    let peer = answers(answer).await;
    let request = trunkline_ovms::prelude::ChatRequest::from("Hi").option(likely());
    account(&peer, "").model("m").chat(request).await.unwrap();
    assert_eq!(asked(&peer).1["logprobs"], json!(true));
}

#[tokio::test]
async fn its_load_is_read_from_its_metrics() {
    let metrics = "ovms_current_requests{name=\"a\"} 5\novms_current_requests{name=\"b\"} 1\novms_current_graphs{name=\"c\"} 2\n";
    let ask = async |text: String| {
        let peer = Peer::start(
            Reply::status(200)
                .header("content-type", "text/plain")
                .body(text),
        )
        .await;
        let reply = at(&peer)
            .call(Call::new(Op::Load(Default::default())))
            .await
            .unwrap();
        assert_eq!(asked(&peer).0, "GET /metrics");
        match reply {
            Answer::Load(load) => (load.running, load.waiting),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ask(metrics.to_owned()).await, (Some(8.0), None));
    assert_eq!(
        ask(format!("{metrics}ovms_infer_req_active 4\n")).await,
        (Some(6.0), Some(2.0))
    );
    assert_eq!(ask("other 1\n".to_owned()).await, (None, None));
}
