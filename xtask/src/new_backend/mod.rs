//! `new-backend`: a crate for one more provider, from a template that is a crate itself.

mod ask;
mod files;
mod name;
mod plan;
mod spec;
mod template;

use std::{path::Path, process::ExitCode, time::Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use xshell::Shell;

use self::{plan::Plan, spec::Spec};
use crate::workspace::Workspace;

/// What is asked for on the command line. What is missing is asked for in a terminal.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// The provider's id: lower-case words joined by hyphens, such as `acme` or `acme-cloud`
    name: Option<String>,
    /// The wire format: chat completions as OpenAI has them, or one of its own [default: openai-compat]
    #[arg(long)]
    protocol: Option<Protocol>,
    /// Where its API is, up to what is the same for all operations: `https://api.acme.com/v1`
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// The variable that holds its key [default: NAME_API_KEY]
    #[arg(long, value_name = "NAME")]
    key_env: Option<String>,
    /// What it can do: chat (with streams and tools), embed, models [default: chat,models]
    #[arg(long, value_delimiter = ',', value_name = "OP")]
    ops: Option<Vec<String>>,
    /// The model that is used when none is named [default: NAME-1]
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// What people call it [default: the name in capitals]
    #[arg(long)]
    title: Option<String>,
    /// One line for crates.io
    #[arg(long)]
    description: Option<String>,
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Also edit files that have changes which are not committed
    #[arg(long)]
    allow_dirty: bool,
    /// Do not run the new crate's tests
    #[arg(long)]
    no_test: bool,
}

/// A template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Protocol {
    /// Chat completions: the crate is data
    #[default]
    OpenaiCompat,
    /// A wire format of its own: the crate encodes and decodes
    Native,
}

pub(crate) fn run(root: &Path, wanted: &Wanted) -> Result<ExitCode> {
    let wanted = ask::complete(wanted.clone())?;
    let spec = Spec::of(&wanted)?;
    let workspace = Workspace::load(root)?;
    let plan = Plan::of(&workspace, &spec)?;
    if wanted.dry_run {
        println!("{plan}\nnothing was written; run it without --dry-run");
        return Ok(ExitCode::SUCCESS);
    }
    if !wanted.allow_dirty {
        plan.refuse_dirty(root)?;
    }
    let written = plan.write(root)?;
    let finished = finish(root, &spec, wanted.no_test);
    if let Err(error) = finished {
        written.undo();
        return Err(error.context("nothing was left behind; mend this and run it again"));
    }
    println!("{plan}\n\n{}", next_steps(&spec));
    Ok(ExitCode::SUCCESS)
}

/// Crates that were scaffolded for a while.
#[derive(Debug, Default)]
pub(crate) struct Scaffolded(Vec<files::Written>);

impl Scaffolded {
    /// Adds one, without formatting or testing it.
    pub(crate) fn add(&mut self, root: &Path, wanted: &Wanted, careful: bool) -> Result<()> {
        let plan = Plan::of(&Workspace::load(root)?, &Spec::of(wanted)?)?;
        if careful {
            plan.refuse_dirty(root)?;
        }
        self.0.push(plan.write(root)?);
        Ok(())
    }

    /// Puts everything back, the last one first.
    pub(crate) fn undo(mut self) {
        while let Some(written) = self.0.pop() {
            written.undo();
        }
    }
}

impl Wanted {
    /// Reads a command line that begins with `new-backend`.
    pub(crate) fn parse(line: &[&str]) -> Result<Self> {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            wanted: Wanted,
        }
        let line = <Line as clap::Parser>::try_parse_from(line)?;
        Ok(line.wanted)
    }
}

/// Formats and tests the new crate.
fn finish(root: &Path, spec: &Spec, no_test: bool) -> Result<()> {
    let package = spec.package();
    step(root, &["fmt", "--package", &package])?;
    if !no_test {
        step(root, &["test", "--quiet", "--package", &package])?;
    }
    Ok(())
}

fn step(root: &Path, arguments: &[&str]) -> Result<()> {
    let line = format!("cargo {}", arguments.join(" "));
    eprintln!("== {line}");
    let started = Instant::now();
    let shell = Shell::new().context("cannot look at the current folder")?;
    shell.change_dir(root);
    let command = shell.cmd(crate::check::cargo()).args(arguments);
    if command.quiet().run().is_err() {
        bail!("`{line}` failed; what it printed is above");
    }
    eprintln!("== passed, {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn next_steps(spec: &Spec) -> String {
    let folder = spec.folder();
    let (name, package) = (&spec.name, spec.package());
    format!(
        "next:\n  \
         1. make {folder}/src and {folder}/fixtures what {} documents; docs/new-backend.md goes through it\n  \
         2. UPDATE_FIXTURES=1 cargo test -p {package} --test conformance fixtures, and read what it writes\n  \
         3. cargo test -p {package} && cargo xtask tidy && cargo xtask release check {package}\n  \
         4. {}=… cargo run --example {name}",
        spec.title, spec.key_env
    )
}

#[cfg(test)]
mod tests;
