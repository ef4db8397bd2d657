//! The conformance suite on this provider; `fixtures/` shows its wire.

use std::process::ExitCode;

use trunkline_testkit::conformance::{self, Subject};

/// Counts what the suite's budgets are of.
#[global_allocator]
static COUNTED: conformance::Allocator = conformance::ALLOCATOR;

fn main() -> ExitCode {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    conformance::run(Subject::of::<trunkline_tei::Api>(fixtures).except(
        "k9::query_and_documents_arrive_in_their_order",
        "a server has one model, and its requests have no place for a name \
         (https://huggingface.github.io/text-embeddings-inference/); tests/operations.rs sends both",
    ))
}
