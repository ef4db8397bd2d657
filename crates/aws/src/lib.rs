#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod chain;
mod context;
mod credentials;
mod sign;

pub use chain::Chain;
pub use credentials::{Credentials, Fixed};
pub use sign::SigV4;
