//! Replays recorded exchanges through the real driver, and compares what comes out with what an
//! independent reader finds in the same bytes.

mod compare;
mod corpus;
mod cut;
mod errors;
mod exceptions;
mod format;
mod naive;
mod native;
mod plan;
mod replay;
mod report;
mod subject;
mod transport;
mod verdict;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result, ensure};

pub(crate) use self::format::Named;
use self::{
    corpus::Exchange,
    plan::Plan,
    report::Report,
    subject::Subject,
    verdict::{Judged, Verdict},
};

/// What to replay.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// Where the exchanges lie, as PROVIDER/NAME.json
    dir: PathBuf,
    /// Only this provider's
    #[arg(long)]
    provider: Option<String>,
    /// Show what each failure was asked and answered, and every error, opaque part and warning
    #[arg(long)]
    verbose: bool,
    /// At how many sets of random places each body is cut
    #[arg(long, default_value_t = 3)]
    splits: usize,
    /// Where the random places come from
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Replays and reports. Fails if an exchange did.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let files = corpus::files(&options.dir, options.provider.as_deref())?;
    ensure!(
        !files.is_empty(),
        "no exchange in {}; it should hold PROVIDER/NAME.json",
        options.dir.display()
    );

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let mut report = Report::new(options.seed, options.splits);
    for file in files {
        let exchange = Exchange::read(&options.dir, &file)?;
        let verdict = match plan::of(&exchange) {
            Plan::NotYet(why) => Verdict::NotYet(why),
            Plan::Read(faults) => Verdict::Replayed(Judged {
                faults: faults(&exchange),
                ..Judged::default()
            }),
            Plan::Replay(format, op) => {
                let subject = Subject::of(&exchange.provider, format);
                let judged = runtime.block_on(verdict::judge(
                    &exchange,
                    format,
                    &op,
                    &subject,
                    options.splits,
                    options.seed,
                ));
                Verdict::Replayed(judged)
            }
        };
        report.add(exchange, verdict);
    }

    let mut out = io::stdout().lock();
    report
        .print(&mut out, options.verbose)
        .and_then(|()| out.flush())
        .context("cannot write the report")?;
    Ok(if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
