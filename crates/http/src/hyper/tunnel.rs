//! Asks an HTTP proxy for a tunnel (`CONNECT`, RFC 9110 9.3.6).

use http::HeaderValue;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::dial::BoxStream;
use crate::{Phase, TransportError, TransportErrorKind};

/// What a proxy may say before the tunnel opens.
const MAX_HEAD: usize = 8 * 1024;

const END: &[u8] = b"\r\n\r\n";

/// `target` is `host:port`. Nothing of the request itself reaches the proxy.
pub(super) async fn open(
    stream: &mut BoxStream,
    target: &str,
    authorization: Option<&HeaderValue>,
) -> Result<(), TransportError> {
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n").into_bytes();
    if let Some(value) = authorization {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    stream.write_all(&request).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    match status(&read_head(stream).await?) {
        Some(200..=299) => Ok(()),
        Some(407) => Err(refused(
            "the proxy wants a name and a password: give them with `Proxy::credentials`".to_owned(),
        )),
        // A gateway's own trouble passes.
        Some(status @ 500..=599) => Err(TransportError::new(
            TransportErrorKind::Connect,
            format!("{target}: the proxy could not reach it: status {status}"),
        )
        .with_phase(Phase::Proxy)),
        Some(status) => Err(refused(format!(
            "the proxy refused the tunnel: status {status}"
        ))),
        None => Err(refused("what answered is no HTTP proxy".to_owned())),
    }
}

async fn read_head(stream: &mut BoxStream) -> Result<Vec<u8>, TransportError> {
    let mut head = Vec::with_capacity(512);
    loop {
        if stream.read_buf(&mut head).await.map_err(broken)? == 0 {
            return Err(TransportError::new(
                TransportErrorKind::Connect,
                "the proxy closed the connection instead of opening a tunnel",
            )
            .with_phase(Phase::Proxy));
        }
        match head.windows(END.len()).position(|window| window == END) {
            // In HTTP and TLS the client speaks first: more than the head is not the server.
            Some(end) if end + END.len() == head.len() => return Ok(head),
            Some(_) if status(&head) == Some(407) => return Ok(head),
            Some(_) => return Err(refused("the proxy sent more than its answer".to_owned())),
            None if head.len() > MAX_HEAD => {
                return Err(refused("the proxy's answer does not end".to_owned()));
            }
            None => {}
        }
    }
}

fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?.strip_prefix("HTTP/1.")?;
    let status = line.split(' ').nth(1)?;
    (status.len() == 3).then(|| status.parse().ok()).flatten()
}

fn refused(message: String) -> TransportError {
    TransportError::new(TransportErrorKind::Proxy, message).with_phase(Phase::Proxy)
}

fn broken(error: std::io::Error) -> TransportError {
    TransportError::new(
        TransportErrorKind::Connect,
        "the connection to the proxy broke before the tunnel was open",
    )
    .with_phase(Phase::Proxy)
    .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::status;

    #[test]
    fn only_an_http_1_status_line_has_a_status() {
        assert_eq!(
            status(b"HTTP/1.1 200 Connection established\r\n\r\n"),
            Some(200)
        );
        assert_eq!(status(b"HTTP/1.0 407\r\n\r\n"), Some(407));
        for wrong in [
            "",
            "HTTP/1.1",
            "HTTP/1.1 2000 OK",
            "HTTP/2 200 OK",
            "SSH-2.0-OpenSSH",
            "HTTP/1.1 -20",
        ] {
            assert_eq!(status(wrong.as_bytes()), None, "{wrong:?}");
        }
    }
}
