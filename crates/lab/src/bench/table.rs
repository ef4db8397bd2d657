//! The one table.

use std::fmt::Write;

/// One figure, beside raw's of the same run.
#[derive(Debug)]
pub(super) struct Row {
    name: String,
    unit: Unit,
    target: Target,
    ours: Option<f64>,
    raw: Option<f64>,
    ratio: Option<f64>,
    how: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Unit {
    Count,
    Micros,
    Nanos,
    Kilobytes,
    Megabytes,
    Gigabytes,
    Seconds,
}

/// What the figure, or its ratio to raw's, shall be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target {
    AtMost(f64),
    AtLeast(f64),
    RatioAtMost(f64),
    RatioAtLeast(f64),
    None,
}

impl Row {
    pub(super) fn new(name: impl Into<String>, unit: Unit, target: Target) -> Self {
        Self {
            name: name.into(),
            unit,
            target,
            ours: None,
            raw: None,
            ratio: None,
            how: "",
        }
    }

    pub(super) fn ours(mut self, ours: f64) -> Self {
        self.ours = Some(ours);
        self
    }

    pub(super) fn figures(mut self, ours: f64, raw: f64) -> Self {
        self.raw = Some(raw);
        self.ratio = Some(ours / raw);
        self.ours(ours)
    }

    /// Where it is not that of the figures: the median of many ratios, say.
    pub(super) fn ratio(mut self, ratio: f64) -> Self {
        self.ratio = Some(ratio);
        self
    }

    pub(super) fn how(mut self, how: &'static str) -> Self {
        self.how = how;
        self
    }

    fn verdict(&self) -> &'static str {
        let met = match self.target {
            Target::AtMost(most) => self.ours.map(|ours| ours <= most),
            Target::AtLeast(least) => self.ours.map(|ours| ours >= least),
            Target::RatioAtMost(most) => self.ratio.map(|ratio| ratio <= most),
            Target::RatioAtLeast(least) => self.ratio.map(|ratio| ratio >= least),
            Target::None => None,
        };
        match met {
            Some(true) => "met",
            Some(false) => "missed",
            None => "–",
        }
    }

    fn cells(&self) -> [String; 7] {
        let figure = |figure: Option<f64>| {
            figure.map_or_else(|| "–".to_owned(), |figure| self.unit.print(figure))
        };
        let target = match self.target {
            Target::AtMost(most) => format!("≤ {}", self.unit.print(most)),
            Target::AtLeast(least) => format!("≥ {}", self.unit.print(least)),
            Target::RatioAtMost(most) => format!("≤ {most} × raw"),
            Target::RatioAtLeast(least) => format!("≥ {least} × raw"),
            Target::None => "–".to_owned(),
        };
        [
            self.name.clone(),
            figure(self.ours),
            figure(self.raw),
            self.ratio
                .map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}")),
            target,
            self.verdict().to_owned(),
            self.how.to_owned(),
        ]
    }
}

impl Unit {
    fn print(self, figure: f64) -> String {
        match self {
            Self::Count if figure.abs() < 10.0 => format!("{figure:.2}"),
            Self::Count if figure.abs() < 1_000.0 => format!("{figure:.1}"),
            Self::Count => thousands(figure),
            Self::Micros => format!("{figure:.1} µs"),
            Self::Nanos => format!("{figure:.0} ns"),
            Self::Kilobytes => format!("{figure:.1} KB"),
            Self::Megabytes => format!("{figure:.2} MB"),
            Self::Gigabytes => format!("{figure:.2} GB/s"),
            Self::Seconds => format!("{figure:.1} s"),
        }
    }
}

/// `1,234,567`.
fn thousands(figure: f64) -> String {
    let digits = format!("{figure:.0}");
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// As a table in Markdown, its columns aligned for a terminal.
pub(super) fn render(rows: &[Row]) -> String {
    let head = ["Work", "Ours", "raw", "Ratio", "Target", "", "How"].map(str::to_owned);
    let lines: Vec<[String; 7]> = std::iter::once(head)
        .chain(rows.iter().map(Row::cells))
        .collect();
    let mut widths = [0; 7];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut table = String::new();
    for (at, line) in lines.iter().enumerate() {
        for (width, cell) in widths.iter().zip(line) {
            let _ = write!(table, "| {cell:<width$} ");
        }
        table.push_str("|\n");
        if at == 0 {
            for width in widths {
                let _ = write!(table, "|{}", "-".repeat(width + 2));
            }
            table.push_str("|\n");
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_met_missed_or_not_measured() {
        let row = || Row::new("work", Unit::Count, Target::AtMost(10.0));
        assert_eq!(row().figures(10.0, 1.0).verdict(), "met");
        assert_eq!(row().figures(10.1, 100.0).verdict(), "missed");
        assert_eq!(row().verdict(), "–");
        let row = || Row::new("work", Unit::Count, Target::RatioAtLeast(0.75));
        assert_eq!(row().figures(75.0, 100.0).verdict(), "met");
        assert_eq!(row().figures(75.0, 100.0).ratio(0.7).verdict(), "missed");
    }

    #[test]
    fn figures_are_readable() {
        assert_eq!(thousands(1_234_567.4), "1,234,567");
        assert_eq!(thousands(999.0), "999");
        let table =
            render(&[Row::new("work", Unit::Count, Target::AtMost(70.0)).figures(71.0, 44.0)]);
        assert!(
            table.contains("| work | 71.0 | 44.0 | 1.61  | ≤ 70.0 | missed |"),
            "{table}"
        );
    }
}
