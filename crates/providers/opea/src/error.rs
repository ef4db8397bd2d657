//! Errors: FastAPI's, `{"detail":"…"}` and `{"detail":[{"loc":[…],"msg":"…"}]}`; the bare words of what
//! nobody caught; those of a proxy in front; and those of a language model behind, as OpenAI has them.
//!
//! <https://fastapi.tiangolo.com/tutorial/handling-errors/>

use http::{StatusCode, response::Parts};
use serde::Deserialize;
use trunkline_core::{
    Delivery, Error, ErrorKind, Json,
    protocol::{Protocol, error_of_status, read},
};
use trunkline_openai_compat::OpenAiCompat;

use crate::encode::DIALECT;

#[derive(Deserialize)]
struct Refused {
    detail: Json,
}

/// What FastAPI finds wrong with a body. It repeats the body, which is not for an error.
#[derive(Deserialize)]
struct Wrong {
    #[serde(default)]
    loc: Vec<Json>,
    msg: Option<String>,
}

/// An answer that is no success.
pub(crate) fn of_answer(head: &Parts, body: &[u8]) -> Error {
    let usual = error_of_status(head.status);
    let Ok(Refused { detail }) = read(body) else {
        return uncaught(head, body);
    };
    if let Ok(wrongs) = detail.read::<Vec<Wrong>>() {
        return invalid(&usual, &wrongs);
    }
    let said: String = detail.read().unwrap_or_default();
    match said.as_str() {
        "Not Found" => {
            let what = "there is no such path at this address: the service listens at another port, \
                        or its path has another name, which is a setting";
            Error::new(ErrorKind::NotFound, what).with_delivery(Delivery::Rejected)
        }
        // Only POST is, of the paths of services.
        "Method Not Allowed" => {
            Error::new(ErrorKind::Unsupported, "the service has no such method")
                .with_delivery(Delivery::Rejected)
        }
        _ => match store(head.status, &said) {
            Some(kind) => Error::new(kind, said).with_delivery(Delivery::Rejected),
            None => OpenAiCompat(DIALECT).error(head, body),
        },
    }
}

/// What a dataprep microservice says no to: it has one status for many things.
fn store(status: StatusCode, said: &str) -> Option<ErrorKind> {
    match status.as_u16() {
        400 if said.contains("already exists") => Some(ErrorKind::Conflict),
        404 if said.contains("not implemented") || said.contains("not supported") => {
            Some(ErrorKind::Unsupported)
        }
        _ => None,
    }
}

/// What nobody caught in the service: its language model's refusal as well.
fn uncaught(head: &Parts, body: &[u8]) -> Error {
    if head.status == StatusCode::INTERNAL_SERVER_ERROR
        && body.starts_with(b"Internal Server Error")
    {
        let what = "the service failed, or one behind it refused; only its log says why";
        let usual = error_of_status(head.status);
        return Error::new(usual.kind(), what).with_delivery(usual.delivery());
    }
    OpenAiCompat(DIALECT).error(head, body)
}

fn invalid(usual: &Error, wrongs: &[Wrong]) -> Error {
    let place = |wrong: &Wrong| {
        let steps = wrong.loc.iter().map(|step| step.get().trim_matches('"'));
        steps.collect::<Vec<_>>().join(".")
    };
    let said: Vec<String> = wrongs
        .iter()
        .take(8)
        .map(|wrong| {
            format!(
                "{}: {}",
                place(wrong),
                wrong.msg.as_deref().unwrap_or("wrong")
            )
        })
        .collect();
    let message = if said.is_empty() {
        usual.message().to_owned()
    } else {
        said.join("; ")
    };
    let param = wrongs.first().map(place).unwrap_or_default();
    Error::new(usual.kind(), message)
        .with_delivery(usual.delivery())
        .with_param(param)
}
