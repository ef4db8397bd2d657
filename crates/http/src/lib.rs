#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod body;
mod client;
mod error;
#[cfg(feature = "hyper")]
pub mod fetch;
pub mod frame;
#[cfg(feature = "hyper")]
mod gzip;
#[cfg(feature = "hyper")]
pub mod hyper;

pub use body::Body;
pub use client::{AsSent, DefaultClient, HttpClient, Transport};
pub use error::{Limit, Phase, Sent, TransportError, TransportErrorKind};

/// Any error, boxed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
