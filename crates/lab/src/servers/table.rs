//! The table of one server: a line for each check, a column for each protocol.

use std::fmt;

use super::checks::Check;

/// What is said of one check in one protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    Passed,
    /// Why it was not made.
    Skipped(String),
    /// The server's fault, by an exception.
    Known(String),
    /// What was wrong.
    Failed(String),
}

/// The cells, and what they mean in words.
#[derive(Debug)]
pub(crate) struct Table {
    checks: Vec<Check>,
    columns: Vec<(&'static str, Vec<Cell>)>,
    remarks: Vec<String>,
    notes: Vec<Note>,
}

/// Words that cells refer to by a number.
#[derive(Debug, PartialEq, Eq)]
struct Note {
    mark: &'static str,
    words: String,
}

impl Cell {
    /// The word of the table, and what a note says of it.
    fn parts(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Passed => ("passed", None),
            Self::Skipped(why) => ("skipped", Some(why)),
            Self::Known(reason) => ("known", Some(reason)),
            Self::Failed(wrong) => ("FAILED", Some(wrong)),
        }
    }
}

impl Table {
    /// `remarks` are lines for below: protocols without a column, figures. A column that is too short fails.
    pub(crate) fn new(
        checks: &[Check],
        mut columns: Vec<(&'static str, Vec<Cell>)>,
        remarks: Vec<String>,
    ) -> Self {
        for (_, cells) in &mut columns {
            cells.resize(checks.len(), Cell::Failed("it was not made".to_owned()));
        }
        let mut notes: Vec<Note> = Vec::new();
        for at in 0..checks.len() {
            for cell in columns.iter().filter_map(|(_, cells)| cells.get(at)) {
                let (mark, Some(words)) = cell.parts() else {
                    continue;
                };
                let words = words.to_owned();
                let note = Note { mark, words };
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
        }
        Self {
            checks: checks.to_vec(),
            columns,
            remarks,
            notes,
        }
    }

    pub(crate) fn is_failure(&self) -> bool {
        self.count("FAILED") > 0
    }

    fn count(&self, mark: &str) -> usize {
        let cells = self.columns.iter().flat_map(|(_, cells)| cells);
        cells.filter(|cell| cell.parts().0 == mark).count()
    }

    /// `passed`, `known 3`.
    fn text(&self, cell: &Cell) -> String {
        let (mark, words) = cell.parts();
        let is_of = |note: &Note| note.mark == mark && Some(&*note.words) == words;
        match self.notes.iter().position(is_of) {
            Some(at) => format!("{mark} {}", at + 1),
            None => mark.to_owned(),
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.columns.iter().map(|(name, _)| (*name).to_owned());
        let mut lines = vec![
            std::iter::once(String::new())
                .chain(names)
                .collect::<Vec<_>>(),
        ];
        for (at, check) in self.checks.iter().enumerate() {
            let cells = self.columns.iter().filter_map(|(_, cells)| cells.get(at));
            let texts = cells.map(|cell| self.text(cell));
            lines.push(
                std::iter::once(check.name().to_owned())
                    .chain(texts)
                    .collect(),
            );
        }
        let width = |column: usize| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        for (at, line) in lines.iter().enumerate() {
            for (column, cell) in line.iter().enumerate() {
                write!(f, "| {cell:<width$} ", width = width(column))?;
            }
            writeln!(f, "|")?;
            if at == 0 {
                for column in 0..line.len() {
                    write!(f, "|{}", "-".repeat(width(column) + 2))?;
                }
                writeln!(f, "|")?;
            }
        }
        for (at, note) in self.notes.iter().enumerate() {
            writeln!(f, "{:>3}. {}: {}", at + 1, note.mark, note.words)?;
        }
        for remark in &self.remarks {
            writeln!(f, "{remark}")?;
        }
        write!(
            f,
            "{} passed, {} failed, {} known, {} skipped",
            self.count("passed"),
            self.count("FAILED"),
            self.count("known"),
            self.count("skipped")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_did_not_pass_has_a_note_and_equal_notes_are_one() {
        let why = || Cell::Skipped("none there".to_owned());
        let table = Table::new(
            &[Check::Chat, Check::Embed],
            vec![
                ("one", vec![Cell::Passed, why()]),
                ("two", vec![Cell::Known("it is odd".to_owned()), why()]),
            ],
            vec!["three: skipped: the workspace has no trunkline-three".to_owned()],
        );
        assert!(!table.is_failure());
        assert_eq!(
            table.to_string(),
            "|       | one       | two       |\n\
             |-------|-----------|-----------|\n\
             | chat  | passed    | known 1   |\n\
             | embed | skipped 2 | skipped 2 |\n  \
             1. known: it is odd\n  \
             2. skipped: none there\n\
             three: skipped: the workspace has no trunkline-three\n\
             1 passed, 0 failed, 1 known, 2 skipped"
        );
    }

    #[test]
    fn what_was_not_made_fails() {
        let table = Table::new(&[Check::Chat], vec![("one", Vec::new())], Vec::new());
        assert!(table.is_failure());
        assert!(
            table.to_string().contains("FAILED: it was not made"),
            "{table}"
        );
    }
}
