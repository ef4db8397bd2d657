//! What the protocol has beside inference, over a real connection.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use serde_json::json;
use trunkline_core::{
    Backend, Check, ErrorKind, HttpClient, InferRequest, infer::Tensor, middleware::Stack,
};
use trunkline_kserve::{
    Config, Index, Kserve, Live, LoadModel, Metadata, Server, Statistics, UnloadModel,
};
use trunkline_testkit::{Peer, peer::Reply};

fn at(peer: &Peer) -> Backend {
    let builder = Kserve::builder()
        .client(HttpClient::shared())
        .endpoint(peer.url());
    builder.stack(Stack::bare()).build().unwrap().into()
}

async fn answers(body: impl ToString) -> Peer {
    let json = Reply::status(200).header("content-type", "application/json");
    Peer::start(json.body(body.to_string())).await
}

fn asked(peer: &Peer) -> (String, String) {
    let request = peer.requests().remove(0);
    (
        format!("{} {}", request.method, request.path),
        request.text(),
    )
}

#[tokio::test]
async fn a_server_says_what_it_is() {
    let peer =
        answers(json!({"name": "triton", "version": "2.51.0", "extensions": ["statistics"]})).await;
    let server = at(&peer).ask(Server).await.unwrap();
    assert_eq!(
        (server.name.as_str(), server.version.as_str()),
        ("triton", "2.51.0")
    );
    assert!(server.has("statistics") && !server.has("binary_tensor_data"));
    assert_eq!(asked(&peer).0, "GET /v2");

    let peer = answers(r#"{"live":false}"#).await;
    assert!(!at(&peer).ask(Live).await.unwrap());
    assert_eq!(asked(&peer).0, "GET /v2/health/live");
    assert!(at(&answers("").await).ask(Live).await.unwrap());
}

#[tokio::test]
async fn a_model_says_what_it_takes_and_a_request_is_held_against_it() {
    let metadata = json!({
        "name": "net", "versions": null, "platform": "python",
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 3]}, {"name": "n", "datatype": "INT64", "shape": []}],
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [-1]}],
    });
    let peer = answers(metadata).await;
    let model = at(&peer)
        .ask(Metadata::of("a/b").version("2"))
        .await
        .unwrap();
    assert_eq!(asked(&peer).0, "GET /v2/models/a%2Fb/versions/2");
    let x = || Tensor::of("x", [2, 3], &[0.0_f32; 6]).unwrap();
    let n = || Tensor::of("n", [], &[1_i64]).unwrap();
    model
        .check(&InferRequest::new([n(), x()]).output("y"))
        .unwrap();
    for (request, says) in [
        (InferRequest::new([x()]), "`n` is missing"),
        (InferRequest::new([x(), n()]).output("z"), "no output `z`"),
        (
            InferRequest::new([x(), n(), Tensor::of("q", [], &[1_u8]).unwrap()]),
            "no input `q`",
        ),
        (
            InferRequest::new([Tensor::of("x", [2, 3], &[0.0_f64; 6]).unwrap(), n()]),
            "given as FP64",
        ),
        (
            InferRequest::new([Tensor::of("x", [3, 2], &[0.0_f32; 6]).unwrap(), n()]),
            "given as [3, 2]",
        ),
        (
            InferRequest::new([Tensor::of("x", [3], &[0.0_f32; 3]).unwrap(), n()]),
            "given as [3]",
        ),
    ] {
        let error = model.check(&request).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.message().contains(says), "{error}");
    }
    // A server that says nothing of tensors refuses none.
    let peer = answers(json!({"name": "net", "inputs": [], "outputs": []})).await;
    let silent = at(&peer).ask(Metadata::of("net")).await.unwrap();
    silent.check(&InferRequest::new([x()]).output("z")).unwrap();
}

