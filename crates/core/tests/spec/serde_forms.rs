//! A conversation can be stored (R7), without loss and without noise.

use std::{fmt::Debug, sync::Arc};

use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use trunkline_core::{
    ChatRequest, ChatResponse, EmbedRequest, Json, Message, Op, Part, RerankRequest,
    RerankResponse, StreamChunk, TokenCount, Usage,
    chat::{Approval, ApprovalResponse, Content},
    embed::{Embedding, Precision},
    models::ModelsRequest,
    raw::RawRequest,
    rerank::Ranked,
};

use crate::support::generate;

fn stored<T: Serialize + DeserializeOwned + PartialEq + Debug>(
    value: &T,
) -> Result<(), TestCaseError> {
    let text = serde_json::to_string(value).unwrap();
    let back: T = serde_json::from_str(&text)
        .map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
    prop_assert_eq!(&back, value, "{}", text);
    prop_assert_eq!(serde_json::to_string(&back).unwrap(), text);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn messages_come_back_as_they_were(message in generate::message()) {
        stored(&message)?;
    }

    #[test]
    fn requests_come_back_as_they_were(request in generate::request()) {
        stored(&request)?;
        stored(&Op::Chat(Arc::new(request.clone())))?;
        stored(&Op::ChatStream(Arc::new(request)))?;
    }

    #[test]
    fn answers_come_back_as_they_were(response in generate::response()) {
        stored(&response)?;
    }

    #[test]
    fn chunks_come_back_as_they_were(chunk in generate::chunk()) {
        stored(&chunk)?;
    }

    #[test]
    fn usage_comes_back_as_it_was(usage in generate::usage()) {
        stored(&usage)?;
    }

    #[test]
    fn what_is_absent_is_omitted(chunk in generate::chunk(), usage in generate::usage()) {
        // `null` is written only where a value of JSON itself is null.
        let text = serde_json::to_string(&(chunk, usage)).unwrap();
        let without_raw = text.replace(r#""raw":null"#, "").replace(r#""payload":null"#, "");
        prop_assume!(!without_raw.contains(r#""json":null"#) && !without_raw.contains(r#""ext":{"#));
        let data = [r#""logprobs":null"#, r#"{"json":null}"#, r#""stop_sequence":null"#];
        let without_data = data.iter().fold(without_raw, |text, data| text.replace(data, ""));
        prop_assert!(!without_data.contains(":null"), "{}", without_data);
    }
}

#[test]
fn raw_json_is_kept_byte_for_byte() {
    let text = r#"{ "z":1.50, "a" : 12345678901234567890123, "a":1e400, "\u0061":-0.0 }"#;
    let op = json!({ "type": "chat", "messages": [] }).to_string();
    let op = op.replacen('{', &format!(r#"{{"options":{{"x":{text}}},"#), 1);

    let op: Op = serde_json::from_str(&op).unwrap();

    let Op::Chat(request) = &op else {
        panic!("{op:?}")
    };
    assert_eq!(request.options["x"].get(), text);
    assert!(serde_json::to_string(&op).unwrap().contains(text));
}

#[test]
fn an_operation_is_tagged_by_its_type() {
    let ops: [(Op, Value); 6] = [
        (
            Op::Chat(Arc::new(ChatRequest::from("hi").model("m"))),
            json!({ "type": "chat", "model": "m", "messages": [
                { "role": "user", "parts": [{ "content": { "type": "text", "text": "hi" } }] },
            ] }),
        ),
        (
            Op::Embed(Arc::new(EmbedRequest::new(["a"]))),
            json!({ "type": "embed", "inputs": [{ "text": "a" }] }),
        ),
        (
            Op::Rerank(Arc::new(RerankRequest::new("q", ["a"]).top_n(1))),
            json!({ "type": "rerank", "query": "q", "documents": [{ "text": "a" }], "top_n": 1 }),
        ),
        (
            Op::CountTokens(Arc::new(ChatRequest::from("hi"))),
            json!({ "type": "count_tokens", "messages": [
                { "role": "user", "parts": [{ "content": { "type": "text", "text": "hi" } }] },
            ] }),
        ),
        (
            Op::Models(Arc::new(ModelsRequest::default())),
            json!({ "type": "models" }),
        ),
        (
            Op::from(RawRequest::post("/x", &Json::empty_object())),
            json!({ "type": "raw", "method": "POST", "path": "/x", "body": "{}" }),
        ),
    ];
    for (op, expected) in ops {
        assert_eq!(serde_json::to_value(&op).unwrap(), expected);
        let back: Op = serde_json::from_value(expected).unwrap();
        assert_eq!(back.name(), op.name());
    }
}

#[test]
fn a_ranking_and_a_count_come_back_as_they_were() {
    let fields = Json::parse(r#"{ "b":1.50, "a":12345678901234567890123 }"#).unwrap();
    let request = RerankRequest::new("q", [fields.clone()])
        .model("m")
        .strict();
    stored(&request).unwrap();
    assert!(
        serde_json::to_string(&request)
            .unwrap()
            .contains(fields.get())
    );
    let mut answer = RerankResponse::new("m", vec![Ranked::new(1, -4.5), Ranked::new(0, 0.5)]);
    answer.results[0].document = Some(fields.into());
    stored(&answer).unwrap();
    let mut count = TokenCount::new("m", u64::MAX);
    stored(&count).unwrap();
    assert_eq!(
        serde_json::to_value(&count).unwrap(),
        json!({ "input": u64::MAX, "model": "m" })
    );
    count.cached = Some(0);
    count.by_modality.insert("text".to_owned(), 7);
    stored(&count).unwrap();
}

#[test]
fn an_operation_of_no_known_type_is_refused_by_name() {
    let error = serde_json::from_str::<Op>(r#"{"type":"sing"}"#).unwrap_err();
    assert!(
        error.to_string().contains("unknown variant `sing`"),
        "{error}"
    );
}

#[test]
fn bytes_are_base64() {
    let chunk = StreamChunk::Raw(vec![0, 255, 16].into());
    assert_eq!(
        serde_json::to_value(&chunk).unwrap(),
        json!({ "raw": "AP8Q" })
    );
    let image = serde_json::to_value(Part::image("image/png", vec![1, 2, 3])).unwrap();
    assert_eq!(image["content"]["source"], json!({ "bytes": "AQID" }));
}

#[test]
fn an_approval_says_which_of_the_two_it_is() {
    let part = Part::new(Content::Approval(Approval::Response(
        ApprovalResponse::new("a", true),
    )));
    let expected = json!({ "content": { "type": "approval", "kind": "response", "id": "a", "approve": true } });
    assert_eq!(serde_json::to_value(part).unwrap(), expected);
}

#[test]
fn what_another_version_adds_is_passed_over() {
    let text = r#"{"model":"m","message":{"role":"assistant","parts":[],"mood":1},"finish":{"kind":"stop"},"new":{}}"#;
    let response: ChatResponse = serde_json::from_str(text).unwrap();
    assert_eq!(
        response,
        ChatResponse::new(
            "m",
            Message::new(trunkline_core::Role::Assistant, []),
            response.finish.clone()
        )
    );
    assert_eq!(response.usage, Usage::default());
}

#[test]
fn vectors_of_every_precision_come_back_as_they_were() {
    for (vector, expected) in [
        (Embedding::Float(vec![0.5, -1.0]), json!([0.5, -1.0])),
        (
            Embedding::Int8(vec![-128, 127]),
            json!({ "int8": [-128, 127] }),
        ),
        (Embedding::Uint8(vec![0, 255]), json!({ "uint8": [0, 255] })),
        (Embedding::Binary(vec![-1, 7]), json!({ "binary": [-1, 7] })),
        (Embedding::Ubinary(vec![214]), json!({ "ubinary": [214] })),
    ] {
        stored(&vector).unwrap();
        assert_eq!(serde_json::to_value(&vector).unwrap(), expected);
        let name = vector.precision().as_str();
        assert!(vector.precision() == Precision::Float || expected.get(name).is_some());
        assert!(!vector.is_empty());
    }
    let request = EmbedRequest::new(["a"]).precision(Precision::Ubinary);
    let expected = json!({ "inputs": [{ "text": "a" }], "precision": "ubinary" });
    assert_eq!(serde_json::to_value(&request).unwrap(), expected);
    assert!(serde_json::from_value::<Embedding>(json!({ "int8": [128] })).is_err());
}
