//! The conformance suite on this provider; `fixtures/` shows its wire.

use std::process::ExitCode;

use trunkline_testkit::conformance::{self, Subject};

/// Counts what the suite's budgets are of.
#[global_allocator]
static COUNTED: conformance::Allocator = conformance::ALLOCATOR;

fn main() -> ExitCode {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    conformance::run(Subject::of::<trunkline_openrouter::Api>(fixtures).except(
        "k0::patterns_tell_its_models_from_others",
        "a router serves whatever has an author: https://openrouter.ai/docs/api_reference/overview",
    ))
}
