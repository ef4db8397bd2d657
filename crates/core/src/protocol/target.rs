//! Where requests go.

use std::{net::IpAddr, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header};

use crate::{Error, ErrorKind, Result};

/// An endpoint's base URL, checked. Requests go below it and nowhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Without a slash at its end.
    base: Arc<str>,
    authority: Arc<str>,
    confidential: bool,
}

impl Target {
    /// Checks a base URL.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config): no scheme, another scheme than `http` or `https`, no host,
    /// or credentials, a query or a fragment in it. The message holds none of them.
    pub fn parse(base_url: &str) -> Result<Self> {
        let base = base_url.trim();
        if base.contains(['?', '#']) {
            return Err(Error::config(
                "the base URL has a query or a fragment; give it without",
            ));
        }
        if !base.contains("://") {
            return Err(Error::config("the base URL has no scheme; write https://…"));
        }
        let base = base.trim_end_matches('/');
        let uri: Uri = base
            .parse()
            .map_err(|_| Error::config("the base URL is no URL"))?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(Error::config("the base URL has no host"));
        };
        if authority.as_str().contains('@') {
            return Err(Error::config(
                "the base URL has credentials in it; give the key by `.key(…)` or its variable instead",
            ));
        }
        if authority.host().is_empty() {
            return Err(Error::config("the base URL has no host"));
        }
        let confidential = match scheme {
            "https" => true,
            "http" => is_loopback(authority.host()),
            _ => {
                return Err(Error::config(
                    "the base URL's scheme is neither https nor http",
                ));
            }
        };
        Ok(Self {
            base: base.into(),
            authority: authority.as_str().into(),
            confidential,
        })
    }

    /// What is at `path` of it, which begins with a slash: for a protocol of which one part is at the
    /// base URL and another below.
    ///
    /// ```
    /// use trunkline_core::protocol::Target;
    ///
    /// let server = Target::parse("http://127.0.0.1:8000")?;
    /// let request = server.below("/v1").get("/models")?;
    /// assert_eq!(request.uri(), "http://127.0.0.1:8000/v1/models");
    /// # Ok::<(), trunkline_core::Error>(())
    /// ```
    #[must_use]
    pub fn below(&self, path: &str) -> Self {
        Self {
            base: format!("{}{}", self.base, path.trim_end_matches('/')).into(),
            ..self.clone()
        }
    }

    /// Host and port: `api.groq.com`.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether nobody on the way can read along: TLS, or this very machine.
    pub(crate) fn is_confidential(&self) -> bool {
        self.confidential
    }

    pub(crate) fn shared_authority(&self) -> &Arc<str> {
        &self.authority
    }

    /// A POST of a JSON body to `path`, which begins with a slash.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config): `path` is no path.
    pub fn post(&self, path: &str, body: impl Into<Bytes>) -> Result<Request<Bytes>> {
        let mut request = self.request(Method::POST, path, body.into())?;
        request.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        Ok(request)
    }

    /// A GET of `path`, which begins with a slash.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config): `path` is no path.
    pub fn get(&self, path: &str) -> Result<Request<Bytes>> {
        self.request(Method::GET, path, Bytes::new())
    }

    /// A request to `path`, which begins with a slash.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config): `path` is no path.
    pub fn request(&self, method: Method, path: &str, body: Bytes) -> Result<Request<Bytes>> {
        if !path.starts_with('/') {
            return Err(Error::config(
                "a path begins with a slash, and names no other host",
            ));
        }
        if leads_upwards(path) {
            return Err(Error::config(
                "a path has a dot segment, which would lead out of the base URL",
            ));
        }
        let mut url = String::with_capacity(self.base.len() + path.len());
        url.push_str(&self.base);
        url.push_str(path);
        let uri = Uri::from_maybe_shared(Bytes::from(url)).map_err(|error| {
            Error::config("the path has characters that no URL may have").with_source(error)
        })?;
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        Ok(request)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether a segment of `path` is `.` or `..`, encoded or not.
fn leads_upwards(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let dotted = path.contains("/.") || path.contains("%2");
    dotted
        && path
            .split('/')
            .any(|piece| matches!(decoded(piece).as_slice(), b"." | b".."))
}

/// One segment of a path: a model, a deployment, a file id. All but unreserved characters are
/// percent-encoded, so that it stays one segment.
///
/// # Errors
///
/// [`InvalidRequest`](ErrorKind::InvalidRequest): it is empty, longer than 256 bytes, or `.` or
/// `..`, also once decoded.
///
/// ```
/// use trunkline_core::protocol::segment;
///
/// assert_eq!(segment("openai/gpt-oss-120b")?, "openai%2Fgpt-oss-120b");
/// assert!(segment("..").is_err());
/// # Ok::<(), trunkline_core::Error>(())
/// ```
pub fn segment(text: &str) -> Result<String> {
    const MAX: usize = 256;
    let invalid = |what: &str| {
        Err(Error::new(
            ErrorKind::InvalidRequest,
            format!("a name in the request's path {what}"),
        ))
    };
    if text.is_empty() {
        return invalid("is empty");
    }
    if text.len() > MAX {
        return invalid("is longer than 256 bytes");
    }
    if text
        .split('/')
        .any(|piece| matches!(decoded(piece).as_slice(), b"." | b".."))
    {
        return invalid("has a dot segment");
    }
    Ok(query(text))
}

/// A value in a query: a cursor, a version. All but unreserved characters are percent-encoded.
///
/// ```
/// use trunkline_core::protocol::query;
///
/// assert_eq!(format!("/models?after={}", query("a b&c")), "/models?after=a%20b%26c");
/// ```
pub fn query(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(byte.into());
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// `piece` with its percent-encoding taken off.
pub(crate) fn decoded(piece: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = piece.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |digit: u8| {
            char::from(digit)
                .to_digit(16)
                .and_then(|value| u8::try_from(value).ok())
        };
        if let (b'%', [high, low, after @ ..]) = (first, tail)
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            bytes.push(high * 16 + low);
            rest = after;
            continue;
        }
        bytes.push(*first);
        rest = tail;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f121_what_does_not_belong_into_a_base_url_is_refused() {
        for (url, expected) in [
            ("https://user:hunter2@api.example.com/v1", "credentials"),
            ("https://api.example.com/v1?key=hunter2", "query"),
            ("https://api.example.com/v1#hunter2", "fragment"),
            ("api.example.com/v1", "scheme"),
            ("ftp://api.example.com/v1", "scheme"),
            ("https://", ""),
        ] {
            let error = Target::parse(url).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.message().contains(expected), "{url}: {error}");
            assert!(
                !format!("{error} {error:?}").contains("hunter2"),
                "{error:?}"
            );
        }
    }

    #[test]
    fn f121_exactly_one_slash_joins_base_and_path() {
        for base in [
            "https://api.example.com/v1",
            "https://api.example.com/v1/",
            "https://api.example.com/v1///",
        ] {
            let request = Target::parse(base).unwrap().get("/models").unwrap();
            assert_eq!(request.uri(), "https://api.example.com/v1/models");
        }
    }

    #[test]
    fn f127_a_name_stays_one_segment_or_is_refused() {
        for name in [
            "../../admin",
            "a/../b",
            "a%2f..",
            "..",
            ".",
            "%2e%2e",
            &"x".repeat(300),
            "",
        ] {
            let Ok(encoded) = segment(name) else { continue };
            assert_eq!(name, "a%2f..", "{name} became {encoded}");
            assert_eq!(encoded, "a%252f..");
        }
        for (name, expected) in [
            ("a/b", "a%2Fb"),
            ("a?x=1", "a%3Fx%3D1"),
            ("a#f", "a%23f"),
            ("ä", "%C3%A4"),
        ] {
            assert_eq!(segment(name).unwrap(), expected);
        }
    }

    #[test]
    fn f127_no_path_leads_out_of_the_base_url() {
        let target = Target::parse("https://api.example.com/v1").unwrap();
        for path in [
            "/../admin",
            "/models/..",
            "/./x",
            "/%2e%2E/admin",
            "/.%2e/admin?x=1",
        ] {
            assert_eq!(
                target.get(path).unwrap_err().kind(),
                ErrorKind::Config,
                "{path}"
            );
        }
        for path in [
            "/models/gpt-4.1",
            "/.well-known/x",
            "/a..b",
            "/files?path=/../x",
        ] {
            assert!(target.get(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn a_path_cannot_name_another_host() {
        let target = Target::parse("https://api.example.com").unwrap();
        for path in ["@evil.example/x", "evil", ".evil.example/", ":99/"] {
            assert_eq!(
                target.get(path).unwrap_err().kind(),
                ErrorKind::Config,
                "{path}"
            );
        }
        assert_eq!(
            target.get("//evil.example/x").unwrap().uri().host(),
            Some("api.example.com")
        );
    }
}
