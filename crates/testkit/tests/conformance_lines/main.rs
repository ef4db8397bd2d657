//! The suite on a provider that nobody knows, with a wire of its own: nothing in the suite may take
//! another's wire for granted.

#![allow(clippy::indexing_slicing, reason = "tests")]

mod wire;

use trunkline_core::{
    Capabilities, ProviderDef, Result,
    account::{Provider, Settings},
    protocol::AuthScheme,
};
use trunkline_testkit::conformance::{self, Subject};

#[global_allocator]
static COUNTED: conformance::Allocator = conformance::ALLOCATOR;

/// Answers line by line, takes its key in a header of its own.
const PROVIDER: ProviderDef = ProviderDef::of::<Api>("parrot", "PARROT")
    .base_url("https://parrot.example/talk")
    .auth(AuthScheme::Header("x-parrot-key"))
    .default_model("ara-1")
    .models(&["ara-*"])
    .capabilities(Capabilities::NONE.chat().stream().rerank().count_tokens());

enum Api {}

impl Provider for Api {
    type Protocol = wire::Parrot;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<wire::Parrot> {
        Ok(wire::Parrot)
    }
}

fn main() -> std::process::ExitCode {
    let fixtures = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/conformance_lines/fixtures"
    );
    conformance::run(Subject::of::<Api>(fixtures))
}
