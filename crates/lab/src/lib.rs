//! The code of README.md and docs, compiled and run as doctests: a package may not hold a file
//! from outside of it, so no published crate can do this.

macro_rules! pages {
    ($($name:ident: $path:literal,)+) => {
        $(#[cfg(doctest)]
        #[doc = include_str!(concat!("../../../", $path))]
        mod $name {})+

        /// Every page whose code is checked here.
        #[cfg(test)]
        const PAGES: &[&str] = &[$($path),+];
    };
}

pages! {
    readme: "README.md",
    architecture: "docs/architecture.md",
    conformance: "docs/conformance.md",
    errors: "docs/errors.md",
    registry: "docs/registry.md",
    resilience: "docs/resilience.md",
    stability: "docs/stability.md",
    telemetry: "docs/telemetry.md",
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use http::StatusCode;
    use trunkline_core::{Delivery, Error, ErrorKind, Phase, Recovery, protocol::error_of_status};

    use super::PAGES;

    fn read(page: &str) -> String {
        fs::read_to_string(root().join(page)).unwrap()
    }

    fn root() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    #[test]
    fn a_page_with_rust_code_is_one_of_those_whose_code_is_checked() {
        for folder in ["docs", "docs/adr"] {
            for entry in fs::read_dir(root().join(folder)).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                let page = format!("{folder}/{name}");
                if name.ends_with(".md") && !PAGES.contains(&page.as_str()) {
                    // What is ignored was taken from a file that CI compiles: xtask/src/excerpts.rs.
                    let is_code = |line: &str| {
                        line.starts_with("```rust") && !line.starts_with("```rust,ignore")
                    };
                    let rust = read(&page).lines().any(is_code);
                    assert!(!rust, "{page} has Rust code; name it in `pages!`");
                }
            }
        }
    }

    /// Statuses of a row, and what they mean: `404, 410`, `500, 502–504`, `other 400–498`.
    struct Row {
        statuses: Vec<std::ops::RangeInclusive<u16>>,
        other: bool,
        meaning: String,
    }

    fn rows(page: &str) -> Vec<Row> {
        let (_, section) = page.split_once("## From status to kind").unwrap();
        let table = section.lines().skip_while(|line| !line.starts_with("|---"));
        table
            .skip(1)
            .take_while(|line| line.starts_with('|'))
            .map(|line| {
                let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
                let other = cells[0].starts_with("other") || cells[0] == "anything else";
                let listed = cells[0]
                    .replace("other ", "")
                    .replace("anything else", "100–999");
                let range = |text: &str| {
                    let (first, last) = text.split_once('–').unwrap_or((text, text));
                    first.parse().unwrap()..=last.parse().unwrap()
                };
                Row {
                    statuses: listed.split(", ").map(range).collect(),
                    other,
                    meaning: format!("{} {}", cells[1], cells[2]).replace('`', ""),
                }
            })
            .collect()
    }

    #[test]
    fn the_page_on_errors_says_of_each_status_what_the_code_says() {
        let rows = rows(&read("docs/errors.md"));
        for code in 100..1_000 {
            let error = error_of_status(StatusCode::from_u16(code).unwrap());
            let lists = |row: &&Row| row.statuses.iter().any(|range| range.contains(&code));
            let named = rows.iter().filter(|row| !row.other).find(lists);
            let row = named.or_else(|| rows.iter().find(lists)).unwrap();

            assert_eq!(
                row.meaning,
                format!("{:?} {:?}", error.kind(), error.delivery()),
                "{code}"
            );
        }
    }

    /// The names in code of a cell, as values: `RateLimited` is read as serde writes it.
    fn named<T: serde::de::DeserializeOwned>(text: &str) -> Vec<T> {
        let names = text.split('`').skip(1).step_by(2);
        let read = |name: &str| {
            let snake = name.chars().fold(String::new(), |mut snake, letter| {
                if letter.is_uppercase() && !snake.is_empty() {
                    snake.push('_');
                }
                snake.extend(letter.to_lowercase());
                snake
            });
            serde_json::from_str(&format!("\"{snake}\"")).unwrap()
        };
        names.map(read).collect()
    }

    /// The rows of the table under a heading, as cells.
    fn table(page: &str, heading: &str) -> Vec<Vec<String>> {
        let (_, section) = page.split_once(heading).unwrap();
        let rows = section.lines().skip_while(|line| !line.starts_with("|---"));
        let rows = rows.skip(1).take_while(|line| line.starts_with('|'));
        rows.map(|row| {
            let cells = row.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().to_owned()).collect()
        })
        .collect()
    }

    #[test]
    fn the_page_on_resilience_says_of_each_kind_what_the_code_says() {
        let mut told: Vec<ErrorKind> = Vec::new();
        for row in table(&read("docs/resilience.md"), "## Which failure does what") {
            let (kinds, phases) = row[0].split_once(" in ").unwrap_or((&row[0], ""));
            let phases: Vec<Phase> = named(phases);
            for kind in named::<ErrorKind>(kinds) {
                told.push(kind);
                let error = || Error::new(kind, "").with_delivery(Delivery::MaybeProcessed);
                let mut errors: Vec<Error> = phases
                    .iter()
                    .map(|phase| error().with_phase(*phase))
                    .collect();
                if errors.is_empty() {
                    errors.push(error());
                }
                for error in errors {
                    let is_asked =
                        matches!(error.recovery(), Recovery::Later | Recovery::Elsewhere);
                    let said = (!row[1].starts_with("no"), row[2].starts_with("failure"));
                    assert_eq!(said, (is_asked, error.is_endpoint_failure()), "{error:?}");
                }
            }
        }
        for row in table(&read("docs/errors.md"), "## Kinds") {
            let kind = named::<ErrorKind>(&row[0]).remove(0);
            assert!(told.contains(&kind), "{kind:?} is in docs/errors.md only");
        }
    }
}
