//! Models, errors and limits.

use serde_json::{Value, json};
use tokio::net::TcpStream;
use trunkline_testkit::embedded::{CHAT_MODEL, EMBED_MODEL, EmbeddedProvider};

use crate::client::{post, post_text, provider, send};

#[tokio::test]
async fn lists_its_models() {
    let provider = provider().await;
    let request = "GET /v1/models HTTP/1.1\r\nauthorization: bearer sk-embedded-0000000000000000\r\nconnection: close\r\n\r\n";
    let answer = send(&provider, request).await.json();
    let ids = [&answer["data"][0]["id"], &answer["data"][1]["id"]];
    assert_eq!(ids, [CHAT_MODEL, EMBED_MODEL]);
}

#[tokio::test]
async fn refuses_in_the_form_of_openai() {
    let provider = provider().await;
    let chat = "/v1/chat/completions";
    let user = json!([{ "role": "user", "content": "Hi" }]);
    let invalid = "invalid_request_error";
    for (path, body, status, param, code) in [
        (
            chat,
            json!({ "model": "gpt", "messages": user }),
            404,
            json!("model"),
            json!("model_not_found"),
        ),
        (
            chat,
            json!({ "messages": user }),
            400,
            json!("model"),
            Value::Null,
        ),
        (
            chat,
            json!({ "model": CHAT_MODEL, "messages": [] }),
            400,
            json!("messages"),
            Value::Null,
        ),
        (
            chat,
            json!({ "model": CHAT_MODEL }),
            400,
            json!("messages"),
            Value::Null,
        ),
        (
            chat,
            json!({ "model": CHAT_MODEL, "messages": [{}] }),
            400,
            json!("messages[0].role"),
            Value::Null,
        ),
        (
            chat,
            json!({ "model": CHAT_MODEL, "messages": user, "n": 2 }),
            400,
            json!("n"),
            Value::Null,
        ),
        (
            "/v1/embeddings",
            json!({ "model": CHAT_MODEL }),
            404,
            json!("model"),
            json!("model_not_found"),
        ),
        (
            "/v1/embeddings",
            json!({ "model": EMBED_MODEL, "input": "x", "dimensions": 0 }),
            400,
            json!("dimensions"),
            Value::Null,
        ),
        (
            "/v1/models",
            json!({}),
            405,
            Value::Null,
            json!("method_not_supported"),
        ),
        ("/v2/anything", json!({}), 404, Value::Null, Value::Null),
    ] {
        let answer = post(&provider, path, body).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        let error = &answer.json()["error"];
        assert_eq!(
            (&error["param"], &error["code"]),
            (&param, &code),
            "{error}"
        );
        assert_eq!(error["type"], invalid);
        assert!(!error["message"].as_str().unwrap().is_empty());
        assert!(answer.head.contains("x-request-id: req_embedded_"));
    }
    assert_eq!(provider.requests(), 10);

    let answer = post_text(&provider, chat, "{\"model\":").await;
    assert_eq!(
        (answer.status, &answer.json()["error"]["type"]),
        (400, &json!(invalid))
    );
}

#[tokio::test]
async fn demands_its_key_and_repeats_no_other() {
    let provider = provider().await;
    for header in [
        "",
        "authorization: Bearer sk-canary\r\n",
        "authorization: sk-embedded-0000000000000000\r\n",
    ] {
        let request = format!("GET /v1/models HTTP/1.1\r\nconnection: close\r\n{header}\r\n");
        let answer = send(&provider, &request).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.json()["error"]["code"], "invalid_api_key");
        assert!(!answer.body.contains("canary"));
    }
}

#[tokio::test]
async fn turns_the_first_request_away_if_told_to() {
    let provider = EmbeddedProvider::builder()
        .rate_limit_first(true)
        .start()
        .await;
    let body = json!({ "model": EMBED_MODEL, "input": "x" });
    let first = post(&provider, "/v1/embeddings", body.clone()).await;
    assert_eq!(first.status, 429);
    assert!(
        first.head.contains("\r\nretry-after-ms: 50\r\n"),
        "{}",
        first.head
    );
    assert_eq!(first.json()["error"]["code"], "rate_limit_exceeded");
    assert_eq!(post(&provider, "/v1/embeddings", body).await.status, 200);
}

#[tokio::test]
async fn refuses_bodies_over_eight_mebibytes() {
    let provider = provider().await;
    let request = "POST /v1/embeddings HTTP/1.1\r\ncontent-length: 8388609\r\n\r\n";
    assert_eq!(send(&provider, request).await.status, 413);
}

#[tokio::test]
async fn an_idle_connection_makes_room_for_the_sixty_fifth() {
    let provider = provider().await;
    let mut idle = Vec::new();
    for _ in 0..64 {
        idle.push(TcpStream::connect(provider.addr()).await.unwrap());
    }
    let body = json!({ "model": EMBED_MODEL, "input": "x" });
    assert_eq!(post(&provider, "/v1/embeddings", body).await.status, 200);
}
