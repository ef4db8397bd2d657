//! What the builders promise, whatever stands behind them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{future::Future, io, sync::Arc, time::Duration};

use trunkline::{
    Backend, BackendInfo, Body, Call, ErrorKind, HttpClient, ModelInfo, Op, Phase, Reply, Result,
    Serve, http_transport::hyper::HyperTransport, models::ModelsPage, protocol::Authorize,
};
use trunkline_openai::{CHAT_COMPLETIONS, OpenAi, compatible};
use trunkline_testkit::peer::{Exchange, Peer, PipePeer, Reply as Answer};

const ANSWER: &str = r#"{"id":"1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}"#;

/// An account whose server takes the request and says nothing.
fn silent() -> OpenAi {
    let peer = Arc::new(PipePeer::new(Exchange::new().read_head().stall()));
    let connect = tower::service_fn(move |_| {
        let peer = Arc::clone(&peer);
        async move { Ok::<_, io::Error>(peer.connect()) }
    });
    let client = HttpClient::new(
        HyperTransport::builder()
            .connector(connect)
            .build()
            .unwrap(),
    );
    compatible("key", "http://localhost/v1", client).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_timeout_holds_without_any_layer() {
    let model = silent().bare().model("m");

    let error = model
        .chat("Hello")
        .timeout(Duration::from_secs(2))
        .await
        .unwrap_err();

    assert_eq!(
        (error.kind(), error.phase()),
        (ErrorKind::Timeout, Some(Phase::Total))
    );
}

#[tokio::test(start_paused = true)]
async fn a_timeout_in_the_stack_names_provider_and_time() {
    let model = silent().model("m");

    let error = model
        .chat("Hello")
        .timeout(Duration::from_secs(2))
        .await
        .unwrap_err();

    assert_eq!(
        (error.provider(), error.phase()),
        ("openai", Some(Phase::Total))
    );
    assert!(error.to_string().ends_with("within 2s"), "{error}");
}

struct Signature;

impl Authorize for Signature {
    async fn authorize(&self, request: &mut http::Request<Body>) -> Result<()> {
        let signed = http::HeaderValue::from_static("signed");
        request.headers_mut().insert("x-signature", signed);
        Ok(())
    }
}

#[tokio::test]
async fn an_account_signs_its_requests_and_has_no_key_beside() {
    let peer = Peer::start(Answer::status(200).json(ANSWER)).await;
    let builder = || {
        OpenAi::builder()
            .setting("api", CHAT_COMPLETIONS)
            .authorize(Signature)
            .endpoint(peer.url())
            .client(HttpClient::shared())
    };

    builder()
        .build()
        .unwrap()
        .model("m")
        .chat("Hello")
        .await
        .unwrap();

    assert_eq!(peer.requests()[0].header("x-signature"), Some("signed"));
    assert_eq!(peer.requests()[0].header("authorization"), None);
    let both = builder().key("key").build().unwrap_err();
    assert_eq!(both.kind(), ErrorKind::Config);
}

/// Lists so many pages of one model each.
struct Pages(BackendInfo, usize);

impl Serve for Pages {
    fn info(&self) -> &BackendInfo {
        &self.0
    }

    fn serve(&self, call: Call) -> impl Future<Output = Result<Reply>> + Send + 'static {
        let last = self.1;
        async move {
            let Op::Models(request) = &call.op else {
                panic!("{:?}", call.op)
            };
            let page: usize = request
                .page
                .as_deref()
                .map_or(0, |page| page.parse().unwrap());
            let mut models = ModelsPage::new(vec![ModelInfo::new(format!("model-{page}"))]);
            models.next = (page + 1 < last).then(|| (page + 1).to_string());
            Ok(Reply::Models(models))
        }
    }
}

#[tokio::test]
async fn all_pages_of_models_are_listed_and_endless_ones_are_not() {
    let list = async |pages| {
        Backend::new(Pages(BackendInfo::new("pages"), pages))
            .models()
            .await
    };

    let ids: Vec<String> = list(3)
        .await
        .unwrap()
        .into_iter()
        .map(|model| model.id)
        .collect();
    assert_eq!(ids, ["model-0", "model-1", "model-2"]);
    assert_eq!(
        list(usize::MAX).await.unwrap_err().kind(),
        ErrorKind::LimitExceeded
    );
}
