//! What the tests play with: a provider's fixtures, the streams among them in pieces, and wires to
//! serve them over.

mod memory;
mod pipe;
mod read;
mod recorded;

pub(super) use memory::{Answer, Memory, Stand};
pub(super) use pipe::{Pipes, client_of};
pub(super) use read::{Read, call, cut, read, same, spoken};
pub(super) use recorded::Recorded;

pub(super) use super::role::{Role, all, having};
pub(super) use crate::fixture::form::Framing;
