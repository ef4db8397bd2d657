//! Real stores: `TRUNKLINE_S3_URL=http://127.0.0.1:… TRUNKLINE_S3_KEY=id:secret TRUNKLINE_S3_BUCKET=…
//! cargo test -p trunkline-s3 --test objects servers`. Without these variables there is nothing to do.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use trunkline_core::{
    Check, ErrorKind, HttpClient,
    object::{Bucket, Put},
};
use trunkline_s3::S3;

use crate::store::bytes;

pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) bucket: String,
}

impl Server {
    /// Why nothing was tried, is printed.
    pub(crate) fn of_env() -> Option<Self> {
        let server = Self::of_vars();
        if server.is_none() {
            println!("TRUNKLINE_S3_URL and TRUNKLINE_S3_KEY are not set: no real store was asked");
        }
        server
    }

    fn of_vars() -> Option<Self> {
        let var = |name: &str| std::env::var(name).ok();
        let key = var("TRUNKLINE_S3_KEY")?;
        let (id, secret) = key.split_once(':')?;
        Some(Self {
            url: var("TRUNKLINE_S3_URL")?,
            id: id.to_owned(),
            secret: secret.to_owned(),
            bucket: var("TRUNKLINE_S3_BUCKET").unwrap_or_else(|| "lab".to_owned()),
        })
    }

    pub(crate) fn account(&self, url: &str, secret: &str) -> S3 {
        let builder = S3::builder()
            .setting("access_key_id", &*self.id)
            .setting("secret_access_key", secret)
            .endpoint(url);
        builder.client(HttpClient::shared()).build().unwrap()
    }

    pub(crate) fn bucket(&self, url: &str) -> Bucket {
        self.account(url, &self.secret)
            .backend()
            .bucket(&*self.bucket)
    }

    /// What the server is known not to do, by the name of the test's step.
    fn can(&self, what: &str) -> bool {
        let not = std::env::var("TRUNKLINE_S3_WITHOUT").unwrap_or_default();
        !not.split(',').any(|named| named == what)
    }
}

#[tokio::test]
async fn every_operation() {
    let Some(server) = Server::of_env() else {
        return;
    };
    let bucket = server.bucket(&server.url);
    let content = bytes(300_000);
    let info = bucket.put("ops/whole", content.clone()).await.unwrap();
    assert!(info.etag.is_some());

    let put = Put::new("ops/meta", "x")
        .content_type("text/csv")
        .metadata("who", "a  b");
    bucket.run(put).await.unwrap();
    let head = bucket.head("ops/meta").await.unwrap();
    assert_eq!(head.content_type.as_deref(), Some("text/csv"));
    assert_eq!(head.metadata.get("who").map(String::as_str), Some("a  b"));
    assert!(head.modified.is_some_and(|at| at > 1_700_000_000));

    let download = bucket.get("ops/whole").await.unwrap();
    println!(
        "checksum of what was put at once: {:?}",
        download.info().crc32
    );
    assert_eq!(download.collect(1 << 20).await.unwrap(), content);
    let some = bucket.get_range("ops/whole", 1_000..2_000).await.unwrap();
    assert_eq!(some.info().size, Some(300_000));
    assert_eq!(
        some.collect(1_000).await.unwrap(),
        content.slice(1_000..2_000)
    );
    let beyond = bucket
        .get_range("ops/whole", 300_000..300_001)
        .await
        .unwrap_err();
    assert_eq!(beyond.kind(), ErrorKind::InvalidRequest, "{beyond:?}");

    let copy = bucket.copy("ops/whole", "ops/copy").await.unwrap();
    assert!(copy.etag.is_some());
    let whole = bucket.get("ops/copy").await.unwrap().collect(1 << 20).await;
    assert_eq!(whole.unwrap(), content);

    let chunks: Vec<Result<Bytes, std::io::Error>> = vec![Ok(bytes(11 << 20))];
    let upload = bucket
        .upload("ops/parts")
        .part_size(5 << 20)
        .content_type("text/plain");
    let info = upload.send(stream::iter(chunks)).await.unwrap();
    assert_eq!(info.size, Some(11 << 20));
    let head = bucket.head("ops/parts").await.unwrap();
    assert_eq!(head.size, Some(11 << 20));
    let download = bucket.get("ops/parts").await.unwrap();
    println!(
        "checksum of what was put in parts: {:?}",
        download.info().crc32
    );
    assert_eq!(download.collect(16 << 20).await.unwrap(), bytes(11 << 20));

    let mut objects = bucket.list("ops/");
    let mut keys = Vec::new();
    while let Some(object) = objects.next().await {
        keys.push(object.unwrap().key);
    }
    assert_eq!(keys, ["ops/copy", "ops/meta", "ops/parts", "ops/whole"]);
    for key in &keys {
        bucket.delete(key).await.unwrap();
    }
    bucket.delete("ops/none").await.unwrap();
    assert!(bucket.list("ops/").next().await.is_none());

    for error in [
        bucket.get("ops/none").await.unwrap_err(),
        bucket.head("ops/none").await.unwrap_err(),
        bucket
            .backend()
            .bucket("no-such-bucket-here")
            .get("k")
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    }
    let wrong = server.account(&server.url, "not the secret");
    let error = wrong
        .backend()
        .bucket(&*server.bucket)
        .get("k")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth, "{error:?}");
    if server.can("check") {
        bucket.backend().check(Check::Ready).await.unwrap();
    }
}

