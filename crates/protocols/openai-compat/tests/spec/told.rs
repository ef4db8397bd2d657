//! What errors and logs tell, and what they do not.

use std::{
    error::Error as _,
    fmt,
    sync::{Arc, Mutex},
    thread::{self, ThreadId},
};

use trunkline_core::{ChatRequest, protocol::Protocol};
use trunkline_openai_compat::{Dialect, OpenAiCompat};

use crate::support::{body_of, chat, head, stream, whole};

#[test]
fn f132_a_message_is_shown_escaped() {
    let body = r#"{"error":{"message":"a\nb\u001b[31mc\u202ed","code":"x\ny"}}"#;
    let error = OpenAiCompat(Dialect::OPENAI).error(&head(400), body.as_bytes());
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(['\n', '\u{1b}', '\u{202e}']), "{shown}");
    assert_eq!(
        error.message(),
        "a\nb\u{1b}[31mc\u{202e}d",
        "raw by the accessor"
    );
}

const CANARY: &str = "canary-4711";

#[test]
fn f133_neither_errors_nor_logs_repeat_what_was_said() {
    let frames = [
        format!(
            r#"{{"choices":[{{"index":0,"delta":{{"content":["{CANARY}"],"tool_calls":"{CANARY}"}}}}]}}"#
        ),
        format!(r#"{{"choices":"{CANARY}"}}"#),
        format!("{{{CANARY}"),
        format!(r#"{{"choices":[{{"delta":{{"content":"{CANARY}\ud800"}}}}]}}"#),
        format!(r#"{{"choices":[{{"delta":{{"audio":{{"id":"a","data":"{CANARY}!"}}}}}}]}}"#),
        format!(r#"{{"choices":[],"usage":{{"prompt_tokens":"{CANARY}"}}}}"#),
    ];
    // For the whole process: a subscriber of one thread is not asked where another thread came
    // to the event first.
    let log = Log::default();
    tracing::subscriber::set_global_default(log.clone()).unwrap();
    for frame in &frames {
        for result in [stream(&[frame]).result, whole(frame)] {
            let Err(error) = result else { continue };
            let mut told = format!("{error} {error:?}");
            let mut source = error.source();
            while let Some(cause) = source {
                told.push_str(&format!("{cause} {cause:?}"));
                source = cause.source();
            }
            assert!(!told.contains(CANARY), "{told}");
        }
    }
    let request = ChatRequest::from(CANARY).system(CANARY);
    body_of(Dialect::OPENAI, &chat(request)).unwrap();
    let log = log.text.lock().unwrap();
    assert!(log.contains("usage"), "the log listens: {log}");
    assert!(!log.contains(CANARY), "{log}");
}

/// Writes down every field of every span and event of this test.
#[derive(Clone)]
struct Log {
    text: Arc<Mutex<String>>,
    thread: ThreadId,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            text: Arc::default(),
            thread: thread::current().id(),
        }
    }
}

impl Log {
    fn write(&self, record: impl FnOnce(&mut Visit<'_>)) {
        if thread::current().id() == self.thread {
            record(&mut Visit(&mut self.text.lock().unwrap()));
        }
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        self.write(|visit| span.record(visit));
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, values: &tracing::span::Record<'_>) {
        self.write(|visit| values.record(visit));
    }

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        self.write(|visit| event.record(visit));
    }

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}

struct Visit<'a>(&'a mut String);

impl tracing::field::Visit for Visit<'_> {
    fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!("{field}={value:?}\n"));
    }
}
