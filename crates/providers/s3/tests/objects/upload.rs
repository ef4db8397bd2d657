//! Uploads in parts, and what goes wrong with them.

use bytes::Bytes;
use futures_util::stream;
use trunkline_core::{
    Error, ErrorKind, Recovery,
    middleware::{Breaker, Retry},
    object::{Bucket, ObjectInfo},
};
use trunkline_testkit::peer::{Exchange, Received, Reply};

use crate::store::{Store, account, bucket, bytes, refusal, stack};

type Chunk = Result<Bytes, std::io::Error>;

async fn upload(bucket: &Bucket, content: &Bytes) -> Result<ObjectInfo, Error> {
    // In pieces that fit no part.
    let chunks: Vec<Chunk> = content
        .chunks(700)
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
        .collect();
    let upload = bucket
        .upload("k")
        .part_size(1_000)
        .content_type("text/plain");
    upload.send(stream::iter(chunks)).await
}

#[tokio::test]
async fn a_part_whose_connection_breaks_is_sent_again() {
    let store = Store::default();
    let content = bytes(4_500);
    // The third part is cut after some of it, once.
    let cut = std::sync::atomic::AtomicBool::new(false);
    let peer = store
        .serve(move |request, _, _| {
            let is_third = request.path.contains("partNumber=3&");
            let first = is_third && !cut.swap(true, std::sync::atomic::Ordering::Relaxed);
            first.then(|| Exchange::new().reset())
        })
        .await;
    let info = upload(&bucket(&peer), &content).await.unwrap();
    assert_eq!(info.size, Some(4_500));
    let stored = store.get("k").unwrap();
    assert_eq!(stored.content, content);
    assert!(stored.crc32.is_some());
    assert_eq!(store.uploads(), (0, 0));

    let requests = peer.requests();
    let sent = |what: &str| {
        requests
            .iter()
            .filter(|request| request.path.contains(what))
            .count()
    };
    assert_eq!((sent("partNumber=3&"), sent("partNumber=")), (2, 6));
    let begun = requests
        .iter()
        .find(|request| request.path.ends_with("?uploads"))
        .unwrap();
    assert_eq!(begun.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
    assert_eq!(begun.header("content-type"), Some("text/plain"));
}

#[tokio::test(start_paused = true)]
async fn a_part_gets_one_more_round_after_the_retries() {
    let store = Store::default();
    let content = bytes(2_500);
    let peer = store
        .serve(|request, number, _| {
            // The first of all parts, and both its retries.
            let fails = request.path.contains("partNumber=1&") && number <= 8;
            fails.then(|| refusal(503, "SlowDown").into())
        })
        .await;
    let account = account(
        &[&peer],
        stack().retry(Retry::default().attempts(2)).breaker(None),
    );
    let bucket = account.backend().bucket("b");
    let sending = bucket.upload("k").part_size(1_000).concurrency(1);
    let chunk: Chunk = Ok(content.clone());
    let outcome = sending.send(stream::iter([chunk])).await;
    // Begun, then four tries of part 1: nothing more can be done about it.
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Overloaded);
    assert_eq!(peer.requests().len(), 6);
    assert_eq!(store.uploads(), (0, 1));
}

#[tokio::test]
async fn what_fails_in_the_end_is_given_up() {
    let store = Store::default();
    let peer = store
        .serve(|request, _, _| {
            let fails = request.path.contains("partNumber=2&");
            fails.then(|| refusal(403, "AccessDenied").into())
        })
        .await;
    let error = upload(&bucket(&peer), &bytes(3_500)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Permission, Some("AccessDenied"))
    );
    assert_eq!(error.request_id(), Some("r-1"));
    assert_eq!(store.uploads(), (0, 1));
    assert!(store.get("k").is_none());
}

#[tokio::test]
async fn a_source_that_fails_is_given_up_with_its_own_error() {
    let store = Store::default();
    let peer = store.serve(|_, _, _| None).await;
    let broken: Chunk = Err(std::io::Error::other("the disk is gone"));
    let chunks = [Ok(bytes(2_500)), broken];
    let outcome = bucket(&peer)
        .upload("k")
        .part_size(1_000)
        .send(stream::iter(chunks))
        .await;
    let error = outcome.unwrap_err();
    let shown = format!("{error:?} {:?}", std::error::Error::source(&error));
    assert!(shown.contains("the disk is gone"), "{shown}");
    // No server is to blame, and nobody else could send it.
    assert_eq!(
        (error.kind(), error.recovery()),
        (ErrorKind::Cancelled, Recovery::None)
    );
    assert!(!error.is_endpoint_failure());
    assert_eq!(store.uploads(), (0, 1));
}

