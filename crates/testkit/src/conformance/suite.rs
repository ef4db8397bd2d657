//! The tests as a list, and their run.

use std::{
    process::ExitCode,
    sync::{Arc, PoisonError, RwLock},
};

use libtest_mimic::{Arguments, Failed, Trial};

use super::Subject;

/// A test: its name, and what it does or why it is left out.
pub(super) struct Test {
    /// Group and sentence: `k3::a_stream_that_breaks_off_is_interrupted`.
    pub(super) name: String,
    pub(super) body: Body,
}

pub(super) enum Body {
    /// Runs by itself on a runtime of one thread. What it returns says what to mend.
    Run(Box<dyn FnOnce() -> Result<(), String> + Send>),
    /// Does not apply to this subject, for this reason.
    Skip(String),
}

/// Tests run beside each other, but for those that count what the whole program does.
static ALONE: RwLock<()> = RwLock::new(());

impl Test {
    /// A test that waits for things.
    pub(super) fn run<F>(name: impl Into<String>, test: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<(), String>>,
    {
        Self::of(name, move || {
            let _beside_others = ALONE.read().unwrap_or_else(PoisonError::into_inner);
            runtime(false)?.block_on(test())
        })
    }

    /// The same under a paused clock: what it waits for without a socket takes no time.
    pub(super) fn paused<F>(
        name: impl Into<String>,
        test: impl FnOnce() -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), String>>,
    {
        Self::of(name, move || {
            let _beside_others = ALONE.read().unwrap_or_else(PoisonError::into_inner);
            runtime(true)?.block_on(test())
        })
    }

    /// The same while no other test runs.
    pub(super) fn alone<F>(
        name: impl Into<String>,
        test: impl FnOnce() -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), String>>,
    {
        Self::of(name, move || {
            let _alone = ALONE.write().unwrap_or_else(PoisonError::into_inner);
            runtime(false)?.block_on(test())
        })
    }

    fn of(
        name: impl Into<String>,
        test: impl FnOnce() -> Result<(), String> + Send + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            body: Body::Run(Box::new(test)),
        }
    }

    /// A test that fails for what the subject lacks.
    pub(super) fn fail(name: impl Into<String>, why: impl Into<String>) -> Self {
        let why = why.into();
        Self::of(name, move || Err(why))
    }

    /// A test that does not apply, and why.
    pub(super) fn skip(name: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            body: Body::Skip(why.into()),
        }
    }
}

fn runtime(paused: bool) -> Result<tokio::runtime::Runtime, String> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(paused).build();
    runtime.map_err(|error| error.to_string())
}

/// The makers of tests, one a module: each looks at the subject and says what there is to test.
pub(super) type Maker = fn(&Arc<Subject>) -> Vec<Test>;

pub(super) fn run(subject: Subject, makers: Vec<Maker>) -> ExitCode {
    let arguments = Arguments::from_args();
    let subject = Arc::new(subject);
    let mut skipped = Vec::new();
    let mut unknown = subject.exceptions.clone();
    let mut trials = Vec::new();
    for test in makers.iter().flat_map(|maker| maker(&subject)) {
        let body = match unknown.remove(&test.name) {
            Some(reason) => Body::Skip(reason),
            None => test.body,
        };
        match body {
            Body::Run(body) => {
                trials.push(Trial::test(test.name, move || body().map_err(Failed::from)));
            }
            Body::Skip(reason) if is_asked_for(&arguments, &test.name) => {
                skipped.push((test.name, reason));
            }
            Body::Skip(_) => {}
        }
    }
    for name in unknown.into_keys() {
        trials.push(Trial::test(format!("exception::{name}"), || {
            Err(Failed::from(
                "no test has this name; remove the exception, or mend its name",
            ))
        }));
    }
    let listed = arguments.list;
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !listed {
        println!("{} left out of the suite:", skipped.len());
        for (name, reason) in &skipped {
            println!("  {name}: {reason}");
        }
    }
    conclusion.exit_code()
}

/// Whether the command line asks for this test: what it does not ask for is not told of either.
fn is_asked_for(arguments: &Arguments, name: &str) -> bool {
    let is = |filter: &String| match arguments.exact {
        true => name == filter,
        false => name.contains(filter.as_str()),
    };
    arguments.filter.as_ref().is_none_or(is) && !arguments.skip.iter().any(is)
}
