//! What a head tells beside the status: the request's name, how long to wait, whether to.

use std::{sync::Arc, time::Duration};

use trunkline_core::Error;

use super::{Named, Running, Subject, chat, failure, rate_limit};
use crate::conformance::stage::{Answer, all, cut};

pub(super) const ALL: &[Named] = &[
    ("the_name_of_a_request_is_kept", request_id),
    ("retry_after_is_read_in_all_its_forms", retry_after),
    ("retry_after_that_says_nothing_is_no_hint", no_hint),
    ("x_should_retry_is_read", should_retry),
];

/// Whether a header gives the name of a request.
fn is_request_id(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("request-id") || name.contains("requestid") || name == "cf-ray"
}

fn request_id(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let op = chat(&subject)?;
        let error = failure(
            &subject,
            &op,
            Answer::status(500).header("x-request-id", "req_4711"),
        )
        .await?;
        if error.request_id() != Some("req_4711") {
            return Err(format!(
                "x-request-id is the name of the request, and the error has {:?}",
                error.request_id()
            ));
        }
        for role in all(&subject) {
            if !role.is_error() || role.is_stream() {
                continue;
            }
            // Some name a request twice; one of the names will do.
            let headers = role.headers.iter();
            let named: Vec<_> = headers.filter(|(name, _)| is_request_id(name)).collect();
            if named.is_empty() {
                continue;
            }
            let error = failure(&subject, &role.op, Answer::of(&role)).await?;
            let text = error.to_string();
            let kept = named.iter().any(|(_, value)| {
                error.request_id() == Some(value) && text.contains(value.as_str())
            });
            if !kept {
                return Err(cut(format!(
                    "the fixture `{}` has {named:?}, and the error says {text}",
                    role.name
                )));
            }
        }
        Ok(())
    })
}

/// The rate limit's error with these headers and no others.
async fn limited(subject: &Subject, headers: &[(&str, &str)]) -> Result<Error, String> {
    let role = rate_limit(subject)?;
    let answer = headers
        .iter()
        .fold(Answer::of(&role).bare(), |answer, (name, value)| {
            answer.header(name, value)
        });
    failure(subject, &role.op, answer).await
}

fn retry_after(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        for (headers, wait) in [
            (&[("retry-after", "2")][..], Duration::from_secs(2)),
            (&[("retry-after", "1.5")], Duration::from_millis(1_500)),
            // By the server's own clock.
            (
                &[date, ("retry-after", "Sun, 06 Nov 1994 08:49:57 GMT")],
                Duration::from_secs(20),
            ),
            (
                &[("retry-after-ms", "350"), ("retry-after", "10")],
                Duration::from_millis(350),
            ),
            (&[("retry-after", "3600")], Duration::from_secs(3_600)),
        ] {
            let error = limited(&subject, headers).await?;
            if error.retry_after() != Some(wait) {
                return Err(format!(
                    "{headers:?} asks to wait {wait:?}, and the error says {:?}",
                    error.retry_after()
                ));
            }
        }
        Ok(())
    })
}

fn no_hint(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let without = limited(&subject, &[]).await?.retry_after();
        for value in [
            "",
            "0",
            "-10",
            "NaN",
            "abc",
            "1e3",
            "Zun, 29 Sep 2023 00:00:00 GMT",
        ] {
            let error = limited(&subject, &[("retry-after", value)]).await?;
            if error.retry_after() != without {
                return Err(format!(
                    "`retry-after: {value}` says nothing, and the error says {:?}",
                    error.retry_after()
                ));
            }
        }
        Ok(())
    })
}

fn should_retry(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        for (value, expected) in [("true", Some(true)), ("false", Some(false))] {
            let error = limited(&subject, &[("x-should-retry", value)]).await?;
            if error.should_retry() != expected || error.is_retryable() != (value == "true") {
                return Err(format!(
                    "`x-should-retry: {value}` is the provider's word, and the error says {:?}",
                    error.should_retry()
                ));
            }
        }
        Ok(())
    })
}
