//! A store in memory, which answers as S3 does or as a test wants it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use trunkline_core::{
    HttpClient,
    middleware::{Retry, Stack},
    object::Bucket,
};
use trunkline_s3::S3;
use trunkline_testkit::{
    Peer,
    peer::{Exchange, Received, Reply},
};

#[derive(Clone, Default)]
pub(crate) struct Store(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    objects: BTreeMap<String, Object>,
    uploads: BTreeMap<String, BTreeMap<u32, Bytes>>,
    aborted: usize,
    page: usize,
}

#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) content: Bytes,
    pub(crate) crc32: Option<String>,
}

impl Store {
    /// A store, a server for it and its bucket `b`. What `but` gives goes before the store's own
    /// answer, which is computed first where it gives the answer another form.
    pub(crate) async fn serve(
        &self,
        but: impl Fn(&Received, usize, &dyn Fn() -> Reply) -> Option<Exchange> + Send + Sync + 'static,
    ) -> Peer {
        let (store, count) = (self.clone(), Mutex::new(0));
        Peer::respond_with(move |request| {
            let number = {
                let mut count = count.lock().unwrap();
                *count += 1;
                *count
            };
            let own = || store.answer(request);
            but(request, number, &own).unwrap_or_else(|| own().into())
        })
        .await
    }

    pub(crate) fn put(&self, key: &str, content: impl Into<Bytes>) {
        let content = content.into();
        let crc32 = Some(crc32_of(&content));
        let object = Object { content, crc32 };
        self.0
            .lock()
            .unwrap()
            .objects
            .insert(key.to_owned(), object);
    }

    pub(crate) fn get(&self, key: &str) -> Option<Object> {
        self.0.lock().unwrap().objects.get(key).cloned()
    }

    /// Sets how many objects a page has.
    pub(crate) fn page(&self, objects: usize) {
        self.0.lock().unwrap().page = objects;
    }

    /// Uploads that were begun and neither completed nor given up, and those that were given up.
    pub(crate) fn uploads(&self) -> (usize, usize) {
        let inner = self.0.lock().unwrap();
        (inner.uploads.len(), inner.aborted)
    }

    fn answer(&self, request: &Received) -> Reply {
        let mut inner = self.0.lock().unwrap();
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let key = path.strip_prefix("/b/").unwrap_or_default();
        let asked = |name: &str| {
            let mut parts = query.split('&');
            parts.find_map(|part| part.strip_prefix(&format!("{name}=")))
        };
        match (request.method.as_str(), asked("uploadId")) {
            ("GET", None) if query.starts_with("list-type=2") => {
                inner.list(asked("prefix"), asked("continuation-token"))
            }
            ("GET", None) => inner.content(key, request),
            ("HEAD", None) => {
                let size = inner
                    .objects
                    .get(key)
                    .map_or(0, |object| object.content.len());
                let reply = inner.content(key, request).body(Bytes::new());
                if size == 0 {
                    reply
                } else {
                    reply.lie_content_length(size)
                }
            }
            ("PUT", None) => match request.header("x-amz-copy-source") {
                Some(source) => inner.copy(source, key),
                None => inner.write(key, request),
            },
            ("DELETE", None) => {
                inner.objects.remove(key);
                Reply::status(204)
            }
            ("POST", None) if query == "uploads" => {
                let id = format!("u{}", inner.uploads.len() + inner.aborted + 1);
                inner.uploads.insert(id.clone(), BTreeMap::new());
                let xml = format!(
                    "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
                );
                Reply::status(200).body(xml)
            }
            ("PUT", Some(id)) => {
                let number = asked("partNumber").unwrap().parse().unwrap();
                let body = request.body.clone();
                if request.header("x-amz-checksum-crc32") != Some(&crc32_of(&body)) {
                    return refusal(400, "BadDigest");
                }
                match inner.uploads.get_mut(id) {
                    Some(parts) => {
                        parts.insert(number, body);
                        Reply::status(200).header("etag", format!("\"p{number}\""))
                    }
                    None => refusal(404, "NoSuchUpload"),
                }
            }
            ("POST", Some(id)) => inner.complete(id, key, request),
            ("DELETE", Some(id)) => {
                inner.aborted += usize::from(inner.uploads.remove(id).is_some());
                Reply::status(204)
            }
            _ => refusal(405, "MethodNotAllowed"),
        }
    }
}

impl Inner {
    fn content(&self, key: &str, request: &Received) -> Reply {
        let Some(object) = self.objects.get(key) else {
            return refusal(404, "NoSuchKey");
        };
        let etag = etag_of(&object.content);
        if request
            .header("if-match")
            .is_some_and(|asked| asked != etag)
        {
            return refusal(412, "PreconditionFailed");
        }
        let reply = |status| Reply::status(status).header("etag", &etag);
        let Some(range) = request.header("range") else {
            let reply = reply(200).header("content-type", "text/plain");
            let reply = match &object.crc32 {
                Some(crc32) => reply.header("x-amz-checksum-crc32", crc32),
                None => reply,
            };
            return reply.body(object.content.clone());
        };
        let (first, last) = range
            .strip_prefix("bytes=")
            .unwrap()
            .split_once('-')
            .unwrap();
        let size = object.content.len();
        let first: usize = first.parse().unwrap();
        let end = last.parse().map_or(size, |last: usize| size.min(last + 1));
        if first >= end {
            return refusal(416, "InvalidRange");
        }
        reply(206)
            .header("content-range", format!("bytes {first}-{}/{size}", end - 1))
            .body(object.content.slice(first..end))
    }

