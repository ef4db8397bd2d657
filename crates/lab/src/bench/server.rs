//! The server's process: what it costs is nobody's figure.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read, Write, stdin, stdout},
    net::{SocketAddr, TcpListener},
    process::{Child, ChildStdin, Command, Stdio},
    thread,
};

use anyhow::{Context, Result, bail};
use bytes::Bytes;

use super::work::{payload, server};

/// A server in a process of its own, which ends with this.
pub(super) struct Server {
    pub(super) http1: SocketAddr,
    pub(super) http2: SocketAddr,
    _process: Process,
}

impl Server {
    pub(super) fn start() -> Result<Self> {
        let (process, addresses) = Process::start(&["bench", "serve"], 2)?;
        let [http1, http2] = addresses.as_slice() else {
            bail!("the server has too few addresses");
        };
        Ok(Self {
            http1: *http1,
            http2: *http2,
            _process: process,
        })
    }
}

/// A process of this program, which ends with this.
pub(super) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Process {
    /// One that prints so many addresses and then serves until its standard input ends.
    pub(super) fn start(
        arguments: &[impl AsRef<OsStr>],
        addresses: usize,
    ) -> Result<(Self, Vec<SocketAddr>)> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the server's process")?;
        let stdin = child.stdin.take();
        let output = child.stdout.take().context("no output")?;
        let process = Self { child, stdin };
        let mut lines = BufReader::new(output).lines();
        let mut address = || -> Result<SocketAddr> {
            Ok(lines.next().context("the server did not start")??.parse()?)
        };
        let addresses = (0..addresses).map(|_| address()).collect::<Result<_>>()?;
        Ok((process, addresses))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// Serves until the parent is gone.
pub(super) fn serve() -> Result<()> {
    super::clock::pin();
    let http1 = TcpListener::bind("127.0.0.1:0")?;
    let http2 = TcpListener::bind("127.0.0.1:0")?;
    writeln!(stdout(), "{}\n{}", http1.local_addr()?, http2.local_addr()?)?;
    thread::spawn(move || server::serve(&http1));
    thread::spawn(move || serve_http2(http2));
    stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Streams that say nothing after their first words.
fn serve_http2(listener: TcpListener) -> Result<()> {
    listener.set_nonblocking(true)?;
    super::runtime()?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(connection_http2(stream));
        }
    })
}

async fn connection_http2(stream: tokio::net::TcpStream) -> Result<()> {
    let mut connection = h2::server::handshake(stream).await?;
    let beginning: Bytes = payload::events(1).take(2).collect::<String>().into();
    let mut open = Vec::new();
    while let Some(request) = connection.accept().await {
        let (_, mut respond) = request?;
        let head = http::Response::builder()
            .header("content-type", "text/event-stream")
            .body(())?;
        let mut body = respond.send_response(head, false)?;
        body.send_data(beginning.clone(), false)?;
        open.push(body);
    }
    Ok(())
}
