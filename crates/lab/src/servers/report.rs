//! What came of one server.

use std::{fmt, time::Duration};

use super::{known::Server, table::Table};

#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) server: &'static str,
    what: &'static str,
    version: Option<String>,
    body: Body,
}

#[derive(Debug)]
pub(crate) enum Body {
    /// Why it does not run.
    Skipped(String),
    /// Why it could not be started, though it is installed.
    Failed(String),
    /// After how long it was ready, and what it did.
    Ran(Duration, Table),
}

impl Report {
    pub(crate) fn new(server: &Server, version: Option<String>, body: Body) -> Self {
        Self {
            server: server.name,
            what: server.what,
            version,
            body,
        }
    }

    pub(crate) fn is_failure(&self) -> bool {
        match &self.body {
            Body::Skipped(_) => false,
            Body::Failed(_) => true,
            Body::Ran(_, table) => table.is_failure(),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, what, .. } = self;
        let version = self.version.as_deref().unwrap_or("of unknown version");
        match &self.body {
            Body::Skipped(why) => write!(f, "{server}: skipped: {why}"),
            Body::Failed(why) => write!(f, "{server} {version}: FAILED: {why}"),
            Body::Ran(after, table) => {
                let seconds = after.as_secs_f64();
                writeln!(
                    f,
                    "\n{server} {version}, {what}; ready after {seconds:.1} s\n"
                )?;
                writeln!(f, "{table}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::known;

    #[test]
    fn what_is_not_installed_is_one_line_and_no_failure() {
        let server = known::find("vllm").unwrap();
        let report = Report::new(&server, None, Body::Skipped("not installed".to_owned()));
        assert_eq!(report.to_string(), "vllm: skipped: not installed");
        assert!(!report.is_failure());
        let report = Report::new(&server, None, Body::Failed("no model".to_owned()));
        assert_eq!(
            report.to_string(),
            "vllm of unknown version: FAILED: no model"
        );
        assert!(report.is_failure());
    }
}
