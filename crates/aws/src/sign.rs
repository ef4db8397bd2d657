//! Signatures over requests.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri, header, request::Parts, uri};
use reqsign_aws_v4::{Credential, RequestSigner};
use reqsign_core::{Context, SignRequest, SigningCredential, hash::hex_sha256};
use tokio::{sync::Mutex, time::Instant};
use trunkline_core::{Body, Error, ErrorKind, Result, protocol::Authorize};

use crate::{Credentials, chain, credentials::Provider};

/// Signs each request by AWS's Signature Version 4, with credentials that are looked for once for
/// all callers, kept, and renewed two minutes before they end.
///
/// It signs the method, the path, the query, the host, the content type, the time and the body; no
/// other header, so that what stands between may change those. S3 alone wants all `x-amz-` headers
/// signed, and has them.
///
/// For S3 it also signs addresses that somebody else may use for some time
/// ([`presign`](Authorize::presign)): from a second to seven days, whatever the body.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
#[derive(Clone)]
pub struct SigV4(Arc<Shared>);

struct Shared {
    signer: RequestSigner,
    /// S3 takes a path as it is; for all others what is encoded in it is encoded once more.
    is_s3: bool,
    unsigned_body: bool,
    context: Context,
    places: Vec<(&'static str, Provider)>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    credential: Option<Credential>,
    failed: Option<Instant>,
}

/// For how long nobody looks again after a search in vain.
const FAILURE_LASTS: Duration = Duration::from_secs(1);

/// The longest life of an address, by S3's own rule.
const LONGEST_ADDRESS: Duration = Duration::from_secs(7 * 86_400);
/// A larger body is not digested where others wait for their turn.
const LARGE: usize = 256 << 10;

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const DIGEST: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const SESSION_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

impl SigV4 {
    /// Signatures for a service, by its signing name (`bedrock`, `s3`), in a region.
    pub fn new(service: &str, region: &str, credentials: impl Into<Credentials>) -> Self {
        Self(Arc::new(Shared::new(service, region, credentials.into())))
    }

    /// The same for S3, without a digest of the body where that goes over TLS, which saves the time that
    /// a large one takes. Over plain HTTP the body is signed all the same.
    pub fn of_unsigned_bodies(region: &str, credentials: impl Into<Credentials>) -> Self {
        Self(Arc::new(Shared {
            unsigned_body: true,
            ..Shared::new("s3", region, credentials.into())
        }))
    }
}

impl Shared {
    fn new(service: &str, region: &str, credentials: Credentials) -> Self {
        let (context, places) = match credentials {
            Credentials::Fixed(fixed) => {
                let place: Provider = Box::new(fixed.provider());
                (Context::new(), vec![("fixed", place)])
            }
            Credentials::Chain(chain) => (chain.context(), chain.places(region)),
        };
        Self {
            signer: RequestSigner::new(service, region),
            is_s3: service == "s3",
            unsigned_body: false,
            context,
            places,
            held: Mutex::default(),
        }
    }
}

impl SigV4 {
    /// Who comes first looks, the others wait and find what was found.
    async fn credential(&self) -> Result<Credential> {
        let mut held = self.0.held.lock().await;
        if let Some(credential) = held.credential.as_ref().filter(|held| held.is_valid()) {
            return Ok(credential.clone());
        }
        let just_failed = held.failed.is_some_and(|at| at.elapsed() < FAILURE_LASTS);
        let error = if just_failed {
            let what = "no AWS credentials were found a moment ago";
            Error::new(ErrorKind::Auth, what)
        } else {
            match chain::find(&self.0.places, &self.0.context).await {
                Ok(found) => {
                    held.failed = None;
                    held.credential = Some(found.clone());
                    return Ok(found);
                }
                Err(error) => {
                    held.failed = Some(Instant::now());
                    error
                }
            }
        };
        // Those there are may do for a moment yet.
        let old = held.credential.clone();
        old.filter(|old| old.is_valid_at(reqsign_core::time::Timestamp::now()))
            .ok_or(error)
    }

    /// What of `request` is signed.
    fn signed_part(&self, request: &Request<Body>, digest: HeaderValue) -> Result<Parts> {
        let mut parts = self.address(request)?;
        parts.headers.insert(DIGEST, digest);
        for (name, value) in request.headers() {
            let of_s3 = self.0.is_s3 && name.as_str().starts_with("x-amz-");
            if name == header::CONTENT_TYPE
                || (of_s3 && ![DATE, DIGEST, SESSION_TOKEN].contains(name))
            {
                parts.headers.insert(name, normal(value)?);
            }
        }
        Ok(parts)
    }

