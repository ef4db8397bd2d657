//! The conformance suite on this provider; `fixtures/` shows its wire.

use std::process::ExitCode;

use trunkline_testkit::conformance::{self, Subject};

/// Counts what the suite's budgets are of.
#[global_allocator]
static COUNTED: conformance::Allocator = conformance::ALLOCATOR;

fn main() -> ExitCode {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    conformance::run(
        Subject::of::<trunkline_bedrock::Api>(fixtures)
            .setting("region", "eu-central-1")
            // Claude 4.6 and later refuse to go on with what was begun for them.
            .model_for_flag("prefill", "us.anthropic.claude-sonnet-4-5-20250929-v1:0")
            .except(
                "k0::a_key_that_is_missing_names_its_variable",
                "without a key requests are signed, with the credentials that AWS's chain finds",
            )
            .except(
                "k0::a_base_url_that_is_missing_names_its_variable",
                "the region makes up the base URL",
            )
            .except(
                "k1::the_bytes_of_an_image_arrive",
                "Converse has formats (`png`) and no media types (API_runtime_ImageBlock)",
            ),
    )
}
