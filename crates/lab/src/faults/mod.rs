//! Plays the fault suite: peers that misbehave on cue, and the only acceptable outcome of each case.

mod canary;
mod case;
pub(crate) mod client;
mod expect;
mod heap;
mod invariants;
mod judge;
mod load;
mod net;
mod peer;
mod play;
mod provider;
mod report;
mod run;
mod rust;
mod seen;
mod value;

use std::{
    env,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result};

use self::{
    canary::Canary,
    load::Loaded,
    report::{Report, Verdict},
    run::Ran,
    rust::Tests,
};

/// Where the cases lie, unless told otherwise.
const FOLDERS: [&str; 2] = ["crates/testkit/faults", "crates/testkit/failover"];

/// What to play.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// Where the cases lie; crates/testkit/faults and crates/testkit/failover unless given
    dir: Vec<PathBuf>,
    /// Only this case; may be given several times
    #[arg(long)]
    case: Vec<String>,
    /// Leave out the cases that are Rust tests: they take cargo a while
    #[arg(long)]
    no_tests: bool,
}

/// Plays and reports. Fails if a case did.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let folders = if options.dir.is_empty() {
        FOLDERS.iter().map(|folder| root().join(folder)).collect()
    } else {
        options.dir.clone()
    };
    let cases = load::cases(&folders, &options.case)?;
    let canary = Canary::install()?;
    let tests = tests(options, &cases)?;

    let mut report = Report::default();
    for case in &cases {
        report.add(case, verdict(case, &canary, tests.as_ref()));
    }
    let mut out = io::stdout().lock();
    report
        .print(&mut out)
        .and_then(|()| writeln!(out, "{}", canary.summary()))
        .and_then(|()| out.flush())
        .context("cannot write the report")?;
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The workspace that this program was started from, rather than the one it was compiled in.
fn root() -> PathBuf {
    let lab = env::var_os("CARGO_MANIFEST_DIR");
    let lab = lab.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    lab.join("../..")
}

/// `None` if they are left out.
fn tests(options: &Options, cases: &[Loaded]) -> Result<Option<Tests>> {
    if options.no_tests {
        return Ok(None);
    }
    let ready: Vec<&Loaded> = cases
        .iter()
        .filter(|case| case.first().is_some_and(|case| case.waits_for().is_none()))
        .collect();
    rust::run(&ready, options.case.is_empty()).map(Some)
}

fn verdict(loaded: &Loaded, canary: &Canary, tests: Option<&Tests>) -> Verdict {
    if let Some(what) = loaded.first().and_then(case::Case::waits_for) {
        return Verdict::WaitsFor(what);
    }
    let mut got = String::new();
    let mut faults = Vec::new();
    for (name, case) in loaded
        .runs
        .iter()
        .filter(|(_, case)| !case.peer.is_empty() || case.expect.refused)
    {
        let Ran {
            got: seen,
            faults: found,
        } = run::run(case, canary);
        if got.is_empty() || (faults.is_empty() && !found.is_empty()) {
            got = seen;
        }
        let place = if name.is_empty() {
            String::new()
        } else {
            format!("[{name}] ")
        };
        faults.extend(found.into_iter().map(|fault| format!("{place}{fault}")));
    }
    if let Some(case) = loaded.first().filter(|case| case.test.is_some()) {
        match tests.map(|tests| tests.of(&case.case)) {
            None if got.is_empty() => return Verdict::LeftOut,
            None => {}
            Some((0, _)) => faults.push("no Rust test is named after it".to_owned()),
            Some((count, failed)) => {
                let passed = format!("{} of {count} Rust tests", count - failed.len());
                got = if got.is_empty() {
                    passed
                } else {
                    format!("{got}; {passed}")
                };
                faults.extend(failed.iter().map(|name| format!("the test {name} failed")));
            }
        }
    }
    Verdict::Ran(Ran { got, faults })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_of_the_suite_can_be_read() {
        let folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| root().join(folder)).collect();
        assert!(!load::cases(&folders, &[]).unwrap().is_empty());
    }
}
