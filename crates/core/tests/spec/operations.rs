//! Rankings and counts of tokens go through all that a chat goes through.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, response::Parts};
use trunkline_core::{
    Account, Call, Capabilities, ChatRequest, Class, Error, ErrorKind, Json, Op, ProviderDef,
    Reply, RerankRequest, RerankResponse, Result, TokenCount, Usage,
    account::Builder,
    chat::Warnings,
    protocol::{NoStream, Protocol, Target, check, check_rerank, error_of_status, read},
    rerank::Ranked,
};

use crate::support::{Answer, Wire};

const CAN: Capabilities = Capabilities::NONE.rerank().count_tokens().max_documents(3);

static JURY: ProviderDef = ProviderDef::new("jury", "JURY", |config, client| {
    let builder = Builder::of(&JURY, Jury).config(config).client(client);
    Ok(builder.build()?.backend().clone())
})
.base_url("https://jury.example")
.capabilities(CAN);

#[derive(Debug)]
struct Jury;

impl Protocol for Jury {
    type Decoder = NoStream;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        match op {
            Op::Rerank(request) => {
                check_rerank(CAN, request)?;
                warnings.unsupported_if(request.top_n.is_some(), "top_n");
                target.post("/rank", format!(r#"{{"q":"{}"}}"#, request.query))
            }
            Op::CountTokens(request) => {
                check(request)?;
                warnings.unsupported_if(request.seed.is_some(), "seed");
                target.post("/count", format!(r#"{{"m":"{}"}}"#, request.model))
            }
            other => Err(Error::new(ErrorKind::Unsupported, other.name())),
        }
    }

    fn decode(&self, op: &Op, _: &Parts, body: Bytes) -> Result<Reply> {
        if let Op::Rerank(request) = op {
            let scores: Vec<f64> = read(&body)?;
            let places = scores.into_iter().enumerate();
            let places = places.map(|(ix, score)| Ranked::new(ix, score)).collect();
            let mut response = RerankResponse::of(request, "juror", places)?;
            response.usage = Usage::new(40, 0);
            return Ok(Reply::Rerank(response));
        }
        Ok(Reply::CountTokens(TokenCount::new("juror", read(&body)?)))
    }

    fn decoder(&self, _: &Op, _: &Parts) -> NoStream {
        NoStream
    }

    fn error(&self, head: &Parts, _: &[u8]) -> Error {
        error_of_status(head.status)
    }
}

fn account(wire: &Wire) -> Account {
    let builder = Builder::of(&JURY, Jury).key("k").client(wire.client());
    builder.idempotency_header("once").build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_ranking_comes_in_order_with_its_warnings_and_its_head() {
    let wire = Wire::new([Answer::json("[0.1,-2,0.9]").header("x-request-id", "r-1")]);
    let account = account(&wire);
    let call = account
        .model("m")
        .rerank("what", ["a", "b", "c"])
        .top_n(2)
        .header("x-mine", "1")
        .timeout(Duration::from_secs(9))
        .keep_raw();
    let answer = call.await.unwrap();
    let order: Vec<usize> = answer.results.iter().map(|place| place.index).collect();
    assert_eq!(order, [2, 0, 1]);
    assert_eq!(answer.warnings.len(), 1, "{:?}", answer.warnings);
    assert_eq!(answer.meta.request_id(), Some("r-1"));
    assert_eq!(answer.meta.attempts, 1);
    assert_eq!(answer.meta.raw.as_deref(), Some(&b"[0.1,-2,0.9]"[..]));
    let sent = wire.sent();
    assert_eq!(sent[0].headers["x-mine"], "1");
    assert!(sent[0].headers.contains_key("once"), "it is billed");
    let stats = account.backend().stats();
    assert_eq!(stats.endpoints[0].input_tokens, 40);
}

#[tokio::test(start_paused = true)]
async fn a_count_carries_the_request_and_is_no_use_of_tokens() {
    let wire = Wire::new([Answer::status(503), Answer::json("17")]);
    let account = account(&wire);
    let request = ChatRequest::from("how long?").seed(1);
    let count = account.model("m").count_tokens(request).await.unwrap();
    assert_eq!((count.input, count.model.as_str()), (17, "juror"));
    assert_eq!(count.warnings.len(), 1);
    assert_eq!(count.meta.attempts, 2);
    let sent = wire.sent();
    assert!(!sent[0].headers.contains_key("once"), "it only reads");
    assert_eq!(account.backend().stats().endpoints[0].input_tokens, 0);
}

#[tokio::test(start_paused = true)]
async fn strict_refuses_and_a_patch_is_merged() {
    let wire = Wire::new([Answer::json("[1]")]);
    let model = account(&wire).model("m");
    let request = || RerankRequest::new("q", ["a"]);
    let error = model.rerank_request(request().top_n(1).strict()).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("top_n"), "{error}");
    let error = model.count_tokens(ChatRequest::from("x").seed(1).strict());
    assert_eq!(error.await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(wire.requests(), 0);

    let patch = Json::parse(r#"{"q":"other"}"#).unwrap();
    let patched = model.rerank_request(request().body_patch(patch));
    patched.await.unwrap();
    assert_eq!(wire.sent()[0].body, r#"{"q":"other"}"#);
}

#[tokio::test(start_paused = true)]
async fn what_no_wire_can_carry_is_refused_before_it_is_sent() {
    let wire = Wire::new([Answer::json("[1]")]);
    let model = account(&wire).model("m");
    let none: [&str; 0] = [];
    for call in [
        model.rerank("", ["a"]),
        model.rerank("q", none),
        model.rerank("q", ["a", "b", "c", "d"]).unsplit(),
        model.rerank("q", ["a"]).top_n(0),
    ] {
        let error = call.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    }
    let error = model.count_tokens(ChatRequest::default()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidRequest);
    assert_eq!(wire.requests(), 0);
}

#[test]
fn a_place_of_no_document_or_of_one_twice_is_no_answer() {
    let request = RerankRequest::new("q", ["a", "b"]);
    for places in [
        vec![Ranked::new(2, 0.1)],
        vec![Ranked::new(usize::MAX, 0.1)],
        vec![Ranked::new(1, 0.1), Ranked::new(1, 0.2)],
    ] {
        let error = RerankResponse::of(&request, "m", places).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    }
    let places = vec![Ranked::new(1, 0.5), Ranked::new(0, 0.5)];
    let answer = RerankResponse::of(&request, "m", places).unwrap();
    assert_eq!(answer.results[0].index, 1, "equal scores keep their order");
}

#[test]
fn an_operation_says_what_it_is() {
    let rerank = Op::Rerank(Arc::new(RerankRequest::new("q", ["a"]).model("m")));
    let count = Op::CountTokens(Arc::new(ChatRequest::from("x").model("m")));
    let said = [&rerank, &count].map(|op| (op.name(), op.model().to_owned(), op.class()));
    assert_eq!(said[0], ("rerank", "m".to_owned(), Class::Billed));
    assert_eq!(said[1], ("count_tokens", "m".to_owned(), Class::Read));
    for op in [rerank, count] {
        assert_eq!(Call::new(op).with_model("n").op.model(), "n");
    }
}

#[test]
fn a_bound_on_documents_is_part_of_what_can_be_done() {
    assert!(CAN.includes(Capabilities::NONE.rerank().max_documents(3)));
    assert!(!CAN.includes(Capabilities::NONE.rerank().max_documents(4)));
    let flags: BTreeMap<_, _> = CAN.flags().collect();
    assert!(flags["rerank"] && flags["count_tokens"] && !flags["embed"]);
}
