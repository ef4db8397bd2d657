#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod conformance;
pub mod embedded;
pub mod fixture;
mod mock;
pub mod peer;

pub use embedded::EmbeddedProvider;
pub use mock::MockBackend;
pub use peer::Peer;
