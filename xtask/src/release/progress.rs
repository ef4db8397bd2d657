//! Steps that take seconds or minutes, each told with its time.

use std::{
    fmt::Display,
    io::{self, Write as _},
    time::Instant,
};

use anyhow::Result;

/// Runs one step and prints a line for it, the first half before it runs.
pub(crate) fn step<T>(what: impl Display, run: impl FnOnce() -> Result<T>) -> Result<T> {
    let lap = Lap::begin(what);
    let result = run();
    lap.end(result.is_ok());
    result
}

/// A step whose end is seen elsewhere than its beginning.
#[derive(Debug)]
pub(crate) struct Lap(Instant);

impl Lap {
    pub(crate) fn begin(what: impl Display) -> Self {
        print!("  {:<60}", what.to_string());
        // A line that is not whole stays in the buffer, and the wait would be unexplained.
        io::stdout().flush().unwrap_or_default();
        Self(Instant::now())
    }

    pub(crate) fn end(self, passed: bool) {
        let mark = if passed { "" } else { "  FAILED" };
        println!("{:>7.1} s{mark}", self.0.elapsed().as_secs_f64());
    }
}

/// `1 crate`, `7 crates`
pub(crate) fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// Columns as wide as their widest cell; a first line of headings.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths);
        let line: String = cells
            .map(|(cell, width)| format!("  {cell:<width$}"))
            .collect();
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_have_no_trailing_spaces() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let text = table(&[row(["crate", "version", ""]), row(["a", "0.10.0", "first"])]);
        assert_eq!(text, "  crate  version\n  a      0.10.0   first\n");
    }

    #[test]
    fn the_result_of_a_step_is_handed_on() {
        assert_eq!(step("x", || Ok(3)).unwrap(), 3);
        assert!(step("x", || -> Result<()> { anyhow::bail!("no") }).is_err());
    }
}
