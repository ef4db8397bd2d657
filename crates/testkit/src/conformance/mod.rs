//! What every provider's crate has to do, as named tests: the suite that a crate runs to prove that
//! it may be used.
//!
//! A crate says what it is by its [`Provider`], and lays down [fixtures](crate::fixture): what goes
//! in and what comes out. From them and from the capabilities that it declares, the suite makes its
//! tests. They need no key and no network but loopback.
//!
//! ```no_run
//! // tests/conformance.rs, with `harness = false` in Cargo.toml
//! use trunkline_testkit::conformance::{self, Subject};
//! # mod trunkline_example { pub use trunkline_testkit::embedded::Api; }
//!
//! fn main() -> std::process::ExitCode {
//!     conformance::run(Subject::of::<trunkline_example::Api>(concat!(
//!         env!("CARGO_MANIFEST_DIR"),
//!         "/fixtures"
//!     )))
//! }
//! ```
//!
//! `cargo test --test conformance k3` runs the tests of streams; `-- --list` lists all.

mod faults;
mod hygiene;
mod k10;
mod k11;
mod k3;
mod k7;
mod k8;
mod stage;
mod subject;
mod suite;

pub use k11::{ALLOCATOR, Allocator};
pub use subject::Subject;

use std::process::ExitCode;

/// Runs the suite on `subject`, with the command line that `cargo test` gives: a filter, `--list`,
/// `--exact`. What was left out is counted, and printed with its reason.
pub fn run(subject: Subject) -> ExitCode {
    suite::run(
        subject,
        vec![
            k3::tests,
            k7::tests,
            faults::tests,
            k8::tests,
            k10::tests,
            hygiene::tests,
            k11::tests,
        ],
    )
}
