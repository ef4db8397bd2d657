//! Where the key goes, and where a name may not lead.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use trunkline::{
    AccountConfig, Backend, Call, Capabilities, HttpClient, ProviderDef, Result,
    account::Builder,
    protocol::{AuthScheme, segment},
    raw::RawRequest,
};
use trunkline_openai::{DIALECT, compatible};
use trunkline_testkit::peer::{Peer, Reply, Script};

const KEY: &str = "canary-key-4711";

const ANSWER: &str = r#"{"id":"1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}"#;

/// A provider that takes its key in a header of its own, as Gemini does.
const PROVIDER: ProviderDef = ProviderDef::new("example", "EXAMPLE", build)
    .auth(AuthScheme::Header("x-goog-api-key"))
    .capabilities(Capabilities::NONE.chat());

fn build(config: AccountConfig, http: HttpClient) -> Result<Backend> {
    Ok(example()
        .config(config)
        .client(http)
        .build()?
        .backend()
        .clone())
}

fn example() -> Builder {
    let protocol = trunkline_openai_compat::OpenAiCompat(DIALECT.provider("example"));
    Builder::of(&PROVIDER, protocol)
}

#[tokio::test]
async fn f126_a_key_is_a_header_and_never_in_the_url() {
    let peer = Peer::start(Script::new([Reply::status(200).json(ANSWER)]).repeat_last()).await;
    let account = example()
        .key(KEY)
        .endpoint(peer.url())
        .client(HttpClient::shared())
        .build()
        .unwrap();

    account.model("m").chat("Hello").await.unwrap();

    let request = &peer.requests()[0];
    assert_eq!(request.header("x-goog-api-key"), Some(KEY));
    assert_eq!(request.header("authorization"), None);
    assert!(!request.path.contains(KEY), "{}", request.path);
}

#[tokio::test]
async fn f127_a_model_s_name_leads_nowhere_else() {
    let peer = Peer::start(Script::new([Reply::status(200).json(ANSWER)]).repeat_last()).await;
    let account = compatible(KEY, format!("{}/v1", peer.url()), HttpClient::shared()).unwrap();
    let names = [
        "../../admin",
        "a/b",
        "a?x=1",
        "a#f",
        "a%2f..",
        &"x".repeat(300),
    ];

    for name in names {
        account.model(name).chat("Hello").await.unwrap();
    }
    // In a path, a name is one segment or it is refused.
    let backend = Backend::from(account);
    for name in names {
        let Ok(segment) = segment(name) else { continue };
        let request = RawRequest::get(format!("/models/{segment}"));
        backend.call(Call::new(request)).await.unwrap();
    }

    let seen: Vec<String> = peer
        .requests()
        .iter()
        .map(|request| request.path.clone())
        .collect();
    let (chats, raws) = seen.split_at(names.len());
    assert!(
        chats.iter().all(|path| path == "/v1/chat/completions"),
        "{chats:?}"
    );
    assert_eq!(
        raws,
        [
            "/v1/models/a%2Fb",
            "/v1/models/a%3Fx%3D1",
            "/v1/models/a%23f",
            "/v1/models/a%252f.."
        ]
    );
}

#[tokio::test]
async fn f141_a_call_s_own_key_goes_to_the_account_s_host() {
    let peer = Peer::start(Script::new([Reply::status(200).json(ANSWER)]).repeat_last()).await;
    let model = compatible(KEY, peer.url(), HttpClient::shared())
        .unwrap()
        .model("m");

    model.chat("Hello").key("another-key").await.unwrap();
    let elsewhere = model.backend().endpoint("@evil.example/steal").get().await;

    assert_eq!(
        peer.requests()[0].header("authorization"),
        Some("Bearer another-key")
    );
    assert!(elsewhere.is_err(), "a path names no other host");
    assert_eq!(peer.requests().len(), 1);
}
