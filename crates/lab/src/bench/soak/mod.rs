//! Ten thousand streams at once through all layers: no event is lost, doubled or out of order.
//!
//! One stream in twenty is reset, one stalls, and of one the reader pauses. The server and each
//! client are processes of their own: one alone would need too many files.

use std::{
    io::{Read, Write, stdin, stdout},
    net::{SocketAddr, TcpListener},
    process::Command,
    thread,
};

use anyhow::{Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use self::{figures::Figures, plan::Plan};
use super::{
    server::Process,
    table::{self, Row, Target, Unit},
    work::Who,
};

mod client;
mod figures;
mod plan;
mod server;

const HOW_MEMORY: &str = "growth of VmRSS of a fresh process while all streams are open and silent; kernel buffers apart";
const HOW_CPU: &str = "CPU time of the client's process on two threads from the first word to the last, by events read";

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    #[command(flatten)]
    plan: Plan,
    #[command(subcommand)]
    part: Option<Part>,
}

/// The processes that a run consists of. It starts them itself.
#[derive(clap::Subcommand, Debug)]
enum Part {
    /// Answers on loopback until its standard input ends
    #[command(hide = true)]
    Serve(Plan),
    /// Reads all streams and prints the figures
    #[command(hide = true)]
    Client(Errand),
}

#[derive(clap::Args, Debug)]
struct Errand {
    who: Who,
    server: SocketAddr,
    #[command(flatten)]
    plan: Plan,
}

pub(super) fn run(options: &Options) -> Result<()> {
    allow_files()?;
    match &options.part {
        Some(Part::Serve(plan)) => serve(*plan),
        Some(Part::Client(errand)) => {
            println!("{}", client::run(errand.who, errand.server, errand.plan)?);
            Ok(())
        }
        None => measure(options.plan),
    }
}

fn measure(plan: Plan) -> Result<()> {
    plan.check()?;
    let mut serve = vec!["bench".to_owned(), "soak".to_owned(), "serve".to_owned()];
    serve.extend(plan.arguments());
    let (server, addresses) = Process::start(&serve, 1)?;
    let mut figures = Vec::new();
    for who in [Who::Raw, Who::Full] {
        eprintln!("soaking: {}", who.name());
        for address in &addresses {
            figures.push(in_process(who, *address, plan)?);
        }
    }
    drop(server);
    let [raw, ours] = figures.as_slice() else {
        anyhow::bail!("a client told nothing");
    };
    let streams = plan.streams;
    let name = |what: &str| format!("{streams} open streams, all layers: {what}");
    let memory = Row::new(name("memory each"), Unit::Kilobytes, Target::AtMost(40.0));
    let cpu = Row::new(name("an event"), Unit::Micros, Target::None);
    let events = Row::new(
        name("events, each once and in order"),
        Unit::Count,
        Target::None,
    );
    let rows = [
        memory
            .figures(ours.memory as f64 / 1e3, raw.memory as f64 / 1e3)
            .how(HOW_MEMORY),
        cpu.figures(ours.nanos / 1e3, raw.nanos / 1e3).how(HOW_CPU),
        events
            .figures(ours.events as f64, raw.events as f64)
            .how("5 % of the streams reset, 5 % stalled, 5 % paused by their readers"),
    ];
    print!("{}", table::render(&rows));
    Ok(())
}

fn in_process(who: Who, server: SocketAddr, plan: Plan) -> Result<Figures> {
    let output = Command::new(std::env::current_exe()?)
        .args(["bench", "soak", "client", who.name()])
        .arg(server.to_string())
        .args(plan.arguments())
        .output()?;
    let told = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{} failed: {told}", who.name());
    String::from_utf8(output.stdout)?.parse()
}

fn serve(plan: Plan) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    writeln!(stdout(), "{}", listener.local_addr()?)?;
    thread::spawn(move || server::serve(listener, plan));
    stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// A socket is a file, of which a process usually may have 1,024.
fn allow_files() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.maximum;
    let maximum = limit.maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current, maximum })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_event_of_many_streams_is_lost_doubled_or_out_of_order() {
        let plan = Plan {
            streams: 200,
            events: 20,
            pace: 20,
            patience: 1_000,
        };
        plan.check().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || server::serve(listener, plan));

        let ours = client::run(Who::Full, address, plan).unwrap();

        // Nine in ten are whole; the others broke somewhere in the middle.
        assert!((180 * 20..200 * 20).contains(&ours.events), "{ours:?}");
    }
}
