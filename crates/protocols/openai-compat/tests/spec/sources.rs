//! What an answer stands on.

use trunkline_core::{ChatResponse, Content};
use trunkline_openai_compat::Dialect;

use crate::support::{finish, stream, stream_in, whole, whole_in};

fn sources(answer: &ChatResponse) -> Vec<(&str, Option<&str>)> {
    let parts = answer.message.parts.iter();
    parts
        .filter_map(|part| match &part.content {
            Content::Source(source) => Some((source.url.as_deref()?, source.title.as_deref())),
            _ => None,
        })
        .collect()
}

const ADDRESSES: &str = r#""citations":["https://a.example/","https://b.example/"]"#;
const RESULTS: &str = r#""search_results":[{"title":"A","url":"https://a.example/","date":"2026-01-02"},{"title":"B","url":"https://b.example/"}]"#;
const SAID: &str = r#""choices":[{"index":0,"delta":{"content":"Hi"}}]"#;

/// Perplexity has both at the top of each event, recorded in June 2026.
#[test]
fn results_of_a_search_stand_for_its_bare_addresses() {
    let titled = [
        ("https://a.example/", Some("A")),
        ("https://b.example/", Some("B")),
    ];
    let stop = finish("stop");
    for event in [
        format!("{{{ADDRESSES},{RESULTS},{SAID}}}"),
        format!("{{{SAID},{RESULTS},{ADDRESSES}}}"),
    ] {
        // In every event, and told once.
        let answer = stream(&[&event, &event, &stop]).answer();
        assert_eq!(sources(&answer), titled);
    }
    let late = [
        format!("{{{ADDRESSES},{SAID}}}"),
        format!("{{{RESULTS},{SAID}}}"),
        format!("{{{ADDRESSES},{SAID}}}"),
        stop,
    ];
    assert_eq!(sources(&stream(&late).answer()), titled);
    let answer = whole(&format!(
        r#"{{"choices":[{{"message":{{"content":"Hi"}}}}],{ADDRESSES},{RESULTS}}}"#
    ));
    let answer = answer.unwrap();
    assert_eq!(sources(&answer), titled);
    let of = |at: usize| answer.message.parts[at].ext.get("openai");
    assert!(of(1).unwrap().get().contains("2026-01-02"));
}

#[test]
fn without_results_the_addresses_count() {
    for results in ["", r#","search_results":[]"#, r#","search_results":null"#] {
        let answer = stream(&[format!("{{{ADDRESSES},{SAID}{results}}}"), finish("stop")]).answer();
        assert_eq!(
            sources(&answer),
            [("https://a.example/", None), ("https://b.example/", None)]
        );
    }
    // xAI tells them in its last event.
    let answer = stream(&[
        format!("{{{SAID}}}"),
        format!(r#"{{"choices":[],{ADDRESSES}}}"#),
        finish("stop"),
    ]);
    assert_eq!(sources(&answer.answer()).len(), 2);
}

/// <https://docs.mistral.ai/studio/conversations/citations>
#[test]
fn a_reference_is_a_citation_of_the_text() {
    let answer = whole_in(
        Dialect::OPENAI,
        r#"{"choices":[{"message":{"content":[{"type":"text","text":"yes"},{"type":"reference","reference_ids":[1,"w"]},{"type":"text","text":"."}]}}]}"#,
    )
    .unwrap();
    let [text] = answer.message.parts.as_slice() else {
        panic!("{answer:?}")
    };
    let Content::Text(text) = &text.content else {
        panic!("{text:?}")
    };
    assert_eq!(text.text, "yes.");
    let cited = text.annotations.iter().map(|cited| &cited.source);
    let cited: Vec<_> = cited
        .map(|source| (source.index, source.id.as_deref()))
        .collect();
    assert_eq!(cited, [(Some(1), None), (None, Some("w"))]);
    // What is none is kept as it came.
    let odd = r#"{"choices":[{"index":0,"delta":{"content":[{"type":"reference","pages":[1]}]},"finish_reason":"stop"}]}"#;
    let answer = stream_in(Dialect::OPENAI, &[odd]).answer();
    assert!(matches!(
        answer.message.parts[0].content,
        Content::Opaque(_)
    ));
}
