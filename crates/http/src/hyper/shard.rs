//! HTTP/2: many requests on one connection, and more connections before one is full.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{Request, uri::Authority};
use hyper_util::{client::legacy, rt::TokioTimer};

use super::route::{Aging, Recipe};

use crate::Body;

/// How HTTP/2 is used: see [`Builder::http2`](super::Builder::http2).
///
/// A server that does not offer it over TLS is spoken to in HTTP/1.1.
///
/// ```
/// use std::time::Duration;
/// use trunkline_http::hyper::{Http2, HyperTransport};
///
/// let http2 = Http2::default().max_streams_per_connection(16).keep_alive(
///     Duration::from_secs(15),
///     Duration::from_secs(5),
/// );
/// let transport = HyperTransport::builder().http2(http2).build()?;
/// # Ok::<(), trunkline_http::TransportError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Http2 {
    pub(super) prior_knowledge: bool,
    max_streams: usize,
    max_connections: usize,
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
}

impl Default for Http2 {
    fn default() -> Self {
        Self {
            prior_knowledge: false,
            max_streams: 32,
            max_connections: 64,
            interval: Duration::from_secs(20),
            timeout: Duration::from_secs(10),
        }
    }
}

/// What one stream may have on its way unread. A connection may have so much for each of its
/// streams, at least for 32 and at most what the protocol allows.
pub(super) const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_STREAMS: std::ops::RangeInclusive<u32> = 32..=2047;
const MAX_HEADER_LIST: u32 = 32 << 10;

impl Http2 {
    /// HTTP/2 without asking, over clear text too: for a server known to speak nothing else.
    pub fn prior_knowledge() -> Self {
        Self {
            prior_knowledge: true,
            ..Self::default()
        }
    }

    /// How many requests share a connection before another is opened: 32, at least 1.
    #[must_use]
    pub fn max_streams_per_connection(mut self, streams: usize) -> Self {
        self.max_streams = streams.max(1);
        self
    }

    /// How many connections are opened to one authority: 64, at least 1. Beyond, the least busy
    /// takes more streams.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections.max(1);
        self
    }

    /// When a PING asks whether the server is still there, also on an idle connection, and how long
    /// its answer may take: 20 s and 10 s. A connection without answer is closed with its streams.
    #[must_use]
    pub fn keep_alive(mut self, interval: Duration, timeout: Duration) -> Self {
        self.interval = interval;
        self.timeout = timeout;
        self
    }

    /// Counts one stream more, and says on which connection.
    fn reserve(&self, streams: &mut Vec<usize>) -> usize {
        let room = streams
            .iter()
            .position(|streams| *streams < self.max_streams);
        let index = match room {
            Some(index) => index,
            None if streams.len() < self.max_connections => {
                streams.push(0);
                streams.len() - 1
            }
            None => (0..streams.len())
                .min_by_key(|index| streams.get(*index))
                .unwrap_or(0),
        };
        if let Some(streams) = streams.get_mut(index) {
            *streams += 1;
        }
        index
    }

    fn connection_window(&self) -> u32 {
        let (least, most) = CONNECTION_STREAMS.into_inner();
        let streams = u32::try_from(self.max_streams).unwrap_or(most);
        STREAM_WINDOW * streams.clamp(least, most)
    }

    pub(super) fn apply(&self, settings: &mut legacy::Builder) {
        settings
            .timer(TokioTimer::new())
            .http2_only(true)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(self.connection_window())
            .http2_max_header_list_size(MAX_HEADER_LIST)
            .http2_keep_alive_interval(self.interval)
            .http2_keep_alive_timeout(self.timeout)
            .http2_keep_alive_while_idle(true);
    }
}

/// hyper-util's pool holds one HTTP/2 connection to an authority: more connections are more
/// clients.
pub(super) struct Shards {
    recipe: Recipe,
    http2: Http2,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    clients: Vec<Aging>,
    /// Streams per authority and client; an authority without streams is left out.
    busy: HashMap<Authority, Vec<usize>>,
}

/// One stream's place: which client serves it.
pub(super) struct Place {
    shards: Arc<Shards>,
    authority: Authority,
    index: usize,
}

impl Shards {
    pub(super) fn new(recipe: Recipe, http2: Http2) -> Arc<Self> {
        Arc::new(Self {
            recipe,
            http2,
            state: Mutex::default(),
        })
    }

    /// By the first client with room: a quiet time lets the later connections go idle.
    pub(super) fn send(
        self: &Arc<Self>,
        request: Request<Body>,
    ) -> (legacy::ResponseFuture, Place) {
        let authority = request.uri().authority().cloned();
        let authority = authority.unwrap_or(Authority::from_static("-"));
        let mut state = self.state();
        let State { clients, busy } = &mut *state;
        let index = self
            .http2
            .reserve(busy.entry(authority.clone()).or_default());
        while clients.len() <= index {
            clients.push(self.recipe.fresh());
        }
        let answer = match clients.get_mut(index) {
            Some(client) => client.send(request, &self.recipe),
            None => self.recipe.fresh().send(request, &self.recipe),
        };
        drop(state);
        let shards = Arc::clone(self);
        (
            answer,
            Place {
                shards,
                authority,
                index,
            },
        )
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.shards.state();
        let Some(streams) = state.busy.get_mut(&self.authority) else {
            return;
        };
        if let Some(streams) = streams.get_mut(self.index) {
            *streams = streams.saturating_sub(1);
        }
        if streams.iter().all(|streams| *streams == 0) {
            state.busy.remove(&self.authority);
        }
    }
}
