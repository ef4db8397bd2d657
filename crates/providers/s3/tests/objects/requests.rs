//! What is sent, and what is read of the answers, beyond the fixtures.

use trunkline_core::{
    ErrorKind,
    object::{Complete, CopyFrom, List, ObjectOutcome, Put},
};
use trunkline_testkit::{Peer, peer::Reply};

use crate::store::{Store, bucket, bytes, refusal};

#[tokio::test]
async fn what_is_put_is_there() {
    let store = Store::default();
    let peer = store.serve(|_, _, _| None).await;
    let bucket = bucket(&peer);
    let content = bytes(100_000);
    let info = bucket.put("k", content.clone()).await.unwrap();
    assert_eq!((info.key.as_str(), info.size), ("k", Some(100_000)));
    let head = bucket.head("k").await.unwrap();
    assert_eq!(head.size, Some(100_000));
    assert_eq!(head.etag, info.etag);
    assert_eq!(head.crc32, Some(crc32fast::hash(&content)));
    let some = bucket.get_range("k", 99_990..200_000).await.unwrap();
    assert_eq!(some.info().range, Some(99_990..100_000));
    assert_eq!(some.info().size, Some(100_000));
    assert_eq!(some.collect(10).await.unwrap(), content.slice(99_990..));

    let copy = bucket.copy("k", "copy").await.unwrap();
    assert_eq!((copy.key, copy.etag), ("copy".to_owned(), info.etag));
    bucket.delete("k").await.unwrap();
    bucket.delete("k").await.unwrap();
    for error in [
        bucket.head("k").await.unwrap_err(),
        bucket.get("k").await.unwrap_err(),
        bucket.copy("k", "k2").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    assert_eq!(store.get("copy").unwrap().content, content);
}

#[tokio::test]
async fn a_list_is_read_page_by_page_as_far_as_it_is_wanted() {
    let store = Store::default();
    for number in 0..7 {
        store.put(&format!("a{number}"), "x");
    }
    store.put("b", "x");
    store.page(3);
    let peer = store.serve(|_, _, _| None).await;
    let mut objects = bucket(&peer).list("a");
    let mut keys = Vec::new();
    while let Some(object) = objects.next().await {
        keys.push(object.unwrap().key);
        if keys.len() == 3 {
            assert_eq!(
                peer.requests().len(),
                1,
                "the next page is not asked for yet"
            );
        }
    }
    assert_eq!(keys, ["a0", "a1", "a2", "a3", "a4", "a5", "a6"]);
    assert_eq!(peer.requests().len(), 3);
    assert!(objects.next().await.is_none());
}

#[tokio::test]
async fn a_list_that_never_ends_ends() {
    let page = |next: &str| {
        let xml = format!(
            "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>{next}</NextContinuationToken></ListBucketResult>"
        );
        Reply::status(200).body(xml)
    };
    let same = Peer::respond_with(move |_| page("same")).await;
    let error = bucket(&same).list("").next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(same.requests().len(), 2);
    let lost = Peer::respond_with(move |_| page("")).await;
    let error = bucket(&lost).list("").next().await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn folders_are_what_keys_begin_with() {
    let xml = "<ListBucketResult><Contents><Key> a &amp; b/+</Key><LastModified>2026-05-04T03:02:01.000Z</LastModified>\
               <ETag>&quot;e&quot;</ETag><Size>5</Size><StorageClass>STANDARD</StorageClass></Contents>\
               <CommonPrefixes><Prefix>x/</Prefix></CommonPrefixes><IsTruncated>false</IsTruncated></ListBucketResult>";
    let peer = Peer::respond_with(move |_| Reply::status(200).body(xml)).await;
    let list = List::new("a b/+").delimiter("/").limit(7).page("t/+=");
    let listing = bucket(&peer).list_page(list).await.unwrap();
    assert_eq!(listing.prefixes, ["x/"]);
    let object = &listing.objects[0];
    assert_eq!(
        (object.key.as_str(), object.etag.as_deref()),
        (" a & b/+", Some("\"e\""))
    );
    assert_eq!(
        (object.size, object.modified),
        (Some(5), Some(1_777_863_721))
    );
    assert!(object.ext.get("s3").is_some());
    let asked =
        "/b?list-type=2&prefix=a%20b%2F%2B&delimiter=%2F&continuation-token=t%2F%2B%3D&max-keys=7";
    assert_eq!(peer.requests()[0].path, asked);
}

#[tokio::test]
async fn keys_of_all_characters_are_encoded_once() {
    let peer = Peer::respond_with(|_| Reply::status(200)).await;
    let bucket = bucket(&peer);
    for (key, path) in [
        ("a b+c%d", "/b/a%20b%2Bc%25d"),
        ("ä/日", "/b/%C3%A4/%E6%97%A5"),
        ("/a//b/", "/b//a//b/"),
        ("a?b#c&d=e", "/b/a%3Fb%23c%26d%3De"),
        ("a/../b/./c", "/b/a/../b/./c"),
        ("~-._", "/b/~-._"),
        ("\u{1}\n", "/b/%01%0A"),
    ] {
        bucket.head(key).await.unwrap();
        assert_eq!(peer.requests().last().unwrap().path, path);
    }
    let sent = peer.requests().len();
    for key in ["", "..", "a/../../other/k", "../other/k"] {
        let error = bucket.head(key).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{key:?}");
    }
    let error = bucket.get_range("k", 5..5).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let none = Complete::new("k", "u", []);
    let error = bucket.run(none).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let odd = Put::new("k", "x").metadata("who", "Jürgen");
    let error = bucket.run(odd).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(peer.requests().len(), sent);
}

#[tokio::test]
async fn a_copy_names_where_it_is_from() {
    let xml = "<CopyObjectResult><ETag>&quot;e&quot;</ETag></CopyObjectResult>";
    let peer = Peer::respond_with(move |_| Reply::status(200).body(xml)).await;
    let copy = CopyFrom::new("a b/ä+", "k").from_bucket("other");
    let reply = bucket(&peer).run(copy).await.unwrap();
    let ObjectOutcome::Info(info) = reply.outcome else {
        panic!("{reply:?}");
    };
    assert_eq!(info.etag.as_deref(), Some("\"e\""));
    let requests = peer.requests();
    let source = requests[0].header("x-amz-copy-source");
    assert_eq!(source, Some("/other/a%20b/%C3%A4%2B"));
}

#[tokio::test]
async fn written_only_if_there_is_none() {
    let store = Store::default();
    let peer = store.serve(|_, _, _| None).await;
    let bucket = bucket(&peer);
    bucket
        .run(Put::new("k", "first").if_absent())
        .await
        .unwrap();
    let second = bucket.run(Put::new("k", "second").if_absent()).await;
    assert_eq!(second.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(&store.get("k").unwrap().content[..], b"first");
}

/// Neither wrote yet: the caller may try again, and is not told that the object is there.
#[tokio::test]
async fn a_write_that_met_another_is_tried_again() {
    let store = Store::default();
    let peer = store
        .serve(|_, number, _| {
            (number == 1).then(|| refusal(409, "ConditionalRequestConflict").into())
        })
        .await;
    let put = Put::new("k", "first").if_absent();
    bucket(&peer).run(put).await.unwrap();
    assert_eq!(peer.requests().len(), 2);
    assert_eq!(store.get("k").unwrap().content, "first");
}

#[tokio::test]
async fn a_bucket_that_is_elsewhere_is_said_to_be_there() {
    let store = Store::default();
    let peer = store
        .serve(|request, _, _| {
            let reply = refusal(301, "PermanentRedirect");
            let reply = reply.header("x-amz-bucket-region", "eu-south-2");
            Some(match request.method.as_str() {
                "HEAD" => reply.body("").into(),
                _ => reply.into(),
            })
        })
        .await;
    let bucket = bucket(&peer);
    let errors = [
        bucket.get("k").await.unwrap_err(),
        bucket.head("k").await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Redirect);
        assert_eq!(error.code(), Some("PermanentRedirect"));
        assert!(error.to_string().contains("`eu-south-2`"), "{error}");
    }
    assert_eq!(peer.requests().len(), 2);
}
