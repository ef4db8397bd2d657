//! What a check found, and how it is told.

use std::{
    fmt,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// One thing that is wrong, where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) file: PathBuf,
    /// From 1.
    pub(crate) line: usize,
    /// `what is wrong; what to do`.
    pub(crate) what: String,
}

impl Finding {
    pub(crate) fn new(file: impl AsRef<Path>, line: usize, what: impl Into<String>) -> Self {
        Self {
            file: file.as_ref().to_path_buf(),
            line,
            what: what.into(),
        }
    }

    /// About a whole file, or one that is missing.
    pub(crate) fn file(file: impl AsRef<Path>, what: impl Into<String>) -> Self {
        Self::new(file, 1, what)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

/// Prints all findings, sorted; fails if there is one.
pub(crate) fn report(task: &str, findings: &[Finding]) -> ExitCode {
    let mut findings = findings.to_vec();
    findings.sort();
    findings.dedup();
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("{task}: ok");
        return ExitCode::SUCCESS;
    }
    println!("{task}: {} to mend", findings.len());
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_finding_fails_the_task() {
        assert_eq!(report("x", &[]), ExitCode::SUCCESS);
        assert_eq!(
            report("x", &[Finding::file("a", "b; c")]),
            ExitCode::FAILURE
        );
    }
}
