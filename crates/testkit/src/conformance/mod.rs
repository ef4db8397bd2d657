//! What every provider's crate has to do, as named tests: the suite that a crate runs to prove that
//! it may be used.
//!
//! A crate says what it is by its [`Provider`](trunkline_core::account::Provider), and lays down [fixtures](crate::fixture): what goes
//! in and what comes out. From them and from the capabilities that it declares, the suite makes its
//! tests. They need no key and no network but loopback.
//!
//! ```no_run
//! // tests/conformance.rs, with `harness = false` in Cargo.toml
//! use trunkline_testkit::conformance::{self, Subject};
//! # mod trunkline_example {
//! #     use std::collections::VecDeque;
//! #     use trunkline_core::{account::{Provider, Settings}, chat::Warnings, http_transport::frame::Frame};
//! #     use trunkline_core::{Error, Op, ProviderDef, Reply, Result, StreamChunk};
//! #     use trunkline_core::protocol::{Decoder, Protocol, Target};
//! #     pub enum Api {}
//! #     pub struct Speech;
//! #     impl Provider for Api {
//! #         type Protocol = Speech;
//! #         const DEF: &'static ProviderDef = &ProviderDef::of::<Api>("example", "EXAMPLE");
//! #         fn protocol(_: &Settings) -> Result<Speech> { Ok(Speech) }
//! #     }
//! #     impl Decoder for Speech {
//! #         fn frame(&mut self, _: Frame, _: &mut VecDeque<StreamChunk>) -> Result<()> { Ok(()) }
//! #     }
//! #     impl Protocol for Speech {
//! #         type Decoder = Speech;
//! #         fn encode(&self, _: &Op, target: &Target, _: &mut Warnings) -> Result<http::Request<bytes::Bytes>> { target.get("/") }
//! #         fn decode(&self, _: &Op, _: &http::response::Parts, _: bytes::Bytes) -> Result<Reply> { Err(Error::config("")) }
//! #         fn decoder(&self, _: &Op, _: &http::response::Parts) -> Speech { Speech }
//! #         fn error(&self, _: &http::response::Parts, _: &[u8]) -> Error { Error::config("") }
//! #     }
//! # }
//!
//! fn main() -> std::process::ExitCode {
//!     conformance::run(Subject::of::<trunkline_example::Api>(concat!(
//!         env!("CARGO_MANIFEST_DIR"),
//!         "/fixtures"
//!     )))
//! }
//! ```
//!
//! `cargo test --test conformance k3` runs the tests of streams; `-- --list` lists all. The groups:
//! `fixtures`, each case by itself; `k0` construction, `k1` requests, `k2` answers, `k3` streams,
//! `k4` tools, `k5` formats, `k6` each capability as it is declared or not, `k7` errors, `k8`
//! resilience, `k9` embeddings and what else is no
//! conversation, `laws` what holds of every fixture, `k10` and `k11` what is observed and what it
//! costs, `k12` what servers have that people run themselves.
//!
//! The wire is the provider's own affair: no test names a field of it. What a request carries is
//! found by comparing it with another, and answers are changed where the fixtures have them.
//!
//! `docs/conformance.md` in the repository is the guide for authors: which fixtures to write, how
//! to read a failure, how to say what a provider does otherwise.

mod carried;
mod faults;
mod fixtures;
mod hygiene;
mod k0;
mod k1;
mod k10;
mod k11;
mod k12;
mod k2;
mod k3;
mod k4;
mod k5;
mod k6;
mod k7;
mod k8;
mod k9;
mod laws;
mod list;
mod probe;
mod role;
mod stage;
mod subject;
mod suite;
mod tree;

pub use k11::{ALLOCATOR, Allocator};
pub use subject::Subject;

use std::process::ExitCode;

/// Runs the suite on `subject`, with the command line that `cargo test` gives: a filter, `--list`,
/// `--exact`. What was left out is counted, and printed with its reason.
pub fn run(subject: Subject) -> ExitCode {
    suite::run(
        subject,
        vec![
            fixtures::tests,
            k0::tests,
            k1::tests,
            k2::tests,
            k3::tests,
            k4::tests,
            k5::tests,
            k6::tests,
            k7::tests,
            faults::tests,
            k8::tests,
            k9::tests,
            laws::tests,
            k10::tests,
            hygiene::tests,
            k11::tests,
            k12::tests,
        ],
    )
}
