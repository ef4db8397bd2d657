//! The conformance suite on this provider; `fixtures/` shows its wire.

use std::process::ExitCode;

use trunkline_testkit::conformance::{self, Subject};

/// Counts what the suite's budgets are of.
#[global_allocator]
static COUNTED: conformance::Allocator = conformance::ALLOCATOR;

fn main() -> ExitCode {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    conformance::run(Subject::of::<trunkline_tgi::Api>(fixtures).warns(
        "presence_penalty",
        "the server adds 2 and makes it a penalty on repetition",
    ))
}
