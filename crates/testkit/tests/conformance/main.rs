//! The suite on a provider that nobody knows, with a wire of its own: nothing in the suite may take
//! another's wire for granted.

mod wire;

use trunkline_core::{
    Account, Capabilities, HttpClient, ProviderDef, Result,
    account::{Provider, Settings},
    protocol::AuthScheme,
};
use trunkline_testkit::{
    conformance::{self, Subject},
    fixture,
};

#[global_allocator]
static COUNTED: conformance::Allocator = conformance::ALLOCATOR;

/// Answers line by line, takes its key in a header of its own.
const PROVIDER: ProviderDef = ProviderDef::of::<Api>("parrot", "PARROT")
    .base_url("https://parrot.example/talk")
    .auth(AuthScheme::Header("x-parrot-key"))
    .default_model("ara-1")
    .models(&["ara-*"])
    .capabilities(Capabilities::NONE.chat().stream());

enum Api {}

impl Provider for Api {
    type Protocol = wire::Parrot;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<wire::Parrot> {
        Ok(wire::Parrot)
    }
}

fn main() -> std::process::ExitCode {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/fixtures");
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        write(fixtures);
    }
    conformance::run(Subject::of::<Api>(fixtures))
}

/// Writes what comes out of the fixtures.
fn write(fixtures: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let check = fixture::check_all(fixtures, |url| {
        let account = Account::<Api>::builder()
            .key("test-key")
            .endpoint(format!("{url}/talk"));
        Ok(account.client(HttpClient::shared()).build()?.bare())
    });
    if let Ok(runtime) = runtime {
        runtime.block_on(check);
    }
}
