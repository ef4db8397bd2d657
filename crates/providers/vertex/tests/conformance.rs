//! The conformance suite on this provider; `fixtures/` shows its wire.

use std::process::ExitCode;

use trunkline_testkit::conformance::{self, Subject};

/// Counts what the suite's budgets are of.
#[global_allocator]
static COUNTED: conformance::Allocator = conformance::ALLOCATOR;

fn main() -> ExitCode {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    let subject = Subject::of::<trunkline_vertex::Api>(fixtures)
        .base_path("/v1/projects/p-1/locations/global")
        .setting("project", "p-1")
        .except(
            "laws::the_answer_of_claude_goes_back",
            "the suite answers the next turn with the fixture `chat`, and that is Gemini's",
        )
        .except(
            "laws::the_answer_of_stream_claude_goes_back",
            "the suite answers the next turn with the fixture `chat`, and that is Gemini's",
        )
        .except(
            "laws::stream_claude_without_figures_is_not_free",
            "its figures stand in two events, of which the suite takes those of the last",
        )
        .except(
            "laws::a_lone_unknown_key_in_grounding_breaks_nothing",
            "what an answer stands on is read off its metadata, and these stay with it whole",
        )
        .except(
            "laws::a_lone_unknown_key_in_stream_grounding_breaks_nothing",
            "what an answer stands on is read off its metadata, and these stay with it whole",
        )
        .except(
            "k0::a_base_url_that_is_missing_names_its_variable",
            "the project, which the suite's accounts have, makes up the base URL",
        )
        .except(
            "k3::stream_stop_in_every_frame_is_whole_or_interrupted_after_any_event",
            "each of its frames says that the answer stopped, so an orderly end after any is one",
        );
    conformance::run(subject)
}
