//! Embeddings that are asked for in other words.

use std::sync::Arc;

use trunkline_core::{EmbedRequest, Json, Op, Reply, Warning, embed::Purpose, protocol::Protocol};
use trunkline_openai_compat::{Dialect, OpenAiCompat};

use super::PLAIN;
use crate::support::body_of;

fn embed(dialect: Dialect, with: impl FnOnce(&mut EmbedRequest)) -> (String, Vec<Warning>) {
    let mut request = EmbedRequest::new(["a"]).model("m");
    with(&mut request);
    body_of(dialect, &Op::Embed(Arc::new(request))).unwrap()
}

#[test]
fn a_patch_says_what_no_setting_can() {
    let dialect = PLAIN.embed_patch(|request| {
        let length = request.dimensions?;
        Json::parse(format!(
            r#"{{"dimensions":null,"output_dimension":{length}}}"#
        ))
        .ok()
    });
    let (body, warnings) = embed(dialect, |request| request.dimensions = Some(4));
    assert_eq!(body, r#"{"model":"m","input":["a"],"output_dimension":4}"#);
    assert_eq!(warnings, []);
    let (body, _) = embed(dialect, |_| {});
    assert_eq!(body, r#"{"model":"m","input":["a"]}"#);
    // What the caller says of this provider stands over it.
    let (body, _) = embed(dialect, |request| {
        request.dimensions = Some(4);
        let mine = Json::parse(r#"{"output_dimension":8}"#).unwrap();
        request.options.insert("openai".into(), mine);
    });
    assert!(body.ends_with(r#""output_dimension":8}"#), "{body}");
}

#[test]
fn a_purpose_is_told_in_the_provider_s_words() {
    let dialect = PLAIN.purpose(
        "input_type",
        &[(Purpose::Query, "query"), (Purpose::Document, "passage")],
    );
    let ask = |dialect, purpose| embed(dialect, |request| request.purpose = Some(purpose));
    let (body, warnings) = ask(dialect, Purpose::Document);
    assert!(body.contains(r#""input_type":"passage""#), "{body}");
    assert_eq!(warnings, []);
    for (dialect, purpose) in [(dialect, Purpose::Clustering), (PLAIN, Purpose::Query)] {
        let (body, warnings) = ask(dialect, purpose);
        assert!(!body.contains("input_type"), "{body}");
        assert_eq!(warnings, [Warning::unsupported("purpose")]);
    }
    let (body, _) = embed(dialect, |_| {});
    assert!(!body.contains("input_type"), "{body}");
}

#[test]
fn bytes_are_asked_for_and_read_as_the_numbers_that_they_are() {
    let dialect = PLAIN.int8_embeddings();
    let (body, _) = embed(dialect, |_| {});
    assert!(
        body.ends_with(r#""encoding_format":"base64_int8"}"#),
        "{body}"
    );
    let request = Op::Embed(Arc::new(EmbedRequest::new(["a"]).model("m")));
    let answer = r#"{"data":[{"index":0,"embedding":"AH+A/w=="}]}"#;
    let (head, ()) = http::Response::new(()).into_parts();
    let reply = OpenAiCompat(dialect).decode(&request, &head, answer.into());
    let Ok(Reply::Embed(answer)) = reply else {
        panic!("{reply:?}");
    };
    assert_eq!(answer.vectors[0].as_slice(), [0.0, 127.0, -128.0, -1.0]);
}
