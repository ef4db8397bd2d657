//! The messages of `generateContent`, as they stand on the wire. What is unknown there is ignored,
//! and what may be absent is an `Option`: zero, false and empty are left out by the servers.
//!
//! <https://ai.google.dev/api/generate-content>, <https://ai.google.dev/api/caching#Content>

mod ask;
mod said;

pub(crate) use self::{ask::*, said::*};
