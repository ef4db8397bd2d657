//! The client that a case describes.

use std::time::Duration;

use trunkline_core::{
    Error, HttpClient, Model,
    account::Builder,
    middleware::{Deadline, Gate, RateLimit, Retry, Stack},
    protocol::{Limits, Timers},
};

use super::{
    canary,
    case::{Case, Client},
    provider,
};

/// The bound of a call that the client is told: the case's own, or one that no case with peers
/// alone should need. With a fallback it is told none: failover is judged on the library's defaults.
fn told_deadline(client: &Client) -> Option<Duration> {
    const USUAL: Duration = Duration::from_secs(120);
    let usual = client.fallback.is_none().then_some(USUAL);
    client.deadline.map(|deadline| deadline.0).or(usual)
}

/// Until when a call of this client must be over.
pub(crate) fn deadline(client: &Client) -> Duration {
    const LIBRARY: Duration = Duration::from_secs(600);
    told_deadline(client).unwrap_or(LIBRARY)
}

/// What an account is told.
pub(crate) struct Settings<'a> {
    pub(crate) client: &'a Client,
    /// Its base URLs.
    pub(crate) urls: Vec<String>,
    pub(crate) keys: Vec<String>,
}

/// Why there is no client.
pub(crate) enum NoClient {
    /// The builder refused, which may be what the case is about.
    Refused(Error),
}

/// The model under test, with its fallback.
pub(crate) fn build(case: &Case, urls: &[String], client: &HttpClient) -> Result<Model, NoClient> {
    let refused = NoClient::Refused;
    let of = |fallback: bool| {
        let peers = case.peer.iter().zip(urls);
        let chosen = peers.filter(|(peer, _)| peer.fallback == fallback && !peer.bystander);
        chosen.map(|(_, url)| url.clone()).collect::<Vec<_>>()
    };
    let settings = Settings {
        client: &case.client,
        urls: of(false),
        keys: canary::keys(case.client.keys),
    };
    let first =
        provider::backend(&case.client.provider, &settings, client.clone()).map_err(refused)?;
    let first = first.model(&*case.client.model);
    let Some(other) = &case.client.fallback else {
        return Ok(first);
    };
    let settings = Settings {
        urls: of(true),
        ..settings
    };
    let second = provider::backend(&other.provider, &settings, client.clone()).map_err(refused)?;
    Ok(first.or(second.model(&*other.model)))
}

impl Settings<'_> {
    pub(crate) fn apply<P>(&self, mut builder: Builder<P>) -> Result<Builder<P>, Error> {
        let client = self.client;
        if let Some(vars) = &client.vars {
            builder = builder.vars(&|name| vars.get(name).cloned())?;
        } else {
            let keys = client
                .key
                .as_ref()
                .map_or(&*self.keys, std::slice::from_ref);
            for (key, number) in keys.iter().zip(1..) {
                builder = match self.tenant_of(number) {
                    Some(tenant) => builder.tenant_key(tenant, key.as_str()),
                    None => builder.key(key.as_str()),
                };
            }
            builder = match &client.base_url {
                Some(url) => builder.endpoint(url),
                None => self
                    .urls
                    .iter()
                    .fold(builder, |builder, url| builder.endpoint(url.as_str())),
            };
        }
        for (name, value) in &client.settings {
            builder = builder.setting(name, value);
        }
        for (name, value) in &client.headers {
            builder = builder.header(name, value);
        }
        if client.allow_plain_http {
            builder = builder.allow_plain_http();
        }
        if let Some(name) = &client.idempotency_header {
            builder = builder.idempotency_header(name);
        }
        if client.lenient {
            builder = builder.lenient();
        }
        Ok(builder
            .stack(self.stack())
            .timers(self.timers())
            .limits(self.limits()))
    }

    /// For whom the key of this number is reserved.
    fn tenant_of(&self, number: usize) -> Option<&str> {
        let mut tenants = self.client.tenant_keys.iter();
        tenants
            .find(|(_, reserved)| **reserved == number)
            .map(|(tenant, _)| tenant.as_str())
    }

    fn stack(&self) -> Stack {
        let client = self.client;
        if client.bare {
            return Stack::bare();
        }
        let mut retry = Retry::default();
        if let Some(attempts) = client.attempts {
            retry = retry.attempts(attempts);
        }
        let mut stack = Stack::default().retry(retry);
        if let Some(total) = told_deadline(client) {
            stack = stack.deadline(Deadline::default().total(total));
        }
        if client.breaker == Some(false) {
            stack = stack.breaker(None);
        }
        if let Some(gate) = &client.gate {
            stack = stack.endpoint_limits(Gate::new(gate.running, gate.waiting));
        }
        if let Some(rate) = &client.rate {
            let mut limits = RateLimit::new();
            if let Some(requests) = rate.requests_per_minute {
                limits = limits.requests_per_minute(requests);
            }
            if let Some(tokens) = rate.tokens_per_minute {
                limits = limits.tokens_per_minute(tokens);
            }
            stack = stack.key_limits(limits);
            if let Some(running) = rate.running {
                stack = stack.key_concurrency(running);
            }
        }
        stack
    }

    fn timers(&self) -> Timers {
        let told = &self.client.timers;
        let mut timers = Timers::default();
        for (slot, told) in [
            (&mut timers.head, told.head),
            (&mut timers.first_content, told.first_content),
            (&mut timers.byte_idle, told.byte_idle),
            (&mut timers.progress_idle, told.progress_idle),
        ] {
            *slot = told.map(|time| time.0).or(*slot);
        }
        timers
    }

    fn limits(&self) -> Limits {
        let told = &self.client.limits;
        let mut limits = Limits::default();
        limits.body = told.body.map_or(limits.body, |size| size.0);
        limits.stream_bytes = told
            .stream_bytes
            .map_or(limits.stream_bytes, |size| size.0 as u64);
        limits.stream_events = told.stream_events.unwrap_or(limits.stream_events);
        limits.event = told.event.map(|size| size.0).or(limits.event);
        limits
    }
}
