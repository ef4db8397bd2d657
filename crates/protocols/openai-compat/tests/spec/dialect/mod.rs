//! What dialects differ in, one setting in each file.

mod call_ids;
mod documents;
mod efforts;
mod embed;
mod hosted;
mod media;
mod names;
mod prefill;
mod replay;
mod user;
mod wrapped;

use trunkline_core::{ChatRequest, Warning};
use trunkline_openai_compat::Dialect;

use crate::support::{body_of, chat};

/// What nearly every server is.
const PLAIN: Dialect =
    Dialect::of(&crate::support::PROVIDER).capabilities(Dialect::OPENAI.capabilities);

fn encoded(dialect: Dialect, request: ChatRequest) -> (String, Vec<Warning>) {
    body_of(dialect, &chat(request)).unwrap()
}
