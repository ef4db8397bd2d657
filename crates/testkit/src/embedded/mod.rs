//! A provider without a model: an OpenAI-compatible server on loopback, for quickstarts and tests.
//!
//! The HTTP, the streaming, the tool calls, the structured output and the errors are real; the
//! intelligence is not. The same request always gets the same answer, and the answer says that no
//! model gave it.
//!
//! ```
//! use trunkline_testkit::embedded::{CHAT_MODEL, EmbeddedProvider};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let provider = EmbeddedProvider::start().await;
//! println!("base URL {}, key {}, model {CHAT_MODEL}", provider.url(), provider.key());
//! # }
//! ```

mod chat;
mod embed;
mod refusal;
mod route;
mod schema;
mod stream;
mod words;

use std::net::SocketAddr;
use std::time::Duration;

use crate::peer::{Limits, Peer, Script};
use route::Router;

/// The model that chats.
pub const CHAT_MODEL: &str = "embedded-chat";
/// The model that embeds.
pub const EMBED_MODEL: &str = "embedded-embed";

const KEY: &str = "sk-embedded-0000000000000000";
const LIMITS: Limits = Limits {
    body: 8 * 1024 * 1024,
    connections: 64,
};

/// A running embedded provider, which stops when it is dropped.
///
/// It serves `POST /v1/chat/completions`, `POST /v1/embeddings` and `GET /v1/models`, on at most
/// 64 connections at a time, with request bodies of at most 8 MiB.
#[derive(Debug)]
pub struct EmbeddedProvider {
    peer: Peer,
}

/// How an [`EmbeddedProvider`] is to behave.
#[derive(Clone, Copy, Debug)]
pub struct Builder {
    rate_limit_first: bool,
    word_pause: Duration,
}

impl EmbeddedProvider {
    /// Starts a provider with the default options, on a port of its own.
    ///
    /// # Panics
    /// If no loopback port can be had.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// A provider with options.
    ///
    /// ```
    /// use std::time::Duration;
    /// use trunkline_testkit::embedded::EmbeddedProvider;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let provider = EmbeddedProvider::builder()
    ///     .rate_limit_first(true)
    ///     .word_pause(Duration::ZERO)
    ///     .start()
    ///     .await;
    /// # let _ = provider; }
    /// ```
    pub fn builder() -> Builder {
        Builder {
            rate_limit_first: false,
            word_pause: Duration::from_millis(15),
        }
    }

    /// The base URL, as an OpenAI client wants it: `http://127.0.0.1:port/v1`.
    pub fn url(&self) -> String {
        format!("{}/v1", self.peer.url())
    }

    /// The address it listens at.
    pub fn addr(&self) -> SocketAddr {
        self.peer.addr()
    }

    /// The only API key it accepts. It is no secret.
    pub fn key(&self) -> &'static str {
        KEY
    }

    /// How many requests have arrived, refused ones included.
    pub fn requests(&self) -> usize {
        self.peer.received()
    }
}

impl Builder {
    /// Whether the first request with the right key is answered with 429 and
    /// `retry-after-ms: 50`, so that a client shows that it retries. Off unless asked for.
    pub fn rate_limit_first(mut self, limit: bool) -> Self {
        self.rate_limit_first = limit;
        self
    }

    /// The pause before each chunk of a stream but the first; 15 ms unless told otherwise.
    pub fn word_pause(mut self, pause: Duration) -> Self {
        self.word_pause = pause;
        self
    }

    /// Starts the provider.
    ///
    /// # Panics
    /// If no loopback port can be had.
    pub async fn start(self) -> EmbeddedProvider {
        let router = Router::new(self.rate_limit_first, self.word_pause);
        let script = Script::respond_with(move |request| router.answer(request));
        let peer = Peer::builder().limits(LIMITS).forget_requests();
        EmbeddedProvider {
            peer: peer.start(script).await,
        }
    }
}
