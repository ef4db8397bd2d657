//! The recorded exchanges, as they lie on disk.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::Value;

/// What a server was asked, and what it answered.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    /// Relative to the corpus.
    pub(crate) file: String,
    pub(crate) provider: String,
    pub(crate) api: String,
    pub(crate) scenario: String,
    pub(crate) path: String,
    pub(crate) request: Value,
    pub(crate) streamed: bool,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The lengths of the pieces in which the body arrived, where they were recorded.
    pub(crate) arrived: Vec<usize>,
    pub(crate) fidelity: String,
}

#[derive(Deserialize)]
struct Wire {
    fidelity: String,
    provider: String,
    api: String,
    #[serde(default)]
    scenario: String,
    #[serde(default)]
    stream: bool,
    #[serde(default)]
    path: String,
    #[serde(default)]
    request_body: Value,
    status: u16,
    #[serde(default)]
    response_headers: BTreeMap<String, Values>,
    response_body: Option<String>,
    response_body_b64: Option<String>,
    stream_body: Option<String>,
    stream_body_b64: Option<String>,
    #[serde(default)]
    stream_chunk_lengths: Vec<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<String>),
}

/// The files of the corpus, in order: `groq/chat-completions-200-….json`.
pub(crate) fn files(dir: &Path, provider: Option<&str>) -> Result<Vec<PathBuf>> {
    ensure!(
        dir.is_dir(),
        "{} is no directory; name the one that holds the recorded exchanges",
        dir.display()
    );
    if let Some(provider) = provider {
        ensure!(
            dir.join(provider).is_dir(),
            "no exchange of `{provider}` in {}",
            dir.display()
        );
    }
    let mut files = Vec::new();
    for folder in entries(dir)?.into_iter().filter(|folder| folder.is_dir()) {
        if provider.is_none_or(|provider| folder.ends_with(provider)) {
            let json = |file: &PathBuf| {
                file.extension()
                    .is_some_and(|extension| extension == "json")
            };
            files.extend(entries(&folder)?.into_iter().filter(json));
        }
    }
    Ok(files)
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let mut paths = fs::read_dir(dir)?
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    };
    read().with_context(|| format!("cannot list {}", dir.display()))
}

impl Exchange {
    /// Reads the exchange in `file`, which lies somewhere under `dir`.
    pub(crate) fn read(dir: &Path, file: &Path) -> Result<Self> {
        let name = file.strip_prefix(dir).unwrap_or(file).display().to_string();
        let text = fs::read(file).with_context(|| format!("cannot read {name}"))?;
        Self::parse(&name, &text).with_context(|| format!("{name} is no recorded exchange"))
    }

    /// Reads the exchange that `text` is.
    pub(crate) fn parse(file: &str, text: &[u8]) -> Result<Self> {
        let wire: Wire = serde_json::from_slice(text)?;
        let body = match (
            wire.response_body,
            wire.stream_body,
            wire.response_body_b64,
            wire.stream_body_b64,
        ) {
            (Some(text), ..) | (None, Some(text), ..) => Bytes::from(text),
            (None, None, Some(base64), _) | (None, None, None, Some(base64)) => {
                STANDARD.decode(base64)?.into()
            }
            (None, None, None, None) => Bytes::new(),
        };
        let status = StatusCode::from_u16(wire.status)?;
        Ok(Self {
            file: file.to_owned(),
            provider: wire.provider,
            api: wire.api,
            scenario: wire.scenario,
            path: wire.path,
            request: parsed(wire.request_body),
            streamed: wire.stream,
            headers: completed(
                headers(wire.response_headers),
                wire.stream && status.is_success(),
            ),
            status,
            body,
            arrived: wire.stream_chunk_lengths,
            fidelity: wire.fidelity,
        })
    }

    /// Whether it is byte for byte what was sent over the network.
    pub(crate) fn is_faithful(&self) -> bool {
        self.fidelity.starts_with("wire")
    }

    /// The path without its query.
    pub(crate) fn bare_path(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }
}

