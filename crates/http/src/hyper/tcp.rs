//! TCP: resolves a name, and races its addresses (RFC 8305).

use std::{
    collections::HashMap,
    future::{Future, poll_fn},
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    task::Poll,
    time::Duration,
};

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

use super::{
    dial::Peer,
    timers::{Timers, within},
};
use crate::{Phase, TransportError, TransportErrorKind};

/// Addresses given by the builder instead of by the resolver; a port of 0 stands for the URL's.
pub(super) type Overrides = HashMap<String, Vec<SocketAddr>>;

/// How long one address may keep the next one waiting.
const HEAD_START: Duration = Duration::from_millis(300);

/// A name with more addresses than this is somebody's mistake or worse.
const MAX_ADDRESSES: usize = 16;

/// When the kernel asks an idle peer whether it is still there, and how long it may be silent.
const KEEPALIVE: Duration = Duration::from_secs(20);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
#[cfg(any(
    target_os = "android",
    target_os = "freebsd",
    target_os = "ios",
    target_os = "linux",
    target_os = "macos",
    target_os = "netbsd",
    target_os = "windows"
))]
const KEEPALIVE_RETRIES: u32 = 2;
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

type Attempt = Pin<Box<dyn Future<Output = Result<TcpStream, TransportError>> + Send>>;

pub(super) async fn connect(
    peer: Peer<'_>,
    overrides: &Overrides,
    timers: &Timers,
) -> Result<TcpStream, TransportError> {
    let addresses = match overrides.get(&peer.host.to_ascii_lowercase()) {
        Some(addresses) => addresses
            .iter()
            .map(|address| with_port(*address, peer.port))
            .collect(),
        None => within(timers.dns, Phase::Dns, peer, resolve(peer)).await?,
    };
    let limit = timers.tcp;
    let attempts = interleaved(addresses).into_iter().map(|address| {
        let (host, port) = (peer.host.to_owned(), peer.port);
        Box::pin(async move {
            let peer = Peer { host: &host, port };
            within(limit, Phase::Tcp, peer, open(peer, address)).await
        }) as Attempt
    });
    let stream = race(attempts)
        .await
        .unwrap_or_else(|| Err(unresolved(peer)))?;
    tune(&stream);
    Ok(stream)
}

async fn resolve(Peer { host, port }: Peer<'_>) -> Result<Vec<SocketAddr>, TransportError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    match tokio::net::lookup_host((host, port)).await {
        Ok(addresses) => Ok(addresses.collect()),
        Err(error) => Err(unresolved(Peer { host, port }).with_source(error)),
    }
}

fn unresolved(peer: Peer<'_>) -> TransportError {
    TransportError::new(
        TransportErrorKind::Connect,
        format!("{peer}: the name has no address; check the base URL and the resolver"),
    )
    .with_phase(Phase::Dns)
}

fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    if address.port() == 0 {
        address.set_port(port);
    }
    address
}

/// Alternates between the families, beginning with the resolver's favourite.
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (ours, others): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let (mut ours, mut others) = (ours.into_iter(), others.into_iter());
    std::iter::from_fn(|| {
        let pair = [ours.next(), others.next()];
        pair.iter().any(Option::is_some).then_some(pair)
    })
    .flatten()
    .flatten()
    .take(MAX_ADDRESSES)
    .collect()
}

async fn open(peer: Peer<'_>, address: SocketAddr) -> Result<TcpStream, TransportError> {
    TcpStream::connect(address).await.map_err(|error| {
        let what = match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                "the connection was refused; does a server listen there?"
            }
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                "the host cannot be reached"
            }
            _ => "no TCP connection could be opened",
        };
        TransportError::new(TransportErrorKind::Connect, format!("{peer}: {what}"))
            .with_phase(Phase::Tcp)
            .with_source(error)
    })
}

/// The first attempt that succeeds, else the last failure; `None` without attempts.
///
/// The next attempt begins when the youngest has failed or has had its head start.
async fn race(
    mut waiting: impl Iterator<Item = Attempt>,
) -> Option<Result<TcpStream, TransportError>> {
    let mut running = vec![waiting.next()?];
    let mut waiting = waiting.peekable();
    let mut last_failure = None;
    let mut next = std::pin::pin!(tokio::time::sleep(HEAD_START));
    let outcome = poll_fn(|cx| {
        loop {
            let mut winner = None;
            let before = running.len();
            running.retain_mut(|attempt| match attempt.as_mut().poll(cx) {
                Poll::Pending => true,
                Poll::Ready(Ok(stream)) => {
                    winner = Some(stream);
                    false
                }
                Poll::Ready(Err(error)) => {
                    last_failure = Some(error);
                    false
                }
            });
            if let Some(stream) = winner {
                return Poll::Ready(Ok(stream));
            }
            let failed = running.len() < before;
            if waiting.peek().is_some() {
                if !failed && next.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                running.extend(waiting.next());
                next.set(tokio::time::sleep(HEAD_START));
            } else if running.is_empty() {
                return match last_failure.take() {
                    Some(error) => Poll::Ready(Err(error)),
                    None => Poll::Pending,
                };
            } else {
                return Poll::Pending;
            }
        }
    });
    Some(outcome.await)
}

/// These only improve on the defaults: where the system refuses, the connection works without.
fn tune(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE_INTERVAL);
    #[cfg(any(
        target_os = "android",
        target_os = "freebsd",
        target_os = "ios",
        target_os = "linux",
        target_os = "macos",
        target_os = "netbsd",
        target_os = "windows"
    ))]
    let keepalive = keepalive.with_retries(KEEPALIVE_RETRIES);
    let _ = socket.set_tcp_keepalive(&keepalive);
    #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
    let _ = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_beginning_with_the_favourite() {
        let address = |text: &str| text.parse::<SocketAddr>().expect("an address");
        let given = ["[::1]:1", "[::2]:1", "[::3]:1", "127.0.0.1:1"].map(address);
        let order = ["[::1]:1", "127.0.0.1:1", "[::2]:1", "[::3]:1"].map(address);
        assert_eq!(interleaved(given.to_vec()), order);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn f020_over_http_1_the_kernel_notices_a_peer_that_vanishes_within_30_s() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("a listener");
        let address = listener.local_addr().expect("its address");
        let peer = Peer {
            host: "127.0.0.1",
            port: address.port(),
        };
        let stream = connect(peer, &Overrides::new(), &Timers::default()).await;
        let stream = stream.expect("a connection");
        let socket = SockRef::from(&stream);
        let told = |time: io::Result<Duration>| time.expect("an option").as_secs();
        let idle = told(socket.tcp_keepalive_time());
        let interval = told(socket.tcp_keepalive_interval());
        let retries = socket.tcp_keepalive_retries().expect("an option");
        assert!(socket.keepalive().expect("an option"));
        assert_eq!(idle + interval * u64::from(retries), 30);
        let unacknowledged = socket.tcp_user_timeout().expect("an option");
        assert_eq!(unacknowledged, Some(Duration::from_secs(30)));
    }
}
