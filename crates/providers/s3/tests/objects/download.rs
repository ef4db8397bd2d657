//! Content that breaks on its way.

use std::time::Duration;

use trunkline_core::{Delivery, ErrorKind, HttpClient, middleware::Breaker, protocol::Timers};
use trunkline_s3::S3;
use trunkline_testkit::peer::Reply;

use crate::store::{Store, account, bucket, bytes, stack};

#[tokio::test]
async fn a_connection_that_breaks_is_gone_on_with() {
    let store = Store::default();
    let content = bytes(10_000);
    store.put("k", content.clone());
    let peer = store
        .serve(|_, number, own| (number == 1).then(|| own().cut_after(4_000).reset().into()))
        .await;
    let download = bucket(&peer).get("k").await.unwrap();
    assert!(download.is_checked());
    assert_eq!(download.info().size, Some(10_000));
    assert_eq!(download.collect(10_000).await.unwrap(), content);

    let requests = peer.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].header("range"), None);
    let range = requests[1].header("range").unwrap();
    let at: usize = range
        .strip_prefix("bytes=")
        .unwrap()
        .strip_suffix("-9999")
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=4_000).contains(&at), "{range}");
    assert_eq!(
        requests[1].header("if-match"),
        Some(&*crate::store::etag_of(&content))
    );
}

#[tokio::test]
async fn what_makes_progress_is_gone_on_with_as_often_as_it_breaks() {
    let store = Store::default();
    let content = bytes(1_000);
    store.put("k", content.clone());
    let peer = store
        .serve(|_, number, own| (number < 10).then(|| own().cut_after(100).close().into()))
        .await;
    let download = bucket(&peer).get_range("k", 10..1_000).await.unwrap();
    assert!(!download.is_checked(), "the checksum is of all of it");
    assert_eq!(download.collect(1_000).await.unwrap(), content.slice(10..));
    assert_eq!(peer.requests().len(), 10);
}

#[tokio::test]
async fn without_progress_three_times_are_enough() {
    let store = Store::default();
    store.put("k", bytes(1_000));
    let peer = store
        .serve(|_, number, own| {
            Some(
                own()
                    .cut_after(usize::from(number == 1) * 500)
                    .close()
                    .into(),
            )
        })
        .await;
    let mut download = bucket(&peer).get("k").await.unwrap();
    let mut got = 0;
    let error = loop {
        match download.next().await.unwrap() {
            Ok(piece) => got += piece.len(),
            Err(error) => break error,
        }
    };
    assert_eq!((error.kind(), got), (ErrorKind::Interrupted, 500));
    assert_eq!(error.delivery(), Delivery::Committed);
    assert_eq!(error.provider(), "s3");
    assert!(error.endpoint().is_some());
    assert!(download.next().await.is_none());
    assert_eq!(peer.requests().len(), 4);

    let mut once = bucket(&peer).get("k").await.unwrap().resumes(0);
    let error = loop {
        if let Err(error) = once.next().await.unwrap() {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert_eq!(peer.requests().len(), 5);
}

#[tokio::test]
async fn where_there_is_no_rest_what_broke_it_is_told() {
    let store = Store::default();
    let content = bytes(1_000);
    store.put("k", content.clone());
    let etag = crate::store::etag_of(&content);
    // All of it comes, and nobody says that it is all: no length, and no last chunk.
    let peer = store
        .serve(move |_, number, _| {
            let reply = Reply::status(200).header("etag", &etag);
            let reply = reply.chunked([content.clone()]).no_last_chunk().close();
            (number == 1).then(|| reply.into())
        })
        .await;
    let download = bucket(&peer).get("k").await.unwrap();
    assert_eq!(download.info().size, None);
    let error = download.collect(2_000).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    assert_eq!(peer.requests().len(), 2);
}

#[tokio::test]
async fn nobody_gets_the_halves_of_two_objects() {
    let store = Store::default();
    store.put("k", bytes(1_000));
    // It is changed at once; and some stores look at no condition.
    for ignores_condition in [false, true] {
        let changing = store.clone();
        let peer = store
            .serve(move |_, number, own| {
                if number == 1 {
                    let half = own().cut_after(500).close().into();
                    changing.put("k", vec![b'x'; 1_000 + usize::from(ignores_condition)]);
                    return Some(half);
                }
                let other = Reply::status(206).header("etag", "\"other\"");
                let other = other.header("content-range", "bytes 500-999/1000");
                ignores_condition.then(|| other.body(vec![b'x'; 500]).into())
            })
            .await;
        let error = bucket(&peer)
            .get("k")
            .await
            .unwrap()
            .collect(1_000)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
        assert_eq!(error.delivery(), Delivery::Committed);
        store.put("k", bytes(1_000));
    }
}

#[tokio::test]
async fn a_store_without_ranges_or_marks_is_not_gone_on_with() {
    let store = Store::default();
    store.put("k", bytes(1_000));
    let peer = store
        .serve(|_, number, own| match number {
            1 => Some(own().cut_after(500).close().into()),
            _ => Some(
                Reply::status(200)
                    .header("etag", "\"x\"")
                    .body(vec![0; 1_000])
                    .into(),
            ),
        })
        .await;
    let error = bucket(&peer)
        .get("k")
        .await
        .unwrap()
        .collect(1_000)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error:?}");

    let peer = store
        .serve(|_, _, _| {
            Some(
                Reply::status(200)
                    .body(vec![0; 1_000])
                    .cut_after(500)
                    .close()
                    .into(),
            )
        })
        .await;
    let error = bucket(&peer)
        .get("k")
        .await
        .unwrap()
        .collect(1_000)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error:?}");
    assert_eq!(peer.requests().len(), 1);
}

