//! K10: what a call leaves in spans and figures.

use std::{pin::Pin, sync::Arc, time::Duration};

use trunkline_core::{
    Backend, Call, ChatRequest, HttpClient, Op, Reply as Answered, StreamChunk, middleware::Stack,
};

use super::{
    Subject,
    stage::{Answer, Memory, Pipes, Recorded, Role, all, client_of, cut, read},
    subject::{KEY, Setup},
    suite::Test,
};
use crate::{Peer, peer::Exchange};

mod log;

use log::{Log, Span};

type Running = Pin<Box<dyn Future<Output = Result<(), String>>>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Chat,
    Stream,
    Embed,
}

const ALL: &[(&str, Needs, fn(Arc<Subject>) -> Running)] = &[
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
    let can = subject.def.capabilities;
    let of = |(name, needs, body): &(&str, Needs, fn(Arc<Subject>) -> Running)| {
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

/// The one span of the call, which is closed.
fn the_span(log: &Log) -> Result<Span, String> {
    let spans = log.spans();
    match spans.as_slice() {
        [span] if span.closed => Ok(span.clone()),
        [_] => Err("the span is still open after its call was over".to_owned()),
        other => Err(format!(
            "a call is one span, and there were {}",
            other.len()
        )),
    }
}

fn has(span: &Span, field: &str, expected: impl ToString) -> Result<(), String> {
    let expected = expected.to_string();
    match span.fields.get(field) {
        Some(value) if *value == expected => Ok(()),
        other => Err(cut(format!(
            "the span's `{field}` is {expected}, and was {other:?}"
        ))),
    }
}

/// What the span says of any call of this op.
fn named(subject: &Subject, span: &Span, op: &Op, operation: &str) -> Result<(), String> {
    has(span, "gen_ai.operation.name", operation)?;
    has(span, "otel.kind", "client")?;
    has(span, "gen_ai.request.model", op.model())?;
    has(span, "otel.name", format!("{operation} {}", op.model()))?;
    has(span, "server.address", "localhost")?;
    let provider = span
        .fields
        .get("gen_ai.provider.name")
        .map_or("", String::as_str);
    let id = subject.def.id;
    // The conventions have names of their own for some.
    if provider != id && !provider.contains(id) && !provider.contains(['.', '_']) {
        return Err(format!(
            "the span's provider is `{id}`, and was {provider:?}"
        ));
    }
    Ok(())
}

fn figures(span: &Span, usage: &trunkline_core::chat::Usage) -> Result<(), String> {
    for (field, tokens) in [
        ("gen_ai.usage.input_tokens", usage.input.total),
        ("gen_ai.usage.output_tokens", usage.output.total),
        (
            "gen_ai.usage.cache_read.input_tokens",
            usage.input.cache_read,
        ),
        (
            "gen_ai.usage.reasoning.output_tokens",
            usage.output.reasoning,
        ),
    ] {
        match (tokens, span.fields.get(field)) {
            (Some(tokens), _) => has(span, field, tokens)?,
            (None, None) => {}
            (None, Some(value)) => {
                return Err(format!(
                    "the answer does not tell `{field}`, and the span says {value}"
                ));
            }
        }
    }
    Ok(())
}

fn whole(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let role = chat(&subject)?;
        let answer = role.answer()?;
        let log = logged(&subject, role.op.clone(), vec![Answer::of(&role)]).await?;
        let span = the_span(&log)?;
        named(&subject, &span, &role.op, "chat")?;
        has(&span, "gen_ai.response.model", &answer.model)?;
        has(&span, "http.response.status_code", role.status)?;
        has(&span, "trunkline.attempts", 1)?;
        figures(&span, &answer.usage)?;
        if span.fields.contains_key("error.type")
            || !span.fields.contains_key("gen_ai.response.finish_reasons")
        {
            return Err(cut(format!(
                "a call that was answered has a reason to end and no error: {:?}",
                span.fields
            )));
        }
        Ok(())
    })
}

fn streamed(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let role = stream(&subject)?;
        let log = logged(&subject, role.op.clone(), vec![Answer::of(&role)]).await?;
        let span = the_span(&log)?;
        named(&subject, &span, &role.op, "chat")?;
        has(&span, "gen_ai.request.stream", true)?;
        let answer = role.answer()?;
        has(&span, "gen_ai.response.model", &answer.model)?;
        figures(&span, &answer.usage)
    })
}

fn embedded(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let role = Role::read(&subject, "embed", "vectors for a few texts")?;
        let log = logged(&subject, role.op.clone(), vec![Answer::of(&role)]).await?;
        named(&subject, &the_span(&log)?, &role.op, "embeddings")
    })
}

fn timed(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let recorded = Recorded::split(&stream(&subject)?);
        let role = stream(&subject)?;
        let head = role
            .headers
            .iter()
            .fold("HTTP/1.1 200 OK\r\n".to_owned(), |head, (name, value)| {
                format!("{head}{name}: {value}\r\n")
            });
        // Three seconds before each event: the first content comes with one of them.
        let mut exchange = Exchange::new().send(format!("{head}\r\n"));
        for event in &recorded {
            exchange = exchange.pause(Duration::from_secs(3)).send(event.clone());
        }
        let log = Log::default();
        let (_peer, pipes) = Pipes::to([exchange.close()]);
        let backend = backend(&subject, client_of(pipes)?)?;
        let _guard = log.listen();
        let began = tokio::time::Instant::now();
        let reply = backend
            .call(Call::new(role.op.clone()))
            .await
            .and_then(Answered::into_chat_stream);
        let mut reply = reply.map_err(|error| error.to_string())?;
        let mut first = None;
        while let Some(Ok(chunk)) = reply.next().await {
            if StreamChunk::is_output(&chunk) {
                first.get_or_insert(began.elapsed().as_secs_f64());
            }
        }
        drop(reply);
        let span = the_span(&log)?;
        let told = span.fields.get("gen_ai.response.time_to_first_chunk");
        let told = told.and_then(|told| told.parse::<f64>().ok());
        match (told, first) {
            (Some(told), Some(first)) if (told - first).abs() < 0.1 && told >= 2.9 => Ok(()),
            other => Err(format!(
                "the time to the first content is told and seen: {other:?}"
            )),
        }
    })
}

