//! What content filters found, as Azure tells it.
//!
//! <https://learn.microsoft.com/azure/foundry-classic/openai/concepts/content-filter-annotations>

use trunkline_core::{
    StreamChunk,
    chat::{Category, FinishKind},
};

use crate::support::{delta, stream, whole};

const PROMPT: &str = r#"[{"prompt_index":0,"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}]"#;
const SAFE: &str = r#"{"hate":{"filtered":false,"severity":"safe"}}"#;

#[test]
fn results_are_kept_beside_the_answer() {
    let answer = whole(&format!(
        r#"{{"choices":[{{"finish_reason":"stop","message":{{"content":"Hi"}},"content_filter_results":{SAFE}}}],"prompt_filter_results":{PROMPT}}}"#
    ))
    .unwrap();
    assert_eq!(
        answer.ext.get("openai").unwrap().get(),
        format!(r#"{{"prompt_filter_results":{PROMPT},"content_filter_results":{SAFE}}}"#)
    );
}

#[test]
fn in_a_stream_the_last_results_count() {
    let prompt = format!(
        r#"{{"id":"","model":"","created":0,"choices":[],"prompt_filter_results":{PROMPT}}}"#
    );
    let event = |rest: &str| format!(r#"{{"choices":[{{"index":0,{rest}}}]}}"#);
    let read = stream(&[
        prompt.clone(),
        event(r#""delta":{"content":"Hi"},"content_filter_results":{}"#),
        event(&format!(
            r#""delta":{{"content":"!"}},"content_filter_results":{SAFE}"#
        )),
        event(r#""delta":{},"finish_reason":"stop","content_filter_results":{}"#),
        prompt,
    ]);
    let metas = read.chunks.iter().filter_map(|chunk| match chunk {
        StreamChunk::Meta(meta) => meta.ext.get("openai"),
        _ => None,
    });
    assert_eq!(metas.count(), 1, "told once");
    let answer = read.answer();
    assert_eq!(
        answer.ext.get("openai").unwrap().get(),
        format!(r#"{{"prompt_filter_results":{PROMPT},"content_filter_results":{SAFE}}}"#)
    );
    assert_eq!(answer.finish.kind, FinishKind::Stop);
}

#[test]
fn results_of_several_events_add_up() {
    let event = |results: &str| {
        format!(
            r#"{{"choices":[{{"index":0,"delta":{{"content":"a"}},"content_filter_results":{results}}}]}}"#
        )
    };
    let read = stream(&[
        event(SAFE),
        event(r#"{"profanity":{"filtered":false}}"#),
        event(SAFE),
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#.to_owned(),
    ]);
    let found = r#"{"content_filter_results":{"hate":{"filtered":false,"severity":"safe"},"profanity":{"filtered":false}}}"#;
    assert_eq!(read.answer().ext.get("openai").unwrap().get(), found);
}

#[test]
fn a_filter_that_cuts_an_answer_says_what_for() {
    for (results, category) in [
        (
            r#"{"hate":{"filtered":false},"self_harm":{"filtered":true}}"#,
            Category::SelfHarm,
        ),
        (r#"{"self-harm":{"filtered":true}}"#, Category::SelfHarm),
        (r#"{"sexual":{"filtered":true}}"#, Category::Sexual),
        (
            r#"{"indirect_attack":{"filtered":true,"detected":true}}"#,
            Category::Jailbreak,
        ),
        (
            r#"{"protected_material_code":{"filtered":true}}"#,
            Category::Copyright,
        ),
        (
            r#"{"custom_blocklists":{"filtered":true}}"#,
            Category::Blocklist,
        ),
        (
            r#"{"personally_identifiable_information":{"filtered":true}}"#,
            Category::PersonalData,
        ),
        (
            r#"{"brand_new":{"filtered":true}}"#,
            Category::Other("brand_new".into()),
        ),
        (SAFE, Category::Unspecified),
        (r#"{"hate":7}"#, Category::Unspecified),
        ("[7]", Category::Unspecified),
    ] {
        let answer = stream(&[
            delta(r#"{"content":"Hi"}"#),
            format!(r#"{{"choices":[{{"index":0,"finish_reason":"content_filter","content_filter_results":{results}}}]}}"#),
        ])
        .answer();
        assert_eq!(
            answer.finish.kind,
            FinishKind::ContentFilter(category),
            "{results}"
        );
    }
}

/// The asynchronous filter judges while the model writes, and may come after its last word.
#[test]
fn a_verdict_after_the_end_stands_over_it() {
    let answer = stream(&[
        r#"{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#,
        r#"{"choices":[{"index":0,"finish_reason":"content_filter","content_filter_results":{"violence":{"filtered":true}}}]}"#,
    ])
    .answer();
    let violence = FinishKind::ContentFilter(Category::Violence);
    assert_eq!(answer.finish.kind, violence);
}
