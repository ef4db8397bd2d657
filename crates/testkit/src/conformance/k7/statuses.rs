//! Any status with any body is an error of a kind, whose text is one short line.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use trunkline_core::{Error, ErrorKind, protocol::error_of_status};

use super::{Named, Running, Subject, fails, failure, ops};
use crate::conformance::stage::{Answer, Role, Stand, all, cut};

pub(super) const ALL: &[Named] = &[
    (
        "every_status_with_the_provider_s_own_body_has_its_kind",
        own,
    ),
    (
        "every_status_with_half_of_the_provider_s_body_has_its_kind",
        half,
    ),
    ("every_status_with_an_empty_body_has_its_kind", empty),
    ("every_status_with_a_page_has_its_kind", page),
    (
        "every_status_with_a_body_that_is_no_json_has_its_kind",
        no_json,
    ),
    ("every_status_with_json_of_any_form_has_its_kind", any_json),
    ("a_large_body_of_an_error_is_cut", large),
    ("a_success_that_is_a_page_is_unreadable", page_of_success),
    ("a_success_that_is_empty_is_unreadable", empty_success),
    (
        "an_error_in_the_clothes_of_a_success_is_no_answer",
        error_as_success,
    ),
];

/// Those that say something.
const STATUSES: [u16; 14] = [
    400, 401, 402, 403, 404, 408, 409, 413, 422, 429, 500, 502, 503, 529,
];

/// The kind as the fixtures tell it.
fn kind_of(role: &Role) -> Option<ErrorKind> {
    let kind = role.error("kind")?.to_owned();
    serde_json::from_value(kind.into()).ok()
}

fn errors(subject: &Subject) -> Vec<Role> {
    let mut roles = all(subject);
    roles.retain(|role| !role.is_stream() && role.is_error() && role.status >= 400);
    roles
}

/// Tries this body under every status. Its kind is what the status says, or what the fixtures show
/// for that status or that body.
async fn under_every_status(
    subject: &Subject,
    body: impl Fn() -> Answer,
    own_kind: Option<ErrorKind>,
    what: &str,
) -> Result<(), String> {
    let shown: Vec<_> = errors(subject)
        .iter()
        .filter_map(|role| Some((role.status, kind_of(role)?)))
        .collect();
    let stand = Stand::of(subject)?;
    for op in ops(subject)? {
        // What a status means does not depend on what was asked: a few will do for the other.
        let few = op.name() == "chat_stream" || what.starts_with('{') || what.starts_with('[');
        for status in (400..=599).filter(|status| !few || STATUSES.contains(status)) {
            let error = fails(&stand, &op, body().with_status(status)).await?;
            let usual = StatusCode::from_u16(status).map(|status| error_of_status(status).kind());
            let usual = usual.unwrap_or(ErrorKind::Server);
            let kind = error.kind();
            let is_right = kind == usual
                || own_kind == Some(kind)
                // A body may mean one thing under one status and another under the next.
                || own_kind.is_some() && shown.iter().any(|(_, shown)| *shown == kind)
                || shown.contains(&(status, kind));
            if !is_right {
                let own = own_kind
                    .map(|own| format!(" or {own:?}"))
                    .unwrap_or_default();
                return Err(cut(format!(
                    "{status} with {what} is {usual:?}{own} and not {kind:?}; start `error` from `error_of_status`, or show it in a fixture"
                )));
            }
            told_well(&error, status).map_err(|why| format!("{status} with {what}: {why}"))?;
        }
    }
    Ok(())
}

/// Status kept, provider named, one line that is not too long.
fn told_well(error: &Error, status: u16) -> Result<(), String> {
    let (shown, again) = (error.to_string(), error.to_string());
    if error.status().map(|status| status.as_u16()) != Some(status) {
        return Err(format!("the error's status is {:?}", error.status()));
    }
    if error.provider().is_empty() || error.message().is_empty() {
        return Err(cut(format!(
            "an error names its provider and says something: {shown:?}"
        )));
    }
    if shown.chars().any(char::is_control) || shown.len() > 1_024 || shown != again {
        return Err(cut(format!(
            "the text of an error is one line of at most 1 KiB, the same each time: {shown:?}"
        )));
    }
    Ok(())
}

fn own(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let roles = errors(&subject);
        if roles.is_empty() {
            return Err("add fixtures of the provider's errors: `error_auth`, `error_rate_limit`, `error_context`".to_owned());
        }
        for role in &roles {
            let what = format!("the body of `{}`", role.name);
            under_every_status(&subject, || Answer::of(role), kind_of(role), &what).await?;
        }
        Ok(())
    })
}

fn half(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        for role in &errors(&subject) {
            let half = role.body.slice(..role.body.len() / 2);
            let what = format!("half the body of `{}`", role.name);
            let answer = || Answer::of(role).bare().body(half.clone());
            under_every_status(&subject, answer, kind_of(role), &what).await?;
            let broken = || Answer::of(role).bare().body(half.clone()).broken();
            let what = format!("a body that breaks off in the middle of `{}`'s", role.name);
            under_every_status(&subject, broken, kind_of(role), &what).await?;
        }
        Ok(())
    })
}

fn empty(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        under_every_status(&subject, || Answer::status(0), None, "an empty body").await?;
        let json = || Answer::status(0).header("content-type", "application/json");
        under_every_status(&subject, json, None, "an empty body that is to be JSON").await
    })
}

