//! The tables, and what went wrong.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    ops::AddAssign,
};

use super::{
    corpus::Exchange,
    subject::name_of,
    verdict::{Judged, Verdict},
};
use crate::providers::Linked;

/// What was replayed, as it is counted and told.
#[derive(Debug)]
pub(crate) struct Report {
    seed: u64,
    splits: usize,
    providers: BTreeMap<String, Provider>,
    notes: Vec<Note>,
}

#[derive(Debug, Default)]
struct Provider {
    scenarios: BTreeMap<String, Count>,
    /// By format and reason.
    waiting: BTreeMap<(String, &'static str), usize>,
}

/// An exchange of which there is something to say.
#[derive(Debug)]
struct Note {
    exchange: Exchange,
    judged: Judged,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    exchanges: usize,
    decoded: usize,
    failed: usize,
    excepted: usize,
    opaque: usize,
    warnings: usize,
    violations: usize,
}

/// As wide as the longest scenario.
const NAME: usize = 50;
const COLUMNS: [&str; 7] = [
    "exchanges",
    "decoded",
    "failed",
    "excepted",
    "opaque",
    "warnings",
    "violations",
];

impl Report {
    /// An empty one.
    pub(crate) fn new(seed: u64, splits: usize) -> Self {
        Self {
            seed,
            splits,
            providers: BTreeMap::new(),
            notes: Vec::new(),
        }
    }

    /// Counts an exchange.
    pub(crate) fn add(&mut self, exchange: Exchange, verdict: Verdict) {
        let provider = self.providers.entry(exchange.provider.clone()).or_default();
        match verdict {
            Verdict::NotYet(why) => *provider.waiting.entry((exchange.api, why)).or_default() += 1,
            Verdict::Replayed(judged) => {
                *provider
                    .scenarios
                    .entry(exchange.scenario.clone())
                    .or_default() += Count::of(&judged);
                let plain = judged.opaque.is_empty()
                    && judged.warnings.is_empty()
                    && judged.error.is_none();
                if !plain || !judged.is_clean() {
                    self.notes.push(Note { exchange, judged });
                }
            }
        }
    }

    /// Whether everything was decoded without a loss, by the law.
    pub(crate) fn is_clean(&self) -> bool {
        let total = self.total();
        total.failed == 0 && total.violations == 0
    }

    fn total(&self) -> Count {
        let mut total = Count::default();
        for count in self
            .providers
            .values()
            .flat_map(|provider| provider.scenarios.values())
        {
            total += *count;
        }
        total
    }

    /// Prints it. `verbose` shows the exchanges beside the faults.
    pub(crate) fn print(&self, out: &mut dyn Write, verbose: bool) -> io::Result<()> {
        for (name, provider) in &self.providers {
            provider.print(out, name)?;
        }
        self.print_notes(out, verbose)?;

        writeln!(out, "total")?;
        header(out)?;
        self.total().print(out, "")?;
        let waiting: usize = self
            .providers
            .values()
            .flat_map(|provider| provider.waiting.values())
            .sum();
        writeln!(
            out,
            "\nnot replayed: {waiting} exchanges that have no crate or operation yet"
        )?;
        writeln!(
            out,
            "each body whole, cut as recorded, cut at {} sets of random places (--seed {}), and cut after every byte; streams also buffered",
            self.splits, self.seed,
        )
    }

