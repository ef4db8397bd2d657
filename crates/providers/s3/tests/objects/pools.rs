//! Several endpoints of one store: who is asked.

use std::time::Duration;

use futures_util::FutureExt;
use trunkline_core::{
    HttpClient,
    middleware::{Breaker, CircuitState, Gate, Pick},
    object::Bucket,
};
use trunkline_s3::S3;
use trunkline_testkit::Peer;

use crate::store::{Store, account, bytes, refusal, stack};

/// Two doors to one store.
async fn doors(store: &Store) -> [Peer; 2] {
    let door = async || store.serve(|_, _, _| None).await;
    [door().await, door().await]
}

fn bucket(peers: &[Peer; 2], pick: Pick, gate: Option<Gate>) -> Bucket {
    let [a, b] = peers;
    let stack = stack().pick(pick).endpoint_limits(gate);
    account(&[a, b], stack).backend().bucket("b")
}

fn asked(peers: &[Peer; 2]) -> [usize; 2] {
    peers.each_ref().map(|peer| peer.requests().len())
}

#[tokio::test]
async fn in_turn_each_gets_as_many() {
    let store = Store::default();
    let peers = doors(&store).await;
    let bucket = bucket(&peers, Pick::RoundRobin, None);
    for number in 0..10 {
        bucket.put(format!("k{number}"), "x").await.unwrap();
        bucket.head(format!("k{number}")).await.unwrap();
    }
    assert_eq!(asked(&peers), [10, 10]);
}

#[tokio::test]
async fn an_address_that_is_made_here_says_nothing_of_a_store() {
    let store = Store::default();
    let peer = store
        .serve(|_, number, _| (number == 1).then(|| refusal(500, "InternalError").into()))
        .await;
    let breaker = Breaker::default().consecutive(1);
    let rests = breaker.rest(Duration::from_millis(1));
    let account = S3::builder()
        .setting("access_key_id", "id")
        .setting("secret_access_key", "secret")
        .endpoint(peer.url())
        .stack(stack().retry(None).breaker(rests))
        .client(HttpClient::shared())
        .build()
        .unwrap();
    let bucket = account.backend().bucket("b");
    let state = || account.backend().circuits()[0].1.states()[0].state;

    bucket.put("k", "x").await.unwrap_err();
    assert_eq!(state(), CircuitState::Open);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(1)).await;
    tokio::time::resume();
    for _ in 0..3 {
        bucket.presign("k", Duration::from_secs(60)).await.unwrap();
    }
    assert_ne!(state(), CircuitState::Closed);
    for _ in 0..3 {
        bucket.put("k", "x").await.unwrap();
    }
    assert_eq!(state(), CircuitState::Closed);
}

#[tokio::test]
async fn content_that_is_not_read_yet_is_load() {
    let store = Store::default();
    // More than the sockets hold, so that none is over before it is read.
    store.put("k", bytes(8 << 20));
    let peers = doors(&store).await;
    let bucket = bucket(&peers, Pick::LeastLoaded, None);
    let mut held = Vec::new();
    for _ in 0..6 {
        held.push(bucket.get("k").await.unwrap());
    }
    assert_eq!(asked(&peers), [3, 3]);
    // Who is done first is asked next.
    let of_first: Vec<_> = peers[0]
        .url()
        .strip_prefix("http://")
        .map(str::to_owned)
        .into_iter()
        .collect();
    held.retain(|download| download.meta().endpoint.as_deref() != Some(&*of_first[0]));
    for _ in 0..3 {
        held.push(bucket.get("k").await.unwrap());
    }
    assert_eq!(asked(&peers), [6, 3]);
}

#[tokio::test]
async fn the_second_takes_what_the_first_has_no_room_for() {
    let store = Store::default();
    store.put("k", bytes(8 << 20));
    let peers = doors(&store).await;
    let bucket = bucket(&peers, Pick::First, Some(Gate::new(2, 1)));
    let first = bucket.get("k").await.unwrap();
    let second = bucket.get("k").await.unwrap();
    // One may wait for the first; who comes then goes to the second.
    let mut waiting = Box::pin(bucket.get("k"));
    assert!((&mut waiting).now_or_never().is_none());
    assert_eq!(asked(&peers), [2, 0]);
    let spilt = bucket.get("k").await.unwrap();
    assert_eq!(asked(&peers), [2, 1], "the first is full");
    drop(first);
    let waited = waiting.await.unwrap();
    assert_eq!(asked(&peers), [3, 1], "the place that was given back");
    drop((second, waited));
    bucket.head("k").await.unwrap();
    assert_eq!(asked(&peers), [4, 1], "there is room again");
    drop(spilt);
}

#[tokio::test]
async fn one_that_fails_is_stood_in_for() {
    let store = Store::default();
    let failing = store
        .serve(|_, _, _| Some(refusal(503, "SlowDown").into()))
        .await;
    let peers = [failing, store.serve(|_, _, _| None).await];
    let bucket = bucket(&peers, Pick::First, None);
    for number in 0..20 {
        bucket.put(format!("k{number}"), "x").await.unwrap();
    }
    let [failed, served] = asked(&peers);
    assert_eq!(served, 20);
    assert!(failed < 20, "its circuit opens: {failed}");
}

/// What is gone on with does not wait for the place that its own broken connection held.
#[tokio::test]
async fn a_broken_body_lets_go_of_its_place_before_it_is_gone_on_with() {
    let store = Store::default();
    store.put("k", bytes(100_000));
    let peer = store
        .serve(|_, number, own| (number == 1).then(|| own().cut_after(50_000).reset().into()))
        .await;
    let account = account(&[&peer], stack().endpoint_limits(Gate::new(1, 1)));
    let download = account.backend().bucket("b").get("k").await.unwrap();
    let reading = tokio::time::timeout(Duration::from_secs(10), download.collect(100_000));
    assert_eq!(reading.await.unwrap().unwrap(), bytes(100_000));
}
