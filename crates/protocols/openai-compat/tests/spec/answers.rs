//! Answers as values: what is too deep, unknown, missing, cut.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use trunkline_core::{
    Content, Delta, EmbedRequest, ErrorKind, Limit, Op, StreamChunk,
    chat::{FinishKind, ToolInput},
    http_transport::frame::Frame,
    models::ModelsRequest,
    protocol::{Decoder, Protocol, Terminal},
};
use trunkline_openai_compat::{ChunkDecoder, Dialect, OpenAiCompat};

use crate::support::{HI, STOP, delta, finish, head, read, stream, whole};

#[test]
fn f072_what_is_nested_too_deeply_is_refused_on_a_small_stack() {
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let objects = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let work = move || {
        for nested in [&deep, &objects] {
            let bodies = [
                nested.clone(),
                format!(r#"{{"choices":[],"unknown":{nested}}}"#),
                format!(r#"{{"choices":[{{"index":0,"delta":{{"content":{nested}}}}}]}}"#),
                format!(
                    r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{{"index":0,"function":{{"name":"f","arguments":{nested}}}}}]}}}}]}}"#
                ),
                format!(r#"{{"error":{nested}}}"#),
            ];
            for body in &bodies {
                for error in [stream(&[body]).error(), whole(body).unwrap_err()] {
                    assert_eq!(error.kind(), ErrorKind::LimitExceeded, "{error}");
                    assert_eq!(error.limit(), Some(Limit::Depth));
                }
                let wire = OpenAiCompat(Dialect::OPENAI);
                wire.error(&head(500), body.as_bytes());
                let op = Op::Models(Arc::new(ModelsRequest::default()));
                let models = format!(r#"{{"data":[{{"id":"m","x":{nested}}}]}}"#);
                let answer = wire.decode(&op, &head(200), Bytes::from(models));
                assert_eq!(
                    answer.err().and_then(|error| error.limit()),
                    Some(Limit::Depth)
                );
                // What is not kept of vectors is skipped, not entered.
                let op = Op::Embed(Arc::new(EmbedRequest::new(["a"])));
                let vectors = format!(r#"{{"data":[{{"embedding":[1.5],"x":{nested}}}]}}"#);
                assert!(wire.decode(&op, &head(200), Bytes::from(vectors)).is_ok());
            }
        }
        // Brackets in words are words.
        let words = "[{".repeat(500);
        assert_eq!(
            stream(&[delta(&serde_json::json!({ "content": words }).to_string())])
                .answer()
                .text(),
            words
        );
    };
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn f058_after_the_last_word_the_decoder_listens_to_nothing() {
    let mut decoder = ChunkDecoder::of_stream(Dialect::OPENAI);
    let mut out = VecDeque::new();
    for data in [HI, "[DONE]", HI, r#"{"error":"late"}"#] {
        decoder.frame(Frame::new(data), &mut out).unwrap();
    }
    let words = out
        .iter()
        .filter(|chunk| matches!(chunk, StreamChunk::Delta { .. }));
    assert_eq!(words.count(), 1);
}

#[test]
fn f073_unknown_words_are_kept() {
    let answer = stream(&[
        delta(r#"{"role":"oracle","content":"Hi"}"#),
        finish("bored"),
    ])
    .answer();
    assert_eq!(answer.finish.kind, FinishKind::Other);
    assert_eq!(answer.finish.raw.as_deref(), Some("bored"));
}

#[test]
fn f074_usage_is_there_only_where_it_was_sent() {
    for usage in ["", r#","usage":null"#, r#","usage":{}"#] {
        let answer = stream(&[
            HI.to_owned(),
            format!(r#"{{"id":"c","choices":[]{usage},"x":1}}"#),
            STOP.to_owned(),
        ])
        .answer();
        assert_eq!(answer.usage, Default::default(), "{usage}");
    }
    let last = r#"{"id":"c","choices":[],"usage":{"prompt_tokens":1}}"#;
    let answer = stream(&[HI, STOP, last]).answer();
    assert_eq!(
        (answer.usage.input.total, answer.usage.output.total),
        (Some(1), None)
    );
}

#[test]
fn f076_a_chunk_without_choices_cannot_be_read() {
    for frame in [
        r#"{"id":"c","object":"chat.completion.chunk"}"#,
        r#"{"x":1}"#,
        r#"{"choices":7}"#,
        "hello",
    ] {
        let read = stream(&[HI, frame]);
        assert_eq!(read.partial.text(), "Hi", "{frame}");
        let error = read.error();
        assert_eq!(error.kind(), ErrorKind::Decode, "{frame}");
    }
}

#[test]
fn f077_half_a_surrogate_pair_is_an_error() {
    for field in [
        r#"{"content":"\ud800"}"#,
        r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"\ud800"}}]}"#,
    ] {
        let read = stream(&[HI.to_owned(), delta(field)]);
        assert_eq!(read.partial.text(), "Hi");
        assert_eq!(read.error().kind(), ErrorKind::Decode, "{field}");
    }
}

