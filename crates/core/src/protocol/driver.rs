//! The driver: encode, authorize, send, check, decode. All I/O of all HTTP providers is here.

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header, response::Parts};
use tokio::time::timeout;

use super::{Decoder, Protocol, Shape, content_type, events::Events, hints, status};
use crate::{
    BackendInfo, Body, Call, ChatRequest, ChatStream, Error, ErrorKind, Limit, Op, Phase, Prime, Reply, Result,
    Serve, Stats, Warning,
    account::Site,
    chat::{Meta, Warnings},
    json::merge_patch,
    raw::RawRequest,
    stats::{Counters, Recorder},
};

/// A provider that speaks HTTP: its protocol, and the driver that does the I/O.
#[derive(Debug)]
pub struct HttpBackend<P>(Arc<Shared<P>>);

#[derive(Debug)]
struct Shared<P> {
    info: BackendInfo,
    provider: Arc<str>,
    protocol: P,
    site: Site,
    counters: Arc<Counters>,
}

impl<P: Protocol> HttpBackend<P> {
    pub(crate) fn new(info: BackendInfo, protocol: P, site: Site) -> Self {
        let counters = Arc::new(Counters::new(info.provider, site.target.shared_authority().clone()));
        let provider = Arc::from(info.provider);
        Self(Arc::new(Shared { info, provider, protocol, site, counters }))
    }
}

impl<P: Protocol> Serve for HttpBackend<P> {
    fn info(&self) -> &BackendInfo {
        &self.0.info
    }

    fn serve(&self, call: Call) -> impl Future<Output = Result<Reply>> + Send + 'static {
        let shared = self.0.clone();
        async move {
            let recorder = Recorder::begin(&shared.counters, call.attempt);
            let result = shared.exchange(&call).await.map_err(|error| shared.sign(error));
            recorder.settle(result)
        }
    }

    fn stats(&self) -> Stats {
        Stats { endpoints: vec![self.0.counters.snapshot()] }
    }
}

impl<P: Protocol> Shared<P> {
    async fn exchange(&self, call: &Call) -> Result<Reply> {
        let buffered = match &call.op {
            Op::Chat(request) if call.prime == Prime::Complete => Some(Op::ChatStream(request.clone())),
            _ => None,
        };
        let op = buffered.as_ref().unwrap_or(&call.op);

        let (head, body, warnings) = self.send(op, call).await?;
        match self.protocol.shape(op, &head) {
            Shape::Whole => {
                let raw = self.read_whole(op, body).await?;
                let reply = self.decode(op, &head, &raw)?;
                let raw = call.keep_raw.then_some(raw);
                let reply = self.label(reply, head, raw, warnings);
                match (op, reply) {
                    (Op::ChatStream(_), Reply::Chat(response)) if buffered.is_some() => Ok(Reply::Chat(response)),
                    // The provider answered a stream's request whole: one chunk for each part.
                    (Op::ChatStream(_), Reply::Chat(response)) => {
                        Ok(Reply::ChatStream(ChatStream::from_response(response)))
                    }
                    (_, reply) => Ok(reply),
                }
            }
            Shape::Frames(framing, frame_limits) => {
                let decoder = self.protocol.decoder(op, &head);
                let frame_limits = self.site.limits.event.map_or(frame_limits, trunkline_http::frame::FrameLimits::both);
                let events = Events::new(body, framing, frame_limits, decoder, &self.site, call.keep_raw);
                self.stream(events, head, warnings, call, buffered.is_some()).await
            }
            Shape::Streamed => Ok(Reply::Raw(http::Response::from_parts(head, body))),
        }
    }

