//! Metrics as Prometheus reads them, as text.

use std::collections::BTreeMap;

/// The samples of a page of metrics in Prometheus' text format. Lines that are none are passed over:
/// what a server measures is not worth a failure.
///
/// <https://prometheus.io/docs/instrumenting/exposition_formats/>
///
/// ```
/// use trunkline_core::health::Prometheus;
///
/// let page = Prometheus::parse(
///     "# TYPE busy gauge\nbusy{model=\"a\"} 2\nbusy{model=\"b,}\\\"\"} 1.5e0 1700000000000\n",
/// );
/// assert_eq!(page.sum("busy"), Some(3.5));
/// assert_eq!(page.samples().last().unwrap().label("model"), Some("b,}\""));
/// assert_eq!(page.sum("idle"), None);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prometheus(Vec<Sample>);

/// One measurement.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sample {
    /// What is measured.
    pub name: String,
    /// Of what.
    pub labels: BTreeMap<String, String>,
    /// How much.
    pub value: f64,
}

/// How many samples are read of one page: a server with a label for each of its users has no end of
/// them.
const MOST: usize = 100_000;

impl Prometheus {
    /// Reads a page.
    pub fn parse(text: &str) -> Self {
        Self(text.lines().filter_map(sample).take(MOST).collect())
    }

    /// All samples, in their order.
    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.0.iter()
    }

    /// What the finite samples of this name come to; `None` without any.
    pub fn sum(&self, name: &str) -> Option<f64> {
        let named = self.named(name);
        named.fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
    }

    /// The greatest of the finite samples of this name.
    pub fn max(&self, name: &str) -> Option<f64> {
        self.named(name).max_by(f64::total_cmp)
    }

    fn named(&self, name: &str) -> impl Iterator<Item = f64> {
        let named = self.0.iter().filter(move |sample| sample.name == name);
        named
            .map(|sample| sample.value)
            .filter(|value| value.is_finite())
    }
}

impl Sample {
    /// A label's value.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str)
    }
}

fn sample(line: &str) -> Option<Sample> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line.find(|char: char| char == '{' || char.is_whitespace())?;
    let (name, rest) = line.split_at_checked(end)?;
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (BTreeMap::new(), rest),
    };
    // A time may follow.
    let value = rest.split_whitespace().next()?.parse().ok()?;
    Some(Sample {
        name: name.to_owned(),
        labels,
        value,
    })
}

/// The labels up to the brace that closes them, and what follows it.
fn labels(mut text: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut labels = BTreeMap::new();
    loop {
        text = text.trim_start_matches([' ', ',']);
        if let Some(rest) = text.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, rest) = text.split_once("=\"")?;
        let (value, rest) = quoted(rest)?;
        labels.insert(name.trim().to_owned(), value);
        text = rest;
    }
}

/// A value up to the quotation mark that ends it, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_sample_is_passed_over() {
        let text =
            "\n# HELP a b\na\na{\na{x=\"1\na{x=\"1\"}\na{x=\"1\"} many\n{} 1\na 1\nb +Inf\nb NaN\n";
        let page = Prometheus::parse(text);
        assert_eq!(page.sum("a"), Some(1.0));
        assert_eq!((page.sum("b"), page.max("b")), (None, None));
    }

    #[test]
    fn labels_are_unescaped_and_may_end_with_a_comma() {
        let page = Prometheus::parse(r#"a{x="1\\\n\"",y="2",} 3"#);
        let sample = page.samples().next().unwrap();
        assert_eq!(sample.label("x"), Some("1\\\n\""));
        assert_eq!((sample.label("y"), sample.value), (Some("2"), 3.0));
    }
}
