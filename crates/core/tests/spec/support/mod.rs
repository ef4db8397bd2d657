//! A provider that does not exist, behind a transport that goes nowhere.

pub mod generate;
pub mod parrot;
pub mod wire;

pub use parrot::{account, bare, builder, model};
pub use wire::{Answer, Wire};