    /// Sends and gives the head of a success.
    async fn send(&self, op: &Op, call: &Call) -> Result<(Parts, Body, Warnings)> {
        let mut warnings = Warnings::default();
        let request = match op {
            Op::Raw(request) => self.raw(request)?,
            op => self.protocol.encode(op, &self.site.target, &mut warnings)?,
        };
        let (strict, patch) = settings_of(op);
        if let Some(warning) = warnings.first().filter(|_| strict) {
            return Err(refused(warning));
        }
        let (mut parts, mut body) = request.into_parts();
        if let Some(patch) = patch {
            body = patched(&body, patch)?;
        }
        // Only the providers' own headers and the account's stand before ours.
        parts.headers.extend(self.site.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        parts.headers.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        for (name, value) in &call.headers {
            parts.headers.insert(name.clone(), value.clone());
        }
        let mut request = http::Request::from_parts(parts, Body::from(body));
        self.site.auth.apply(&mut request, call.key.as_ref()).await?;

        let sending = self.site.http.send(request);
        let response = match self.site.timers.head.filter(|_| matches!(op, Op::ChatStream(_))) {
            Some(limit) => timeout(limit, sending).await.map_err(|_| {
                Error::timeout(Phase::Head, limit).with_delivery(crate::Delivery::MaybeProcessed)
            })?,
            None => sending.await,
        }?;
        let (head, body) = response.into_parts();
        if head.status.is_success() {
            return Ok((head, body, warnings));
        }
        Err(self.refusal(&head, body).await)
    }

    fn raw(&self, request: &RawRequest) -> Result<http::Request<Bytes>> {
        let mut built = self.site.target.request(request.method.clone(), &request.path, request.body.clone())?;
        *built.headers_mut() = request.headers.clone();
        built.headers_mut().remove(header::AUTHORIZATION);
        Ok(built)
    }

    /// The error that an answer is.
    async fn refusal(&self, head: &Parts, body: Body) -> Error {
        if head.status.is_redirection() {
            return status::describe(redirect(head), head);
        }
        let body = timeout(ERROR_BODY_PATIENCE, body.collect_prefix(self.site.limits.error_body)).await;
        let body = body.unwrap_or_default();
        let error = self.protocol.error(head, &body);
        let wait = error.retry_after().map(hints::Wait::For).or_else(|| hints::wait(&head.headers, &body));
        let error = status::describe(error, head).with_body(body);
        match wait {
            Some(wait) => error.with_retry_after(wait.duration()),
            None => error,
        }
    }

    async fn read_whole(&self, op: &Op, mut body: Body) -> Result<Bytes> {
        let limits = &self.site.limits;
        let limit = if matches!(op, Op::Embed(_)) { limits.embed_body } else { limits.body };
        let Some(idle) = self.site.timers.byte_idle else {
            return Ok(body.collect(limit).await?);
        };
        // The ordinary answer arrives with its head, in one piece: no timer is needed for it.
        let silent = || Error::timeout(Phase::ByteIdle, idle).with_delivery(crate::Delivery::Responded);
        let mut whole = match timeout(idle, body.chunk()).await.map_err(|_| silent())? {
            Some(first) => first?,
            None => return Ok(Bytes::new()),
        };
        let mut rest = bytes::BytesMut::new();
        while !http_body_is_over(&body) {
            let Some(chunk) = timeout(idle, body.chunk()).await.map_err(|_| silent())? else { break };
            let chunk = chunk?;
            if rest.is_empty() {
                let announced = usize::try_from(http_body_left(&body)).unwrap_or(usize::MAX);
                rest.reserve((whole.len() + chunk.len()).saturating_add(announced).min(limit).min(1 << 20));
                rest.extend_from_slice(&whole);
            }
            rest.extend_from_slice(&chunk);
            if rest.len() > limit {
                break;
            }
        }
        if !rest.is_empty() {
            whole = rest.freeze();
        }
        if whole.len() > limit {
            let what = format!("the answer is larger than {limit} bytes");
            return Err(Error::limit_exceeded(Limit::Body, what).with_phase(Phase::Body));
        }
        Ok(whole)
    }

    fn decode(&self, op: &Op, head: &Parts, body: &Bytes) -> Result<Reply> {
        self.protocol.decode(op, head, body.clone()).map_err(|error| {
            // An unreadable answer that is not even JSON: a proxy's login page, a challenge.
            let foreign = content_type(head).filter(|_| error.kind() == ErrorKind::Decode && !super::is_json(head));
            let error = match foreign {
                Some(media_type) => Error::decode(format!(
                    "the answer is {media_type} and no JSON; is the base URL right? It begins: {}",
                    String::from_utf8_lossy(body.get(..body.len().min(QUOTED)).unwrap_or_default()),
                )),
                None => error,
            };
            status::describe(error, head)
        })
    }

    async fn stream<D: Decoder>(
        &self,
        events: Events<D>,
        head: Parts,
        warnings: Warnings,
        call: &Call,
        buffered: bool,
    ) -> Result<Reply> {
        let describe = |error: Error, meta: &Meta| match meta.request_id() {
            Some(id) if error.request_id().is_none() => error.with_request_id(id),
            _ => error,
        };
        let meta = self.meta(head, None);
        let fallback = meta.clone();
        let mut stream = ChatStream::new(events.with_warnings(warnings.into_vec()));
        stream.set_meta(meta);
        if buffered {
            // Nothing is shown before the end, so an interruption at any point leaves no trace.
            let collected = stream.collect().await;
            return collected.map(Reply::Chat).map_err(|error| uncommitted(describe(error, &fallback)));
        }
        let priming = stream.prime(call.prime);
        let first_content = call.first_content.or(self.site.timers.first_content);
        let primed = match first_content {
            Some(limit) => timeout(limit, priming).await.unwrap_or_else(|_| {
                Err(Error::timeout(Phase::FirstContent, limit).with_delivery(crate::Delivery::Responded))
            }),
            None => priming.await,
        };
        primed.map(Reply::ChatStream).map_err(|error| {
            let error = describe(error, &fallback);
            if error.status().is_none() { error.with_status(fallback.status.unwrap_or(StatusCode::OK)) } else { error }
        })
    }

    fn meta(&self, head: Parts, raw: Option<Bytes>) -> Meta {
        Meta {
            provider: Some(self.provider.clone()),
            endpoint: Some(self.site.target.shared_authority().clone()),
            status: Some(head.status),
            headers: head.headers,
            raw,
            attempts: 1,
        }
    }

    fn label(&self, mut reply: Reply, head: Parts, raw: Option<Bytes>, warnings: Warnings) -> Reply {
        let meta = self.meta(head, raw);
        match &mut reply {
            Reply::Chat(response) => {
                response.meta = meta;
                response.warnings.extend(warnings.into_vec());
            }
            Reply::Embed(response) => {
                response.meta = meta;
                response.warnings.extend(warnings.into_vec());
            }
            Reply::Models(page) => page.meta = meta,
            Reply::ChatStream(stream) => stream.set_meta(meta),
            Reply::Raw(_) => {}
        }
        reply
    }

    fn sign(&self, error: Error) -> Error {
        let error = error.with_provider(self.provider.clone());
        if error.endpoint().is_some() {
            return error;
        }
        error.with_endpoint(self.site.target.shared_authority().clone())
    }
}

const USER_AGENT: &str = concat!("trunkline/", env!("CARGO_PKG_VERSION"));
/// How long the body of an error is waited for. Its status says the most.
const ERROR_BODY_PATIENCE: Duration = Duration::from_secs(5);
/// How much of a foreign answer an error quotes.
const QUOTED: usize = 200;

fn settings_of(op: &Op) -> (bool, Option<&crate::Json>) {
    let chat = |request: &Arc<ChatRequest>| request.strict;
    match op {
        Op::Chat(request) | Op::ChatStream(request) => (chat(request), request.patch.as_ref()),
        Op::Embed(request) => (request.strict, request.patch.as_ref()),
        Op::Models(_) | Op::Raw(_) => (false, None),
    }
}

fn refused(warning: &Warning) -> Error {
    Error::new(ErrorKind::Unsupported, format!("{}; the request is strict", warning.subject()))
}

fn patched(body: &Bytes, patch: &crate::Json) -> Result<Bytes> {
    let invalid = || Error::new(ErrorKind::InvalidRequest, "the body patch cannot be merged into the body");
    let text = std::str::from_utf8(body).map_err(|_| invalid())?;
    let merged = merge_patch(text, patch).map_err(|error| invalid().with_source(error))?;
    Ok(merged.into())
}

/// Names the host only: a redirect's address may hold secrets.
fn redirect(head: &Parts) -> Error {
    let target = head.headers.get(header::LOCATION).and_then(|location| location.to_str().ok());
    let host = target.and_then(|target| target.parse::<http::Uri>().ok()).and_then(|uri| uri.host().map(str::to_owned));
    let whither = host.map_or_else(String::new, |host| format!(" to {host}"));
    Error::new(
        ErrorKind::Redirect,
        format!("the server redirects{whither}; redirects are never followed, since they would carry the key away. \
                 Set the base URL to where the service is"),
    )
    .with_delivery(crate::Delivery::Responded)
}

/// A buffered call showed nothing, whatever its inner stream had yielded.
fn uncommitted(error: Error) -> Error {
    if error.delivery() == crate::Delivery::Committed {
        error.with_delivery(crate::Delivery::Responded)
    } else {
        error
    }
}

fn http_body_is_over(body: &Body) -> bool {
    use http_body::Body as _;
    body.is_end_stream()
}

fn http_body_left(body: &Body) -> u64 {
    use http_body::Body as _;
    body.size_hint().lower()
}
