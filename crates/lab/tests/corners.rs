//! Every corner in which vocabularies lose something has a test that is named after its number, in
//! the crates whose wires have it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// As many as the design counts.
const CORNERS: u32 = 36;

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_corner_has_a_test_named_after_it() {
    let mut files = Vec::new();
    let crates = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    sources(Path::new(crates), &mut files);
    let mut tested = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for pair in lines.windows(2) {
            let name = pair[1]
                .strip_prefix("async fn corner_")
                .or_else(|| pair[1].strip_prefix("fn corner_"));
            let number = name.and_then(|name| name.split('_').next()?.parse::<u32>().ok());
            let is_test = pair[0].starts_with("#[test]") || pair[0].starts_with("#[tokio::test");
            tested.extend(number.filter(|_| is_test));
        }
    }
    let missing: Vec<u32> = (1..=CORNERS)
        .filter(|corner| !tested.contains(corner))
        .collect();
    assert!(
        missing.is_empty(),
        "no test is named after these corners: {missing:?}"
    );
}
