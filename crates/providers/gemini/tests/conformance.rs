//! The conformance suite on this provider; `fixtures/` shows its wire.

use std::process::ExitCode;

use trunkline_testkit::conformance::{self, Subject};

/// Counts what the suite's budgets are of.
#[global_allocator]
static COUNTED: conformance::Allocator = conformance::ALLOCATOR;

fn main() -> ExitCode {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let subject = Subject::of::<trunkline_gemini::Api>(fixtures)
        .except(
            "k3::stream_stop_in_every_frame_is_whole_or_interrupted_after_any_event",
            "each of its frames says that the answer stopped, so an orderly end after any is one",
        )
        .except(
            "k3::stream_array_ends_in_time_when_the_connection_stays_open",
            "the end of the array is no frame: it is waited for, as for figures",
        );
    conformance::run(subject)
}