fn failed(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let roles = all(&subject).into_iter();
        for role in roles.filter(|role| role.is_error() && !role.is_stream() && role.status >= 400)
        {
            let answer = Answer::of(&role).header("x-should-retry", "false");
            let log = logged(&subject, role.op.clone(), vec![answer]).await?;
            let span = the_span(&log)?;
            has(&span, "error.type", role.error("kind").unwrap_or_default())?;
            has(&span, "otel.status_code", "ERROR")?;
            has(&span, "http.response.status_code", role.status)?;
        }
        Ok(())
    })
}

fn in_band(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let role = Role::read(
            &subject,
            "in_band_error",
            "a stream that ends with an error",
        )?;
        let log = logged(&subject, role.op.clone(), vec![Answer::of(&role)]).await?;
        let span = the_span(&log)?;
        has(&span, "error.type", role.error("kind").unwrap_or_default())?;
        has(&span, "otel.status_code", "ERROR")
    })
}

fn dropped(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let role = stream(&subject)?;
        let log = Log::default();
        let backend = backend(&subject, Memory::new([Answer::of(&role).open()]).client())?;
        let guard = log.listen();
        let reply = backend.call(Call::new(role.op.clone())).await;
        let reply = reply.map_err(|error| error.to_string())?;
        if log.spans().iter().any(|span| span.closed) {
            return Err("the span is closed before its stream is over".to_owned());
        }
        drop(reply);
        drop(guard);
        has(&the_span(&log)?, "error.type", "cancelled")
    })
}

fn attempts(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let role = chat(&subject)?;
        let answers = vec![Answer::status(503), Answer::of(&role)];
        let log = logged(&subject, role.op.clone(), answers).await?;
        let span = the_span(&log)?;
        has(&span, "trunkline.attempts", 2)?;
        let told: Vec<_> = log
            .events()
            .into_iter()
            .filter(|event| event.name == "trunkline.attempt")
            .collect();
        let statuses: Vec<_> = told
            .iter()
            .map(|event| event.fields.get("http.response.status_code").cloned())
            .collect();
        let expected = [Some("503".to_owned()), Some(role.status.to_string())];
        if statuses != expected || told.iter().any(|event| event.span != Some(span.id)) {
            return Err(format!(
                "each attempt is an event of the call's span, with its status: {statuses:?}"
            ));
        }
        Ok(())
    })
}

/// What nobody may write down: a word of the prompt.
const PROMPT: &str = "prompt-canary-51c2";

fn asked(role: &Role) -> Result<Op, String> {
    let request: ChatRequest = (*role.request()?).clone();
    let request = Arc::new(request.user(PROMPT));
    Ok(match role.op {
        Op::ChatStream(_) => Op::ChatStream(request),
        _ => Op::Chat(request),
    })
}

fn clean(log: &Log, words: &str) -> Result<(), String> {
    let text = log.text();
    for (secret, what) in [
        (KEY, "the key"),
        (PROMPT, "the prompt"),
        (words, "the answer"),
    ] {
        let line = text
            .lines()
            .find(|line| !secret.is_empty() && line.contains(secret));
        if let Some(line) = line {
            let line = line.replace(secret, "THE-SECRET");
            return Err(cut(format!("{what} is in the log: {line}")));
        }
    }
    match log.spans().is_empty() {
        true => Err("nothing was recorded: is the subscriber heard?".to_owned()),
        false => Ok(()),
    }
}

fn silent(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        for role in all(&subject) {
            if role.request().is_err() {
                continue;
            }
            let words = role
                .answer()
                .map(|answer| answer.text())
                .unwrap_or_default();
            // Errors with the prompt and the key in the provider's own words.
            let echo = Answer::status(400).body(format!("bad key {KEY} for {PROMPT}"));
            for answer in [Answer::of(&role), echo] {
                let log = logged(&subject, asked(&role)?, vec![answer]).await?;
                clean(&log, &words)?;
            }
        }
        Ok(())
    })
}

async fn connected(subject: &Subject) -> Result<(), String> {
    let roles = all(subject).into_iter();
    for role in roles.filter(|role| role.request().is_ok()) {
        let log = Log::default();
        let guard = log.listen();
        let peer = Peer::start(crate::peer::Script::new([role.reply()]).repeat_last()).await;
        let setup = Setup {
            client: Some(HttpClient::shared()),
            stack: Some(Stack::default().retry(None)),
            ..subject.at(&peer.url())
        };
        let built = subject.build(setup).map_err(|error| error.to_string())?;
        if let Ok(Answered::ChatStream(stream)) = built.backend.call(Call::new(asked(&role)?)).await
        {
            read(stream).await;
        }
        drop(guard);
        let words = role
            .answer()
            .map(|answer| answer.text())
            .unwrap_or_default();
        clean(&log, &words)?;
    }
    Ok(())
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
