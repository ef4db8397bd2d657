//! The conformance suite on this provider's accounts that speak chat completions.

use std::process::ExitCode;

use trunkline_openai::{CHAT_COMPLETIONS, DIALECT};
use trunkline_testkit::conformance::{self, Subject};

/// Counts what the suite's budgets are of.
#[global_allocator]
static COUNTED: conformance::Allocator = conformance::ALLOCATOR;

fn main() -> ExitCode {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/chat_completions");
    let subject = Subject::of::<trunkline_openai::Api>(fixtures)
        .setting("api", CHAT_COMPLETIONS)
        .capabilities(DIALECT.capabilities);
    conformance::run(subject)
}