#[tokio::test]
async fn keys_of_all_characters() {
    let Some(server) = Server::of_env() else {
        return;
    };
    let bucket = server.bucket(&server.url);
    let keys = [
        ("plain", "keys/a b"),
        ("plus", "keys/a+b"),
        ("percent", "keys/a%20b%2F"),
        ("unicode", "keys/ä/日本"),
        ("reserved", "keys/a?b#c&d=e:f;g@h,i!j*k'l(m)"),
        ("slashes", "keys//twice//"),
        ("dots", "keys/a/../b"),
        ("space", "keys/ around "),
        ("control", "keys/tab\tnew"),
    ];
    for (name, key) in keys {
        if !server.can(name) {
            println!("left out: {name}");
            continue;
        }
        let content = Bytes::copy_from_slice(key.as_bytes());
        let put = bucket.put(key, content.clone()).await;
        put.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let got = bucket.get(key).await.unwrap().collect(1_000).await;
        assert_eq!(got.unwrap(), content, "{name}");
        let mut listed = bucket.list(key);
        let found = listed
            .next()
            .await
            .unwrap_or_else(|| panic!("{name}: not listed"));
        assert_eq!(found.unwrap().key, key, "{name}");
        bucket.copy(key, "keys/copy").await.unwrap();
        assert_eq!(
            bucket
                .get("keys/copy")
                .await
                .unwrap()
                .collect(1_000)
                .await
                .unwrap(),
            content
        );
        bucket.delete(key).await.unwrap();
        assert_eq!(
            bucket.head(key).await.unwrap_err().kind(),
            ErrorKind::NotFound,
            "{name}"
        );
    }
    bucket.delete("keys/copy").await.unwrap();
}

#[tokio::test]
async fn addresses_for_others() {
    let Some(server) = Server::of_env().filter(|server| server.can("presign")) else {
        return;
    };
    let bucket = server.bucket(&server.url);
    let key = "presigned/a b+ä";
    let client = HttpClient::shared();
    let send = async |method: &str, url: &str, body: &'static str| {
        let request = http::Request::builder().method(method).uri(url);
        let response = client
            .send(request.body(body.into()).unwrap())
            .await
            .unwrap();
        let (head, body) = response.into_parts();
        (head.status.as_u16(), body.collect(1 << 20).await.unwrap())
    };
    let lasts = Duration::from_secs(60);
    let put = bucket.presign_put(key, lasts).await.unwrap();
    let (status, body) = send("PUT", put.expose(), "by somebody else").await;
    assert_eq!(status, 200, "{body:?}");
    let get = bucket.presign(key, lasts).await.unwrap();
    let (status, body) = send("GET", get.expose(), "").await;
    assert_eq!((status, &body[..]), (200, &b"by somebody else"[..]));
    let forged = get.expose().replace("presigned/", "presigned2/");
    assert_eq!(send("GET", &forged, "").await.0, 403);
    bucket.delete(key).await.unwrap();
}

/// One that is there already is not written over; a store that looks at no condition says so by name.
#[tokio::test]
async fn conditions() {
    let Some(server) = Server::of_env().filter(|server| server.can("conditions")) else {
        return;
    };
    let bucket = server.bucket(&server.url);
    bucket.put("cond", "first").await.unwrap();
    let second = bucket.run(Put::new("cond", "second").if_absent()).await;
    assert_eq!(second.unwrap_err().kind(), ErrorKind::Conflict);
    let get = trunkline_core::object::Get::new("cond").if_match("\"another\"");
    assert_eq!(
        bucket.run(get).await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
    bucket.delete("cond").await.unwrap();
}
