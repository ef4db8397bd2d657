//! Where credentials are found, over loopback and with variables of the test's own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests"
)]

use std::fs;

use http::Request;
use trunkline_aws::{Chain, SigV4};
use trunkline_core::{Body, ErrorKind, HttpClient, Result, protocol::Authorize};
use trunkline_testkit::{
    Peer,
    peer::{Reply, Script},
};

const NO_INSTANCE: (&str, &str) = ("AWS_EC2_METADATA_DISABLED", "true");

async fn signed(signer: &SigV4) -> Result<String> {
    let request = Request::post("https://example.com/");
    let mut request = request.body(Body::from(b"{}".to_vec())).unwrap();
    signer.authorize(&mut request).await?;
    Ok(request.headers()["authorization"]
        .to_str()
        .unwrap()
        .to_owned())
}

fn signer(vars: &[(&str, &str)]) -> SigV4 {
    let chain = Chain::new(HttpClient::shared());
    SigV4::new("bedrock", "eu-central-1", chain.vars(vars.iter().copied()))
}

#[tokio::test]
async fn variables_go_first() {
    let vars = [
        ("AWS_ACCESS_KEY_ID", "of-variables"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
    ];
    assert!(
        signed(&signer(&vars))
            .await
            .unwrap()
            .contains("Credential=of-variables/")
    );
}

#[tokio::test]
async fn a_profile_is_read_of_its_file() {
    let dir = std::env::temp_dir().join(format!("trunkline-aws-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let file = dir.join("credentials");
    fs::write(
        &file,
        "[default]\naws_access_key_id = of-default\naws_secret_access_key = s\n\
         [work]\naws_access_key_id = of-work\naws_secret_access_key = s\n",
    )
    .unwrap();
    let vars = [
        ("AWS_SHARED_CREDENTIALS_FILE", file.to_str().unwrap()),
        NO_INSTANCE,
    ];
    assert!(
        signed(&signer(&vars))
            .await
            .unwrap()
            .contains("Credential=of-default/")
    );
    let chain = Chain::new(HttpClient::shared()).vars(vars).profile("work");
    let work = SigV4::new("bedrock", "eu-central-1", chain);
    assert!(signed(&work).await.unwrap().contains("Credential=of-work/"));
    fs::remove_dir_all(dir).unwrap();
}

/// A container's endpoint, whose credentials live so long.
fn credentials(id: &str, ends: &str) -> Reply {
    Reply::status(200).json(format!(
        r#"{{"Code":"Success","AccessKeyId":"{id}","SecretAccessKey":"canary-secret","Token":"canary-token","Expiration":"{ends}"}}"#
    ))
}

#[tokio::test]
async fn a_container_s_credentials_are_fetched_once_for_all() {
    let peer = Peer::start(Script::new([credentials("first", "2999-01-01T00:00:00Z")])).await;
    let url = format!("{}/creds", peer.url());
    let signer = signer(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url), NO_INSTANCE]);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let signer = signer.clone();
        calls.spawn(async move { signed(&signer).await.unwrap() });
    }
    for call in calls.join_all().await {
        assert!(call.contains("Credential=first/"));
    }
    assert_eq!(peer.requests().len(), 1);
}

#[tokio::test]
async fn credentials_that_end_are_fetched_anew() {
    let replies = [
        credentials("first", "2000-01-01T00:00:00Z"),
        credentials("second", "2999-01-01T00:00:00Z"),
    ];
    let peer = Peer::start(Script::new(replies)).await;
    let url = format!("{}/creds", peer.url());
    let signer = signer(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url), NO_INSTANCE]);
    // What is over cannot sign.
    assert!(signed(&signer).await.is_err());
    assert!(
        signed(&signer)
            .await
            .unwrap()
            .contains("Credential=second/")
    );
    assert!(
        signed(&signer)
            .await
            .unwrap()
            .contains("Credential=second/")
    );
    assert_eq!(peer.requests().len(), 2);
}

#[tokio::test]
async fn an_instance_is_asked_with_a_token() {
    let replies = [
        Reply::status(200).body("metadata-token"),
        Reply::status(200).body("the-role"),
        credentials("of-instance", "2999-01-01T00:00:00Z"),
    ];
    let peer = Peer::start(Script::new(replies)).await;
    let signer = signer(&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &peer.url())]);
    assert!(
        signed(&signer)
            .await
            .unwrap()
            .contains("Credential=of-instance/")
    );
    let asked: Vec<_> = peer.requests().iter().map(|it| it.method.clone()).collect();
    assert_eq!(asked, ["PUT", "GET", "GET"]);
}

#[tokio::test]
async fn a_search_in_vain_says_where_and_not_what() {
    let refusal = Reply::status(403).body("canary-secret was refused");
    let peer = Peer::start(Script::new([refusal])).await;
    let url = format!("{}/creds", peer.url());
    let signer = signer(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url), NO_INSTANCE]);
    let error = signed(&signer).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("container: failed") && shown.contains("variables: none"),
        "{shown}"
    );
    assert!(!shown.contains("canary"), "{shown}");
    // The next one does not search again at once.
    assert!(signed(&signer).await.is_err());
    assert_eq!(peer.requests().len(), 1);
}

#[tokio::test]
async fn credentials_that_are_about_to_end_do_while_no_others_are_found() {
    // Renewed two minutes before they end: with one to go, they are looked for anew.
    let ends = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    let since = ends
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let ends = rfc3339(since);
    let replies = [
        credentials("first", &ends),
        Reply::status(500),
        Reply::status(500),
    ];
    let peer = Peer::start(Script::new(replies)).await;
    let url = format!("{}/creds", peer.url());
    let signer = signer(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url), NO_INSTANCE]);
    for call in 0..4 {
        let signed = signed(&signer).await;
        assert!(
            signed.is_ok_and(|it| it.contains("Credential=first/")),
            "call {call}"
        );
    }
    assert!(peer.requests().len() > 1, "they were looked for anew");
}

/// Seconds since 1970 as RFC 3339 writes them.
fn rfc3339(seconds: u64) -> String {
    let (days, time) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let era_day = days % 146_097;
    let year_of = (era_day - era_day / 1_460 + era_day / 36_524 - era_day / 146_096) / 365;
    let day_of = era_day - (365 * year_of + year_of / 4 - year_of / 100);
    let month = (5 * day_of + 2) / 153;
    let day = day_of - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = days / 146_097 * 400 + year_of + later;
    let (hours, minutes) = (time / 3_600, time / 60 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{:02}Z",
        time % 60
    )
}
