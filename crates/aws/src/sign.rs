//! Signatures over requests.

use std::{fmt, sync::Arc, time::Duration};

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
/// other header, so that what stands between may change those.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>
#[derive(Clone)]
pub struct SigV4(Arc<Shared>);

struct Shared {
    signer: RequestSigner,
    /// S3 alone takes a path as it is; for all others what is encoded in it is encoded once more.
    encodes_twice: bool,
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

const DIGEST: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const SESSION_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

impl SigV4 {
    /// Signatures for a service, by its signing name (`bedrock`, `s3`), in a region.
    pub fn new(service: &str, region: &str, credentials: impl Into<Credentials>) -> Self {
        let (context, places) = match credentials.into() {
            Credentials::Fixed(fixed) => {
                let place: Provider = Box::new(fixed.provider());
                (Context::new(), vec![("fixed", place)])
            }
            Credentials::Chain(chain) => (chain.context(), chain.places(region)),
        };
        Self(Arc::new(Shared {
            signer: RequestSigner::new(service, region),
            encodes_twice: service != "s3",
            context,
            places,
            held: Mutex::default(),
        }))
    }

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
    fn signed_part(&self, request: &Request<Body>) -> Result<Parts> {
        let Some(body) = request.body().bytes() else {
            return Err(Error::config(
                "a body that is not there yet cannot be signed",
            ));
        };
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.method = request.method().clone();
        parts.uri = match self.0.encodes_twice {
            true => encoded_again(request.uri())?,
            false => request.uri().clone(),
        };
        let digest = HeaderValue::try_from(hex_sha256(&body));
        let digest = digest.map_err(|_| Error::config("a digest that is no header"))?;
        parts.headers.insert(DIGEST, digest);
        if let Some(kind) = request.headers().get(header::CONTENT_TYPE) {
            parts.headers.insert(header::CONTENT_TYPE, kind.clone());
        }
        Ok(parts)
    }
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
        let mut parts = self.signed_part(request)?;
        let credential = self.credential().await?;
        let (signer, context) = (&self.0.signer, &self.0.context);
        let signed = signer.sign_request(context, &mut parts, Some(&credential), None);
        if let Err(error) = signed.await {
            let what = format!("the request could not be signed ({:?})", error.kind());
            return Err(Error::new(ErrorKind::Auth, what));
        }
        for (name, mut value) in parts.headers {
            if let Some(name) = name.filter(|name| *name != header::HOST) {
                let is_secret = name == header::AUTHORIZATION || name == SESSION_TOKEN;
                value.set_sensitive(is_secret || value.is_sensitive());
                request.headers_mut().insert(name, value);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for SigV4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigV4")
    }
}
