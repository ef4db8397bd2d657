//! An account with Vertex AI: where it is, whose token it has, and which wire a model speaks.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use trunkline_core::{
    ChatRequest, ErrorKind, HttpClient, Json, Op, Result, Tool,
    account::{Provider, Settings},
    chat::{ToolChoice, Warnings},
    middleware::{Token, TokenSource},
    protocol::{Protocol, Target},
};
use trunkline_testkit::peer::{Peer, Reply};
use trunkline_vertex::{Api, Options, Platform, Vertex};

struct Counted(Arc<AtomicU32>);

impl TokenSource for Counted {
    async fn token(&self) -> Result<Token> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Token::new(
            format!("token-{number}"),
            Duration::from_secs(3600),
        ))
    }
}

const ANSWER: &str =
    r#"{"candidates":[{"content":{"parts":[{"text":"Oslo."}]},"finishReason":"STOP"}]}"#;

#[tokio::test]
async fn a_token_is_fetched_once_for_all_callers() {
    let peer = Peer::respond_with(|_| Reply::status(200).json(ANSWER)).await;
    let asked = Arc::new(AtomicU32::new(0));
    let account = Vertex::builder()
        .client(HttpClient::shared())
        .token_from(Counted(asked.clone()))
        .endpoint(peer.url())
        .build()
        .unwrap();
    let model = account.default_model().unwrap();
    let calls = (0..8).map(|_| {
        let model = model.clone();
        tokio::spawn(async move { model.chat("Q").await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().unwrap().text(), "Oslo.");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn a_project_and_a_location_make_the_base_url() {
    let url = |project: &str, location: Option<&str>| {
        let vars = |name: &str| match name {
            "VERTEX_API_KEY" => Some("token".to_owned()),
            "GOOGLE_CLOUD_PROJECT" => Some(project.to_owned()),
            "GOOGLE_CLOUD_LOCATION" => location.map(str::to_owned),
            _ => None,
        };
        let account = Vertex::from_vars(&vars)?;
        let stats = account.backend().stats();
        Ok::<_, trunkline_core::Error>(stats.endpoints[0].endpoint.to_string())
    };
    assert_eq!(url("p", None).unwrap(), "aiplatform.googleapis.com");
    assert_eq!(
        url("p", Some("eu")).unwrap(),
        "aiplatform.eu.rep.googleapis.com"
    );
    assert_eq!(
        url("p", Some("europe-west4")).unwrap(),
        "europe-west4-aiplatform.googleapis.com"
    );
    for location in ["evil.example/", "a@b", "..", ""] {
        assert_eq!(
            url("p", Some(location)).unwrap_err().kind(),
            ErrorKind::Config,
            "{location}"
        );
    }
    let error = Api::base_url(&Settings::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("GOOGLE_CLOUD_PROJECT"), "{error}");
}

/// Google refuses fields that a message does not have, and the question for a count has four.
#[test]
fn a_count_is_asked_for_with_what_is_counted() {
    let request = ChatRequest::from("Q").model("gemini-3.8-flash");
    let request = request
        .tool(Tool::new("f", "", Json::empty_object()))
        .tool_choice(ToolChoice::Required)
        .max_output_tokens(7)
        .metadata("team", "a")
        .option(Options::new().cached_content("c"));
    let target = Target::parse("https://example.com/v1").unwrap();
    let op = Op::CountTokens(Arc::new(request));
    let sent = Platform.encode(&op, &target, &mut Warnings::default());
    let body: serde_json::Value = serde_json::from_slice(sent.unwrap().body()).unwrap();
    let names: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["contents", "generationConfig", "tools"]);
}
