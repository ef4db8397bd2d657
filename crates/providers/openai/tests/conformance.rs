//! What every provider's crate has to do, on OpenAI's.

use trunkline_testkit::conformance::{self, Subject};

#[global_allocator]
static COUNTED: conformance::Allocator = conformance::ALLOCATOR;

fn main() -> std::process::ExitCode {
    conformance::run(Subject::of::<trunkline_openai::Api>(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures"
    )))
}
