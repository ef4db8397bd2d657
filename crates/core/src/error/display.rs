//! How an error shows itself: one line, escaped, bounded.

use std::fmt::{self, Write};

use super::{Error, ErrorKind};

/// How much of a provider's own words is shown, in bytes.
const MAX_MESSAGE: usize = 512;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Summary(self).fmt(f)?;
        if !self.0.message.is_empty() {
            f.write_str(": ")?;
            escape(f, &self.0.message, MAX_MESSAGE)?;
        }
        match self.0.done {
            Some((done, all)) => write!(f, " ({done} of {all} had been answered)"),
            None => Ok(()),
        }
    }
}

/// An error without its message, which may quote what was said.
pub(super) struct Summary<'a>(pub(super) &'a Error);

/// Whether it looks like a code or the path of a field, and not like somebody's words: a provider
/// may quote the prompt anywhere.
fn is_name(detail: &str) -> bool {
    let is_of_names = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']' | b':' | b'/')
    };
    detail.len() <= 64 && detail.bytes().all(is_of_names)
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0.0;
        if let Some(provider) = &inner.provider {
            write!(f, "{provider}: ")?;
        }
        f.write_str(in_words(inner.kind))?;

        let status = inner.status.map(|status| status.as_u16().to_string());
        // Some repeat the status as a code.
        let code = inner.code.as_deref();
        let code = code.filter(|code| Some(*code) != status.as_deref());
        let details = [
            status.as_deref(),
            code.or(inner.error_type.as_deref()),
            inner
                .param
                .as_deref()
                .filter(|_| inner.kind == ErrorKind::InvalidRequest),
        ]
        .map(|detail| detail.filter(|detail| is_name(detail)));
        let mut open = false;
        for detail in details.into_iter().flatten() {
            f.write_str(if open { " " } else { " (" })?;
            escape(f, detail, 64)?;
            open = true;
        }
        if let Some(id) = &inner.request_id {
            f.write_str(if open { ", request " } else { " (request " })?;
            escape(f, id, 128)?;
            open = true;
        }
        if open { f.write_char(')') } else { Ok(()) }
    }
}

/// What `Display` says, and the axes. Never the body nor the partial answer: they hold prompts.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind())
            .field("scope", &self.scope())
            .field("delivery", &self.delivery())
            .field("phase", &self.phase())
            .field("message", &format_args!("{self}"))
            .field("retry_after", &self.retry_after())
            .field("attempts", &self.attempts())
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

/// Where JSON cannot be read, without the values that stand there.
#[derive(Debug)]
pub(super) struct JsonPlace {
    category: serde_json::error::Category,
    line: usize,
    column: usize,
}

impl JsonPlace {
    pub(super) fn of(error: &serde_json::Error) -> Self {
        Self {
            category: error.classify(),
            line: error.line(),
            column: error.column(),
        }
    }
}

impl fmt::Display for JsonPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use serde_json::error::Category;
        let what = match self.category {
            Category::Io => "cannot be read",
            Category::Syntax => "is malformed",
            Category::Data => "does not fit",
            Category::Eof => "ends too early",
        };
        write!(
            f,
            "the JSON {what} at line {}, column {}",
            self.line, self.column
        )
    }
}

impl std::error::Error for JsonPlace {}

fn in_words(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Config => "wrong configuration",
        ErrorKind::Unsupported => "not supported",
        ErrorKind::InvalidRequest => "invalid request",
        ErrorKind::TooLarge => "request too large",
        ErrorKind::ContextLength => "context length exceeded",
        ErrorKind::ContentFilter => "refused for its content",
        ErrorKind::Auth => "not authenticated",
        ErrorKind::Permission => "not permitted",
        ErrorKind::NotFound => "not found",
        ErrorKind::Conflict => "conflict",
        ErrorKind::RateLimited => "rate limited",
        ErrorKind::QuotaExhausted => "quota exhausted",
        ErrorKind::Overloaded => "overloaded",
        ErrorKind::NotReady => "not ready",
        ErrorKind::Server => "server error",
        ErrorKind::Connect => "cannot connect",
        ErrorKind::Tls => "TLS refused",
        ErrorKind::Proxy => "proxy refused",
        ErrorKind::Redirect => "redirect refused",
        ErrorKind::Timeout => "timed out",
        ErrorKind::Interrupted => "interrupted",
        ErrorKind::Decode => "unreadable answer",
        ErrorKind::LimitExceeded => "limit exceeded",
        ErrorKind::CircuitOpen => "circuit open",
        ErrorKind::QueueFull => "queue full",
        ErrorKind::Cancelled => "cancelled",
        ErrorKind::Closed => "closed",
    }
}

/// Writes at most `max` bytes of `text`, with everything escaped that could forge a line or move
/// a terminal's cursor.
pub(crate) fn escape(f: &mut impl Write, text: &str, max: usize) -> fmt::Result {
    let mut room = max;
    for c in text.chars() {
        let escaped = c.is_control() || is_format(c);
        let width = if escaped {
            c.escape_unicode().len()
        } else {
            c.len_utf8()
        };
        let Some(rest) = room.checked_sub(width) else {
            return f.write_char('…');
        };
        room = rest;
        match c {
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            c if escaped => write!(f, "{}", c.escape_unicode())?,
            c => f.write_char(c)?,
        }
    }
    Ok(())
}

/// Characters that are not seen but change what is seen: bidirectional marks, zero-width ones,
/// line and paragraph separators, the byte order mark.
fn is_format(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn one_line_says_who_what_and_why() {
        let error = Error::new(ErrorKind::RateLimited, "slow down")
            .with_provider("groq")
            .with_status(StatusCode::TOO_MANY_REQUESTS)
            .with_code("rate_limit_exceeded")
            .with_request_id("req_1");

        assert_eq!(
            error.to_string(),
            "groq: rate limited (429 rate_limit_exceeded, request req_1): slow down"
        );
    }

    #[test]
    fn a_code_that_is_the_status_is_not_said_twice() {
        let error = Error::new(ErrorKind::NotFound, "no such model")
            .with_status(StatusCode::NOT_FOUND)
            .with_code("404");
        assert_eq!(error.to_string(), "not found (404): no such model");

        let error = error.with_type("NotFoundError");
        assert_eq!(
            error.to_string(),
            "not found (404 NotFoundError): no such model"
        );
    }

    #[test]
    fn f132_newlines_ansi_and_bidi_are_escaped() {
        let error = Error::new(ErrorKind::Server, "a\nb\x1b[31mred\u{202e}evil\u{7f}");

        let shown = error.to_string();

        assert_eq!(shown, r"server error: a\nb\u{1b}[31mred\u{202e}evil\u{7f}");
        assert_eq!(
            error.message(),
            "a\nb\x1b[31mred\u{202e}evil\u{7f}",
            "the accessor gives it raw"
        );
    }

    #[test]
    fn a_provider_s_message_is_shown_up_to_512_bytes() {
        let error = Error::new(ErrorKind::Server, "é".repeat(4_000));

        assert!(error.to_string().len() <= "server error: ".len() + 512 + '…'.len_utf8());
    }
}
