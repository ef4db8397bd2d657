//! Who said what: thoughts go back to the provider that had them, and to no other.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use trunkline::{ChatRequest, HttpClient, Message, Warning};
use trunkline_groq::Groq;
use trunkline_openai::compatible;
use trunkline_testkit::peer::{Peer, Reply, Script};

const THOUGHTFUL: &str = r#"{"id":"1","model":"m","choices":[{"index":0,"message":{"role":"assistant","reasoning":"seven is prime","content":"Yes."},"finish_reason":"stop"}]}"#;

async fn peer() -> Peer {
    Peer::start(Script::new([Reply::status(200).json(THOUGHTFUL)]).repeat_last()).await
}

#[tokio::test]
async fn thoughts_go_back_to_their_own_provider_only() {
    let (groq, openai) = (peer().await, peer().await);
    let at_groq = Groq::with("key", groq.url(), HttpClient::shared())
        .unwrap()
        .model("m");
    let at_openai = compatible("key", openai.url(), HttpClient::shared())
        .unwrap()
        .model("m");

    let own = at_groq.chat("Is 7 prime?").await.unwrap();
    let foreign = at_openai.chat("Is 7 prime?").await.unwrap();
    let of = |answer| {
        ChatRequest::from("Is 7 prime?")
            .message(Message::assistant(answer))
            .user("Sure?")
    };
    let with_own = at_groq.chat(of(&own)).await.unwrap();
    let with_foreign = at_groq.chat(of(&foreign)).await.unwrap();

    let origin = own.message.parts[0].origin.as_ref().unwrap();
    assert_eq!((&*origin.provider, &*origin.model), ("groq", "m"));
    let sent = groq.requests();
    assert_eq!(sent[1].json()["messages"][1]["reasoning"], "seven is prime");
    assert!(sent[2].json()["messages"][1].get("reasoning").is_none());
    assert!(with_own.warnings.is_empty());
    assert_eq!(
        with_foreign.warnings,
        [Warning::StateDropped {
            kind: "openai.reasoning".into()
        }]
    );
}
