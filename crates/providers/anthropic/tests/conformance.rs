//! The conformance suite, for Anthropic.

use std::process::ExitCode;

use trunkline_testkit::conformance::{self, Subject};

#[global_allocator]
static COUNTED: conformance::Allocator = conformance::ALLOCATOR;

fn main() -> ExitCode {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    conformance::run(
        Subject::of::<trunkline_anthropic::Api>(fixtures)
            .model_for_flag("reasoning", "claude-sonnet-4-6"),
    )
}
