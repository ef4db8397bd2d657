//! The one span of a call: its names, its figures, how it ended.

use std::{sync::Arc, time::Duration};

use trunkline_core::{Call, Op, Reply as Answered, StreamChunk};

use super::{
    Running, Subject, backend, chat,
    log::{Log, Span},
    logged, stream,
};
use crate::{
    conformance::stage::{Answer, Memory, Pipes, Recorded, Role, all, client_of, cut},
    peer::Exchange,
};

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

pub(super) fn whole(subject: Arc<Subject>) -> Running {
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

pub(super) fn streamed(subject: Arc<Subject>) -> Running {
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

pub(super) fn embedded(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let role = Role::read(&subject, "embed", "vectors for a few texts")?;
        let log = logged(&subject, role.op.clone(), vec![Answer::of(&role)]).await?;
        named(&subject, &the_span(&log)?, &role.op, "embeddings")
    })
}

pub(super) fn timed(subject: Arc<Subject>) -> Running {
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

pub(super) fn failed(subject: Arc<Subject>) -> Running {
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

pub(super) fn in_band(subject: Arc<Subject>) -> Running {
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

pub(super) fn dropped(subject: Arc<Subject>) -> Running {
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

pub(super) fn attempts(subject: Arc<Subject>) -> Running {
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
