//! Which kinds of error fit which status.

use http::StatusCode;
use trunkline_core::ErrorKind::{self, *};

/// Whether an answer of `status` may be reported as `kind`.
///
/// The status alone decides less than one would wish: a context that is too long comes as 400, an
/// unknown model as 400 or 404, a refusal for content as 400 or 403.
pub(crate) fn fits(
    provider: &str,
    status: StatusCode,
    kind: ErrorKind,
    code: Option<&str>,
) -> bool {
    // llama.cpp gives its 500 to requests that are wrong as well; its words say which.
    if provider == "llamacpp" && status == StatusCode::INTERNAL_SERVER_ERROR {
        return matches!(kind, Server | InvalidRequest | ContextLength | Unsupported);
    }
    // Groq blames the request where its model wrote a call that is none: that is its own failure.
    if code == Some("tool_use_failed") && kind == Server {
        return true;
    }
    // Google answers a wrong key with 400.
    if code == Some("API_KEY_INVALID") && kind == Auth {
        return true;
    }
    let kinds: &[ErrorKind] = match status.as_u16() {
        400 | 422 => &[
            InvalidRequest,
            ContextLength,
            ContentFilter,
            NotFound,
            Unsupported,
            TooLarge,
        ],
        401 => &[Auth],
        402 => &[QuotaExhausted],
        403 => &[Permission, ContentFilter, Auth, QuotaExhausted],
        404 | 410 => &[NotFound, Unsupported],
        405 | 415 => &[InvalidRequest, Unsupported],
        408 => &[Timeout, Server],
        409 => &[Conflict],
        413 => &[TooLarge, ContextLength],
        429 => &[RateLimited, QuotaExhausted, Overloaded],
        501 => &[Unsupported],
        503 | 529 => &[Overloaded, Server],
        500 | 502 | 504..=599 => &[Server, Overloaded, Unsupported],
        _ => &[InvalidRequest],
    };
    kinds.contains(&kind)
}

/// Whether a failure inside a success may be reported as `kind`: anything that says what the
/// provider said, and not that we could not read it.
pub(crate) fn fits_in_band(kind: ErrorKind) -> bool {
    !matches!(kind, Decode | Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_word_is_not_right_for_every_status() {
        for (status, kind, expected) in [
            (400, Server, false),
            (400, ContextLength, true),
            (400, RateLimited, false),
            (401, Auth, true),
            (401, InvalidRequest, false),
            (404, NotFound, true),
            (404, Server, false),
            (429, QuotaExhausted, true),
            (429, InvalidRequest, false),
            (500, Server, true),
            (500, Decode, false),
            (503, Overloaded, true),
        ] {
            assert_eq!(
                fits(
                    "groq",
                    StatusCode::from_u16(status).unwrap(),
                    kind,
                    Some("x")
                ),
                expected,
                "{status} {kind:?}"
            );
        }
        let error = StatusCode::INTERNAL_SERVER_ERROR;
        assert!(fits("llamacpp", error, InvalidRequest, None));
        assert!(!fits("groq", error, InvalidRequest, None));
        assert!(!fits("llamacpp", error, Auth, None));
        assert!(
            fits_in_band(InvalidRequest) && !fits_in_band(Decode) && !fits_in_band(Interrupted)
        );
    }
}
