//! The conformance suite on this provider; its fixtures are its wire.

use std::process::ExitCode;

use trunkline_testkit::conformance::{self, Subject};

fn main() -> ExitCode {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    conformance::run(Subject::of::<trunkline_babel::Api>(fixtures))
}
