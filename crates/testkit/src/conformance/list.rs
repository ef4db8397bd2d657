//! A list of tests in the making.

use std::sync::Arc;

use super::{Subject, suite::Test};

/// What is to be mended, if anything.
pub(super) type Outcome<T = ()> = Result<T, String>;

/// The tests of one group, as they are put together.
pub(super) struct List {
    subject: Arc<Subject>,
    group: &'static str,
    tests: Vec<Test>,
}

impl List {
    pub(super) fn of(subject: &Arc<Subject>, group: &'static str) -> Self {
        Self {
            subject: Arc::clone(subject),
            group,
            tests: Vec::new(),
        }
    }

    /// Adds a test of every subject.
    pub(super) fn add<F>(
        &mut self,
        name: &str,
        test: impl FnOnce(Arc<Subject>) -> F + Send + 'static,
    ) where
        F: Future<Output = Outcome>,
    {
        let subject = Arc::clone(&self.subject);
        let name = format!("{}::{name}", self.group);
        self.tests.push(Test::run(name, move || test(subject)));
    }

    /// Adds a test of those subjects that it applies to; the error is why not.
    pub(super) fn add_if<F>(
        &mut self,
        applies: &Outcome,
        name: &str,
        test: impl FnOnce(Arc<Subject>) -> F + Send + 'static,
    ) where
        F: Future<Output = Outcome>,
    {
        match applies {
            Ok(()) => self.add(name, test),
            Err(why) => self
                .tests
                .push(Test::skip(format!("{}::{name}", self.group), why)),
        }
    }

    pub(super) fn done(self) -> Vec<Test> {
        self.tests
    }
}

/// Fails with `what` unless `holds`.
pub(super) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Outcome {
    if holds { Ok(()) } else { Err(what()) }
}
