//! OpenTelemetry's names for generative AI, where ours differ from them.
//!
//! <https://github.com/open-telemetry/semantic-conventions-genai>

use std::fmt;

use crate::{
    ErrorKind, Op, StreamChunk,
    chat::{Completeness, Usage},
};

/// What is the matter with a call that its caller gave up.
pub(super) const CANCELLED: &str = ErrorKind::Cancelled.name();

/// `gen_ai.operation.name`.
pub(super) fn operation(op: &Op) -> &'static str {
    match op {
        Op::Chat(_) | Op::ChatStream(_) => "chat",
        Op::Embed(_) => "embeddings",
        op => op.name(),
    }
}

/// `gen_ai.provider.name`: the conventions' own word must be used where there is one.
pub(super) fn provider(id: &str) -> &str {
    match id {
        "azure" => "azure.ai.openai",
        "bedrock" => "aws.bedrock",
        "gemini" => "gcp.gemini",
        "mistral" => "mistral_ai",
        "vertex" => "gcp.vertex_ai",
        "xai" => "x_ai",
        other => other,
    }
}

/// `server.address` and `server.port` of an authority. The port only where it is named: the
/// scheme's own is not ours to guess.
pub(super) fn server(authority: &str) -> (&str, Option<u16>) {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().ok())
        }
        _ => (authority, None),
    };
    (host.trim_start_matches('[').trim_end_matches(']'), port)
}

/// What a chunk says that the answer cost, if it does.
pub(super) fn usage(chunk: &StreamChunk) -> Option<&Usage> {
    match chunk {
        StreamChunk::Usage(usage)
        | StreamChunk::Finish {
            usage: Some(usage), ..
        } if usage.completeness != Completeness::Missing => Some(usage),
        _ => None,
    }
}

/// How much of a name is shown, in bytes.
const MAX_NAME: usize = 128;

/// A name that somebody else chose, a model's or a request's: escaped and cut.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::error::escape(f, self.0, MAX_NAME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_is_an_address_and_the_port_that_it_names() {
        for (authority, address, port) in [
            ("api.groq.com", "api.groq.com", None),
            ("localhost:8080", "localhost", Some(8080)),
            ("[::1]:8080", "::1", Some(8080)),
            ("[::1]", "::1", None),
        ] {
            assert_eq!(server(authority), (address, port), "{authority}");
        }
    }

    #[test]
    fn f132_a_foreign_name_is_escaped_and_cut() {
        assert_eq!(Escaped("a\nb\x1b[31m").to_string(), r"a\nb\u{1b}[31m");
        assert!(Escaped(&"x".repeat(4_000)).to_string().len() < 140);
    }

    #[test]
    fn a_provider_goes_by_the_name_that_the_conventions_give_it() {
        assert_eq!((provider("xai"), provider("groq")), ("x_ai", "groq"));
    }
}
