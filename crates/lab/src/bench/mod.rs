//! Measures our crates against the practical limit, and prints one table.
//!
//! Every figure is made by this run: nothing is remembered from another.

mod callgrind;
mod clock;
mod cpu;
mod decode;
mod footprint;
mod framing;
mod idle;
mod layers;
mod server;
mod soak;
mod table;
mod work;

use std::{net::SocketAddr, process::ExitCode};

use anyhow::{Result, ensure};

use self::{
    server::Server,
    table::Row,
    work::{Client, Who, Wire, Work},
};

/// What to measure.
#[derive(clap::Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Options {
    #[command(subcommand)]
    part: Option<Part>,
    /// Also build a small program from scratch, with ours and with raw: some minutes
    #[arg(long)]
    build: bool,
    /// Only this section: instructions, cpu, idle, layers, framing, decode, packages
    #[arg(long)]
    only: Option<String>,
}

/// What takes long, and the processes that a run consists of. It starts these itself.
#[derive(clap::Subcommand, Debug)]
enum Part {
    /// Answers on loopback until its standard input ends
    #[command(hide = true)]
    Serve,
    /// Reads 10,000 streams at once through all layers, beside raw: two minutes, some memory
    ///
    /// One in twenty is reset, one stalls, of one the reader pauses. Fails if an event of any stream
    /// is lost, doubled or out of order, or a stream does not end as it must.
    Soak(soak::Options),
    /// Does some work and prints the proof
    #[command(hide = true)]
    Client(Errand),
}

#[derive(clap::Args, Debug)]
struct Errand {
    work: Work,
    who: Who,
    server: SocketAddr,
    n: usize,
    #[arg(long)]
    http2: bool,
}

type Section = fn(&Server) -> Result<Vec<Row>>;

const SECTIONS: [(&str, Section); 7] = [
    ("instructions", callgrind::rows),
    ("cpu", cpu::rows),
    ("idle", idle::rows),
    ("layers", layers::rows),
    ("framing", framing::rows),
    ("decode", decode::rows),
    ("packages", footprint::packages),
];

/// Measures and prints. A missed target is no failure: it is in the table.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    match &options.part {
        Some(Part::Serve) => server::serve()?,
        Some(Part::Client(errand)) => println!("{}", errand.run()?),
        Some(Part::Soak(options)) => soak::run(options)?,
        None => measure(options)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(options: &Options) -> Result<()> {
    let chosen = |name: &str| options.only.as_deref().is_none_or(|only| only == name);
    ensure!(
        SECTIONS.iter().any(|(name, _)| chosen(name)) || options.build,
        "there is no such section; see `cargo xtask bench --help`"
    );
    let server = Server::start()?;
    let mut rows = Vec::new();
    for (name, section) in SECTIONS.into_iter().filter(|(name, _)| chosen(name)) {
        eprintln!("measuring: {name}");
        rows.extend(section(&server)?);
    }
    if options.build {
        eprintln!("measuring: build");
        rows.extend(footprint::builds()?);
    }
    print!("{}", table::render(&rows));
    Ok(())
}

impl Errand {
    fn run(&self) -> Result<String> {
        let wire = if self.http2 { Wire::Http2 } else { Wire::Http1 };
        runtime()?.block_on(async {
            if self.work == Work::Idle {
                let bytes = idle::bytes_each(self.who, wire, self.server, self.n).await?;
                return Ok(bytes.to_string());
            }
            let client = Client::new(self.work, self.who, self.server)?;
            Ok(client.run(self.work, self.n).await?.print())
        })
    }
}

/// One thread, so that a process's CPU time is that of the client and its connections.
fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?)
}