    /// The method and the address alone.
    fn address(&self, request: &Request<Body>) -> Result<Parts> {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = request.method().clone();
        parts.uri = match self.0.is_s3 {
            true => request.uri().clone(),
            false => encoded_again(request.uri())?,
        };
        Ok(parts)
    }

    async fn digest(&self, body: Bytes, over_tls: bool) -> Result<HeaderValue> {
        if self.0.unsigned_body && over_tls && !body.is_empty() {
            return Ok(HeaderValue::from_static("UNSIGNED-PAYLOAD"));
        }
        let digest = match body.len() {
            ..=LARGE => hex_sha256(&body),
            _ => tokio::task::spawn_blocking(move || hex_sha256(&body))
                .await
                .map_err(|_| Error::new(ErrorKind::Closed, "the runtime ends"))?,
        };
        HeaderValue::try_from(digest).map_err(|_| Error::config("a digest that is no header"))
    }

    async fn sign(&self, parts: &mut Parts, lasts: Option<Duration>) -> Result<()> {
        let credential = self.credential().await?;
        let (signer, context) = (&self.0.signer, &self.0.context);
        let signed = signer.sign_request(context, parts, Some(&credential), lasts);
        signed.await.map_err(|error| {
            let what = match lasts {
                Some(_) if error.kind() == reqsign_core::ErrorKind::CredentialInvalid => {
                    "the credentials end before the address would".to_owned()
                }
                _ => format!("the request could not be signed ({:?})", error.kind()),
            };
            Error::new(ErrorKind::Auth, what)
        })
    }
}

/// As it is signed: without spaces around it, and with one where there are several. On the wire it
/// stays what it is.
fn normal(value: &HeaderValue) -> Result<HeaderValue> {
    let Ok(text) = value.to_str() else {
        return Err(Error::new(
            ErrorKind::InvalidRequest,
            "a header that is to be signed has characters beyond ASCII",
        ));
    };
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    HeaderValue::try_from(words.join(" ")).map_err(|_| Error::config("a header that cannot be"))
}

/// The library takes one level of encoding off a path before it puts one on, which is S3's rule.
/// Given `%` as `%25`, it comes to the rule of all other services.
fn encoded_again(address: &Uri) -> Result<Uri> {
    let mut parts = address.clone().into_parts();
    if let Some(path) = parts.path_and_query.take() {
        let again = path.path().replace('%', "%25");
        let again = match path.query() {
            Some(query) => format!("{again}?{query}"),
            None => again,
        };
        let again = uri::PathAndQuery::try_from(again);
        parts.path_and_query = Some(again.map_err(|_| Error::config("the path cannot be signed"))?);
    }
    Uri::from_parts(parts).map_err(|_| Error::config("the address cannot be signed"))
}

impl Authorize for SigV4 {
    async fn authorize(&self, request: &mut Request<Body>) -> Result<()> {
        let Some(body) = request.body().bytes() else {
            return Err(Error::config(
                "a body that is not there yet cannot be signed",
            ));
        };
        let over_tls = request.uri().scheme_str() == Some("https");
        let digest = self.digest(body, over_tls).await?;
        let mut parts = self.signed_part(request, digest)?;
        self.sign(&mut parts, None).await?;
        for (name, mut value) in parts.headers {
            let Some(name) = name.filter(|name| *name != header::HOST) else {
                continue;
            };
            let is_secret = name == header::AUTHORIZATION || name == SESSION_TOKEN;
            let is_ours = is_secret || name == DATE || name == DIGEST;
            // What was there stays as it is.
            if is_ours || !request.headers().contains_key(&name) {
                value.set_sensitive(is_secret || value.is_sensitive());
                request.headers_mut().insert(name, value);
            }
        }
        Ok(())
    }

    async fn presign(&self, request: &mut Request<Body>, lasts: Duration) -> Result<()> {
        if !self.0.is_s3 {
            let what = "only S3's signatures go into addresses";
            return Err(Error::new(ErrorKind::Unsupported, what));
        }
        if lasts.as_secs() == 0 || lasts > LONGEST_ADDRESS {
            let what = "an address lasts from one second to seven days";
            return Err(Error::new(ErrorKind::InvalidRequest, what));
        }
        let mut parts = self.address(request)?;
        self.sign(&mut parts, Some(lasts)).await?;
        *request.uri_mut() = parts.uri;
        Ok(())
    }
}

impl fmt::Debug for SigV4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigV4")
    }
}
