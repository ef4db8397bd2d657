//! Cases that are Rust tests: all of them in one run of cargo.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    ffi::OsString,
    process::Command,
};

use anyhow::{Context, Result};

use super::{load::Loaded, root};

/// What the tests named after each case said: their names, and whether they passed.
#[derive(Debug, Default)]
pub(crate) struct Tests(BTreeMap<String, bool>);

/// Runs the tests that these cases name.
pub(crate) fn run(cases: &[&Loaded], whole_suite: bool) -> Result<Tests> {
    let tests = cases
        .iter()
        .filter_map(|case| Some((case.first()?, case.first()?.test.as_ref()?)));
    let (filters, packages): (BTreeSet<String>, Vec<&[String]>) = tests
        .map(|(case, test)| (filter(&case.case), test.package.all()))
        .unzip();
    let packages: BTreeSet<&String> = packages.into_iter().flatten().collect();
    if filters.is_empty() {
        return Ok(Tests::default());
    }
    let mut command = Command::new(cargo());
    command.args(["test", "--lib", "--bins", "--tests", "--no-fail-fast"]);
    command
        .arg("--manifest-path")
        .arg(root().join("Cargo.toml"));
    if whole_suite {
        // The same build as `cargo test --workspace`, which CI has made already.
        command.arg("--workspace");
    } else {
        for package in packages {
            command.args(["-p", package]);
        }
    }
    let output = command
        .args(["--", "--format=pretty"])
        .args(&filters)
        .env("CARGO_TERM_COLOR", "never")
        .output()
        .context("cannot start cargo; is it on the PATH?")?;
    let tests = Tests::parse(&String::from_utf8_lossy(&output.stdout));
    if tests.0.is_empty() {
        anyhow::bail!("no test ran: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(tests)
}

impl Tests {
    /// `test spec::f061_a_line ... ok`
    fn parse(output: &str) -> Self {
        let line = |line: &str| {
            let (name, verdict) = line.strip_prefix("test ")?.split_once(" ... ")?;
            let name = name
                .rsplit("::")
                .next()?
                .trim_end_matches(" - should panic");
            Some((name.to_owned(), verdict.trim() == "ok"))
        };
        let mut tests = BTreeMap::new();
        for (name, passed) in output.lines().filter_map(line) {
            let all = tests.entry(name).or_insert(true);
            *all &= passed;
        }
        Self(tests)
    }

    /// The tests named after a case, and those of them that failed.
    pub(crate) fn of(&self, case: &str) -> (usize, Vec<&str>) {
        let filter = filter(case);
        let named = self
            .0
            .iter()
            .filter(|(name, _)| is_named_after(name, &filter));
        let failed = named.clone().filter(|(_, passed)| !**passed);
        (named.count(), failed.map(|(name, _)| &**name).collect())
    }
}

/// `f061_`, wherever it stands in a name that begins with cases: `f049_f061_a_mark`.
fn is_named_after(name: &str, filter: &str) -> bool {
    let mut rest = name;
    loop {
        if rest.starts_with(filter) {
            return true;
        }
        match rest.split_once('_') {
            Some((case, more)) if is_case(case) => rest = more,
            _ => return false,
        }
    }
}

fn is_case(word: &str) -> bool {
    let number = word.strip_prefix(['f', 's']).unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn filter(case: &str) -> String {
    format!("{}_", case.to_ascii_lowercase())
}

fn cargo() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_belongs_to_every_case_that_its_name_begins_with() {
        let tests = Tests::parse(
            "running 3 tests\ntest a::f027_f028_waits ... ok\ntest f027_other ... FAILED\ntest not_f028_at_all ... FAILED\n",
        );
        assert_eq!(tests.of("F027"), (2, vec!["f027_other"]));
        assert_eq!(tests.of("F028"), (1, vec![]));
        assert_eq!(tests.of("F099"), (0, vec![]));
    }
}
