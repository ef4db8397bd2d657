//! The kit for fixtures sees what it is there to see.

use std::{fs, path::PathBuf};

use trunkline_core::{Backend, Result};
use trunkline_testkit::fixture;

use crate::support::account;

fn backend(url: &str) -> Result<Backend> {
    Ok(account(url).bare())
}

/// A copy of OpenAI's case `name` that a test may spoil.
fn copy(name: &str, test: &str) -> PathBuf {
    let from = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../providers/openai/tests/chat_completions"
    ))
    .join(name);
    let to = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(test)
        .join(name);
    fs::create_dir_all(&to).unwrap();
    for file in fs::read_dir(from).unwrap().flatten() {
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
    // The provider's base has a version in it, ours has none.
    replace(&to, "request.json", "\"/v1/", "\"/");
    to
}

fn replace(dir: &std::path::Path, file: &str, from: &str, to: &str) {
    let text = fs::read_to_string(dir.join(file)).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(dir.join(file), text.replacen(from, to, 1)).unwrap();
}

#[tokio::test]
async fn a_case_that_is_right_passes() {
    for name in ["chat", "stream", "error_auth", "models", "embed"] {
        copy("chat", "right");
        fixture::check(copy(name, "right"), backend).await.unwrap();
    }
}

#[tokio::test]
async fn every_file_is_compared() {
    for (name, file, from, to) in [
        ("chat", "request.json", "0.2", "0.20"),
        ("chat", "expect.json", "Paris. ✓", "Paris."),
        ("stream", "chunks.jsonl", "Par", "Pa"),
        ("error_auth", "expect.json", "\"auth\"", "\"server\""),
        ("models", "expect.json", "gpt-4.1-mini", "gpt-5"),
    ] {
        copy("chat", "compared");
        let dir = copy(name, "compared");
        replace(&dir, file, from, to);
        let failure = fixture::check(&dir, backend).await.unwrap_err().to_string();
        assert!(
            failure.contains(file) && failure.contains("UPDATE_FIXTURES=1"),
            "{failure}"
        );
        assert!(
            failure.contains(from),
            "it shows what is there now: {failure}"
        );
    }
}

#[tokio::test]
async fn a_stream_must_be_the_answer_that_it_names() {
    let chat = copy("chat", "named");
    let stream = copy("stream", "named");
    replace(&chat, "expect.json", "Paris. ✓", "Lyon");
    let failure = fixture::check(stream, backend)
        .await
        .unwrap_err()
        .to_string();
    assert!(failure.contains("not that of `chat`"), "{failure}");
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let dir = copy("chat", "missing");
    fs::remove_file(dir.join("expect.json")).unwrap();
    let failure = fixture::check(&dir, backend).await.unwrap_err().to_string();
    assert!(failure.contains("expect.json is missing"), "{failure}");
    fs::remove_file(dir.join("response.json")).unwrap();
    let failure = fixture::check(&dir, backend).await.unwrap_err().to_string();
    assert!(failure.contains("response.json"), "{failure}");
}