const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Bad Gateway</title></head>\n<body><h1>Bad Gateway</h1>\u{1b}[31m</body></html>";

fn page(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        for media_type in ["text/html", "application/json"] {
            let answer = || {
                Answer::status(0)
                    .header("content-type", media_type)
                    .body(PAGE)
            };
            under_every_status(&subject, answer, None, "a page").await?;
        }
        Ok(())
    })
}

fn no_json(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        for body in [
            "upstream connect error\r\nreset\u{202e}",
            "\u{0}\u{1}",
            "{",
            "\"",
            "[[[[",
        ] {
            let answer = || {
                let answer = Answer::status(0).header("content-type", "application/json");
                answer.body(body)
            };
            under_every_status(&subject, answer, None, "a body that is no JSON").await?;
        }
        let bytes = || Answer::status(0).body(Bytes::from_static(b"\xff\xfe{\"error\":\xff}"));
        under_every_status(&subject, bytes, None, "a body that is no text").await
    })
}

fn any_json(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        for body in [
            "null",
            "7",
            "[]",
            "{}",
            "\"no\"",
            "[\"no\"]",
            "{\"error\":null}",
            "{\"error\":[]}",
            "{\"error\":\"no\"}",
            "{\"error\":{\"message\":7,\"code\":{},\"type\":[]}}",
            "{\"error\":{\"error\":{\"message\":\"no\",\"code\":1234}}}",
            "{\"detail\":[{\"msg\":\"no\"}]}",
        ] {
            let answer = || {
                let answer = Answer::status(0).header("content-type", "application/json");
                answer.body(body)
            };
            under_every_status(&subject, answer, None, body).await?;
        }
        let deep = Answer::status(400).body("[".repeat(100_000));
        for op in ops(&subject)? {
            let error = failure(&subject, &op, deep.clone()).await?;
            told_well(&error, 400)?;
        }
        Ok(())
    })
}

fn large(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let page = Bytes::from(vec![b'x'; 64 << 10]);
        for op in ops(&subject)? {
            let answer = Answer::status(502)
                .header("content-type", "text/html")
                .body(page.clone());
            let wire = super::Memory::new([answer.endless()]);
            let built = subject.over(wire.client())?;
            let error = super::call(&built.bare, &op).await.result.err();
            let error = error.ok_or("a page without end was taken for an answer")?;
            told_well(&error, 502)?;
            let kept = error.body().map_or(0, <[u8]>::len);
            let said = error.message().len();
            if wire.bytes_read() > 1 << 20 || kept > 8 << 10 || said > 8 << 10 {
                return Err(format!(
                    "of a page without end {} bytes were read, {kept} kept, and {said} are the message: let `error` take the beginning",
                    wire.bytes_read()
                ));
            }
        }
        Ok(())
    })
}

/// The error that no success is: Decode, quoting little.
async fn unreadable(
    subject: &Subject,
    answer: impl Fn() -> Answer,
    what: &str,
    or: &[ErrorKind],
) -> Result<(), String> {
    for op in ops(subject)? {
        let error = failure(subject, &op, answer()).await?;
        if error.kind() != ErrorKind::Decode && !or.contains(&error.kind()) {
            return Err(cut(format!(
                "200 with {what} is Decode for {}, and was {error:?}",
                op.name()
            )));
        }
        if error.is_retryable() && !or.contains(&error.kind()) {
            return Err(cut(format!(
                "200 with {what} is not asked for again: {error:?}"
            )));
        }
        let shown = error.to_string();
        if shown.chars().any(char::is_control) || shown.len() > 1_024 {
            return Err(cut(format!(
                "the error quotes a little, escaped: {shown:?}"
            )));
        }
    }
    Ok(())
}

fn page_of_success(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let long = format!("{PAGE}{}", "x".repeat(10_000));
        let answer = || {
            let answer = Answer::status(200).header("content-type", "text/html; charset=utf-8");
            answer.body(long.clone())
        };
        unreadable(&subject, answer, "a page", &[]).await
    })
}

fn empty_success(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        // As a stream it is one that broke off.
        let or = [ErrorKind::Interrupted];
        unreadable(&subject, || Answer::status(200), "an empty body", &or).await?;
        for body in ["{}", "null", "7", "[]", "{\"unexpected\":1}", "\"\""] {
            let answer = || {
                let answer = Answer::status(200).header("content-type", "application/json");
                answer.body(body)
            };
            unreadable(&subject, answer, body, &[]).await?;
        }
        Ok(())
    })
}

fn error_as_success(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let shown: Vec<_> = errors(&subject).iter().filter_map(kind_of).collect();
        for role in errors(&subject) {
            for op in ops(&subject)? {
                let answer = Answer::of(&role).with_status(200);
                let error = failure(&subject, &op, answer).await.map_err(|why| {
                    format!(
                        "the body of `{}` under 200, asked for {}: {why}",
                        role.name,
                        op.name()
                    )
                })?;
                let known = shown.contains(&error.kind());
                // Without its status a body may say less than with it.
                let is_vague = matches!(
                    error.kind(),
                    ErrorKind::Decode | ErrorKind::Server | ErrorKind::InvalidRequest
                );
                // Words alone are no event: as a stream they are one that broke off.
                let is_cut =
                    error.kind() == ErrorKind::Interrupted && role.media_type == "text/plain";
                if !known && !is_vague && !is_cut {
                    return Err(cut(format!(
                        "the body of `{}` under 200 is {:?}, and became {error:?}",
                        role.name,
                        kind_of(&role)
                    )));
                }
            }
        }
        Ok(())
    })
}
