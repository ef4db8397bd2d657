//! Which of a transport's clients sends a request.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::Request;
use hyper_util::client::legacy;
use tokio::time::Instant;

use super::connect::Connector;
#[cfg(feature = "http2")]
use super::shard::Shards;
use crate::Body;

pub(super) type Client = legacy::Client<Connector, Body>;

/// hyper-util's pool holds one HTTP/2 connection to an authority: more connections are more
/// clients.
pub(super) enum Route {
    One(Box<One>),
    #[cfg(feature = "http2")]
    Sharded(std::sync::Arc<Shards>),
}

/// A stream's place on its connection, given back when dropped.
#[derive(Default)]
pub(super) struct Slot(
    #[cfg(feature = "http2")]
    #[allow(dead_code, reason = "held for its drop")]
    pub(super) Option<super::shard::Place>,
);

impl Route {
    /// Sends the request by the client whose turn it is.
    pub(super) fn request(&self, request: Request<Body>) -> (legacy::ResponseFuture, Slot) {
        match self {
            Self::One(one) => (one.client().request(request), Slot::default()),
            #[cfg(feature = "http2")]
            Self::Sharded(shards) => {
                let (client, place) = shards.place(request.uri().authority());
                (client.request(request), Slot(Some(place)))
            }
        }
    }
}

/// What a client is made of.
pub(super) struct Recipe {
    pub(super) settings: legacy::Builder,
    pub(super) connector: Connector,
    pub(super) max_lifetime: Duration,
}

/// A client, and when another takes its place.
///
/// hyper-util bounds how long a connection is idle, not how old it gets. So the whole pool is
/// renewed: requests under way end on their old connections, which are not pooled again.
pub(super) struct Aging {
    client: Client,
    retires: Instant,
}

impl Recipe {
    pub(super) fn fresh(&self) -> Aging {
        Aging {
            client: self.settings.build(self.connector.clone()),
            retires: Instant::now() + jittered(self.max_lifetime),
        }
    }
}

impl Aging {
    pub(super) fn client(&mut self, recipe: &Recipe) -> Client {
        if Instant::now() >= self.retires {
            *self = recipe.fresh();
        }
        self.client.clone()
    }
}

/// Within 10 % of `lifetime`, so that many processes do not reconnect at once.
fn jittered(lifetime: Duration) -> Duration {
    let random = RandomState::new().hash_one(0) % 201;
    lifetime / 1000 * (900 + u32::try_from(random).unwrap_or(100))
}

pub(super) struct One {
    recipe: Recipe,
    aging: Mutex<Aging>,
}

impl One {
    pub(super) fn new(recipe: Recipe) -> Self {
        let aging = Mutex::new(recipe.fresh());
        Self { recipe, aging }
    }

    fn client(&self) -> Client {
        self.aging
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .client(&self.recipe)
    }
}