#[test]
fn f078_two_calls_byte_by_byte_and_interleaved() {
    let arguments = [
        r#"{"city":"Paris","n":12345678901234567890}"#,
        r#"{"city":"Oslo ❄"}"#,
    ];
    let mut events = vec![
        delta(r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":""}}]}"#),
        delta(r#"{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":""}}]}"#),
    ];
    let letters: Vec<Vec<char>> = arguments
        .iter()
        .map(|text| text.chars().collect())
        .collect();
    for at in 0..letters[0].len().max(letters[1].len()) {
        for (index, letters) in letters.iter().enumerate() {
            if let Some(letter) = letters.get(at) {
                events.push(delta(&serde_json::json!({"tool_calls":[{"index":index,"function":{"arguments":letter.to_string()}}]}).to_string()));
            }
        }
    }
    events.push(finish("tool_calls"));
    let answer = stream(&events).answer();
    let calls: Vec<_> = answer
        .tool_calls()
        .map(|call| (call.id.as_str(), call.arguments()))
        .collect();
    assert_eq!(calls, [("a", arguments[0]), ("b", arguments[1])]);
    assert!(
        answer
            .tool_calls()
            .all(trunkline_core::ToolCall::is_complete)
    );
}

#[test]
fn f079_cut_in_the_midst_of_arguments() {
    let answer = stream(&[
        delta(r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"path\":\"/et"}}]}"#),
        finish("length"),
    ])
    .answer();
    let call = answer.tool_calls().next().unwrap();
    assert!(!call.is_complete());
    assert_eq!(
        call.arguments(),
        r#"{"path":"/et"#,
        "kept as it came, never repaired"
    );
    assert_eq!(answer.finish.kind, FinishKind::MaxTokens);
}

#[test]
fn f085_a_filter_or_a_refusal_is_an_answer() {
    let filtered = stream(&[HI.to_owned(), finish("content_filter")]).answer();
    assert!(matches!(filtered.finish.kind, FinishKind::ContentFilter(_)));
    let refused = stream(&[
        delta(r#"{"refusal":"I "}"#),
        delta(r#"{"refusal":"won't."}"#),
        finish("stop"),
    ])
    .answer();
    assert!(
        matches!(&refused.message.parts[0].content, Content::Refusal(refusal) if refusal.text == "I won't.")
    );
}

/// Perplexity sends `message`, the whole answer so far, beside `delta`.
#[test]
fn a_chunk_with_delta_and_message_says_its_delta() {
    let chunk = |delta: &str, message: &str| {
        format!(
            r#"{{"id":"c","model":"m","citations":["https://a.example"],"choices":[{{"index":0,"delta":{{"content":"{delta}"}},"message":{{"role":"assistant","content":"{message}"}}}}]}}"#
        )
    };
    let answer = stream(&[chunk("a", "a"), chunk("b", "ab"), finish("stop")]).answer();
    assert_eq!(answer.text(), "ab");
    assert_eq!(answer.message.parts.len(), 2, "the words and one source");
    let body = r#"{"id":"c","choices":[{"delta":{"content":""},"message":{"content":"ab"}}]}"#;
    assert_eq!(whole(body).unwrap().text(), "ab");
}

#[test]
fn a_stream_of_two_answers_is_not_whole_before_both_are() {
    let first = format!("data: {}\n\n", finish("stop"));
    let second = r#"data: {"id":"c","choices":[{"index":1,"delta":{"content":"late"},"finish_reason":"stop"}]}"#;
    let decoder = || ChunkDecoder::of_stream(Dialect::OPENAI).candidates(2);
    let mut one = decoder();
    one.frame(Frame::new(finish("stop")), &mut Default::default())
        .unwrap();
    assert_eq!(one.terminal(), Terminal::Open, "the second has not begun");
    let answer = read(
        decoder(),
        [Bytes::from(first), Bytes::from(format!("{second}\n\n"))],
    )
    .answer();
    assert_eq!(answer.candidates[0].message.text(), "late");
}

#[test]
fn what_the_model_leaves_half_stays_half() {
    let read = stream(&[
        delta(
            r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":"}}]}"#,
        ),
        finish("tool_calls"),
    ]);
    let pieces = read.chunks.iter().filter(|chunk| {
        matches!(
            chunk,
            StreamChunk::Delta {
                delta: Delta::ToolInput(_),
                ..
            }
        )
    });
    assert_eq!(pieces.count(), 1);
    let answer = read.answer();
    let call = answer.tool_calls().next().unwrap();
    assert!(matches!(&call.input, ToolInput::Invalid { raw, .. } if raw == r#"{"x":"#));
}
