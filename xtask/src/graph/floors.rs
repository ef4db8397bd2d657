//! Least versions of locked packages whose earlier ones are known to be faulty.
//!
//! A manifest's requirement keeps our users from them; this keeps us from testing and shipping
//! with one that a lock file has kept.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use toml_edit::DocumentMut;

use crate::finding::Finding;

/// A package, the least version that will do, and why.
struct Floor {
    package: &'static str,
    least: [u64; 3],
    why: &'static str,
}

const FLOORS: [Floor; 1] = [Floor {
    package: "h2",
    least: [0, 4, 20],
    why: "a slow reader is told from its neighbours by the flow control of this version; before 0.4.4 a peer \
          could also exhaust the memory (RUSTSEC-2024-0332)",
}];

pub(super) fn check(root: &Path) -> Result<Vec<Finding>> {
    let path = root.join("Cargo.lock");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&path).context("cannot read Cargo.lock")?;
    below(&text)
}

fn below(lock: &str) -> Result<Vec<Finding>> {
    let lock: DocumentMut = lock.parse().context("Cargo.lock is no TOML")?;
    let packages = lock
        .get("package")
        .and_then(|item| item.as_array_of_tables());
    let mut findings = Vec::new();
    for package in packages.into_iter().flatten() {
        let text = |name: &str| package.get(name).and_then(|item| item.as_str());
        let (Some(name), Some(version)) = (text("name"), text("version")) else {
            continue;
        };
        for floor in FLOORS.iter().filter(|floor| floor.package == name) {
            if parts(version) < floor.least {
                let [major, minor, patch] = floor.least;
                findings.push(Finding::file(
                    "Cargo.lock",
                    format!(
                        "{name} {version} is locked, {major}.{minor}.{patch} is the least: {}; run `cargo update -p {name}`",
                        floor.why
                    ),
                ));
            }
        }
    }
    Ok(findings)
}

/// The three numbers of a version; a pre-release counts as its release.
fn parts(version: &str) -> [u64; 3] {
    let mut numbers = version
        .split(['.', '-', '+'])
        .map(|number| number.parse().unwrap_or(0));
    std::array::from_fn(|_| numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(version: &str) -> String {
        format!(
            "version = 4\n\n[[package]]\nname = \"bytes\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"h2\"\nversion = \"{version}\"\n"
        )
    }

    #[test]
    fn f139_a_lockfile_with_a_faulty_h2_fails() {
        for version in ["0.4.15", "0.4.19", "0.3.99"] {
            let findings = below(&locked(version)).unwrap();
            assert_eq!(findings.len(), 1, "{version}");
            let told = findings[0].to_string();
            assert!(told.contains(version) && told.contains("0.4.20"), "{told}");
        }
        for version in ["0.4.20", "0.4.21", "0.5.0", "1.0.0"] {
            assert!(below(&locked(version)).unwrap().is_empty(), "{version}");
        }
    }
}
