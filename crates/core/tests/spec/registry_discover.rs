//! Finding the servers of this machine.

use std::{collections::BTreeMap, future::Future, time::Duration};

use http::{Request, Response};
use tokio::time::Instant;
use trunkline_core::{
    AccountConfig, Backend, Body, ErrorKind, HttpClient, ProviderDef, Registry, Result,
    account::Builder,
    http_transport::{Phase, Sent, Transport, TransportError, TransportErrorKind},
};

use crate::support::{
    Answer, Wire,
    parrot::{PARROT, Parrot},
};

static CAGE: ProviderDef = ProviderDef::new("cage", "CAGE", |config, client| {
    built(&CAGE, config, client)
})
.base_url("http://localhost:7001/v1")
.key_optional()
.local_ports(&[7001, 7002]);

static PERCH: ProviderDef = ProviderDef::new("perch", "PERCH", |config, client| {
    built(&PERCH, config, client)
})
.key_optional()
.local_ports(&[7001, 7003]);

fn built(
    provider: &'static ProviderDef,
    config: AccountConfig,
    client: HttpClient,
) -> Result<Backend> {
    let builder = Builder::of(provider, Parrot);
    let account = builder.config(config).client(client).build()?;
    Ok(account.backend().clone())
}

/// What listens on which port of 127.0.0.1; everywhere else, connections are refused.
#[derive(Clone, Default)]
struct Machine(BTreeMap<u16, Wire>);

impl Machine {
    fn listens(mut self, port: u16, answer: Answer) -> Self {
        self.0.insert(port, Wire::new([answer]));
        self
    }

    async fn discover(&self, providers: &[ProviderDef]) -> Result<Registry> {
        Registry::discover(providers, HttpClient::new(self.clone())).await
    }

    async fn names(&self, providers: &[ProviderDef]) -> Vec<String> {
        let registry = self.discover(providers).await.unwrap();
        registry
            .backends()
            .map(|(name, _)| name.to_owned())
            .collect()
    }
}

impl Transport for Machine {
    fn send(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, TransportError>> + Send + 'static {
        assert!(matches!(
            request.uri().host(),
            Some("127.0.0.1" | "gpu-1" | "[::1]")
        ));
        assert_eq!(request.headers().get("authorization"), None);
        let port = request.uri().port_u16().unwrap();
        let listening = self.0.get(&port).map(|wire| wire.client().send(request));
        async move {
            match listening {
                Some(answer) => answer.await,
                None => Err(TransportError::new(TransportErrorKind::Connect, "refused")
                    .with_phase(Phase::Tcp)
                    .with_sent(Sent::Never)),
            }
        }
    }
}

fn models() -> Answer {
    Answer::json("{}")
}

#[tokio::test(start_paused = true)]
async fn what_lists_its_models_is_found_and_called_by_its_port_unless_it_is_the_first() {
    let machine = Machine::default()
        .listens(7001, models())
        .listens(7002, models());
    let started = Instant::now();

    assert_eq!(machine.names(&[CAGE]).await, ["cage", "cage-7002"]);

    assert_eq!(started.elapsed(), Duration::ZERO);
    let asked: Vec<String> = machine.0[&7002]
        .sent()
        .iter()
        .map(|request| request.uri.to_string())
        .collect();
    assert_eq!(
        asked,
        ["http://127.0.0.1:7002/", "http://127.0.0.1:7002/v1/models"]
    );
    let registry = machine.discover(&[CAGE]).await.unwrap();
    assert_eq!(
        &*registry.backend("cage-7002").unwrap().info().name,
        "cage-7002"
    );
}

#[tokio::test(start_paused = true)]
async fn of_several_the_one_whose_mark_a_server_bears_is_found() {
    let perch = PERCH.local_mark("/about", "a perch");
    for (status, about, found) in [
        (200, "a perch", "perch"),
        (200, "a cage", "cage"),
        (404, "a perch", "cage"),
    ] {
        let mut machine = Machine::default();
        let server = Wire::by(move |request| match request.uri.path() {
            "/about" => Answer::status(status).body(about),
            _ => models(),
        });
        machine.0.insert(7001, server);
        assert_eq!(machine.names(&[CAGE, perch]).await, [found]);
        assert_eq!(
            machine.names(&[perch]).await,
            ["perch"],
            "alone it needs none"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn on_other_machines_only_those_are_asked_that_are_named() {
    let machine = Machine::default()
        .listens(7001, models())
        .listens(7002, models());
    let client = || HttpClient::new(machine.clone());
    let found = Registry::discover_at(["gpu-1", "::1"], &[CAGE], client()).await;
    let found = found.unwrap();
    let names: Vec<&str> = found.backends().map(|(name, _)| name).collect();
    let expected = [
        "cage@[::1]",
        "cage@[::1]-7002",
        "cage@gpu-1",
        "cage@gpu-1-7002",
    ];
    assert_eq!(names, expected);

    for host in ["http://gpu-1", "gpu-1:80", "me@gpu-1", "gpu 1", ""] {
        let error = Registry::discover_at([host], &[CAGE], client())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{host}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_port_that_refuses_costs_no_time() {
    let started = Instant::now();
    assert!(Machine::default().names(&[CAGE, PERCH]).await.is_empty());
    assert_eq!(started.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_is_silent_or_something_else_is_not_there() {
    let late = Answer::status(200).head_after(Duration::from_secs(3_600));
    let machine = Machine::default()
        .listens(7001, late)
        .listens(7002, Answer::status(404))
        .listens(7003, Answer::status(200).body("<html>"));
    let started = Instant::now();

    assert!(machine.names(&[CAGE, PERCH]).await.is_empty());

    assert!(started.elapsed() <= Duration::from_secs(4));
}

#[tokio::test(start_paused = true)]
async fn a_port_belongs_to_the_first_provider_that_is_understood() {
    let machine = Machine::default().listens(7001, models());
    assert_eq!(machine.names(&[CAGE, PERCH]).await, ["cage"]);
    assert_eq!(machine.names(&[PERCH, CAGE]).await, ["perch"]);
}

#[tokio::test]
async fn who_needs_a_key_cannot_be_discovered() {
    let error = Machine::default()
        .discover(&[PARROT.local_ports(&[7001])])
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("PARROT_API_KEY"), "{error}");
    assert!(Machine::default().names(&[PARROT]).await.is_empty());
}
