//! Runs the crates against servers that we did not write: mocks, proxies, engines on loopback.
//!
//! A server that is not installed is skipped with a line that says how to install it.

mod checks;
mod conversation;
mod exceptions;
mod family;
mod home;
mod install;
mod known;
mod load;
mod process;
mod recipe;
mod report;
mod row;
mod run;
mod table;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result, ensure};

use self::{checks::Check, home::Home, known::Server};

/// What to run.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// First install these, in the versions that the exceptions were written for, at once where none needs another
    #[arg(long, value_delimiter = ',', value_name = "SERVER")]
    install: Vec<String>,
    /// Only these servers
    #[arg(long, value_delimiter = ',', value_name = "SERVER")]
    server: Vec<String>,
    /// Only these checks, by the names in the table
    #[arg(long, value_delimiter = ',', value_name = "CHECK")]
    check: Vec<String>,
    /// Where servers are installed; $TRUNKLINE_SERVERS, or a folder of the user's cache, unless given
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
}

/// Runs the checks and prints a table for each server. Fails if a cell did.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let home = Home::of(options.home.clone(), &|name| std::env::var_os(name))?;
    let servers = chosen(&options.server)?;
    let checks = checks(&options.check)?;
    let mut out = io::stdout().lock();

    let mut failed = false;
    let wanted = options.install.iter().map(|name| known::find(name));
    let wanted: Vec<Server> = wanted.collect::<Result<_>>()?;
    for (server, installed) in install::all(&wanted, &home)? {
        failed |= installed.is_failure();
        writeln!(out, "{server}: {installed}").context("cannot write")?;
    }

    // All at once, and on one thread: it is the servers that work.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let reports = runtime.block_on(run::all(&home, &servers, &checks))?;
    for report in &reports {
        failed |= report.is_failure();
        writeln!(out, "{report}").context("cannot write the report")?;
    }
    out.flush().context("cannot write the report")?;
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// All that are known, or those that are named.
fn chosen(names: &[String]) -> Result<Vec<Server>> {
    if names.is_empty() {
        return Ok(known::all());
    }
    names.iter().map(|name| known::find(name)).collect()
}

fn checks(names: &[String]) -> Result<Vec<Check>> {
    for name in names {
        ensure!(
            Check::ALL.iter().any(|check| check.name() == name),
            "no check is called {name:?}; the table has their names"
        );
    }
    let wanted = |check: &Check| names.is_empty() || names.iter().any(|name| name == check.name());
    Ok(Check::ALL.iter().copied().filter(wanted).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_mean_nothing_are_refused() {
        assert!(chosen(&["nobody".to_owned()]).is_err());
        assert!(checks(&["nothing".to_owned()]).is_err());
        assert_eq!(checks(&["chat".to_owned()]).unwrap(), [Check::Chat]);
        assert_eq!(checks(&[]).unwrap(), Check::ALL);
    }
}
