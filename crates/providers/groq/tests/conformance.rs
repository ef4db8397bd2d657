//! What the suite demands of every provider's crate, of this one: `fixtures/` shows its wire.

use std::process::ExitCode;

use trunkline_testkit::conformance::{self, Subject};

fn main() -> ExitCode {
    conformance::run(Subject::of::<trunkline_groq::Api>(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures"
    )))
}
