//! K10: what a call leaves in spans and figures.

use std::{pin::Pin, sync::Arc};

use trunkline_core::{Backend, Call, HttpClient, Op, Reply as Answered, middleware::Stack};

use super::{
    Subject,
    stage::{Answer, Memory, Role, read},
    subject::Setup,
    suite::Test,
};

mod log;
mod secrets;
mod spans;

use log::Log;
use secrets::{connected, silent};
use spans::{attempts, dropped, embedded, failed, in_band, streamed, timed, whole};

type Running = Pin<Box<dyn Future<Output = Result<(), String>>>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Chat,
    Stream,
    Embed,
}

/// A test, and what it is about.
type Named = (&'static str, Needs, fn(Arc<Subject>) -> Running);

const ALL: &[Named] = &[
    (
        "a_call_is_one_span_with_names_and_figures",
        Needs::Chat,
        whole,
    ),
    ("a_stream_is_one_span_to_its_end", Needs::Stream, streamed),
    ("a_call_for_vectors_is_one_span", Needs::Embed, embedded),
    (
        "the_first_chunk_is_timed_at_the_first_content",
        Needs::Stream,
        timed,
    ),
    ("a_failure_is_told_by_its_kind", Needs::Chat, failed),
    (
        "an_error_inside_a_stream_is_told_by_its_kind",
        Needs::Stream,
        in_band,
    ),
    (
        "a_stream_that_is_dropped_was_cancelled",
        Needs::Stream,
        dropped,
    ),
    ("attempts_are_events_of_the_one_span", Needs::Chat, attempts),
    ("neither_key_nor_words_are_in_any_log", Needs::Chat, silent),
    (
        "figures_settle_at_the_end_of_a_stream",
        Needs::Stream,
        settled,
    ),
];

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let can = subject.can;
    let of = |(name, needs, body): &Named| {
        let name = format!("k10::{name}");
        let (declared, flag) = match needs {
            Needs::Chat => (can.chat, "chat"),
            Needs::Stream => (can.stream, "stream"),
            Needs::Embed => (can.embed, "embed"),
        };
        if !declared {
            return Test::skip(name, format!("`{flag}` is not declared"));
        }
        let (subject, body) = (subject.clone(), *body);
        Test::paused(name, move || body(subject))
    };
    let mut tests: Vec<Test> = ALL.iter().map(of).collect();
    // A real connection has no paused clock.
    if can.chat {
        let subject = subject.clone();
        tests.push(Test::run(
            "k10::neither_key_nor_words_are_in_any_log_of_a_connection",
            || async move { connected(&subject).await },
        ));
    }
    tests
}

/// An account in the default stack.
fn backend(subject: &Subject, client: HttpClient) -> Result<Backend, String> {
    let setup = Setup {
        stack: Some(Stack::default()),
        ..subject.through(client)
    };
    subject
        .build(setup)
        .map(|built| built.backend)
        .map_err(|error| error.to_string())
}

fn chat(subject: &Subject) -> Result<Role, String> {
    Role::read(subject, "chat", "an answer in a few words")
}

fn stream(subject: &Subject) -> Result<Role, String> {
    Role::read(subject, "stream", "the same answer as a stream")
}

/// Makes the call and reads its answer to the end, with everything on the record.
async fn logged(subject: &Subject, op: Op, answers: Vec<Answer>) -> Result<Log, String> {
    let log = Log::default();
    let backend = backend(subject, Memory::new(answers).client())?;
    let _guard = log.listen();
    if let Ok(Answered::ChatStream(stream)) = backend.call(Call::new(op)).await {
        read(stream).await;
    }
    Ok(log)
}

fn settled(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let role = stream(&subject)?;
        let backend = backend(&subject, Memory::new([Answer::of(&role)]).client())?;
        let figures = || {
            let stats = backend.stats();
            let one = stats.endpoints.first();
            one.map(|one| (one.calls, one.running, one.completed, one.output_tokens))
        };
        let reply = backend
            .call(Call::new(role.op.clone()))
            .await
            .and_then(Answered::into_chat_stream);
        let reply = reply.map_err(|error| error.to_string())?;
        if figures() != Some((1, 1, 0, 0)) {
            return Err(format!(
                "while its stream is read a call is running: {:?}",
                figures()
            ));
        }
        let answer = reply.collect().await.map_err(|error| error.to_string())?;
        let tokens = answer.usage.output.total.unwrap_or(0);
        match figures() {
            Some(figures) if figures == (1, 0, 1, tokens) => Ok(()),
            other => Err(format!(
                "at its end a call is completed, with {tokens} tokens: {other:?}"
            )),
        }
    })
}
