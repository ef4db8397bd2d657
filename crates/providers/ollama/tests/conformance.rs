//! The conformance suite on this provider; `fixtures/` shows its wire.

use std::process::ExitCode;

use trunkline_testkit::conformance::{self, Subject};

/// Counts what the suite's budgets are of.
#[global_allocator]
static COUNTED: conformance::Allocator = conformance::ALLOCATOR;

fn main() -> ExitCode {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    conformance::run(
        Subject::of::<trunkline_ollama::Api>(fixtures).except(
            "k1::the_bytes_of_an_image_arrive",
            "a picture has no media type on this wire, its bytes tell it (docs.ollama.com/capabilities/vision)",
        ),
    )
}
