//! Accounts: where they live, who they are, and addresses for others.

use std::time::Duration;

use trunkline_core::{Call, Op};
use trunkline_core::{ErrorKind, HttpClient, Secret, health::ReadyRequest};
use trunkline_s3::S3;
use trunkline_testkit::{Peer, peer::Reply};

use crate::store::{Store, account, stack};

fn endpoint(settings: &[(&str, &str)]) -> String {
    let mut builder = S3::builder().client(HttpClient::shared());
    for (name, value) in settings {
        builder = builder.setting(*name, *value);
    }
    match builder.build() {
        Ok(account) => account.backend().stats().endpoints[0].endpoint.clone(),
        Err(error) => error.message().to_owned(),
    }
}

#[test]
fn the_region_and_the_bucket_make_up_the_base_url() {
    for (settings, expected) in [
        (&[][..], "s3.us-east-1.amazonaws.com"),
        (
            &[("region", "eu-central-1")],
            "s3.eu-central-1.amazonaws.com",
        ),
        (
            &[("region", "cn-north-1")],
            "s3.cn-north-1.amazonaws.com.cn",
        ),
        (&[("bucket", "photos")], "photos.s3.us-east-1.amazonaws.com"),
        (&[("bucket", "my.photos")], "s3.us-east-1.amazonaws.com"),
        (
            &[("region", "Frankfurt")],
            "the region is none; write it as AWS does: `eu-central-1`",
        ),
        (
            &[("anonymous", "perhaps")],
            "the setting `anonymous` is `true` or `false`",
        ),
    ] {
        assert_eq!(endpoint(settings), expected);
    }
    for wrong in ["a/b", "x", "Photos", "a..b", &"x".repeat(64)] {
        assert!(
            endpoint(&[("bucket", wrong)]).contains("is no bucket's name"),
            "{wrong}"
        );
    }
    let half = endpoint(&[("access_key_id", "AKIDEXAMPLE")]);
    assert!(half.contains("AWS_SECRET_ACCESS_KEY"), "{half}");
}

#[test]
fn the_variables_of_aws_are_read() {
    let vars = |name: &str| {
        let value = match name {
            "AWS_ENDPOINT_URL_S3" => "https://s3.example.com:9000",
            "AWS_ACCESS_KEY_ID" => "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY" => "canary-secret",
            "AWS_REGION" => "eu-central-1",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let account = S3::from_vars(&vars).unwrap();
    let endpoint = &account.backend().stats().endpoints[0];
    assert_eq!(endpoint.endpoint, "s3.example.com:9000");
    assert!(!format!("{account:?}").contains("canary"));
}

#[tokio::test]
async fn who_is_anonymous_signs_nothing_and_makes_no_addresses() {
    let store = Store::default();
    store.put("k", "x");
    let peer = store.serve(|_, _, _| None).await;
    let bucket = account(&[&peer], stack()).backend().bucket("b");
    bucket.head("k").await.unwrap();
    let requests = peer.requests();
    for name in ["authorization", "x-amz-date", "x-amz-content-sha256"] {
        assert_eq!(requests[0].header(name), None, "{name}");
    }
    let error = bucket
        .presign("k", Duration::from_secs(60))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

fn signed(peer: &Peer) -> S3 {
    let builder = S3::builder()
        .setting("access_key_id", "AKIDEXAMPLE")
        .setting("secret_access_key", "canary-secret")
        .setting("session_token", "canary-token")
        .endpoint(peer.url());
    builder
        .client(HttpClient::shared())
        .stack(stack())
        .build()
        .unwrap()
}

#[tokio::test]
async fn an_address_is_made_without_a_request() {
    let store = Store::default();
    store.put("a b/c", "shared");
    let peer = store.serve(|_, _, _| None).await;
    let bucket = signed(&peer).backend().bucket("b");
    let url = bucket
        .presign("a b/c", Duration::from_secs(60))
        .await
        .unwrap();
    assert_eq!(peer.requests().len(), 0);
    assert!(!format!("{url:?}").contains("Signature"));
    let url = url.expose();
    let expected = format!("{}/b/a%20b/c?X-Amz-Algorithm=AWS4-HMAC-SHA256", peer.url());
    assert!(url.starts_with(&expected), "{url}");
    assert!(
        url.contains("&X-Amz-Expires=60&") && url.contains("&X-Amz-Signature="),
        "{url}"
    );

    let put = bucket
        .presign_put("a b/c", Duration::from_secs(60))
        .await
        .unwrap();
    assert_ne!(put.expose(), url);
    let week = Duration::from_secs(8 * 86_400);
    let error = bucket.presign("k", week).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn a_refused_signature_shows_no_secret() {
    let peer = Peer::respond_with(|request| {
        let signed = request.header("authorization").unwrap().to_owned();
        let token = request.header("x-amz-security-token").unwrap().to_owned();
        let xml = format!(
            "<Error><Code>SignatureDoesNotMatch</Code><Message>No: {signed}</Message><CanonicalRequest>{token}</CanonicalRequest></Error>"
        );
        Reply::status(403).body(xml)
    })
    .await;
    // To a HEAD there is no body, and the status says no more.
    let error = signed(&peer)
        .backend()
        .bucket("b")
        .head("k")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Permission);
    let error = signed(&peer)
        .backend()
        .bucket("b")
        .delete("k")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    let body = String::from_utf8_lossy(error.body().unwrap()).into_owned();
    let shown = format!("{error} {error:?} {body}");
    for secret in ["canary", "Signature=", "Credential="] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}

#[tokio::test]
async fn a_key_is_a_bearer_token() {
    let store = Store::default();
    store.put("k", "x");
    let peer = store.serve(|_, _, _| None).await;
    let account = S3::with(Secret::from("a-token"), peer.url(), HttpClient::shared()).unwrap();
    account.backend().bucket("b").head("k").await.unwrap();
    assert_eq!(
        peer.requests()[0].header("authorization"),
        Some("Bearer a-token")
    );
}

#[tokio::test]
async fn a_bucket_s_own_host_has_no_bucket_in_its_paths() {
    let peer = Peer::respond_with(|request| match request.method.as_str() {
        "GET" => Reply::status(200).body("<ListBucketResult/>"),
        _ => Reply::status(200),
    })
    .await;
    let builder = S3::builder()
        .setting("anonymous", "true")
        .setting("bucket", "photos");
    let account = builder
        .endpoint(peer.url())
        .client(HttpClient::shared())
        .build()
        .unwrap();
    for name in ["", "photos"] {
        let bucket = account.backend().bucket(name);
        bucket.head("a/b").await.unwrap();
        assert!(bucket.list("a/").next().await.is_none());
    }
    for model in ["", "photos"] {
        let ready = Op::Ready(ReadyRequest::model(model).into());
        let reply = account.backend().call(Call::new(ready)).await.unwrap();
        assert!(reply.into_ready().unwrap().ready);
    }
    let paths: Vec<_> = peer
        .requests()
        .iter()
        .map(|request| request.path.clone())
        .collect();
    let twice = ["/a/b", "/?list-type=2&prefix=a%2F"];
    assert_eq!(paths, [&twice[..], &twice, &["/", "/"]].concat());
    let error = account
        .backend()
        .bucket("other")
        .head("k")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}
