//! The tasks of this workspace.

mod backends;
mod check;
mod excerpts;
mod features;
mod finding;
mod graph;
mod lab;
mod manifest;
mod markdown;
mod msrv;
mod new_backend;
mod release;
mod source;
mod templates;
mod tidy;
#[cfg(test)]
mod trees;
#[cfg(test)]
mod workflows;
mod workspace;

use std::{env, ffi::OsString, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};

use crate::{check::Depth, workspace::Workspace};

/// The tasks of this workspace. Run `cargo xtask check` before you push.
#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Checks the shape of the workspace: manifests, required files, links, generated sections
    ///
    /// Compiles nothing. Prints each finding as `file:line: what is wrong; what to do` and fails if there is one.
    Tidy,
    /// Checks what each crate depends on, and counts the packages of one provider
    ///
    /// Asks `cargo tree`, so it sees features as a user of the crate gets them.
    Graph,
    /// Writes what is generated from the manifests of crates/providers/*
    ///
    /// That is docs/backends.md, the table in README.md, the features, dependencies and re-exports of the
    /// facade, what the workspace and the lab depend on, and the code in pages under docs. Only lines between `backends:begin` and `backends:end` are touched in written files.
    /// The source is the table `[package.metadata.trunkline]` of each provider.
    Backends {
        /// Write nothing; fail if something is out of date
        #[arg(long)]
        check: bool,
    },
    /// Writes a crate for one more provider: compiling, tested, listed, ready to be packaged
    ///
    /// The crate is made from a template that is a crate itself, xtask/templates/*: a provider that speaks chat
    /// completions becomes data, one with a wire format of its own gets an encoder and a decoder to edit. It gets
    /// its usage guide, example, fixtures, changelog entry and a place in every generated list. When anything
    /// fails, nothing is left behind. docs/new-backend.md goes on from there.
    ///
    /// In a terminal, what is missing is asked for.
    NewBackend(new_backend::Wanted),
    /// Makes a crate of every template with every choice of operations, and checks them all
    ///
    /// Clippy, tests, docs, tidy, generated lists, packaging. It happens in this checkout, which in the end is
    /// as it was; what it would edit must not have changes that are not committed.
    Templates,
    /// Runs what CI runs: format, clippy, tests, docs, tidy, graph, templates, recorded traffic, faults, servers
    ///
    /// All steps run, also after one has failed; the end says which failed and how long each took.
    Check {
        /// Leave out tests, docs, recorded traffic, faults and servers
        #[arg(long, conflicts_with = "deep")]
        quick: bool,
        /// Also what takes long: 10,000 seeds of the simulated network, 10,000 streams at once
        #[arg(long)]
        deep: bool,
    },
    /// Compiles each published crate without features, with each alone, and with all
    ///
    /// All published crates unless some are named. Uses cargo-hack where it is installed.
    Features {
        /// trunkline-groq …
        crates: Vec<String>,
    },
    /// Compiles each published crate with the Rust version that its manifest names
    Msrv {
        /// Compile nothing; print the versions
        #[arg(long)]
        list: bool,
    },
    /// Compiles the published crates with the least versions of dependencies that manifests allow
    ///
    /// In a copy, without what tests need. Needs a nightly cargo to choose the versions.
    MinimalVersions,
    /// Publishes crates, each on its own: what, in which order, and whether a registry would take them
    ///
    /// docs/releasing.md has the steps of a release. Nothing here publishes or sets a tag.
    #[command(subcommand)]
    Release(release::Release),
    /// Replays recorded exchanges through the crates of their providers: wires DIR [--provider P] [--verbose]
    ///
    /// Runs in the crate trunkline-lab, to which all arguments go.
    #[command(disable_help_flag = true)]
    Wires {
        /// DIR [--provider P] [--verbose]
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Plays scripted peers that misbehave, and judges what the client makes of it: faults DIR [--case F027]
    ///
    /// The cases are TOML files, those of crates/testkit/faults and crates/testkit/failover unless DIR is given;
    /// docs/faults.md says how to write one. Runs in the crate trunkline-lab, to which all arguments go.
    #[command(disable_help_flag = true)]
    Faults {
        /// [DIR…] [--case F027]… [--no-tests]
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Runs the crates against servers that others wrote, on this machine: servers [--install aimock,litellm]
    ///
    /// Mocks, proxies and engines that speak the providers' protocols; one that is not installed is skipped.
    /// docs/servers.md says how to install them. Runs in the crate trunkline-lab, to which all arguments go.
    #[command(disable_help_flag = true)]
    Servers {
        /// [--install SERVER,…] [--server SERVER,…] [--check CHECK,…] [--home DIR]
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Measures against a bare hyper client and prints one table
    ///
    /// Runs in the crate trunkline-lab, to which all arguments go.
    #[command(disable_help_flag = true)]
    Bench {
        /// See `cargo xtask bench --help`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    run(Cli::parse().task).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(task: Task) -> Result<ExitCode> {
    let root = root()?;
    match task {
        Task::Tidy => Ok(finding::report(
            "tidy",
            &tidy::run(&Workspace::load(&root)?)?,
        )),
        Task::Graph => Ok(finding::report(
            "graph",
            &graph::run(&Workspace::load(&root)?)?,
        )),
        Task::Backends { check: true } => Ok(finding::report(
            "backends",
            &backends::stale(&Workspace::load(&root)?)?,
        )),
        Task::Backends { check: false } => Ok(finding::report(
            "backends",
            &backends::write(&Workspace::load(&root)?)?,
        )),
        Task::Templates => templates::run(&root),
        Task::NewBackend(wanted) => new_backend::run(&root, &wanted),
        Task::Check { quick, deep } => {
            let depth = match (quick, deep) {
                (true, _) => Depth::Quick,
                (_, true) => Depth::Deep,
                _ => Depth::Usual,
            };
            check::run(&root, depth)
        }
        Task::Features { crates } => features::run(&Workspace::load(&root)?, &crates),
        Task::Msrv { list } => msrv::run(&Workspace::load(&root)?, list),
        Task::MinimalVersions => {
            release::minimal::run(&Workspace::load(&root)?)?;
            Ok(ExitCode::SUCCESS)
        }
        Task::Release(task) => release::run(&Workspace::load(&root)?, &task),
        Task::Wires { arguments } => lab::start(&root, "wires", &arguments),
        Task::Faults { arguments } => lab::start(&root, "faults", &arguments),
        Task::Servers { arguments } => lab::start(&root, "servers", &arguments),
        Task::Bench { arguments } => lab::start(&root, "bench", &arguments),
    }
}

/// The workspace that xtask was started in, rather than the one it was compiled in: they differ in a copied tree.
fn root() -> Result<PathBuf> {
    let xtask = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let root = xtask
        .parent()
        .context("xtask has no parent folder; start it with `cargo xtask`")?;
    Ok(root.to_path_buf())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn arguments_of_the_lab_pass_untouched_even_help() {
        let cli = Cli::try_parse_from(["xtask", "wires", "dir", "--provider", "groq", "--help"]);
        let Ok(Cli {
            task: Task::Wires { arguments },
        }) = cli
        else {
            panic!("not wires")
        };
        assert_eq!(arguments, ["dir", "--provider", "groq", "--help"]);
    }
}
