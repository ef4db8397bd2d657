//! A provider that takes the same bodies elsewhere, as Azure's dated surface does.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, response::Parts};
use trunkline_core::{
    AccountConfig, ChatRequest, Error, HttpClient, Op, ProviderDef, Reply, Result,
    account::Builder,
    chat::Warnings,
    protocol::{AuthScheme, Authorize, Protocol, Target, segment},
};
use trunkline_openai_compat::{ChunkDecoder, Dialect, OpenAiCompat};
use trunkline_testkit::{Peer, peer};

const INNER: OpenAiCompat = OpenAiCompat(Dialect::OPENAI);

/// The model is in the path, and a version in the query.
struct Deployments;

impl Protocol for Deployments {
    type Decoder = ChunkDecoder;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        let request = INNER.encode(op, target, warnings)?;
        let (Op::Chat(chat) | Op::ChatStream(chat)) = op else {
            return Ok(request);
        };
        let deployment = segment(&chat.model)?;
        let path =
            format!("/openai/deployments/{deployment}/chat/completions?api-version=2024-10-21");
        target.post(&path, request.into_body())
    }

    fn decode(&self, op: &Op, head: &Parts, body: Bytes) -> Result<Reply> {
        INNER.decode(op, head, body)
    }

    fn decoder(&self, op: &Op, head: &Parts) -> ChunkDecoder {
        INNER.decoder(op, head)
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        INNER.error(head, body)
    }
}

static PROVIDER: ProviderDef =
    ProviderDef::new("wrapped", "WRAPPED", |_: AccountConfig, _: HttpClient| {
        Err(Error::config("not built of a configuration"))
    })
    .auth(AuthScheme::Header("api-key"))
    .capabilities(Dialect::OPENAI.capabilities);

struct Token;

impl Authorize for Token {
    async fn authorize(&self, request: &mut Request<trunkline_core::Body>) -> Result<()> {
        let token = http::HeaderValue::from_static("Bearer entra");
        request.headers_mut().insert("authorization", token);
        Ok(())
    }
}

const ANSWER: &str = r#"{"choices":[{"message":{"content":"Hi"}}]}"#;

#[tokio::test]
async fn path_query_and_credentials_are_the_crate_s_own() {
    for entra in [false, true] {
        let peer = Peer::start(peer::Reply::status(200).json(ANSWER)).await;
        let builder = Builder::of(&PROVIDER, Deployments)
            .endpoint(peer.url())
            .client(HttpClient::shared());
        let builder = match entra {
            true => builder.authorize(Token),
            false => builder.key("k"),
        };
        let model = builder.build().unwrap().model("my deployment");
        assert_eq!(model.chat("hi").await.unwrap().text(), "Hi");
        let requests = peer.requests();
        let sent = requests.first().unwrap();
        assert_eq!(
            sent.path,
            "/openai/deployments/my%20deployment/chat/completions?api-version=2024-10-21"
        );
        let (header, value) = match entra {
            true => ("authorization", "Bearer entra"),
            false => ("api-key", "k"),
        };
        assert_eq!(sent.header(header), Some(value));
    }
}

#[test]
fn a_deployment_is_one_segment() {
    let target = Target::parse("https://r.openai.azure.com").unwrap();
    let op = Op::ChatStream(Arc::new(ChatRequest::from("hi").model("../x")));
    let error = Deployments.encode(&op, &target, &mut Warnings::default());
    assert!(error.is_err(), "a deployment does not lead upwards");
}
