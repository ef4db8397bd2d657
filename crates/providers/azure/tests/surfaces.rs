//! Where requests go, and with which credentials.
#![allow(clippy::unwrap_used, reason = "tests")]

use trunkline_azure::{Api, Azure, PROVIDER};
use trunkline_core::{
    Backend, ErrorKind, HttpClient, Model, Result, account::Builder, protocol::AuthScheme,
};
use trunkline_testkit::{Peer, peer::Reply};

const CHAT: &str = r#"{"choices":[{"message":{"content":"Hi"}}]}"#;

fn account(url: &str, version: Option<&str>) -> Builder<Api> {
    let builder = Azure::builder()
        .endpoint(url)
        .key("k")
        .client(HttpClient::shared());
    match version {
        Some(version) => builder.setting("api_version", version),
        None => builder,
    }
}

async fn path_of(
    base: &str,
    version: Option<&str>,
    answer: &str,
    call: impl AsyncFn(Azure) -> Result<()>,
) -> Result<String> {
    let peer = Peer::start(Reply::status(200).json(answer)).await;
    let url = format!("{}{base}", peer.url());
    call(account(&url, version).build()?).await?;
    let requests = peer.requests();
    let sent = requests.first();
    let header = |name| sent.and_then(|sent| sent.header(name));
    assert_eq!(header("api-key"), Some("k"));
    assert_eq!(header("authorization"), None);
    Ok(sent.map(|sent| sent.path.clone()).unwrap_or_default())
}

#[tokio::test]
async fn a_version_decides_on_the_surface() {
    let chat = async |azure: Azure| azure.model("my mini").chat("hi").await.map(drop);
    let dated = Some("2024-10-21");
    for (base, version, path) in [
        ("", None, "/openai/v1/chat/completions"),
        ("/", None, "/openai/v1/chat/completions"),
        ("/openai/v1", None, "/openai/v1/chat/completions"),
        (
            "/gateway/openai",
            None,
            "/gateway/openai/v1/chat/completions",
        ),
        (
            "",
            dated,
            "/openai/deployments/my%20mini/chat/completions?api-version=2024-10-21",
        ),
        (
            "/openai/v1/",
            dated,
            "/openai/deployments/my%20mini/chat/completions?api-version=2024-10-21",
        ),
    ] {
        assert_eq!(path_of(base, version, CHAT, chat).await.unwrap(), path);
    }
}

#[tokio::test]
async fn embeddings_and_models_follow() {
    let embed = async |azure: Azure| azure.model("e").embed(["a"]).await.map(drop);
    let models = async |azure: Azure| Backend::from(azure).models().await.map(drop);
    let vectors = r#"{"data":[{"index":0,"embedding":[1]}]}"#;
    let list = r#"{"data":[{"id":"m"}]}"#;
    let dated = Some("2024-10-21");
    assert_eq!(
        path_of("", None, vectors, embed).await.unwrap(),
        "/openai/v1/embeddings"
    );
    assert_eq!(
        path_of("", dated, vectors, embed).await.unwrap(),
        "/openai/deployments/e/embeddings?api-version=2024-10-21"
    );
    assert_eq!(
        path_of("", None, list, models).await.unwrap(),
        "/openai/v1/models"
    );
    assert_eq!(
        path_of("", dated, list, models).await.unwrap(),
        "/openai/models?api-version=2024-10-21"
    );
}

#[tokio::test]
async fn a_token_of_entra_is_a_bearer_token() {
    let peer = Peer::start(Reply::status(200).json(CHAT)).await;
    let azure = Azure::builder()
        .endpoint(peer.url())
        .key("token")
        .auth(AuthScheme::Bearer)
        .client(HttpClient::shared())
        .build()
        .unwrap();
    let model: Model = azure.model("mini");
    model.chat("hi").await.unwrap();
    let requests = peer.requests();
    let sent = requests.first().unwrap();
    assert_eq!(sent.header("authorization"), Some("Bearer token"));
    assert_eq!(sent.header("api-key"), None);
}

#[test]
fn what_is_no_version_and_no_deployment_is_refused() {
    for version in ["", "2024/10", "x&y=z", "a b"] {
        let error = account("https://r.openai.azure.com", Some(version)).build();
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Config, "{version:?}");
    }
}

#[test]
fn microsoft_s_own_variables_are_read() {
    let vars = |name: &str| match name {
        "AZURE_OPENAI_API_KEY" => Some("k".to_owned()),
        "AZURE_OPENAI_ENDPOINT" => Some("https://r.openai.azure.com".to_owned()),
        "OPENAI_API_VERSION" => Some("2024-10-21".to_owned()),
        _ => None,
    };
    let built = Azure::builder().vars(&vars).unwrap();
    built.client(HttpClient::shared()).build().unwrap();
    assert_eq!(PROVIDER.base_url, None);
}
