//! A provider that does not exist, behind a transport that goes nowhere.

pub(crate) mod generate;
pub(crate) mod parrot;
pub(crate) mod wire;

pub(crate) use parrot::{account, bare, builder, model};
pub(crate) use wire::{Answer, Wire};
