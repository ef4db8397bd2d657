//! The suite on a provider that there is not, whose wire is like nobody's: what it asks of a crate
//! it must not ask in the words of one provider.
#![allow(clippy::unwrap_used, reason = "tests")]

mod decode;
mod encode;

use std::process::ExitCode;

use trunkline_core::{
    Capabilities, ProviderDef, Result,
    account::{Provider, Settings},
    protocol::AuthScheme,
};
use trunkline_testkit::conformance::{self, Subject};

const PROVIDER: ProviderDef = ProviderDef::of::<Api>("oracle", "ORACLE")
    .auth(AuthScheme::Header("x-oracle-token"))
    .default_model("pythia-2")
    .models(&["pythia-*"])
    .settings(&["temple"])
    .idempotency("x-oracle-once")
    .capabilities(
        Capabilities::NONE
            .chat()
            .stream()
            .tools()
            .temperature()
            .stop()
            .rerank()
            .max_documents(50)
            .count_tokens()
            .list_models(),
    );

#[derive(Debug)]
enum Api {}

impl Provider for Api {
    type Protocol = Oracle;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(settings: &Settings) -> Result<Oracle> {
        Ok(Oracle {
            temple: settings.get("temple").unwrap_or("delphi").to_owned(),
        })
    }
}

/// The wire: engines with turns, blocks and costs, under a temple of one's own.
#[derive(Debug)]
struct Oracle {
    temple: String,
}

fn main() -> ExitCode {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/fixtures");
    conformance::run(
        Subject::of::<Api>(fixtures)
            .base_path("/ask")
            .setting("temple", "delphi"),
    )
}
