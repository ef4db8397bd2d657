//! Asks a SOCKS5 proxy for a tunnel (RFC 1928), with a name and password if given (RFC 1929).
//!
//! The proxy resolves the target's name.

use std::net::IpAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::dial::BoxStream;
use crate::{Phase, TransportError, TransportErrorKind};

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const LOGIN: u8 = 2;

pub(super) async fn open(
    stream: &mut BoxStream,
    host: &str,
    port: u16,
    login: Option<(&str, &str)>,
) -> Result<(), TransportError> {
    let method = if login.is_some() { LOGIN } else { NO_LOGIN };
    say(stream, &[VERSION, 1, method]).await?;
    let chosen = hear::<2>(stream).await?;
    if chosen != [VERSION, method] {
        return Err(refused("the SOCKS5 proxy accepts no login of this kind"));
    }
    if let Some((user, password)) = login {
        let mut request = vec![1];
        push_short(&mut request, user)?;
        push_short(&mut request, password)?;
        say(stream, &request).await?;
        let [_, status] = hear::<2>(stream).await?;
        if status != 0 {
            return Err(refused(
                "the SOCKS5 proxy does not accept this name and password",
            ));
        }
    }
    let mut request = vec![VERSION, 1, 0];
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => {
            request.push(1);
            request.extend_from_slice(&address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            request.push(4);
            request.extend_from_slice(&address.octets());
        }
        Err(_) => {
            request.push(3);
            push_short(&mut request, host)?;
        }
    }
    request.extend_from_slice(&port.to_be_bytes());
    say(stream, &request).await?;
    answer(stream).await
}

async fn answer(stream: &mut BoxStream) -> Result<(), TransportError> {
    let [version, status, _, kind] = hear::<4>(stream).await?;
    match (version, status) {
        (VERSION, 0) => {}
        // General failure, network or host unreachable, refused, expired: these pass.
        (VERSION, 1 | 3..=6) => {
            return Err(TransportError::new(
                TransportErrorKind::Connect,
                format!("the SOCKS5 proxy could not reach the server: reply {status}"),
            )
            .with_phase(Phase::Proxy));
        }
        _ => return Err(refused("the SOCKS5 proxy refused the tunnel")),
    }
    let bound = match kind {
        1 => 4,
        4 => 16,
        3 => usize::from(hear::<1>(stream).await?[0]),
        _ => return Err(refused("what answered is no SOCKS5 proxy")),
    };
    let mut address = vec![0; bound + 2];
    stream.read_exact(&mut address).await.map_err(broken)?;
    Ok(())
}

fn push_short(request: &mut Vec<u8>, text: &str) -> Result<(), TransportError> {
    let length = u8::try_from(text.len())
        .map_err(|_| refused("SOCKS5 carries no name or password beyond 255 bytes"))?;
    request.push(length);
    request.extend_from_slice(text.as_bytes());
    Ok(())
}

async fn say(stream: &mut BoxStream, bytes: &[u8]) -> Result<(), TransportError> {
    stream.write_all(bytes).await.map_err(broken)?;
    stream.flush().await.map_err(broken)
}

async fn hear<const N: usize>(stream: &mut BoxStream) -> Result<[u8; N], TransportError> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.map_err(broken)?;
    Ok(bytes)
}

fn refused(message: &'static str) -> TransportError {
    TransportError::new(TransportErrorKind::Proxy, message).with_phase(Phase::Proxy)
}

fn broken(error: std::io::Error) -> TransportError {
    TransportError::new(
        TransportErrorKind::Connect,
        "the connection to the SOCKS5 proxy broke before the tunnel was open",
    )
    .with_phase(Phase::Proxy)
    .with_source(error)
}