    fn print_notes(&self, out: &mut dyn Write, verbose: bool) -> io::Result<()> {
        let (excepted, faulty): (Vec<_>, Vec<_>) = self
            .notes
            .iter()
            .filter(|note| !note.judged.is_clean())
            .partition(|note| note.judged.exception.is_some());
        for (title, notes) in [("failures", faulty), ("exceptions", excepted)] {
            if !notes.is_empty() {
                writeln!(out, "{title}")?;
                for note in notes {
                    note.print(out, verbose)?;
                }
                writeln!(out)?;
            }
        }
        for note in self.notes.iter().filter(|_| verbose) {
            note.print_finds(out)?;
        }
        Ok(())
    }
}

/// The crate that answers for a provider, in whatever format.
fn subject_of(provider: &str) -> String {
    let name = name_of(provider);
    match Linked::find(name) {
        Some(_) => format!("trunkline-{name}"),
        None => "the plain dialect".to_owned(),
    }
}

impl Provider {
    fn print(&self, out: &mut dyn Write, name: &str) -> io::Result<()> {
        let subject = if self.scenarios.is_empty() {
            "not replayed".to_owned()
        } else {
            subject_of(name)
        };
        writeln!(out, "{name} ({subject})")?;
        if !self.scenarios.is_empty() {
            header(out)?;
        }
        for (scenario, count) in &self.scenarios {
            count.print(out, scenario)?;
        }
        for ((api, why), count) in &self.waiting {
            writeln!(out, "  {count} {api}: {why}")?;
        }
        writeln!(out)
    }
}

impl Note {
    fn print(&self, out: &mut dyn Write, verbose: bool) -> io::Result<()> {
        let Self { exchange, judged } = self;
        writeln!(
            out,
            "  {} ({}, {})",
            exchange.file, exchange.scenario, exchange.fidelity
        )?;
        if let Some(exception) = judged.exception {
            writeln!(out, "    {}", exception.reason)?;
        }
        for fault in &judged.faults {
            writeln!(out, "    {fault}")?;
        }
        for violation in &judged.violations {
            writeln!(out, "    law: {violation}")?;
        }
        if verbose {
            writeln!(
                out,
                "    asked  {} {}",
                exchange.path,
                beginning(exchange.request.to_string().as_bytes())
            )?;
            writeln!(out, "    status {}", exchange.status)?;
            writeln!(out, "    body   {}", beginning(&exchange.body))?;
        }
        Ok(())
    }

    /// What is worth a look although nothing is wrong with it.
    fn print_finds(&self, out: &mut dyn Write) -> io::Result<()> {
        let Self { exchange, judged } = self;
        for kind in &judged.opaque {
            writeln!(out, "opaque: {}: {kind}", exchange.file)?;
        }
        for warning in &judged.warnings {
            writeln!(out, "warning: {}: {warning}", exchange.file)?;
        }
        if let Some(error) = &judged.error {
            writeln!(
                out,
                "error: {}: {} is {error}",
                exchange.file,
                exchange.status.as_u16()
            )?;
        }
        Ok(())
    }
}

fn beginning(bytes: &[u8]) -> String {
    const SHOWN: usize = 2_000;
    String::from_utf8_lossy(bytes.get(..SHOWN).unwrap_or(bytes)).into_owned()
}

fn header(out: &mut dyn Write) -> io::Result<()> {
    write!(out, "  {:NAME$}", "")?;
    for column in COLUMNS {
        write!(out, " {column:>10}")?;
    }
    writeln!(out)
}

impl Count {
    fn of(judged: &Judged) -> Self {
        let excepted = judged.exception.is_some();
        Self {
            exchanges: 1,
            decoded: usize::from(judged.faults.is_empty() && !excepted),
            failed: usize::from(!judged.faults.is_empty() && !excepted),
            excepted: usize::from(excepted),
            opaque: judged.opaque.len(),
            warnings: judged.warnings.len(),
            violations: if excepted { 0 } else { judged.violations.len() },
        }
    }

    fn columns(self) -> [usize; 7] {
        [
            self.exchanges,
            self.decoded,
            self.failed,
            self.excepted,
            self.opaque,
            self.warnings,
            self.violations,
        ]
    }

    fn print(self, out: &mut dyn Write, name: &str) -> io::Result<()> {
        write!(out, "  {name:NAME$}")?;
        for number in self.columns() {
            write!(out, " {number:>10}")?;
        }
        writeln!(out)
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.exchanges += other.exchanges;
        self.decoded += other.decoded;
        self.failed += other.failed;
        self.excepted += other.excepted;
        self.opaque += other.opaque;
        self.warnings += other.warnings;
        self.violations += other.violations;
    }
}

#[cfg(test)]
mod tests;
