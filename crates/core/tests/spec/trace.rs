//! What a call leaves in spans and logs, and what it does not.

use std::{
    fmt::{Debug, Write},
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};
use trunkline_core::{ChatStream, middleware::Stack};

use crate::support::{Answer, Wire, account, parrot::KEY};

const PROMPT: &str = "prompt-canary-51c2";
const WORDS: &str = "answer-canary-88e0";

/// All that a subscriber at TRACE could write down: `name=value` lines.
#[derive(Clone, Default)]
pub(crate) struct Record(Arc<Mutex<String>>);

impl Record {
    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn has(&self, line: &str) -> bool {
        self.text().lines().any(|known| known == line)
    }
}

impl Visit for &Record {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        writeln!(self.0.lock().unwrap(), "{}={value:?}", field.name()).unwrap();
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        writeln!(self.0.lock().unwrap(), "{}={value}", field.name()).unwrap();
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Record {
    fn on_new_span(&self, attrs: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        attrs.record(&mut &*self);
    }

    fn on_record(&self, _: &span::Id, values: &span::Record<'_>, _: Context<'_, S>) {
        values.record(&mut &*self);
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut &*self);
    }

    fn on_close(&self, _: span::Id, _: Context<'_, S>) {
        self.0.lock().unwrap().push_str("closed\n");
    }
}

pub(crate) async fn recorded<F: Future>(work: F) -> (Record, F::Output) {
    crate::support::listen();
    let record = Record::default();
    let subscriber = tracing_subscriber::registry().with(record.clone());
    let guard = tracing::subscriber::set_default(subscriber);
    let output = work.await;
    drop(guard);
    (record, output)
}

fn model(wire: &Wire, stack: Stack) -> trunkline_core::Model {
    account(wire, |builder| builder.stack(stack).header("x-org", KEY)).model("ara-1")
}

fn streamed() -> Answer {
    Answer::events([
        r#"{"model":"ara-1-0905"}"#,
        r#"{"say":"answer-canary-88e0"}"#,
        r#"{"stop":1}"#,
        r#"{"usage":[7,3]}"#,
        "[DONE]",
    ])
}

async fn read(mut stream: ChatStream) -> trunkline_core::Result<()> {
    while let Some(chunk) = stream.next().await {
        chunk?;
    }
    Ok(())
}

#[tokio::test]
async fn a_span_says_what_was_asked_of_whom_and_how_it_ended_in_opentelemetry_s_names() {
    let wire = Wire::new([streamed()]);
    let (record, result) =
        recorded(async { read(model(&wire, Stack::default()).chat(PROMPT).stream().await?).await })
            .await;
    result.unwrap();
    for line in [
        "otel.name=chat ara-1",
        "otel.kind=client",
        "gen_ai.operation.name=chat",
        "gen_ai.provider.name=parrot",
        "gen_ai.request.model=ara-1",
        "gen_ai.response.model=ara-1-0905",
        "gen_ai.response.id=answer-1",
        "gen_ai.response.finish_reasons=stop",
        "gen_ai.usage.input_tokens=7",
        "gen_ai.usage.output_tokens=3",
        "closed",
    ] {
        assert!(record.has(line), "{line} is not in\n{}", record.text());
    }
}

#[tokio::test]
async fn a_span_lasts_as_long_as_its_stream() {
    let wire = Wire::new([streamed()]);
    let (record, open) = recorded(async {
        let record = model(&wire, Stack::default())
            .chat("hi")
            .stream()
            .await
            .unwrap();
        // Inside: the stream lives.
        record
    })
    .await;
    assert!(!record.has("closed"), "{}", record.text());
    drop(open);
    assert!(
        record.has("error.type=cancelled") && record.has("closed"),
        "{}",
        record.text()
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_kind_and_status_and_none_of_the_provider_s_words() {
    let wire =
        Wire::new([Answer::status(503).body(format!(r#"{{"message":"you said {PROMPT}"}}"#))]);
    let (record, result) =
        recorded(model(&wire, Stack::default()).chat(PROMPT).into_future()).await;
    let error = result.unwrap_err();
    assert!(error.to_string().contains(PROMPT), "the caller is told");
    for line in [
        "error.type=server",
        "http.response.status_code=503",
        "otel.status_code=ERROR",
    ] {
        assert!(record.has(line), "{line} is not in\n{}", record.text());
    }
    assert!(!record.text().contains("canary"), "{}", record.text());
}

#[tokio::test(start_paused = true)]
async fn f125_f133_neither_the_key_nor_what_was_said_is_in_any_log() {
    let failures = [
        Answer::status(401).body(format!(r#"{{"message":"{KEY} {PROMPT}"}}"#)),
        Answer::status(307).header("location", format!("https://{KEY}/")),
        Answer::events([r#"{"say":"answer-canary-88e0"}"#, "answer-canary-88e0"]),
        Answer::json(format!(r#"{{"say":{{"{WORDS}":1}}}}"#)),
        Answer::json(format!(r#""{WORDS}"#)),
        Answer::reset(),
        streamed(),
    ];
    for answer in failures {
        let wire = Wire::new([answer.clone()]);
        let lenient = account(&wire, trunkline_core::account::Builder::lenient).model("ara");
        let other = Wire::new([answer]);
        let (record, _) = recorded(async {
            let strict = model(&wire, Stack::default());
            let _ = strict.chat(PROMPT).await;
            let _ = strict.chat(PROMPT).buffered().await;
            if let Ok(stream) = lenient.chat(PROMPT).key(KEY).stream().await {
                let _ = read(stream).await;
            }
            let _ = strict
                .or(model(&other, Stack::default()))
                .chat(PROMPT)
                .await;
        })
        .await;
        assert!(record.has("gen_ai.operation.name=chat"));
        assert!(!record.text().contains("canary"), "{}", record.text());
    }
}

#[tokio::test]
async fn f133_what_was_said_is_recorded_for_those_who_ask_for_it() {
    let stack = || Stack::default().trace_content();
    let unary = Wire::new([Answer::json(format!(r#"{{"say":"{WORDS}"}}"#))]);
    let (record, _) = recorded(model(&unary, stack()).chat(PROMPT).into_future()).await;
    assert!(
        record.text().contains(PROMPT) && record.text().contains(WORDS),
        "{}",
        record.text()
    );

    let stream = Wire::new([streamed()]);
    let (record, _) = recorded(async {
        read(model(&stream, stack()).chat(PROMPT).stream().await.unwrap()).await
    })
    .await;
    assert!(
        record.text().contains(PROMPT) && record.text().contains(WORDS),
        "{}",
        record.text()
    );
    assert!(!record.text().contains(KEY), "the key never");
}
