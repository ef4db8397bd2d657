//! What goes wrong, and what it is called.

use std::time::{Duration, Instant};

use trunkline_core::{ChatResponse, Delivery, Error, ErrorKind, Model};

use super::{Checked, chat::request, failed, must, must_be, must_say};
use crate::servers::{
    conversation::{
        AGAIN, BROKEN, CUT, GREET, NO_MODEL, OVERLOADED, RATE_LIMIT, SLOW, TOO_LONG, WRONG_KEY,
    },
    row::Subject,
};

/// As many as the default stack makes.
const ATTEMPTS: usize = 3;
/// As many where the server may have acted on the first.
const DOUBTFUL: usize = 2;

/// The error of a call that must fail.
async fn error_of(subject: &Subject, model: &Model, prompt: &str) -> Result<Error, String> {
    match model.chat(request(subject, prompt)).await {
        Ok(answer) => Err(format!("it was answered: {:?}", answer.text())),
        Err(error) => Ok(error),
    }
}

fn must_be_tried(error: &Error, attempts: usize) -> Checked {
    let (made, told) = (error.attempts().len(), error.retry_after());
    must(
        made == attempts,
        format_args!("{made} attempts instead of {attempts}, told to wait {told:?}: {error}"),
    )
}

pub(super) async fn bad_key(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    match model
        .chat(request(subject, GREET.prompt))
        .key(WRONG_KEY)
        .await
    {
        Ok(answer) => Err(format!("it was answered: {:?}", answer.text())),
        Err(error) => {
            must_be(ErrorKind::Auth, &error)?;
            must_be_tried(&error, 1)
        }
    }
}

pub(super) async fn unknown_model(subject: &Subject) -> Checked {
    let model = subject.backend().map_err(failed)?.model(NO_MODEL);
    let error = error_of(subject, &model, GREET.prompt).await?;
    must_be(ErrorKind::NotFound, &error)
}

pub(super) async fn rate_limit(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    let asked = Instant::now();
    let error = error_of(subject, &model, RATE_LIMIT).await?;
    must_be(ErrorKind::RateLimited, &error)?;
    must_be_tried(&error, ATTEMPTS)?;
    // The server says `retry-after: 1`, twice.
    let waited = asked.elapsed();
    must(
        error.retry_after().is_none() || waited >= Duration::from_secs(2),
        format_args!(
            "it came again after {waited:?}, and was told to wait {:?}",
            error.retry_after()
        ),
    )
}

pub(super) async fn overloaded(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    let error = error_of(subject, &model, OVERLOADED).await?;
    must_be(ErrorKind::Overloaded, &error)?;
    must_be_tried(&error, ATTEMPTS)
}

pub(super) async fn broken(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    let error = error_of(subject, &model, BROKEN).await?;
    must_be(ErrorKind::Server, &error)?;
    must_be_tried(&error, ATTEMPTS)
}

pub(super) async fn too_long(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    let prompt = match subject.is_scripted() {
        true => TOO_LONG.to_owned(),
        false => "far too many words ".repeat(20_000),
    };
    let error = error_of(subject, &model, &prompt).await?;
    must_be(ErrorKind::ContextLength, &error)?;
    must_be_tried(&error, 1)
}

pub(super) async fn again(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    // aimock counts for each of these apart.
    let call = model.chat(request(subject, AGAIN.prompt));
    let answer = call
        .header("x-test-id", &subject.id())
        .await
        .map_err(failed)?;
    must_say(subject, AGAIN.answer, &answer.text())?;
    must(
        answer.meta.attempts == 2,
        format_args!("{} attempts", answer.meta.attempts),
    )
}

pub(super) async fn cut(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    let call = model.chat(request(subject, CUT.prompt));
    let mut stream = call.stream().await.map_err(failed)?;
    let error = loop {
        match stream.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => return Err(format!("a whole answer: {:?}", stream.partial().text())),
        }
    };
    must(
        error.delivery() == Delivery::Committed,
        format_args!("its delivery is {:?}: {error}", error.delivery()),
    )?;
    let partial = error.partial().map(ChatResponse::text);
    let partial = partial.unwrap_or_default();
    must(
        !partial.is_empty() && CUT.answer.starts_with(&partial) && partial != CUT.answer,
        format_args!("what had come is {partial:?}: {error}"),
    )?;
    must_be(ErrorKind::Interrupted, &error)
}

/// A call that the server is told to spoil.
async fn spoilt(subject: &Subject, how: &str) -> Result<Error, String> {
    let model = subject.model().map_err(failed)?;
    match model
        .chat(request(subject, SLOW.prompt))
        .header(how, "1")
        .await
    {
        Ok(answer) => Err(format!("it was answered: {:?}", answer.text())),
        Err(error) => Ok(error),
    }
}

pub(super) async fn dropped(subject: &Subject) -> Checked {
    let error = spoilt(subject, "x-aimock-chaos-disconnect").await?;
    must_be(ErrorKind::Interrupted, &error)?;
    must_be_tried(&error, DOUBTFUL)
}

pub(super) async fn garbage(subject: &Subject) -> Checked {
    let error = spoilt(subject, "x-aimock-chaos-malformed").await?;
    must_be(ErrorKind::Decode, &error)?;
    must_be_tried(&error, 1)
}