    fn write(&mut self, key: &str, request: &Received) -> Reply {
        if request.header("if-none-match") == Some("*") && self.objects.contains_key(key) {
            return refusal(412, "PreconditionFailed");
        }
        let crc32 = request.header("x-amz-checksum-crc32");
        if crc32.is_some_and(|crc32| crc32 != crc32_of(&request.body)) {
            return refusal(400, "BadDigest");
        }
        let object = Object {
            content: request.body.clone(),
            crc32: crc32.map(str::to_owned),
        };
        self.objects.insert(key.to_owned(), object);
        Reply::status(200).header("etag", etag_of(&request.body))
    }

    fn copy(&mut self, source: &str, key: &str) -> Reply {
        let Some(object) = source
            .strip_prefix("/b/")
            .and_then(|from| self.objects.get(from))
        else {
            return refusal(404, "NoSuchKey");
        };
        let object = object.clone();
        let etag = etag_of(&object.content).replace('"', "&quot;");
        self.objects.insert(key.to_owned(), object);
        let xml = format!("<CopyObjectResult><ETag>{etag}</ETag></CopyObjectResult>");
        Reply::status(200).body(xml)
    }

    fn complete(&mut self, id: &str, key: &str, request: &Received) -> Reply {
        let Some(parts) = self.uploads.get(id) else {
            return refusal(404, "NoSuchUpload");
        };
        let content: Bytes = parts
            .values()
            .flatten()
            .copied()
            .collect::<Vec<u8>>()
            .into();
        let text = request.text();
        let named = |number: &u32| {
            text.contains(&format!(
                "<PartNumber>{number}</PartNumber><ETag>&quot;p{number}&quot;</ETag>"
            ))
        };
        if !parts.keys().all(named) {
            return refusal(400, "InvalidPart");
        }
        if request.header("x-amz-checksum-crc32") != Some(&crc32_of(&content)) {
            return refusal(400, "BadDigest");
        }
        self.uploads.remove(id);
        let etag = etag_of(&content).replace('"', "&quot;");
        let crc32 = Some(crc32_of(&content));
        self.objects
            .insert(key.to_owned(), Object { content, crc32 });
        let xml = format!(
            "<CompleteMultipartUploadResult><ETag>{etag}</ETag></CompleteMultipartUploadResult>"
        );
        // Some stores keep the connection alive so.
        Reply::status(200).body(format!("\n  \n{xml}"))
    }

    fn list(&self, prefix: Option<&str>, token: Option<&str>) -> Reply {
        let prefix = prefix.unwrap_or_default();
        let keys = self
            .objects
            .iter()
            .filter(|(key, _)| key.starts_with(prefix));
        let begun: usize = token.map_or(0, |token| token.parse().unwrap());
        let page = self.page.max(1);
        let mut xml = "<ListBucketResult>".to_owned();
        for (key, object) in keys.clone().skip(begun).take(page) {
            let size = object.content.len();
            xml += &format!("<Contents><Key>{key}</Key><Size>{size}</Size></Contents>");
        }
        if keys.count() > begun + page {
            let next = begun + page;
            xml += &format!(
                "<IsTruncated>true</IsTruncated><NextContinuationToken>{next}</NextContinuationToken>"
            );
        }
        Reply::status(200).body(xml + "</ListBucketResult>")
    }
}

pub(crate) fn refusal(status: u16, code: &str) -> Reply {
    let xml = format!(
        "<Error><Code>{code}</Code><Message>No.</Message><RequestId>r-1</RequestId></Error>"
    );
    Reply::status(status)
        .header("content-type", "application/xml")
        .body(xml)
}

pub(crate) fn etag_of(content: &[u8]) -> String {
    format!("\"{:08x}\"", crc32fast::hash(content))
}

fn crc32_of(content: &[u8]) -> String {
    use base64::{Engine, prelude::BASE64_STANDARD};
    BASE64_STANDARD.encode(crc32fast::hash(content).to_be_bytes())
}

/// So many bytes, no two places of which are alike.
pub(crate) fn bytes(count: usize) -> Bytes {
    let numbers = (0_u32..).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes());
    numbers.take(count).collect::<Vec<u8>>().into()
}

/// Stacks that do not wait long between tries.
pub(crate) fn stack() -> Stack {
    let (base, ceiling) = (
        std::time::Duration::from_millis(1),
        std::time::Duration::from_millis(5),
    );
    Stack::default().retry(Retry::default().backoff(base, ceiling))
}

pub(crate) fn account(peers: &[&Peer], stack: Stack) -> S3 {
    let mut builder = S3::builder().setting("anonymous", "true").stack(stack);
    for peer in peers {
        builder = builder.endpoint(peer.url());
    }
    builder.client(HttpClient::shared()).build().unwrap()
}

pub(crate) fn bucket(peer: &Peer) -> Bucket {
    account(&[peer], stack()).backend().bucket("b")
}
