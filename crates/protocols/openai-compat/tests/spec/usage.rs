//! What an answer cost, as servers count it.

use std::time::Duration;

use trunkline_core::chat::Usage;

use crate::support::{delta, stream, whole};

fn usage(json: &str) -> Usage {
    whole(&format!(
        r#"{{"choices":[{{"message":{{"content":"Hi"}}}}],"usage":{json}}}"#
    ))
    .unwrap()
    .usage
}

#[test]
fn f075_numbers_that_are_none() {
    let odd = usage(
        r#"{"prompt_tokens":12.0,"completion_tokens":18446744073709551615,"total_tokens":1e400}"#,
    );
    assert_eq!(
        (odd.input.total, odd.output.total),
        (Some(12), Some(u64::MAX))
    );
    let none = usage(r#"{"prompt_tokens":-1,"completion_tokens":"five","total_tokens":7}"#);
    assert_eq!((none.input.total, none.output.total), (None, None));
    assert_eq!(usage(r#"{"prompt_tokens":"12"}"#).input.total, Some(12));
    assert_eq!(
        usage(r#"{"prompt_tokens":1e400,"completion_tokens":1}"#)
            .input
            .total,
        None
    );
    assert_eq!(usage("7"), Usage::default(), "what is no usage is none");
}

#[test]
fn output_includes_reasoning_however_it_is_counted() {
    let openai = usage(
        r#"{"prompt_tokens":10,"completion_tokens":30,"total_tokens":40,"completion_tokens_details":{"reasoning_tokens":20}}"#,
    );
    let xai = usage(
        r#"{"prompt_tokens":10,"completion_tokens":10,"total_tokens":40,"completion_tokens_details":{"reasoning_tokens":20}}"#,
    );
    for usage in [openai, xai] {
        assert_eq!(usage.output.total, Some(30));
        assert_eq!(usage.output.reasoning, Some(20));
    }
    assert_eq!(
        usage(r#"{"prompt_tokens":1,"reasoning_tokens":5}"#)
            .output
            .reasoning,
        Some(5)
    );
}

#[test]
fn what_a_cache_had_under_any_name() {
    for details in [
        r#""prompt_tokens_details":{"cached_tokens":4}"#,
        r#""prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":6"#,
        r#""cached_tokens":4"#,
        r#""num_cached_tokens":4"#,
        r#""cache_read_input_tokens":4"#,
    ] {
        let usage = usage(&format!(r#"{{"prompt_tokens":10,{details}}}"#));
        assert_eq!(
            (usage.input.cache_read, usage.input.uncached),
            (Some(4), Some(6)),
            "{details}"
        );
    }
    let odd = usage(r#"{"prompt_tokens":1,"prompt_tokens_details":{"cached_tokens":4}}"#);
    assert_eq!(
        odd.input.uncached, None,
        "what does not add up is not computed"
    );
}

/// Moonshot's streams: <https://platform.kimi.ai/docs/guide/migrating-from-openai-to-kimi>
#[test]
fn usage_in_a_choice_counts_where_the_answer_has_none() {
    let last = |top: &str| {
        format!(
            r#"{{"choices":[{{"index":0,"delta":{{}},"finish_reason":"stop","usage":{{"prompt_tokens":3,"completion_tokens":4}}}}]{top}}}"#
        )
    };
    let of = |top: &str| {
        stream(&[delta(r#"{"content":"Hi"}"#), last(top)])
            .answer()
            .usage
    };
    for top in ["", r#","usage":null"#] {
        let usage = of(top);
        assert_eq!((usage.input.total, usage.output.total), (Some(3), Some(4)));
    }
    let both = of(r#","usage":{"prompt_tokens":7}"#);
    assert_eq!((both.input.total, both.output.total), (Some(7), None));
}

#[test]
fn the_provider_s_own_time_wherever_it_stands() {
    let milliseconds = Duration::from_millis;
    // Cerebras: beside the usage. <https://inference-docs.cerebras.ai/api-reference/chat-completions>
    let beside = whole(
        r#"{"choices":[{"message":{"content":"Hi"}}],"usage":{"prompt_tokens":1},"time_info":{"queue_time":0.25,"prompt_time":0.5,"completion_time":1.5,"total_time":2.5,"created":1759.5}}"#,
    );
    let timing = *beside.unwrap().usage.timing.unwrap();
    assert_eq!(timing.queue, Some(milliseconds(250)));
    assert_eq!(timing.total, Some(milliseconds(2_500)));
    // SambaNova: within it, under another name.
    let within = usage(r#"{"prompt_tokens":1,"total_latency":0.75}"#);
    assert_eq!(within.timing.unwrap().total, Some(milliseconds(750)));
    // Fireworks: beside it as well. <https://docs.fireworks.ai/guides/prompt-caching>
    let asked_for = whole(
        r#"{"choices":[{"message":{"content":"Hi"}}],"usage":{"prompt_tokens":1},"perf_metrics":{"prompt-tokens":1,"server-processing-time":0.75}}"#,
    );
    let timing = *asked_for.unwrap().usage.timing.unwrap();
    assert_eq!(timing.total, Some(milliseconds(750)));
    // Time alone is no usage.
    let alone =
        whole(r#"{"choices":[{"message":{"content":"Hi"}}],"time_info":{"total_time":2.5}}"#);
    assert_eq!(alone.unwrap().usage, Usage::default());
}

#[test]
fn input_includes_sounds_however_they_are_counted() {
    let mistral = usage(
        r#"{"prompt_tokens":11,"completion_tokens":15,"total_tokens":401,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":375}}"#,
    );
    let openai = usage(
        r#"{"prompt_tokens":386,"completion_tokens":15,"total_tokens":401,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":375}}"#,
    );
    for usage in [mistral, openai] {
        assert_eq!(usage.input.total, Some(386));
        assert_eq!(usage.input.uncached, Some(386));
    }
}
