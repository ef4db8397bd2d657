//! Requests: a method, the key in the path, and almost everything else in headers.

use std::{fmt::Write, ops::Range};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, header};
use quick_xml::escape::escape;
use trunkline_core::{
    Error, ErrorKind, ObjectRequest, Result,
    http_transport::AsSent,
    object::{Complete, CopyFrom, Get, List, ObjectAction},
    protocol::{Target, query, segment},
};

use crate::Rest;

const ALGORITHM: HeaderName = HeaderName::from_static("x-amz-checksum-algorithm");
const CHECKSUM_TYPE: HeaderName = HeaderName::from_static("x-amz-checksum-type");
const COPY_SOURCE: HeaderName = HeaderName::from_static("x-amz-copy-source");
const MODE: HeaderName = HeaderName::from_static("x-amz-checksum-mode");
pub(crate) const CRC32: HeaderName = HeaderName::from_static("x-amz-checksum-crc32");
pub(crate) const METADATA: &str = "x-amz-meta-";

/// A request for something in a bucket.
pub(crate) fn request(
    rest: &Rest,
    request: &ObjectRequest,
    target: &Target,
) -> Result<Request<Bytes>> {
    let root = root(rest, &request.bucket)?;
    let of_key = |method: Method, key: &str, query: &str, body: Bytes| {
        if key.is_empty() {
            return Err(invalid("an object has a key, and this one is empty"));
        }
        // Stores want to be told of nothing, too, where something could come.
        let says_nothing = body.is_empty() && (method == Method::PUT || method == Method::POST);
        let named = format!("{}{query}", path(key));
        let mut request = target.request_named(method, &root, &named, body)?;
        if says_nothing {
            let zero = HeaderValue::from_static("0");
            request.headers_mut().insert(header::CONTENT_LENGTH, zero);
        }
        Ok(request)
    };
    let none = Bytes::new;
    match &request.action {
        ObjectAction::Get(get) => {
            let mut request = of_key(Method::GET, &get.key, "", none())?;
            conditions(get, &mut request)?;
            // What the store has is what its length and its checksum are of.
            request.extensions_mut().insert(AsSent);
            ask_checksum(rest, &mut request);
            Ok(request)
        }
        ObjectAction::Head(head) => {
            let mut request = of_key(Method::HEAD, &head.key, "", none())?;
            ask_checksum(rest, &mut request);
            Ok(request)
        }
        ObjectAction::Put(put) => {
            let mut request = of_key(Method::PUT, &put.key, "", put.content.clone())?;
            crc32(rest, put.crc32, &mut request)?;
            describe(put.content_type.as_deref(), &put.metadata, &mut request)?;
            if put.if_absent {
                let any = HeaderValue::from_static("*");
                request.headers_mut().insert(header::IF_NONE_MATCH, any);
            }
            Ok(request)
        }
        ObjectAction::Delete(delete) => of_key(Method::DELETE, &delete.key, "", none()),
        ObjectAction::Copy(copy) => {
            let source = source(rest, &request.bucket, copy)?;
            let mut request = of_key(Method::PUT, &copy.key, "", none())?;
            insert(&mut request, COPY_SOURCE, &source)?;
            Ok(request)
        }
        ObjectAction::List(list) => {
            let root = if root.is_empty() { "/" } else { &root };
            target.get(&format!("{root}{}", page(list)))
        }
        ObjectAction::Begin(begin) => {
            let mut request = of_key(Method::POST, &begin.key, "?uploads", none())?;
            describe(begin.content_type.as_deref(), &begin.metadata, &mut request)?;
            if rest.checksums && begin.crc32 {
                let headers = request.headers_mut();
                headers.insert(ALGORITHM, HeaderValue::from_static("CRC32"));
                // One of the whole, and not of the parts' checksums.
                headers.insert(CHECKSUM_TYPE, HeaderValue::from_static("FULL_OBJECT"));
            }
            Ok(request)
        }
        ObjectAction::Part(part) => {
            let of = format!(
                "?partNumber={}&uploadId={}",
                part.number,
                query(&part.upload)
            );
            let mut request = of_key(Method::PUT, &part.key, &of, part.content.clone())?;
            crc32(rest, part.crc32, &mut request)?;
            Ok(request)
        }
        ObjectAction::Complete(complete) => {
            let of = format!("?uploadId={}", query(&complete.upload));
            let body = parts(rest, complete)?.into();
            let mut request = of_key(Method::POST, &complete.key, &of, body)?;
            let kind = HeaderValue::from_static("application/xml");
            request.headers_mut().insert(header::CONTENT_TYPE, kind);
            crc32(rest, complete.crc32, &mut request)?;
            if request.headers().contains_key(CRC32) {
                let whole = HeaderValue::from_static("FULL_OBJECT");
                request.headers_mut().insert(CHECKSUM_TYPE, whole);
            }
            Ok(request)
        }
        ObjectAction::Abort(abort) => {
            let of = format!("?uploadId={}", query(&abort.upload));
            of_key(Method::DELETE, &abort.key, &of, none())
        }
        ObjectAction::Presign(presign) => {
            let method = if presign.put {
                Method::PUT
            } else {
                Method::GET
            };
            of_key(method, &presign.key, "", none())
        }
        _ => Err(Error::new(
            ErrorKind::Unsupported,
            "S3 has no request for this",
        )),
    }
}

