//! The conformance suite on this provider; `fixtures/` shows its wire.

use std::process::ExitCode;

use trunkline_testkit::conformance::{self, Subject};

/// Counts what the suite's budgets are of.
#[global_allocator]
static COUNTED: conformance::Allocator = conformance::ALLOCATOR;

fn main() -> ExitCode {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures");
    conformance::run(
        Subject::of::<trunkline_opea::Api>(fixtures)
            // The language model's microservice does not hand it on; the gateways read it.
            .model_for_flag("top_k", "chatqna")
            .except(
                "k9::query_and_documents_arrive_in_their_order",
                "the rerankings' microservice has one model and no field for its name: \
                 `RerankingRequest` in comps/cores/proto/api_protocol.py",
            )
            .except(
                "k9::documents_of_fields_arrive_or_are_warned_of",
                "a ranking comes back as the documents' texts, and that of the fixture has others \
                 than the suite sends",
            )
            .except(
                "laws::an_unknown_word_anywhere_in_docsum_breaks_nothing",
                "its whole answer comes as a stream and is no JSON",
            )
            .except(
                "laws::a_lone_unknown_key_in_docsum_breaks_nothing",
                "its whole answer comes as a stream and is no JSON",
            ),
    )
}
