//! The table that comes of it.

use std::io::{self, Write};

use super::{load::Loaded, run::Ran};

/// What is said of a case.
#[derive(Debug)]
pub(crate) enum Verdict {
    Ran(Ran),
    /// What is not there yet.
    WaitsFor(String),
    /// It is a Rust test, and those were not wanted.
    LeftOut,
}

/// A row for each case.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    case: String,
    title: String,
    expected: String,
    verdict: Verdict,
}

impl Report {
    pub(crate) fn add(&mut self, loaded: &Loaded, verdict: Verdict) {
        let Some(case) = loaded.first() else { return };
        let (expected, test) = (case.expect.to_string(), case.test.as_ref());
        let mut expected = match test {
            Some(test) if expected.is_empty() => {
                format!("tests in {}", test.package.all().join(", "))
            }
            _ => expected,
        };
        if loaded.runs.len() > 1 {
            expected = format!("{expected} ({} variants)", loaded.runs.len());
        }
        self.rows.push(Row {
            case: case.case.clone(),
            title: case.title.clone(),
            expected,
            verdict,
        });
    }

    pub(crate) fn is_clean(&self) -> bool {
        !self.rows.iter().any(Row::failed)
    }

    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        for row in &self.rows {
            let (got, verdict) = match &row.verdict {
                Verdict::Ran(ran) if ran.faults.is_empty() => (&*ran.got, "pass".to_owned()),
                Verdict::Ran(ran) => (&*ran.got, "FAIL".to_owned()),
                Verdict::WaitsFor(what) => ("", format!("waits for {what}")),
                Verdict::LeftOut => ("", "left out".to_owned()),
            };
            writeln!(
                out,
                "{:5} {:44} {:52} {verdict}",
                row.case, row.expected, got
            )?;
        }
        for row in self.rows.iter().filter(|row| row.failed()) {
            writeln!(out, "\n{} {}", row.case, row.title)?;
            if let Verdict::Ran(ran) = &row.verdict {
                for fault in &ran.faults {
                    writeln!(out, "  {fault}")?;
                }
            }
        }
        let count = |of: fn(&Row) -> bool| self.rows.iter().filter(|row| of(row)).count();
        writeln!(
            out,
            "\n{} cases: {} passed, {} failed, {} wait for something, {} left out",
            self.rows.len(),
            count(Row::passed),
            count(Row::failed),
            count(|row| matches!(row.verdict, Verdict::WaitsFor(_))),
            count(|row| matches!(row.verdict, Verdict::LeftOut)),
        )
    }
}

impl Row {
    fn failed(&self) -> bool {
        matches!(&self.verdict, Verdict::Ran(ran) if !ran.faults.is_empty())
    }

    fn passed(&self) -> bool {
        matches!(&self.verdict, Verdict::Ran(ran) if ran.faults.is_empty())
    }
}
