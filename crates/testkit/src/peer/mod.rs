//! A server that sends exactly the bytes a test tells it to, and misbehaves on cue.
//!
//! A [`Script`] is a list of [`Exchange`]s, one per request. Most are a [`Reply`], a response that
//! is well-formed unless told otherwise; what a reply cannot say, an exchange spells out in steps.
//!
//! ```
//! use std::time::Duration;
//! use trunkline_testkit::peer::{Exchange, Peer, Reply};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let peer = Peer::start([
//!     Exchange::from(Reply::status(503).header("retry-after-ms", "20")),
//!     Exchange::from(Reply::sse([r#"{"text":"Hel"}"#]).cut_after(9).reset()),
//!     Exchange::new().read_only(10).stall(),
//! ])
//! .await;
//! // … point a client at `peer.url()`, then look at what arrived:
//! assert_eq!(peer.requests().len(), 0);
//! # }
//! ```
//!
//! The same script drives one end of an in-memory pipe ([`PipePeer`], [`serve_io`]), where
//! tokio's paused clock makes a pause of an hour take no time.

mod exchange;
mod pipe;
mod read;
mod received;
mod reply;
mod script;
mod seen;
mod serve;
mod server;
#[cfg(feature = "tls")]
mod tls;

pub use exchange::Exchange;
pub use pipe::{PipePeer, serve_io};
pub use received::Received;
pub use reply::Reply;
pub use script::Script;
pub use seen::{Connections, End, Ending, Seen};
pub(crate) use serve::Limits;
pub use server::{Builder, Peer};
#[cfg(feature = "tls")]
pub use tls::Certificate;
