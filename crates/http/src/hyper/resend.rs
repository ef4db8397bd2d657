//! A second copy of a request, for the one time that it may be sent again.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Uri, Version};

use crate::Body;

/// All that goes over the wire. hyper-util drops a request that it could not send.
pub(super) struct Spare {
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    body: Bytes,
}

impl Spare {
    /// `None` if the body can be read only once.
    pub(super) fn of(request: &Request<Body>) -> Option<Self> {
        let body = request.body().bytes()?;
        Some(Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: request.headers().clone(),
            body,
        })
    }

    pub(super) fn into_request(self) -> Request<Body> {
        let mut request = Request::new(Body::from(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers;
        request
    }
}