/// Whether a bucket, or the store itself, is there for us.
pub(crate) fn ready(rest: &Rest, bucket: &str, target: &Target) -> Result<Request<Bytes>> {
    let root = root(rest, bucket)?;
    match (rest.bucket.is_some(), root.as_str()) {
        // The list of buckets is all that there is to ask of a store.
        (false, "") => target.get("/"),
        (true, "") => target.request(Method::HEAD, "/", Bytes::new()),
        (_, root) => target.request(Method::HEAD, root, Bytes::new()),
    }
}

/// What stands before the key in the path: nothing where the base URL is that of the bucket.
fn root(rest: &Rest, asked: &str) -> Result<String> {
    match &rest.bucket {
        Some(own) if asked.is_empty() || asked == &**own => Ok(String::new()),
        Some(own) => Err(invalid(format!(
            "this account is for the bucket `{own}` alone; set no `bucket` to reach others"
        ))),
        None if asked.is_empty() => Ok(String::new()),
        None => Ok(format!("/{}", segment(asked)?)),
    }
}

/// A key in a path, or in a header: its slashes stay, and everything else that is not unreserved is
/// encoded once.
fn path(key: &str) -> String {
    let pieces: Vec<String> = key.split('/').map(query).collect();
    pieces.join("/")
}

fn conditions(get: &Get, request: &mut Request<Bytes>) -> Result<()> {
    if let Some(Range { start, end }) = get.range {
        if start >= end {
            return Err(invalid(format!(
                "the range {start}..{end} has no byte in it"
            )));
        }
        let range = match end {
            u64::MAX => format!("bytes={start}-"),
            end => format!("bytes={start}-{}", end - 1),
        };
        insert(request, header::RANGE, &range)?;
    }
    match &get.if_match {
        Some(etag) => insert(request, header::IF_MATCH, etag),
        None => Ok(()),
    }
}

fn ask_checksum(rest: &Rest, request: &mut Request<Bytes>) {
    if rest.checksums {
        let enabled = HeaderValue::from_static("ENABLED");
        request.headers_mut().insert(MODE, enabled);
    }
}

/// The four bytes in their usual order, in base64.
pub(crate) fn text_of(crc32: u32) -> String {
    BASE64_STANDARD.encode(crc32.to_be_bytes())
}

fn crc32(rest: &Rest, crc32: Option<u32>, request: &mut Request<Bytes>) -> Result<()> {
    match crc32.filter(|_| rest.checksums) {
        Some(crc32) => insert(request, CRC32, &text_of(crc32)),
        None => Ok(()),
    }
}

fn describe<'a>(
    content_type: Option<&str>,
    metadata: impl IntoIterator<Item = (&'a String, &'a String)>,
    request: &mut Request<Bytes>,
) -> Result<()> {
    if let Some(media_type) = content_type {
        insert(request, header::CONTENT_TYPE, media_type)?;
    }
    for (name, value) in metadata {
        let name = HeaderName::try_from(format!("{METADATA}{name}"))
            .map_err(|_| invalid(format!("metadata cannot be called {name:?}")))?;
        if !value.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            return Err(invalid(format!(
                "the metadata {name} has characters beyond ASCII, which no header carries; encode them"
            )));
        }
        insert(request, name, value)?;
    }
    Ok(())
}

fn insert(request: &mut Request<Bytes>, name: HeaderName, value: &str) -> Result<()> {
    let value = HeaderValue::try_from(value)
        .map_err(|_| invalid(format!("the header {name} cannot have this value")))?;
    request.headers_mut().insert(name, value);
    Ok(())
}

fn source(rest: &Rest, asked: &str, copy: &CopyFrom) -> Result<String> {
    let own = rest.bucket.as_deref().unwrap_or(asked);
    let bucket = match &*copy.from_bucket {
        "" => own,
        named => named,
    };
    if bucket.is_empty() {
        return Err(invalid(
            "a copy names the bucket that it is from; set the account's `bucket`, or `from_bucket`",
        ));
    }
    if copy.from.is_empty() {
        return Err(invalid("an object has a key, and this one is empty"));
    }
    Ok(format!("/{}/{}", segment(bucket)?, path(&copy.from)))
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
fn page(list: &List) -> String {
    let mut asked = "?list-type=2".to_owned();
    let mut ask = |name: &str, value: &str| {
        asked.push_str(name);
        asked.push_str(&query(value));
    };
    if !list.prefix.is_empty() {
        ask("&prefix=", &list.prefix);
    }
    if let Some(delimiter) = &list.delimiter {
        ask("&delimiter=", delimiter);
    }
    if let Some(page) = &list.page {
        ask("&continuation-token=", page);
    }
    if let Some(limit) = list.limit {
        ask("&max-keys=", &limit.to_string());
    }
    asked
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
fn parts(rest: &Rest, complete: &Complete) -> Result<String> {
    if complete.parts.is_empty() {
        return Err(invalid("an object of parts has one at least"));
    }
    let mut xml =
        "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">".to_owned();
    for part in &complete.parts {
        let etag = escape(part.etag.as_str());
        // Writing into a string never fails.
        let _ = write!(
            xml,
            "<Part><PartNumber>{}</PartNumber><ETag>{etag}</ETag>",
            part.number
        );
        if let Some(crc32) = part.crc32.filter(|_| rest.checksums) {
            let _ = write!(xml, "<ChecksumCRC32>{}</ChecksumCRC32>", text_of(crc32));
        }
        xml.push_str("</Part>");
    }
    xml.push_str("</CompleteMultipartUpload>");
    Ok(xml)
}

fn invalid(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidRequest, what)
}
