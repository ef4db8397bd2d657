//! A way to a server that makes it slow, whatever it is: what it answers some time after it was asked
//! arrives after so many times that time. Its words come as far apart as they are, times the same.

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::mpsc,
    task::JoinSet,
    time::sleep_until,
};

/// It relays until it is dropped, and then its connections end.
pub(super) struct Relay {
    pub(super) port: u16,
    _relaying: JoinSet<()>,
}

impl Relay {
    /// To a port of loopback.
    pub(super) async fn start(to: u16, times: u32) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let mut relaying = JoinSet::new();
        relaying.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(relay(client, to, times));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self {
            port,
            _relaying: relaying,
        })
    }
}

/// One connection, until both sides have ended it or one breaks it.
async fn relay(client: TcpStream, to: u16, times: u32) -> io::Result<()> {
    let server = TcpStream::connect(("127.0.0.1", to)).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let asked = Asked(Mutex::new(Instant::now()));
    let (tell, told) = mpsc::channel(64);
    tokio::try_join!(
        ask(from_client, to_server, &asked),
        hear(from_server, tell, &asked, times),
        answer(told, to_client),
    )
    .map(drop)
}

/// When the last of a request passed.
struct Asked(Mutex<Instant>);

impl Asked {
    fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn at(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn ask(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, asked: &Asked) -> io::Result<()> {
    let mut some = [0; 16 << 10];
    loop {
        let read = from.read(&mut some).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        to.write_all(some.get(..read).unwrap_or_default()).await?;
        asked.now();
    }
}

/// Reads at once, so that the time of each piece is the server's own.
async fn hear(
    mut from: OwnedReadHalf,
    tell: mpsc::Sender<(Instant, Bytes)>,
    asked: &Asked,
    times: u32,
) -> io::Result<()> {
    let mut some = [0; 16 << 10];
    loop {
        let read = from.read(&mut some).await?;
        let asked = asked.at();
        let due = asked + asked.elapsed() * times;
        let piece = Bytes::copy_from_slice(some.get(..read).unwrap_or_default());
        if read == 0 || tell.send((due, piece)).await.is_err() {
            return Ok(());
        }
    }
}

async fn answer(
    mut told: mpsc::Receiver<(Instant, Bytes)>,
    mut to: OwnedWriteHalf,
) -> io::Result<()> {
    while let Some((due, piece)) = told.recv().await {
        sleep_until(due.into()).await;
        to.write_all(&piece).await?;
    }
    to.shutdown().await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn an_answer_takes_ten_times_as_long_and_comes_whole() {
        let server = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = server.local_addr().unwrap().port();
        let relay = Relay::start(port, 10).await.unwrap();
        let serving = async {
            let (mut socket, _) = server.accept().await.unwrap();
            let mut question = [0; 3];
            socket.read_exact(&mut question).await.unwrap();
            for word in ["one", "two"] {
                tokio::time::sleep(Duration::from_millis(10)).await;
                socket.write_all(word.as_bytes()).await.unwrap();
            }
        };
        let asking = async {
            let mut socket = TcpStream::connect(("127.0.0.1", relay.port)).await.unwrap();
            socket.write_all(b"who").await.unwrap();
            let asked = Instant::now();
            let mut answer = [0; 6];
            socket.read_exact(&mut answer[..3]).await.unwrap();
            let first = asked.elapsed();
            socket.read_exact(&mut answer[3..]).await.unwrap();
            (answer, first, asked.elapsed())
        };
        let ((), (answer, first, last)) = tokio::join!(serving, asking);
        assert_eq!(&answer, b"onetwo");
        assert!(first >= Duration::from_millis(100), "{first:?}");
        assert!(last >= Duration::from_millis(200), "{last:?}");
    }
}
