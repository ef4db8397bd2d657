//! What the server sends, rendered once.

use base64::{Engine, engine::general_purpose::STANDARD};

/// One in eight has a line break, which JSON escapes: then nobody can borrow the text.
pub(crate) const WORDS: [&str; 8] = [
    " the",
    " answer",
    " to",
    " everything",
    ", says",
    " Deep",
    " Thought",
    ".\n",
];
pub(crate) const INPUTS: usize = 96;
const DIMENSIONS: usize = 1_536;

/// What is asked: 64 bytes.
pub(crate) const PROMPT: &str = "What is the answer to life, the universe and everything? Explain";
pub(crate) const MODEL: &str = "gpt-4.1-mini";

const HEAD: &str = r#""id":"chatcmpl-B9MHDbslfkBeAs8l4bebGdFOJ6PeG","created":1741570283,"model":"gpt-4.1-mini-2025-04-14""#;
const USAGE: &str = r#"{"prompt_tokens":19,"completion_tokens":210,"total_tokens":229,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}"#;

/// A whole answer with a text of `length` bytes.
pub(crate) fn chat(length: usize) -> Vec<u8> {
    let mut text: String = WORDS.iter().cycle().copied().take(length).collect();
    text.truncate(length);
    let text = serde_json::Value::from(text);
    format!(
        r#"{{{HEAD},"object":"chat.completion","choices":[{{"index":0,"message":{{"role":"assistant","content":{text},"refusal":null,"annotations":[]}},"logprobs":null,"finish_reason":"stop"}}],"usage":{USAGE}}}"#
    )
    .into_bytes()
}

/// The events of a stream: one for the role, `n` with a word each (some 240 bytes, as most servers
/// send them), three to end it.
pub(crate) fn events(n: usize) -> impl Iterator<Item = String> {
    let words = WORDS.iter().cycle().take(n).map(|text| event(text));
    std::iter::once(first()).chain(words).chain(last())
}

/// The event before the first word.
pub(crate) fn first() -> String {
    let choice = choice(
        r#"{"role":"assistant","content":"","refusal":null}"#,
        "null",
    );
    chunk(&choice, "")
}

/// The event of one word.
pub(crate) fn event(word: &str) -> String {
    let word = serde_json::Value::from(word);
    chunk(&choice(&format!(r#"{{"content":{word}}}"#), "null"), "")
}

/// The same with a count of tokens, as some servers send it when asked to.
pub(crate) fn counted_event(word: &str, count: usize) -> String {
    let (word, total) = (serde_json::Value::from(word), 19 + count);
    let usage = format!(
        r#","usage":{{"prompt_tokens":19,"total_tokens":{total},"completion_tokens":{count}}}"#
    );
    chunk(&choice(&format!(r#"{{"content":{word}}}"#), "null"), &usage)
}

/// The events after the last word.
pub(crate) fn last() -> [String; 3] {
    [
        chunk(&choice("{}", r#""stop""#), ""),
        chunk("", &format!(",\"usage\":{USAGE}")),
        "data: [DONE]\n\n".to_owned(),
    ]
}

fn chunk(choices: &str, usage: &str) -> String {
    format!(
        "data: {{{HEAD},\"object\":\"chat.completion.chunk\",\"choices\":[{choices}]{usage}}}\n\n"
    )
}

fn choice(delta: &str, finish: &str) -> String {
    format!(r#"{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}"#)
}

/// 96 vectors of 1,536 numbers, with the digits that servers give them.
pub(crate) fn embeddings(base64: bool) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    let vectors: Vec<String> = (0..INPUTS)
        .map(|index| {
            let numbers: Vec<f32> = (0..DIMENSIONS).map(|_| random.f32() * 0.1 - 0.05).collect();
            let vector = if base64 {
                let bytes: Vec<u8> = numbers
                    .iter()
                    .flat_map(|number| number.to_le_bytes())
                    .collect();
                format!("\"{}\"", STANDARD.encode(bytes))
            } else {
                let numbers: Vec<String> = numbers.iter().map(f32::to_string).collect();
                format!("[{}]", numbers.join(","))
            };
            format!(r#"{{"object":"embedding","index":{index},"embedding":{vector}}}"#)
        })
        .collect();
    format!(
        r#"{{"object":"list","data":[{}],"model":"text-embedding-3-small","usage":{{"prompt_tokens":960,"total_tokens":960}}}}"#,
        vectors.join(",")
    )
    .into_bytes()
}
