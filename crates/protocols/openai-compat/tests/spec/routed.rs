//! What a provider that passes requests on tells of whoever answered.
//!
//! <https://openrouter.ai/docs/api_reference/overview>

use trunkline_core::{Content, Op, Reply, protocol::Protocol};
use trunkline_openai_compat::{Dialect, OpenAiCompat};

use crate::support::{head, stream, whole};

#[test]
fn the_name_and_the_last_word_of_who_answered_are_kept() {
    let chunk = |rest: &str| format!(r#"{{"id":"g","model":"m","provider":"Acme",{rest}}}"#);
    let answer = stream(&[
        chunk(r#""choices":[{"index":0,"delta":{"content":"Hi"},"native_finish_reason":null}]"#),
        chunk(
            r#""choices":[{"index":0,"delta":{},"finish_reason":"stop","native_finish_reason":"end_turn"}]"#,
        ),
    ])
    .answer();
    let ext = answer.ext.get("openai").unwrap();
    assert_eq!(ext.get(), r#"{"provider":"Acme"}"#);
    assert_eq!(answer.finish.raw.as_deref(), Some("stop"));
    assert_eq!(answer.finish.detail.as_deref(), Some("end_turn"));
    let same = r#"{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop","native_finish_reason":"stop"}]}"#;
    assert_eq!(whole(same).unwrap().finish.detail, None);
}

#[test]
fn searches_are_counted_and_an_empty_span_is_none() {
    let body = r#"{"choices":[{"message":{"content":"Hi","annotations":[{"type":"url_citation","url_citation":{"url":"https://a.example","start_index":0,"end_index":0}}]},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"server_tool_use_details":{"web_search_requests":3}}}"#;
    let answer = whole(body).unwrap();
    assert_eq!(answer.usage.server_tools["web_search"], 3);
    let Content::Text(text) = &answer.message.parts[0].content else {
        panic!("{answer:?}")
    };
    assert_eq!(text.annotations[0].span_in_output, None);
}

#[test]
fn the_limit_on_output_is_the_best_upstreams() {
    let body = r#"{"data":[{"id":"a","context_length":9,"top_provider":{"max_completion_tokens":7}},{"id":"b","top_provider":null}]}"#;
    let reply = OpenAiCompat(Dialect::OPENAI)
        .decode(&Op::Models(Default::default()), &head(200), body.into())
        .unwrap();
    let Reply::Models(page) = reply else {
        panic!("no list")
    };
    let limits: Vec<_> = page.models.iter().map(|model| model.output_limit).collect();
    assert_eq!(limits, [Some(7), None]);
}