#[tokio::test]
async fn the_repository_is_listed_loaded_and_unloaded() {
    let index = json!([
        {"name": "net", "version": "1", "state": "READY"},
        {"name": "net", "version": "2", "state": "UNAVAILABLE", "reason": "unloaded"},
        {"name": "other"},
    ]);
    let peer = answers(&index).await;
    let all = at(&peer).ask(Index::all()).await.unwrap();
    assert_eq!(
        asked(&peer),
        ("POST /v2/repository/index".to_owned(), "{}".to_owned())
    );
    assert_eq!(
        (all[0].is_ready(), all[1].is_ready(), all[2].is_ready()),
        (true, false, false)
    );
    assert_eq!(all[1].reason.as_deref(), Some("unloaded"));

    let peer = answers(&index).await;
    let models = at(&peer).models().await.unwrap();
    assert_eq!(asked(&peer).1, r#"{"ready":true}"#);
    let names: Vec<_> = models.iter().map(|model| model.id.as_str()).collect();
    assert_eq!(names, ["net", "other"]);
    let versions: serde_json::Value = models[0].ext.get("kserve").unwrap().read().unwrap();
    assert_eq!(versions, json!([index[0], index[1]]));

    let peer = answers("").await;
    let load = LoadModel::new("net").parameter("config", json!("{}"));
    at(&peer).ask(load).await.unwrap();
    let body = r#"{"parameters":{"config":"{}"}}"#;
    assert_eq!(
        asked(&peer),
        (
            "POST /v2/repository/models/net/load".to_owned(),
            body.to_owned()
        )
    );
    let peer = answers("").await;
    at(&peer)
        .ask(UnloadModel::new("net").with_dependents())
        .await
        .unwrap();
    let body = r#"{"parameters":{"unload_dependents":true}}"#;
    assert_eq!(
        asked(&peer),
        (
            "POST /v2/repository/models/net/unload".to_owned(),
            body.to_owned()
        )
    );
}

#[tokio::test]
async fn a_list_of_another_server_is_none() {
    for list in [
        json!({"object": "list", "data": [{"id": "m"}]}),
        json!([{"id": "m"}]),
    ] {
        let error = at(&answers(list).await).models().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
    }
}

#[tokio::test]
async fn statistics_and_configuration_are_tritons() {
    let stats = json!({"model_stats": [{
        "name": "net", "version": "1", "last_inference": 1700, "inference_count": 8, "execution_count": 1,
        "inference_stats": {"success": {"count": 2, "ns": 3000}, "fail": {"count": 0, "ns": 0}}, "batch_stats": [],
        "response_stats": {"0": {"success": {"count": 2, "ns": 9}}},
    }]});
    let peer = answers(&stats).await;
    let all = at(&peer).ask(Statistics::all()).await.unwrap();
    assert_eq!(asked(&peer).0, "GET /v2/models/stats");
    assert_eq!((all[0].inference_count, all[0].execution_count), (8, 1));
    let success = all[0].inference_stats["success"];
    assert_eq!(success.mean().map(|mean| mean.as_nanos()), Some(1500));
    assert_eq!(all[0].inference_stats["fail"].mean(), None);
    // Of a model that answers one request several times, by the number of the answer.
    let first = all[0].response_stats["0"]["success"];
    assert_eq!((first.count, first.ns), (2, 9));
    let peer = answers(&stats).await;
    at(&peer)
        .ask(Statistics::of("net").version("1"))
        .await
        .unwrap();
    assert_eq!(asked(&peer).0, "GET /v2/models/net/versions/1/stats");

    let peer = answers(r#"{"max_batch_size": 8}"#).await;
    let config = at(&peer).ask(Config::of("net")).await.unwrap();
    assert_eq!(
        (asked(&peer).0.as_str(), config.get()),
        ("GET /v2/models/net/config", r#"{"max_batch_size": 8}"#)
    );
}

#[tokio::test]
async fn a_server_that_is_not_ready_is_not_broken() {
    let peer = Peer::start([Reply::status(400).body(""), Reply::status(200).body("")]).await;
    let backend = at(&peer);
    let error = backend.check(Check::Ready).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotReady);
    backend.check(Check::Ready).await.unwrap();
    let peer = answers(r#"{"ready":false}"#).await;
    assert_eq!(
        at(&peer).check(Check::Ready).await.unwrap_err().kind(),
        ErrorKind::NotReady
    );
}

#[tokio::test]
async fn an_account_says_how_its_tensors_go() {
    let peer = answers(r#"{"outputs":[]}"#).await;
    let builder = Kserve::builder()
        .client(HttpClient::shared())
        .endpoint(peer.url());
    let account = builder.setting("encoding", "binary").build().unwrap();
    let x = Tensor::of("x", [1], &[7_u8]).unwrap();
    account.model("m").infer([x]).await.unwrap();
    assert!(asked(&peer).1.ends_with("}\u{7}"));
    let wrong = Kserve::builder()
        .client(HttpClient::shared())
        .setting("encoding", "morse")
        .build();
    assert_eq!(wrong.unwrap_err().kind(), ErrorKind::Config);
}
