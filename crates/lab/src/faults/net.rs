//! Where the peers of a case are reached: through pipes, or on loopback sockets.

use std::{
    future::{Future, pending, ready},
    io,
    net::TcpListener,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use anyhow::{Result, bail, ensure};
use http::Uri;
use tokio::io::DuplexStream;
use trunkline_core::http_transport::hyper::{HyperTransport, Roots};
use trunkline_testkit::{
    Peer as Socket,
    peer::{Certificate, PipePeer, Script, Seen},
};

use super::{
    case::{Case, Clock, Operation},
    peer::{Connect, Peer, Tls, Words},
    provider,
};

/// The peers of a case, at work.
pub(crate) struct Network {
    stands: Vec<Stand>,
}

struct Stand {
    peer: At,
    unscripted: Arc<AtomicUsize>,
    base: String,
    path: String,
}

enum At {
    Pipe(Arc<PipePeer>),
    Socket(Socket),
    Nowhere,
}

/// Pipes have no ports; their URLs need some to be told apart by.
const FIRST_PORT: u16 = 9_001;

impl Network {
    pub(crate) async fn start(case: &Case, words: &Words) -> Result<Self> {
        let streams = matches!(case.call.op, Operation::Stream | Operation::Buffered);
        let mut stands = Vec::new();
        for (index, peer) in case.peer.iter().enumerate() {
            let (script, unscripted) = peer.script(streams, words, index + 1);
            let (peer_at, base) = place(case.clock, peer, script, index).await?;
            stands.push(Stand {
                peer: peer_at,
                unscripted,
                base,
                path: path(case, peer),
            });
        }
        Ok(Self { stands })
    }

    /// A transport that reaches these peers and nobody else.
    pub(crate) fn transport(&self, case: &Case) -> Result<HyperTransport> {
        transport(case, &self.stands)
    }

    /// The base URLs that a client is given.
    pub(crate) fn urls(&self) -> Vec<String> {
        let url = |stand: &Stand| format!("{}{}", stand.base, stand.path);
        self.stands.iter().map(url).collect()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.stands.iter().map(Stand::seen).collect()
    }

    /// Connections that are open now.
    pub(crate) fn open(&self) -> usize {
        let open = |stand: &Stand| match &stand.peer {
            At::Pipe(peer) => peer.connections().open,
            At::Socket(peer) => peer.connections().open,
            At::Nowhere => 0,
        };
        self.stands.iter().map(open).sum()
    }

    /// Requests that no reply of the case was for.
    pub(crate) fn unscripted(&self) -> Vec<usize> {
        let count = |stand: &Stand| stand.unscripted.load(Relaxed) + stand.seen().unscripted;
        self.stands.iter().map(count).collect()
    }
}

impl Stand {
    fn seen(&self) -> Seen {
        match &self.peer {
            At::Pipe(peer) => peer.seen(),
            At::Socket(peer) => peer.seen(),
            At::Nowhere => Seen::default(),
        }
    }
}

/// What follows the authority in the provider's own base URL.
fn path(case: &Case, peer: &Peer) -> String {
    let fallback = case.client.fallback.as_ref().filter(|_| peer.fallback);
    let provider = fallback.map_or(&case.client.provider, |other| &other.provider);
    let url = provider::definition(provider).and_then(|provider| provider.base_url);
    let path = url.and_then(|url| url.parse::<Uri>().ok());
    path.map_or(String::new(), |url| {
        url.path().trim_end_matches('/').to_owned()
    })
}

async fn place(clock: Clock, peer: &Peer, script: Script, index: usize) -> Result<(At, String)> {
    let port = FIRST_PORT + u16::try_from(index)?;
    let http = |port: u16| format!("http://127.0.0.1:{port}");
    match (clock, peer.connect) {
        (Clock::Paused, connect) => {
            ensure!(
                peer.tls.is_none(),
                "TLS needs sockets; set clock = \"real\""
            );
            let at = match connect {
                Connect::Accept => At::Pipe(Arc::new(PipePeer::new(script))),
                Connect::Refuse | Connect::Hang => At::Nowhere,
            };
            Ok((at, http(port)))
        }
        (Clock::Real, Connect::Accept) => {
            let builder = match peer.tls {
                None => Socket::builder(),
                Some(Tls::Valid | Tls::UnknownCa) => Socket::builder().tls(),
                Some(Tls::Expired) => Socket::builder().certificate(Certificate::Expired),
                Some(Tls::WrongHost) => Socket::builder().certificate(Certificate::WrongHost),
            };
            let socket = builder.start(script).await;
            let url = socket.url();
            Ok((At::Socket(socket), url))
        }
        (Clock::Real, Connect::Refuse) => {
            // Nobody listens there any more.
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            Ok((At::Nowhere, http(port)))
        }
        (Clock::Real, Connect::Hang) => {
            bail!("a socket cannot hang while it connects; set clock = \"paused\"")
        }
    }
}

fn transport(case: &Case, stands: &[Stand]) -> Result<HyperTransport> {
    let mut builder = HyperTransport::builder();
    if case.clock == Clock::Paused {
        let doors = case.peer.iter().zip(stands);
        let doors = doors.map(|(peer, stand)| match (&stand.peer, peer.connect) {
            (At::Pipe(pipe), _) => Door::Open(pipe.clone()),
            (_, Connect::Hang) => Door::Hangs,
            _ => Door::Refuses,
        });
        return Ok(builder.connector(Pipes(doors.collect())).build()?);
    }
    for (peer, stand) in case.peer.iter().zip(stands) {
        if let (At::Socket(socket), Some(tls)) = (&stand.peer, peer.tls)
            && tls != Tls::UnknownCa
            && let Some(pem) = socket.certificate_pem()
        {
            builder = builder.roots(Roots::Added).root_certificate(pem);
        }
    }
    Ok(builder.build()?)
}

/// Opens a pipe to the peer that a URL's port names.
#[derive(Clone)]
struct Pipes(Arc<[Door]>);

enum Door {
    Open(Arc<PipePeer>),
    Refuses,
    Hangs,
}

impl tower_service::Service<Uri> for Pipes {
    type Response = DuplexStream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<DuplexStream>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        let port = url.port_u16().and_then(|port| port.checked_sub(FIRST_PORT));
        match port.and_then(|index| self.0.get(usize::from(index))) {
            Some(Door::Open(peer)) => Box::pin(ready(Ok(peer.connect()))),
            Some(Door::Hangs) => Box::pin(pending()),
            Some(Door::Refuses) | None => {
                Box::pin(ready(Err(io::ErrorKind::ConnectionRefused.into())))
            }
        }
    }
}
