//! Answers, whole and as they come.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;
use trunkline_core::{
    ChatRequest, ChatResponse, ChatStream, Content, Json,
    chat::{Effort, FinishClass, Format},
    stream::Laws,
};

use super::{Checked, failed, must, must_say};
use crate::servers::{
    conversation::{GREET, GREET_TOKENS, JSON, SLOW, SYSTEM, THINK, THOUGHT},
    row::Subject,
};

/// A request of one prompt. What nobody can foresee is at least short, and the same each time.
pub(super) fn request(subject: &Subject, prompt: &str) -> ChatRequest {
    let request = ChatRequest::from(prompt);
    match subject.is_scripted() {
        true => request.max_output_tokens(500),
        false => request.max_output_tokens(24).temperature(0.0),
    }
}

fn greet(subject: &Subject) -> ChatRequest {
    request(subject, GREET.prompt).system(SYSTEM)
}

/// Reads a stream to its end, by the laws.
pub(super) async fn collect(mut stream: ChatStream) -> Result<ChatResponse, String> {
    let mut laws = Laws::default();
    let mut all = trunkline_core::stream::Fold::default();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(failed)?;
        laws.check(&chunk)
            .map_err(|law| format!("the stream breaks a law: {law}"))?;
        all.push_owned(chunk).map_err(failed)?;
    }
    laws.end()
        .map_err(|law| format!("the stream breaks a law: {law}"))?;
    all.finish().map_err(failed)
}

/// It ended as an answer does that was not cut; or was cut where it may have to be.
fn must_end(subject: &Subject, answer: &ChatResponse) -> Checked {
    let class = answer.finish.kind.class();
    let is_cut = class == FinishClass::Length && !subject.is_scripted();
    must(
        class == FinishClass::Stop || is_cut,
        format_args!("it ended as {:?}", answer.finish),
    )
}

pub(super) async fn models(subject: &Subject) -> Checked {
    let backend = subject.backend().map_err(failed)?;
    let models = backend.models().await.map_err(failed)?;
    let ids: Vec<&str> = models.iter().map(|model| &*model.id).collect();
    let wanted = subject.row.models.chat;
    must(
        ids.contains(&wanted),
        format_args!("{wanted} is not among {ids:?}"),
    )
}

pub(super) async fn whole(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    let answer = model.chat(greet(subject)).await.map_err(failed)?;
    must_say(subject, GREET.answer, &answer.text())?;
    must_end(subject, &answer)?;
    must(
        answer.meta.attempts == 1,
        format_args!("{} attempts", answer.meta.attempts),
    )
}

pub(super) async fn streamed(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    let stream = model.chat(greet(subject)).stream().await.map_err(failed)?;
    let answer = collect(stream).await?;
    must_say(subject, GREET.answer, &answer.text())?;
    must_end(subject, &answer)
}

pub(super) async fn buffered(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    let answer = model
        .chat(greet(subject))
        .buffered()
        .await
        .map_err(failed)?;
    must_say(subject, GREET.answer, &answer.text())?;
    must_end(subject, &answer)
}

pub(super) async fn usage(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    let whole = model.chat(greet(subject)).await.map_err(failed)?;
    let stream = model.chat(greet(subject)).stream().await.map_err(failed)?;
    let streamed = collect(stream).await?;
    let tokens = |answer: &ChatResponse| (answer.usage.input.total, answer.usage.output.total);
    for (what, answer) in [("whole", whole), ("stream", streamed)] {
        let (input, output) = tokens(&answer);
        let is_told = match subject.is_scripted() {
            true => (input, output) == (Some(GREET_TOKENS.0), Some(GREET_TOKENS.1)),
            false => input > Some(0) && output > Some(0),
        };
        must(
            is_told,
            format_args!("{what}: {input:?} tokens in, {output:?} out"),
        )?;
    }
    Ok(())
}

pub(super) async fn pace(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    let call = model.chat(request(subject, SLOW.prompt));
    let mut stream = call.stream().await.map_err(failed)?;
    let mut came = Vec::new();
    while let Some(chunk) = stream.next().await {
        if chunk.map_err(failed)?.is_output() {
            came.push(Instant::now());
        }
    }
    let spread = match (came.first(), came.last()) {
        (Some(first), Some(last)) => *last - *first,
        _ => return Err("no content came".to_owned()),
    };
    // A real model says it as fast as it can.
    let least = Duration::from_millis(if subject.is_scripted() { 150 } else { 0 });
    must(
        came.len() >= 3 && spread >= least,
        format_args!(
            "{} pieces within {spread:?}: it did not come as it was said",
            came.len()
        ),
    )
}

pub(super) async fn reasoning(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    let thinks = subject.capabilities().map_err(failed)?.reasoning;
    let ask = || match thinks {
        true => request(subject, THINK.prompt).effort(Effort::Low),
        false => request(subject, THINK.prompt),
    };
    let whole = model.chat(ask()).await.map_err(failed)?;
    let stream = model.chat(ask()).stream().await.map_err(failed)?;
    let streamed = collect(stream).await?;
    for (what, answer) in [("whole", whole), ("stream", streamed)] {
        must_say(subject, THINK.answer, &answer.text())
            .map_err(|wrong| format!("{what}: {wrong}"))?;
        let thought = thoughts(&answer);
        must(
            thought == THOUGHT || (!subject.is_scripted() && !thought.is_empty()),
            format_args!("{what}: it thought {thought:?}"),
        )?;
    }
    Ok(())
}

/// All thoughts, in full or in summary.
fn thoughts(answer: &ChatResponse) -> String {
    let parts = answer.message.parts.iter();
    let thoughts = parts.filter_map(|part| match &part.content {
        Content::Reasoning(thought) => Some(match &thought.text {
            Some(text) => text.clone(),
            None => thought.summary.concat(),
        }),
        _ => None,
    });
    thoughts.collect()
}

#[derive(Debug, Deserialize)]
struct Place {
    city: String,
    degrees: i64,
}

pub(super) async fn schema(subject: &Subject) -> Checked {
    let schema = json!({
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 12}, "degrees": {"type": "integer"}},
        "required": ["city", "degrees"],
        "additionalProperties": false,
    });
    let format = Format::Schema {
        name: "place".to_owned(),
        schema: Json::of(&schema).map_err(failed)?,
        strict: true,
    };
    let model = subject.model().map_err(failed)?;
    let request = request(subject, JSON.prompt)
        .format(format)
        .max_output_tokens(200);
    let answer = model.chat(request).await.map_err(failed)?;
    let Place { city, degrees } = answer.parse().map_err(failed)?;
    let told = city == "Bergen" && degrees == 11;
    must(
        told || !subject.is_scripted(),
        format_args!("it told of {city:?}, {degrees}"),
    )
}

pub(super) async fn count(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    let count = |prompt: String| model.count_tokens(request(subject, &prompt));
    let short = count(GREET.prompt.to_owned()).await.map_err(failed)?.input;
    let long = count(GREET.prompt.repeat(20)).await.map_err(failed)?.input;
    must(
        0 < short && short < long,
        format_args!("{short} tokens, and {long} for twenty times as much"),
    )
}
