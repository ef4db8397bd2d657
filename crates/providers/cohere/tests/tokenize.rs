//! Texts as tokens, and back, over a real connection.

#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use trunkline_cohere::{Cohere, prelude::*};
use trunkline_core::Warning;
use trunkline_testkit::{Peer, peer::Reply};

async fn answering(body: Value) -> Peer {
    Peer::start(Reply::status(200).json(body)).await
}

fn model(peer: &Peer) -> Model {
    let cohere = Cohere::with("key", peer.url(), HttpClient::shared()).unwrap();
    cohere.bare().model("m")
}

fn asked(peer: &Peer) -> (String, Value) {
    let request = peer.requests().remove(0);
    (
        format!("{} {}", request.method, request.path),
        request.json(),
    )
}

#[tokio::test]
async fn a_text_is_asked_for_its_tokens() {
    let answer = json!({"tokens": [7, 9, 4], "token_strings": ["High", " water"], "meta": {}});
    let peer = answering(answer).await;
    let read = model(&peer).tokenize("High water").special(true).await;
    let read = read.unwrap();
    assert_eq!(read.ids(), [7, 9, 4]);
    let texts: Vec<_> = read
        .tokens
        .iter()
        .map(|token| token.text.as_deref())
        .collect();
    assert_eq!(texts, [Some("High"), Some(" water"), None]);
    assert_eq!(read.warnings, [Warning::unsupported("special")]);
    let body = json!({"model": "m", "text": "High water"});
    assert_eq!(asked(&peer), ("POST /v1/tokenize".to_owned(), body));
}

#[tokio::test]
async fn tokens_are_asked_for_their_text() {
    let peer = answering(json!({"text": "High water", "meta": {}})).await;
    let read = model(&peer).detokenize([7, 9]).await.unwrap();
    assert_eq!(read, "High water");
    let body = json!({"model": "m", "tokens": [7, 9]});
    assert_eq!(asked(&peer), ("POST /v1/detokenize".to_owned(), body));

    let peer = answering(json!({})).await;
    let broken = model(&peer).detokenize([7]).await.unwrap_err();
    assert_eq!(broken.kind(), ErrorKind::Decode);
}
