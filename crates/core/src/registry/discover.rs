//! Servers on this machine.

use std::{future::Future, net::Ipv6Addr, sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use http::{Request, Response, Uri, uri::Authority};
use tokio::time::timeout;

use super::Registry;
use crate::{AccountConfig, Backend, Body, Check, Error, HttpClient, ProviderDef, Result};

/// How long a port may take to answer at all, and again to each provider's questions.
const PATIENCE: Duration = Duration::from_secs(2);

/// How far an answer is searched for a mark.
const MOST_READ: usize = 64 << 10;

/// How many ports are asked at once.
const AT_ONCE: usize = 8;

impl Registry {
    /// The servers that run on this machine: on each of the ports that `providers`
    /// [declare](ProviderDef::local_ports), the first of them to whom it lists its models; where several
    /// declare one, those whose [mark](ProviderDef::local_mark) it bears are before all others.
    ///
    /// Only 127.0.0.1 is asked, eight ports at once, each at most 2 seconds for an answer, and for each
    /// provider 2 for its mark and 2 for its list, and no key is sent. On the first of its ports a
    /// provider is called by its id, `ollama`, and on the others by id and port, `ollama-11435`. What
    /// does not answer is not there; that is no error. A client with a proxy asks through it, unless
    /// the proxy excepts this machine.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): a provider that declares ports cannot be built
    /// without a key.
    pub async fn discover(providers: &[ProviderDef], client: HttpClient) -> Result<Self> {
        Self::discover_at([LOCAL], providers, client).await
    }

    /// The same on other machines, by their names or addresses: only on those that are named. What
    /// runs on `gpu-1` is called `vllm@gpu-1`, and on a port that is not the first
    /// `vllm@gpu-1-8001`; on `127.0.0.1` it is called as by [`discover`](Self::discover).
    ///
    /// No key is sent, and what is asked travels in clear text.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config): as for [`discover`](Self::discover), or a name is no
    /// host's.
    pub async fn discover_at<H: AsRef<str>>(
        hosts: impl IntoIterator<Item = H>,
        providers: &[ProviderDef],
        client: HttpClient,
    ) -> Result<Self> {
        let mut doors = Vec::new();
        for host in hosts {
            doors.extend(doors_of(host.as_ref(), providers, &client)?);
        }
        let found = stream::iter(doors)
            .map(|door| door.open(client.clone()))
            .buffered(AT_ONCE)
            .filter_map(std::future::ready);
        let backends = found.collect().await;
        Ok(Self {
            backends,
            ..Self::default()
        })
    }
}

const LOCAL: &str = "127.0.0.1";

/// A port, and who may stand behind it, in the order of the providers.
struct Door {
    host: String,
    port: u16,
    candidates: Vec<Candidate>,
}

/// A kind of server, as which one may be used.
struct Candidate {
    name: Arc<str>,
    backend: Backend,
    mark: Option<(&'static str, &'static str)>,
}

fn doors_of(host: &str, providers: &[ProviderDef], client: &HttpClient) -> Result<Vec<Door>> {
    // An address of the sixth version stands in brackets in a URL.
    let host = match host.parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => host.to_owned(),
    };
    let is_host = host
        .parse::<Authority>()
        .is_ok_and(|found| found.host() == host);
    if !is_host || host.contains('@') {
        return Err(Error::config(
            "a place to discover servers at is no host; give a name or an address, without scheme and port",
        ));
    }
    let mut doors: Vec<Door> = Vec::new();
    for provider in providers {
        for port in provider.local_ports.iter().copied() {
            let candidate = candidate(provider, &host, port, client.clone())?;
            match doors.iter_mut().find(|door| door.port == port) {
                Some(door) => door.candidates.push(candidate),
                None => doors.push(Door {
                    host: host.clone(),
                    port,
                    candidates: vec![candidate],
                }),
            }
        }
    }
    Ok(doors)
}

fn candidate(
    provider: &ProviderDef,
    host: &str,
    port: u16,
    client: HttpClient,
) -> Result<Candidate> {
    let mut name = provider.id.to_owned();
    if host != LOCAL {
        name.push_str(&format!("@{host}"));
    }
    if provider.local_ports.first() != Some(&port) {
        name.push_str(&format!("-{port}"));
    }
    let base: Option<Uri> = provider.base_url.and_then(|url| url.parse().ok());
    let path = base.as_ref().map_or("", Uri::path);
    let config = AccountConfig {
        provider: provider.id.to_owned(),
        name: Some(name.clone()),
        base_urls: vec![format!("http://{host}:{port}{path}")],
        ..AccountConfig::default()
    };
    Ok(Candidate {
        name: name.into(),
        backend: (provider.build)(config, client)?,
        mark: provider.local_mark,
    })
}

impl Door {
    /// The first candidate to whom the server lists its models.
    async fn open(mut self, client: HttpClient) -> Option<(Arc<str>, Backend)> {
        // A backend would try a port that refuses again, and wait in between.
        self.ask("/", &client).await?;
        if self.candidates.len() > 1 {
            self.put_marked_first(&client).await;
        }
        for candidate in self.candidates {
            let lists = candidate.backend.check(Check::Authorized);
            if in_time(lists).await.is_some() {
                return Some((candidate.name, candidate.backend));
            }
        }
        None
    }

    async fn put_marked_first(&mut self, client: &HttpClient) {
        let (mut marked, mut others) = (Vec::new(), Vec::new());
        for candidate in std::mem::take(&mut self.candidates) {
            match candidate.mark {
                Some((path, words)) if self.says(path, words, client).await => {
                    marked.push(candidate);
                }
                _ => others.push(candidate),
            }
        }
        marked.extend(others);
        self.candidates = marked;
    }

    async fn says(&self, path: &str, words: &str, client: &HttpClient) -> bool {
        let Some(answer) = self.ask(path, client).await else {
            return false;
        };
        let is_success = answer.status().is_success();
        let body = timeout(PATIENCE, answer.into_body().collect_prefix(MOST_READ)).await;
        is_success && body.is_ok_and(|body| String::from_utf8_lossy(&body).contains(words))
    }

    async fn ask(&self, path: &str, client: &HttpClient) -> Option<Response<Body>> {
        let url = format!("http://{}:{}{path}", self.host, self.port);
        let request = Request::get(url).body(Body::empty()).ok()?;
        in_time(client.send(request)).await
    }
}

async fn in_time<T, E>(question: impl Future<Output = std::result::Result<T, E>>) -> Option<T> {
    timeout(PATIENCE, question).await.ok()?.ok()
}