/// Some recorders kept the request as text.
fn parsed(request: Value) -> Value {
    match request {
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::Null),
        request => request,
    }
}

/// What cannot be a header is none: recorders put placeholders where secrets were.
fn headers(recorded: BTreeMap<String, Values>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, values) in recorded {
        let values = match values {
            Values::One(value) => vec![value],
            Values::Many(values) => values,
        };
        for value in values {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(&name), HeaderValue::try_from(value))
            {
                headers.append(name, value);
            }
        }
    }
    headers
}

/// Several recorders dropped the headers. No server omits the content type, and the driver goes by
/// it, so it is supplied where it is missing; one that was recorded passes unchanged.
fn completed(mut headers: HeaderMap, stream: bool) -> HeaderMap {
    let usual = if stream {
        "text/event-stream"
    } else {
        "application/json"
    };
    headers
        .entry(CONTENT_TYPE)
        .or_insert(HeaderValue::from_static(usual));
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(more: &str) -> Exchange {
        let text = format!(
            r#"{{"fidelity":"wire","provider":"groq","api":"chat-completions","status":200,"path":"/v1/x?a=1",{more}}}"#
        );
        Exchange::parse("groq/x.json", text.as_bytes()).unwrap()
    }

    #[test]
    fn a_body_is_text_or_base64() {
        assert_eq!(exchange(r#""response_body":"{}""#).body, "{}");
        assert_eq!(exchange(r#""stream_body":"data: 1""#).body, "data: 1");
        assert_eq!(
            exchange(r#""response_body_b64":"/9g=""#).body,
            [0xff, 0xd8].as_slice()
        );
        assert_eq!(exchange(r#""stream_body_b64":"aGk=""#).body, "hi");
        assert_eq!(exchange(r#""scenario":"chat""#).body, "");
    }

    #[test]
    fn a_content_type_is_supplied_only_where_it_is_missing() {
        let recorded = exchange(
            r#""stream":true,"response_headers":{"Content-Type":"text/plain","x":["1","2"]}"#,
        );
        assert_eq!(recorded.headers[CONTENT_TYPE], "text/plain");
        assert_eq!(recorded.headers.get_all("x").iter().count(), 2);
        assert_eq!(
            exchange(r#""stream":true"#).headers[CONTENT_TYPE],
            "text/event-stream"
        );
        assert_eq!(
            exchange(r#""stream":false"#).headers[CONTENT_TYPE],
            "application/json"
        );
    }

    #[test]
    fn a_placeholder_that_is_no_header_is_left_out() {
        let recorded = exchange(
            r#""response_headers":{"x-a":"line\nbreak","bad name":"1","x-b":"<redacted>"}"#,
        );
        assert_eq!(
            recorded.headers.len(),
            2,
            "x-b and the content type: {:?}",
            recorded.headers
        );
    }

    #[test]
    fn a_request_that_was_kept_as_text_is_parsed() {
        assert_eq!(
            exchange(r#""request_body":"{\"model\":\"m\"}""#).request["model"],
            "m"
        );
        assert_eq!(
            exchange(r#""request_body":"--boundary""#).request,
            Value::Null
        );
    }

    #[test]
    fn only_what_was_not_rebuilt_is_faithful() {
        assert!(exchange(r#""response_body":"""#).is_faithful());
        let mut rebuilt = exchange(r#""response_body":"""#);
        rebuilt.fidelity = "rebuilt from SDK objects".to_owned();
        assert!(!rebuilt.is_faithful());
    }

    #[test]
    fn a_directory_that_is_not_there_is_said_so() {
        let error = files(Path::new("/no/such/corpus"), None)
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "/no/such/corpus is no directory; name the one that holds the recorded exchanges"
        );
    }

    #[test]
    fn what_is_no_exchange_is_named() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let error = Exchange::read(Path::new(env!("CARGO_MANIFEST_DIR")), &file)
            .unwrap_err()
            .to_string();
        assert_eq!(error, "Cargo.toml is no recorded exchange");
    }
}