#[tokio::test]
async fn content_that_is_another_than_the_store_keeps_is_an_error_at_its_end() {
    let store = Store::default();
    store.put("k", "what it was");
    let peer = store
        .serve(|_, _, own| Some(own().body("what it is?").into()))
        .await;
    let mut download = bucket(&peer).get("k").await.unwrap();
    assert_eq!(&download.next().await.unwrap().unwrap()[..], b"what it is?");
    let error = download.next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.message().contains("CRC-32"), "{error}");
    assert!(download.next().await.is_none());
    let whole = bucket(&peer).get("k").await.unwrap().collect(100).await;
    assert_eq!(whole.unwrap_err().kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_gone_on_with() {
    let store = Store::default();
    let content = bytes(1_000);
    store.put("k", content.clone());
    let peer = store
        .serve(|_, number, own| (number == 1).then(|| own().cut_after(300).stall().into()))
        .await;
    let timers = Timers::default().byte_idle(Duration::from_millis(100));
    let account = S3::builder()
        .setting("anonymous", "true")
        .endpoint(peer.url())
        .timers(timers);
    let account = account.client(HttpClient::shared()).build().unwrap();
    let download = account.backend().bucket("b").get("k").await.unwrap();
    assert_eq!(download.collect(1_000).await.unwrap(), content);
    assert_eq!(peer.requests().len(), 2);
}

#[tokio::test]
async fn bodies_that_break_open_the_circuit_as_streams_do() {
    let store = Store::default();
    store.put("k", bytes(1_000));
    let peer = store
        .serve(|_, _, own| Some(own().cut_after(10).close().into()))
        .await;
    let account = account(&[&peer], stack().breaker(Breaker::default().consecutive(3)));
    let bucket = account.backend().bucket("b");
    for _ in 0..3 {
        let download = bucket.get("k").await.unwrap().resumes(0);
        assert!(download.collect(1_000).await.is_err());
    }
    let error = bucket.head("k").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CircuitOpen, "{error:?}");
    let stats = &account.backend().stats().endpoints[0];
    assert_eq!(
        (stats.calls, stats.errors.get("interrupted")),
        (3, Some(&3))
    );
}

#[tokio::test]
async fn content_comes_in_the_encoding_that_it_is_kept_in() {
    let store = Store::default();
    store.put("k", "no gzip at all");
    let peer = store
        .serve(|_, _, own| Some(own().header("content-encoding", "gzip").into()))
        .await;
    let download = bucket(&peer).get("k").await.unwrap();
    let ext = download.info().ext.get("s3").unwrap().get().to_owned();
    assert!(ext.contains(r#""content-encoding":"gzip""#), "{ext}");
    assert_eq!(&download.collect(100).await.unwrap()[..], b"no gzip at all");
}

#[tokio::test]
async fn nothing_larger_than_asked_for_is_collected() {
    let store = Store::default();
    store.put("k", bytes(1_000));
    let peer = store.serve(|_, _, _| None).await;
    let error = bucket(&peer)
        .get("k")
        .await
        .unwrap()
        .collect(999)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
}
