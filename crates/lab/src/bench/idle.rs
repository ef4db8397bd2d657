//! Memory of a stream that is open and says nothing.

use std::{fs, net::SocketAddr, process::Command};

use anyhow::{Context, Result, ensure};

use super::{
    server::Server,
    table::{Row, Target, Unit},
    work::{Who, Wire, Work, ours::Ours, raw::Raw},
};

const STREAMS: usize = 1_000;
/// How many of raw's streams share a connection over HTTP/2, as ours do.
const SHARD: usize = 32;
const HOW: &str = "growth of VmRSS of a fresh process from 32 to 1,032 open streams, first words read; kernel buffers apart";

pub(super) fn rows(server: &Server) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (wire, who, name, most) in [
        (Wire::Http1, Who::Bare, "idle stream, HTTP/1.1, bare", 32.0),
        (
            Wire::Http1,
            Who::Stack,
            "idle stream, HTTP/1.1, default stack",
            40.0,
        ),
        (
            Wire::Http2,
            Who::Bare,
            "idle stream, HTTP/2 sharded, bare",
            14.0,
        ),
    ] {
        let ours = measured(server, wire, who)?;
        let raw = measured(server, wire, Who::Raw)?;
        let row = Row::new(name, Unit::Kilobytes, Target::AtMost(most));
        rows.push(row.figures(ours, raw).how(HOW));
    }
    Ok(rows)
}

/// In a process of its own, whose heap nobody has used before.
fn measured(server: &Server, wire: Wire, who: Who) -> Result<f64> {
    let (address, http2) = match wire {
        Wire::Http1 => (server.http1, None),
        Wire::Http2 => (server.http2, Some("--http2")),
    };
    let output = Command::new(std::env::current_exe()?)
        .args(["bench", "client", Work::Idle.name(), who.name()])
        .args([address.to_string(), STREAMS.to_string()])
        .args(http2)
        .output()?;
    ensure!(
        output.status.success(),
        "the client failed; does `ulimit -n` allow 1,100 open files? {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let bytes: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(bytes / 1e3)
}

/// Opens some streams to warm up, then `n`, and says what each of these took.
pub(super) async fn bytes_each(
    who: Who,
    wire: Wire,
    server: SocketAddr,
    n: usize,
) -> Result<usize> {
    let base = format!("http://{server}/{}", Work::Idle.name());
    let (before, after) = if who == Who::Raw {
        let mut clients = Vec::new();
        let mut streams = Vec::new();
        let mut before = 0;
        for ix in 0..SHARD + n {
            if ix == SHARD {
                before = resident()?;
            }
            if clients.is_empty() || (wire == Wire::Http2 && ix % SHARD == 0) {
                clients.push(Raw::speaking(base.clone(), wire));
            }
            let client = clients.last().context("no client")?;
            let mut words = client.open(1).await?;
            ensure!(words.more(|_| ()).await?, "no first words");
            streams.push(words);
        }
        (before, resident()?)
    } else {
        let ours = Ours::new(who, base, wire)?;
        let mut streams = Vec::new();
        let mut before = 0;
        for ix in 0..SHARD + n {
            if ix == SHARD {
                before = resident()?;
            }
            streams.push(ours.open(1).await?);
        }
        (before, resident()?)
    };
    Ok(after.saturating_sub(before) / n)
}

/// This process's memory, in bytes.
pub(super) fn resident() -> Result<usize> {
    let status = fs::read_to_string("/proc/self/status").context("memory is read from /proc")?;
    let kilobytes = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"))
        .context("no VmRSS in /proc/self/status")?;
    Ok(kilobytes.parse::<usize>()? * 1_024)
}
