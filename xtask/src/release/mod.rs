//! `release`: publishing crates, each on its own.

mod archive;
mod cargo;
mod changelog;
mod check;
mod git;
mod hazards;
mod history;
mod lot;
mod members;
pub(crate) mod minimal;
mod outside;
mod plan;
mod progress;
mod scratch;
mod semver;
mod tagged;
mod version;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use self::{check::Extent, members::Members};
use crate::{finding::report, workspace::Workspace};

pub(crate) use self::{
    cargo::Run,
    members::{Member, Members as Published},
    progress::step,
};

#[derive(Subcommand)]
pub(crate) enum Release {
    /// Says what to publish, as which version, in which order, and what could not be checked
    Plan {
        /// Do not ask cargo-semver-checks, which compiles each crate twice
        #[arg(long)]
        no_semver: bool,
    },
    /// Packages crates with what they need and no registry has, and compiles the archives
    ///
    /// Before that: what `cargo publish` refuses late or never says. All published crates unless some are named.
    Check {
        /// trunkline-groq …
        crates: Vec<String>,
        /// Package and look into the archives, compile nothing
        #[arg(long)]
        no_verify: bool,
        /// Also what `release outside` does
        #[arg(long)]
        outside: bool,
    },
    /// Builds a project outside of the workspace that has one crate's archive, and no other provider
    Outside {
        /// trunkline-groq …
        #[arg(required = true)]
        crates: Vec<String>,
    },
    /// Compiles published crates with this core, and these crates with the published core
    Hazards,
    /// Prints what CHANGELOG.md says of a crate's version
    Notes {
        /// trunkline-groq
        name: String,
    },
    /// Prints the crate of a tag like trunkline-groq-v0.2.1; fails unless its manifest has that version
    Tagged {
        /// trunkline-groq-v0.2.1
        tag: String,
    },
}

pub(crate) fn run(workspace: &Workspace, task: &Release) -> Result<ExitCode> {
    match task {
        Release::Plan { no_semver } => plan::run(workspace, !no_semver)?,
        Release::Check {
            crates,
            no_verify,
            outside,
        } => {
            let extent = Extent {
                no_verify: *no_verify,
                outside: *outside,
            };
            return check::run(workspace, crates, extent);
        }
        Release::Outside { crates } => outside::run(workspace, crates)?,
        Release::Hazards => {
            if let Some(findings) = hazards::run(workspace)? {
                return Ok(report("release hazards", &findings));
            }
        }
        Release::Notes { name } => {
            let members = Members::of(workspace)?;
            println!("{}", changelog::notes(workspace, members.named(name)?)?);
        }
        Release::Tagged { tag } => {
            let members = Members::of(workspace)?;
            println!("{}", tagged::member(&members, tag)?.name());
        }
    }
    Ok(ExitCode::SUCCESS)
}
