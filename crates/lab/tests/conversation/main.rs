//! One conversation with every provider that has a wire format of its own: a text and a picture, two
//! tools called at once after some thought, an answer of a given form. The assertions are the same
//! for all, whole and streamed; and the conversation moves from each of them to each other one.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod speaker;
mod talk;
mod wire;

use speaker::{SPEAKERS, Speaker};
use talk::Way;

#[tokio::test]
async fn the_same_conversation_runs_with_every_provider_whole_and_streamed() {
    for speaker in SPEAKERS {
        for way in [Way::Whole, Way::Streamed, Way::Buffered] {
            talk::from_to(speaker, speaker, way).await;
        }
    }
}

#[tokio::test]
async fn the_conversation_moves_from_each_provider_to_each_other_one() {
    for from in SPEAKERS {
        for to in SPEAKERS.iter().filter(|to| to.name != from.name) {
            for way in [Way::Whole, Way::Streamed] {
                talk::from_to(from, to, way).await;
            }
        }
    }
}

/// What a wire says of its own requests is a check only if it can fail.
#[test]
fn a_request_whose_tool_results_belong_to_no_call_is_found() {
    for speaker in SPEAKERS {
        let nothing = serde_json::json!({});
        assert!((speaker.paired)(&nothing).is_err(), "{}", speaker.name);
    }
}

/// A crate that is not in the table is not held to it.
#[test]
fn every_provider_with_a_format_of_its_own_takes_part() {
    let names: Vec<&str> = SPEAKERS.iter().map(|Speaker { name, .. }| *name).collect();
    for provider in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../providers")).unwrap()
    {
        let folder = provider.unwrap().path();
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        // Without tools, as OPEA's gateways are, nobody can hold this conversation.
        let is_native = manifest.contains("\nprotocol = \"native\"")
            && manifest.contains("\"chat\"")
            && manifest.contains("\"tools\"");
        assert!(
            !is_native || names.iter().any(|known| known.starts_with(&name)),
            "{name} speaks a format of its own; add it to `SPEAKERS`"
        );
    }
}
