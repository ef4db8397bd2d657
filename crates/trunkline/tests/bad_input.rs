//! What goes wrong at a user's hand: each is one clear error that says what to do, and shows
//! neither the key nor the prompt.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use schemars::JsonSchema;
use serde::Deserialize;
use trunkline::{
    ChatRequest, Content, Error, ErrorKind, HttpClient, Message, Model, Part, ToolCall,
    chat::ToolInput,
};
use trunkline_openai::{OpenAi, compatible};
use trunkline_testkit::{EmbeddedProvider, MockBackend, embedded};

const KEY: &str = "sk-canary-4711";
const PROMPT: &str = "the canary sings at midnight";

/// The error says so, and says what to do, and shows no secret.
#[track_caller]
fn assert_clear(error: &Error, kind: ErrorKind, says: &[&str]) {
    let shown = error.to_string();
    assert_eq!(error.kind(), kind, "{shown}");
    for words in says {
        assert!(shown.contains(words), "{shown:?} does not say {words:?}");
    }
    assert!(!shown.contains('\n'), "{shown:?} is one line");
    for secret in [KEY, PROMPT] {
        let everywhere = format!("{error} {error:?} {:?}", std::error::Error::source(error));
        assert!(
            !everywhere.contains(secret),
            "{everywhere} shows {secret:?}"
        );
    }
}

async fn embedded() -> (EmbeddedProvider, Model) {
    let server = EmbeddedProvider::start().await;
    let account = compatible(server.key(), server.url(), HttpClient::shared()).unwrap();
    (server, account.model(embedded::CHAT_MODEL))
}

#[tokio::test]
async fn a_wrong_key() {
    let (server, _) = embedded().await;
    let model = compatible(KEY, server.url(), HttpClient::shared())
        .unwrap()
        .model(embedded::CHAT_MODEL);

    let error = model.chat(PROMPT).await.unwrap_err();

    assert_clear(
        &error,
        ErrorKind::Auth,
        &["openai", "not authenticated", "401"],
    );
}

#[tokio::test]
async fn an_unknown_model() {
    let (_server, model) = embedded().await;

    let error = model
        .backend()
        .model("gpt-unheard-of")
        .chat(PROMPT)
        .await
        .unwrap_err();

    assert_clear(&error, ErrorKind::NotFound, &["gpt-unheard-of"]);
}

#[tokio::test]
async fn no_messages() {
    let (server, model) = embedded().await;

    let error = model.chat(ChatRequest::default()).await.unwrap_err();

    assert_clear(
        &error,
        ErrorKind::InvalidRequest,
        &["no messages", ".user("],
    );
    assert_eq!(server.requests(), 0, "nothing was sent");
}

#[tokio::test]
async fn a_key_with_control_characters() {
    for key in [
        "sk-canary-4711\r\nx-evil: 1",
        "sk-canary-4711\u{7}",
        "sk-canary-4711é",
    ] {
        let error = OpenAi::new(key).unwrap_err();
        assert_clear(&error, ErrorKind::Config, &["key", "control characters"]);
    }
    assert!(
        OpenAi::new("sk-canary-4711\n").is_ok(),
        "the newline of a file is forgiven"
    );
}

#[tokio::test]
async fn a_base_url_that_is_none() {
    for (url, says) in [
        ("api.example.com/v1", "no scheme; write https://"),
        (
            "https://me:sk-canary-4711@api.example.com/v1",
            "credentials",
        ),
        ("https://api.example.com/v1?key=sk-canary-4711", "query"),
        ("https://", "no"),
    ] {
        let error = compatible(KEY, url, HttpClient::shared()).unwrap_err();
        assert_clear(&error, ErrorKind::Config, &["openai", "base URL", says]);
    }
}

#[tokio::test]
async fn a_key_in_clear_text() {
    let with = |url: &str| compatible(KEY, url, HttpClient::shared());

    let error = with("http://api.example.com/v1").unwrap_err();
    assert_clear(
        &error,
        ErrorKind::Config,
        &["clear text", "https", "allow_plain_http"],
    );

    for loopback in [
        "http://localhost:8080",
        "http://127.0.0.1:1",
        "http://[::1]:1",
    ] {
        assert!(with(loopback).is_ok(), "{loopback} is this machine");
    }
}

#[tokio::test]
async fn a_variable_that_is_missing_empty_or_double() {
    let from = |vars: &'static [(&str, &str)]| {
        OpenAi::from_vars(&move |name| {
            vars.iter()
                .find(|(set, _)| *set == name)
                .map(|(_, value)| (*value).to_owned())
        })
    };

    assert_clear(
        &from(&[]).unwrap_err(),
        ErrorKind::Config,
        &["OPENAI_API_KEY", ".key("],
    );
    assert_clear(
        &from(&[("OPENAI_API_KEY", "")]).unwrap_err(),
        ErrorKind::Config,
        &["OPENAI_API_KEY", "empty"],
    );
    let both = &[("OPENAI_API_KEY", KEY), ("OPENAI_API_KEYS", KEY)];
    assert_clear(
        &from(both).unwrap_err(),
        ErrorKind::Config,
        &["OPENAI_API_KEY", "OPENAI_API_KEYS", "unset"],
    );
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Weather {
    #[allow(dead_code, reason = "read by serde only")]
    city: String,
}

#[tokio::test]
async fn tool_arguments_that_are_no_json_or_do_not_fit() {
    for (input, says) in [
        (
            ToolInput::from_text("{\"city\": \"the canary sings at midnight"),
            "no JSON",
        ),
        (
            ToolInput::from_text("{\"city\": [\"the canary sings at midnight\"]}"),
            "do not fit",
        ),
        (
            ToolInput::from_text("{\"town\": \"the canary sings at midnight\"}"),
            "city",
        ),
    ] {
        let call = ToolCall::new("call_1", "weather", input);
        let mock = MockBackend::new().parts([Part::new(Content::ToolCall(call))]);

        let answer = mock.model().chat("Hello").await.unwrap();
        let call = answer.tool_calls().next().unwrap();
        let error = call.parse::<Weather>().unwrap_err();

        assert_clear(&error, ErrorKind::Decode, &["weather", says]);
        let _for_the_model = Message::tool_error(call, error.to_string());
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_its_type() {
    let mock = MockBackend::new().reply(format!("{{\"city\": 1, \"note\": \"{PROMPT}\"}}"));

    let error = mock
        .model()
        .chat("Hello")
        .extract::<Weather>()
        .await
        .unwrap_err();

    assert_clear(
        &error,
        ErrorKind::Decode,
        &["`Weather`", "expected a string"],
    );
    assert!(
        error.partial().unwrap().text().contains(PROMPT),
        "the answer is there for who asks"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    // A port that was free a moment ago: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("http://127.0.0.1:{port}/v1");
    let model = compatible(KEY, url, HttpClient::shared())
        .unwrap()
        .model("m");

    let error = model.chat(PROMPT).await.unwrap_err();

    assert_clear(&error, ErrorKind::Connect, &["openai", "cannot connect"]);
    assert_eq!(error.attempts().len(), 3, "it was tried three times");
}
