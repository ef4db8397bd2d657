//! Which of a transport's clients sends a request.

#[cfg(feature = "http2")]
use std::sync::Arc;
use std::{
    hash::{BuildHasher, RandomState},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::Request;
use hyper_util::client::legacy;
use tokio::time::Instant;

#[cfg(feature = "http2")]
use super::shard::Shards;
use super::{connect::Connector, stats::Held};
use crate::{Body, TransportError};

pub(super) type Client = legacy::Client<Connector, Body>;

pub(super) enum Route {
    One(Box<One>),
    /// HTTP/2 for the servers that are known to speak it, or found to.
    #[cfg(feature = "http2")]
    Sharded {
        shards: Arc<Shards>,
        /// `None` with prior knowledge.
        others: Option<Box<One>>,
    },
}

/// What a request holds until its answer is over.
#[allow(dead_code, reason = "held for their drop")]
pub(super) struct Slot {
    in_flight: Held,
    /// Its place on its connection.
    #[cfg(feature = "http2")]
    place: Option<super::shard::Place>,
}

impl From<Held> for Slot {
    fn from(in_flight: Held) -> Self {
        Self {
            in_flight,
            #[cfg(feature = "http2")]
            place: None,
        }
    }
}

impl Route {
    /// Sends the request by the client whose turn it is.
    pub(super) async fn send(
        &self,
        request: Request<Body>,
        in_flight: Held,
    ) -> Result<(legacy::ResponseFuture, Slot), TransportError> {
        match self {
            Self::One(one) => Ok((one.send(request), in_flight.into())),
            #[cfg(feature = "http2")]
            Self::Sharded { shards, others } => {
                if let Some(others) = others
                    && !others.speaks_http2(request.uri()).await?
                {
                    return Ok((others.send(request), in_flight.into()));
                }
                let (answer, place) = shards.send(request);
                let place = Some(place);
                Ok((answer, Slot { in_flight, place }))
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
    pub(super) fn send(
        &mut self,
        request: Request<Body>,
        recipe: &Recipe,
    ) -> legacy::ResponseFuture {
        if Instant::now() >= self.retires {
            *self = recipe.fresh();
        }
        self.client.request(request)
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

    #[cfg(feature = "http2")]
    async fn speaks_http2(&self, target: &http::Uri) -> Result<bool, TransportError> {
        let parts = &self.recipe.connector.parts;
        Ok(target.scheme_str() == Some("https")
            && parts.negotiated.speaks_http2(target, parts).await?)
    }

    fn send(&self, request: Request<Body>) -> legacy::ResponseFuture {
        let mut aging = self.aging.lock().unwrap_or_else(PoisonError::into_inner);
        aging.send(request, &self.recipe)
    }
}
