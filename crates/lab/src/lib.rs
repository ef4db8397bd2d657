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
    errors: "docs/errors.md",
    registry: "docs/registry.md",
    stability: "docs/stability.md",
    telemetry: "docs/telemetry.md",
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use http::StatusCode;
    use trunkline_core::protocol::error_of_status;

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
                    let rust = read(&page).lines().any(|line| line.starts_with("```rust"));
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
}