#[tokio::test]
async fn an_object_whose_completion_was_not_heard_of_is_found() {
    let store = Store::default();
    let content = bytes(2_500);
    let peer = store
        .serve(|request, _, own| {
            // Done, and the answer is lost; the next try is told that there is no such upload.
            completes(request).then(|| {
                let reply = own();
                match request.header("x-lost") {
                    None if reply_is_success(&reply) => Exchange::new().reset(),
                    _ => reply.into(),
                }
            })
        })
        .await;
    let info = upload(&bucket(&peer), &content).await.unwrap();
    assert_eq!(info.size, Some(2_500));
    assert_eq!(store.get("k").unwrap().content, content);
    let requests = peer.requests();
    let (last, before) = (requests.last().unwrap(), &requests[requests.len() - 2]);
    assert_eq!(
        (last.method.as_str(), before.method.as_str()),
        ("HEAD", "POST")
    );
}

#[tokio::test]
async fn an_object_whose_completion_is_never_answered_is_found() {
    let store = Store::default();
    let content = bytes(2_500);
    let peer = store
        .serve(|request, _, own| {
            completes(request).then(|| {
                own();
                Exchange::new().reset()
            })
        })
        .await;
    let info = upload(&bucket(&peer), &content).await.unwrap();
    assert_eq!(info.size, Some(2_500));
    let requests = peer.requests();
    assert_eq!(
        requests.last().unwrap().method,
        "HEAD",
        "and nothing is given up"
    );
}

#[tokio::test]
async fn a_completion_that_was_not_heard_of_and_not_made_is_given_up() {
    let store = Store::default();
    let peer = store
        .serve(|request, _, _| completes(request).then(|| Exchange::new().reset()))
        .await;
    let error = upload(&bucket(&peer), &bytes(2_500)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    assert_eq!(store.uploads(), (0, 1));
}

#[tokio::test]
async fn parts_that_are_too_small_are_told_what_to_do_about() {
    let store = Store::default();
    let peer = store
        .serve(|request, _, _| completes(request).then(|| refusal(400, "EntityTooSmall").into()))
        .await;
    let error = upload(&bucket(&peer), &bytes(2_500)).await.unwrap_err();
    assert!(error.to_string().contains("part_size"), "{error}");
    assert_eq!(store.uploads(), (0, 1), "and nothing is left there");
}

/// Whether it puts the parts together.
fn completes(request: &Received) -> bool {
    request.method == "POST" && request.path.contains("uploadId=")
}

fn reply_is_success(reply: &Reply) -> bool {
    format!("{reply:?}").contains("CompleteMultipartUploadResult")
}

#[tokio::test]
async fn an_error_in_a_success_s_clothes_is_one() {
    let store = Store::default();
    let peer = store
        .serve(|request, _, _| {
            let xml = "\n\n<?xml version=\"1.0\"?><Error><Code>InternalError</Code><Message>Oh.</Message></Error>";
            completes(request).then(|| Reply::status(200).body(xml).into())
        })
        .await;
    let account = account(&[&peer], stack().breaker(Breaker::default()));
    let error = upload(&account.backend().bucket("b"), &bytes(2_500))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Server, Some("InternalError"))
    );
    assert_eq!(error.attempts().len(), 3, "it was tried again");
    assert_eq!(store.uploads(), (0, 1));
}

#[tokio::test]
async fn what_fits_one_part_is_written_at_once() {
    let store = Store::default();
    let peer = store.serve(|_, _, _| None).await;
    let bucket = bucket(&peer);
    for size in [0, 1, 1_000] {
        let chunk: Chunk = Ok(bytes(size));
        let upload = bucket.upload("k").part_size(1_000).metadata("Who", "me");
        let info = upload.send(stream::iter([chunk])).await.unwrap();
        assert_eq!(info.size, Some(size as u64));
        assert_eq!(store.get("k").unwrap().content, bytes(size));
    }
    let requests = peer.requests();
    assert_eq!(requests.len(), 3);
    assert!(
        requests
            .iter()
            .all(|request| request.header("x-amz-meta-who") == Some("me"))
    );
    assert_eq!(requests[0].header("content-length"), Some("0"));
}

#[tokio::test]
async fn a_download_is_the_source_of_an_upload() {
    let store = Store::default();
    store.put("from", bytes(5_000));
    let peer = store.serve(|_, _, _| None).await;
    let bucket = bucket(&peer);
    let download = bucket.get("from").await.unwrap();
    bucket
        .upload("to")
        .part_size(2_000)
        .send(download)
        .await
        .unwrap();
    assert_eq!(store.get("to").unwrap().content, bytes(5_000));
}

#[tokio::test]
async fn uploads_that_cannot_end_are_refused() {
    let store = Store::default();
    let peer = store.serve(|_, _, _| None).await;
    for upload in [
        bucket(&peer).upload("k").part_size(0),
        bucket(&peer).upload("k").concurrency(0),
    ] {
        let chunk: Chunk = Ok(bytes(5));
        let error = upload.send(stream::iter([chunk])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    assert_eq!(peer.requests().len(), 0);
}
