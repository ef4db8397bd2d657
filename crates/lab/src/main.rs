//! What needs every provider at once. `cargo xtask wires` and its like start this program.

mod bench;
#[cfg(feature = "faults")]
mod faults;
mod providers;
mod servers;
mod wires;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What needs every provider at once.
#[derive(Parser)]
#[command(name = "trunkline-lab", arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Replays recorded exchanges through the crates of their providers
    ///
    /// Fails if one is not decoded, is decoded with a loss, or breaks a law of streams.
    Wires(wires::Options),
    /// Plays the fault suite against scripted peers
    ///
    /// Fails if a case does not come out as it must.
    #[cfg(feature = "faults")]
    Faults(faults::Options),
    /// Runs the crates against servers that others wrote, and prints a table for each
    ///
    /// Fails if a cell did. A server that is not installed is skipped with a line.
    Servers(servers::Options),
    /// Measures against a bare hyper client and prints one table
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Wires(options) => wires::run(&options),
        #[cfg(feature = "faults")]
        Task::Faults(options) => faults::run(&options),
        Task::Servers(options) => servers::run(&options),
        Task::Bench(options) => bench::run(&options),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}
