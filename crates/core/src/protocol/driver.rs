//! The driver: encode, authorize, send, check, decode. All I/O of all HTTP providers is here.

use std::{future::Future, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header, response::Parts};
use tokio::time::{Instant, timeout};

use super::{
    Decoder, Protocol, Shape,
    chunks::Chunks,
    content_type,
    events::{Events, Reading},
    hints, idle, is_ours,
    patience::Patience,
    pieces::Pieces,
    status,
};
use crate::{
    BackendInfo, Body, Call, ChatStream, Class, Delivery, Error, ErrorKind, Limit, ObjectReply, Op,
    Phase, Prime, Reply, Result, Serve, Stats, Warning,
    account::Site,
    chat::{Meta, Warnings},
    health::Readiness,
    json::merge_patch,
    object::{ObjectAction, ObjectOutcome, Presign},
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
    protocol: Arc<P>,
    site: Site,
    counters: Arc<Counters>,
}

impl<P: Protocol> HttpBackend<P> {
    pub(crate) fn new(info: BackendInfo, protocol: Arc<P>, site: Site) -> Self {
        let counters = Arc::new(Counters::new(
            info.provider,
            site.target.shared_authority().clone(),
        ));
        let provider = Arc::from(info.provider);
        Self(Arc::new(Shared {
            info,
            provider,
            protocol,
            site,
            counters,
        }))
    }
}

impl<P: Protocol> Serve for HttpBackend<P> {
    fn info(&self) -> &BackendInfo {
        &self.0.info
    }

    fn serve(&self, call: Call) -> impl Future<Output = Result<Reply>> + Send + 'static {
        let shared = self.0.clone();
        async move {
            // To read the gauges is no use of the endpoint.
            if let Op::Load(_) = call.op {
                let read = shared.exchange(&call).await;
                if let Ok(Reply::Load(load)) = &read {
                    shared.counters.told(load);
                }
                return read.map_err(|error| shared.sign(error, &call));
            }
            let recorder = Recorder::begin(&shared.counters, call.attempt);
            let result = shared
                .exchange(&call)
                .await
                .map_err(|error| shared.sign(error, &call));
            recorder.settle(result)
        }
    }

    fn stats(&self) -> Stats {
        Stats {
            endpoints: vec![self.0.counters.snapshot()],
            ..Stats::default()
        }
    }
}

impl<P: Protocol> Shared<P> {
    async fn exchange(&self, call: &Call) -> Result<Reply> {
        if let Op::Object(request) = &call.op
            && let ObjectAction::Presign(presign) = &request.action
        {
            return self.presign(presign, call).await;
        }
        let buffered = match &call.op {
            Op::Chat(request) if call.prime == Prime::Complete => {
                Some(Op::ChatStream(request.clone()))
            }
            _ => None,
        };
        let op = buffered.as_ref().unwrap_or(&call.op);

        let began = Instant::now();
        let Patience {
            first_content,
            timers,
        } = Patience::of(
            call,
            self.site.timers,
            &self.info,
            &self.counters,
            buffered.is_some(),
        );
        let (head, body, warnings) = match self.send(op, call, first_content).await {
            // It was asked whether it can serve, and said that it cannot yet.
            Err(error) if is_not_yet(op, &error) => {
                return Ok(Reply::Ready(Readiness::not_yet(error.message())));
            }
            sent => sent?,
        };
        let first_content =
            first_content.map(|limit| (limit, limit.saturating_sub(began.elapsed())));
        // What a caller asks for by itself is the caller's to read, whatever the protocol makes of it.
        let shape = match op {
            Op::Raw(_) => Shape::Streamed,
            op => self.protocol.shape(op, &head),
        };
        match shape {
            Shape::Whole => {
                let raw = self.read_whole(op, body).await;
                let raw = raw.map_err(|error| status::identify(error, &head))?;
                let reply = self.decode(op, &head, &raw)?;
                let raw = call.keep_raw.then_some(raw);
                let reply = self.label(reply, head, raw, warnings);
                match (op, reply) {
                    (Op::ChatStream(_), Reply::Chat(response)) if buffered.is_some() => {
                        Ok(Reply::Chat(response))
                    }
                    // The provider answered a stream's request whole: one chunk for each part.
                    (Op::ChatStream(_), Reply::Chat(response)) => {
                        Ok(Reply::ChatStream(ChatStream::from_response(response)))
                    }
                    (_, reply) => Ok(reply),
                }
            }
            Shape::Frames(framing, frame_limits) => {
                if let Some(media_type) =
                    content_type(&head).filter(|media_type| is_markup(media_type))
                {
                    let media_type = media_type.to_owned();
                    let page = prefix(body, QUOTED).await;
                    return Err(status::describe(foreign_answer(&media_type, &page), &head));
                }
                let chunks = Chunks {
                    decoder: self.protocol.decoder(op, &head),
                    keep_raw: call.keep_raw,
                };
                let reading = Reading::of(&self.site, timers, call.key.clone());
                let events = Events::new(body, framing, frame_limits, chunks, reading);
                self.stream(
                    events,
                    head,
                    warnings,
                    call,
                    first_content,
                    buffered.is_some(),
                )
                .await
            }
            Shape::Streamed if !matches!(op, Op::Raw(_)) => {
                let mut reply = self.decode(op, &head, &Bytes::new())?;
                if let Some(unread) = reply.body_mut() {
                    *unread = idle::watched(body, timers.byte_idle);
                }
                Ok(self.label(reply, head, None, warnings))
            }
            Shape::Streamed => {
                let mut response = http::Response::from_parts(head, body);
                // For those who read it piece by piece.
                let reading = Reading::of(&self.site, timers, call.key.clone());
                response.extensions_mut().insert(reading);
                Ok(Reply::Raw(response))
            }
        }
    }

    /// The address of a request that somebody else will send.
    async fn presign(&self, presign: &Presign, call: &Call) -> Result<Reply> {
        let mut warnings = Warnings::default();
        let target = &self.site.target;
        let request = self.protocol.encode(&call.op, target, &mut warnings)?;
        if let (true, Some(warning)) = (call.op.settings().0, warnings.first()) {
            return Err(refused(warning));
        }
        let mut request = request.map(Body::from);
        let (auth, key) = (&self.site.auth, call.key.as_ref());
        auth.presign(&mut request, presign.lasts, key).await?;
        let url = request.uri().to_string().into();
        let mut reply = ObjectReply::new(ObjectOutcome::Url(url));
        reply.meta.provider = Some(self.provider.clone());
        reply.meta.endpoint = Some(target.shared_authority().clone());
        reply.warnings = warnings.into_vec();
        Ok(Reply::Object(reply))
    }

    /// Sends and gives the head of a success.
    async fn send(
        &self,
        op: &Op,
        call: &Call,
        first_content: Option<Duration>,
    ) -> Result<(Parts, Body, Warnings)> {
        let mut warnings = Warnings::default();
        let request = match op {
            Op::Raw(request) => self.raw(request)?,
            op => self.protocol.encode(op, &self.site.target, &mut warnings)?,
        };
        let (strict, patch) = op.settings();
        if let Some(warning) = warnings.first().filter(|_| strict) {
            return Err(refused(warning));
        }
        let (mut parts, mut body) = request.into_parts();
        if let Some(patch) = patch {
            body = patched(&body, patch)?;
        }
        // The protocol's own first, then the account's, then the call's: the later one stands.
        parts
            .headers
            .entry(header::USER_AGENT)
            .or_insert(HeaderValue::from_static(USER_AGENT));
        for (name, value) in &self.site.usual {
            parts.headers.entry(name).or_insert_with(|| value.clone());
        }
        for (name, value) in self.site.headers.iter().chain(&call.headers) {
            if is_ours(name) {
                return Err(Error::config(format!(
                    "the header `{name}` is ours to set; leave it out"
                )));
            }
            parts.headers.insert(name.clone(), value.clone());
        }
        let mut request = http::Request::from_parts(parts, Body::from(body));
        if let Some(name) = self.idempotency_of(op) {
            let id = HeaderValue::try_from(format!("{:032x}", call.id));
            if let Ok(id) = id {
                request.headers_mut().insert(name.clone(), id);
            }
        }
        self.site
            .auth
            .apply(&mut request, call.key.as_ref())
            .await?;
        let made = self.site.auth.made_for(&request);

        let sending = self.site.http.send(request);
        // First content does not come before the head does.
        let limit = match (self.site.timers.head, first_content) {
            (Some(head), Some(first)) => Some(head.min(first)),
            (head, first) => head.or(first),
        };
        let response = match limit.filter(|_| matches!(op, Op::ChatStream(_))) {
            Some(limit) => timeout(limit, sending).await.map_err(|_| {
                Error::timeout(Phase::Head, limit).with_delivery(Delivery::MaybeProcessed)
            })?,
            None => sending.await,
        }?;
        let (mut head, body) = response.into_parts();
        for (theirs, usual) in &*self.site.renamed {
            if let (Some(value), false) =
                (head.headers.get(theirs), head.headers.contains_key(usual))
            {
                let value = value.clone();
                head.headers.insert(usual, value);
            }
        }
        if head.status.is_success() {
            return Ok((head, body, warnings));
        }
        let mut error = self.refusal(&head, body).await;
        let made = made.iter().filter_map(|value| value.to_str().ok());
        made.for_each(|secret| error.redact(secret));
        Err(error)
    }

    /// The header for a key that makes repeating `op` harmless. To read twice is harmless anyway.
    fn idempotency_of(&self, op: &Op) -> Option<&HeaderName> {
        let repeats_matter = op.class() != Class::Read;
        self.site.idempotency.as_ref().filter(|_| repeats_matter)
    }

    fn raw(&self, request: &RawRequest) -> Result<http::Request<Bytes>> {
        let mut built = self.site.target.request(
            request.method.clone(),
            &request.path,
            request.body.clone(),
        )?;
        *built.headers_mut() = request.headers.clone();
        // That nothing follows on this connection leads nowhere else: some servers hang up after a
        // stream without saying so.
        let is_last = |name: &HeaderName, value: &HeaderValue| {
            *name == header::CONNECTION && value.as_bytes() == b"close"
        };
        let mut headers = request.headers.iter();
        if let Some((name, _)) =
            headers.find(|(name, value)| is_ours(name) && !is_last(name, value))
        {
            return Err(Error::config(format!(
                "the header `{name}` is ours to set; leave it out"
            )));
        }
        Ok(built)
    }

    /// The error that an answer is.
    async fn refusal(&self, head: &Parts, body: Body) -> Error {
        let body = prefix(body, self.site.limits.error_body).await;
        let error = self.protocol.error(head, &body);
        if head.status.is_redirection() {
            return status::describe(redirect(head, &error), head).with_body(body);
        }
        // What the protocol read out of the provider's words is the weakest of hints.
        let wait = hints::of_answer(head, &body)
            .map(hints::Wait::duration)
            .or(error.retry_after());
        status::describe(error, head)
            .with_retry_after(wait)
            .with_body(body)
    }

    async fn read_whole(&self, op: &Op, mut body: Body) -> Result<Bytes> {
        let limits = &self.site.limits;
        let limit = if matches!(op, Op::Embed(_) | Op::Infer(_)) {
            limits.embed_body
        } else {
            limits.body
        };
        let too_large = || {
            let what = format!("the answer is larger than {limit} bytes");
            Error::limit_exceeded(Limit::Body, what).with_phase(Phase::Body)
        };
        if http_body_left(&body) > limit as u64 {
            return Err(too_large());
        }
        // The ordinary answer arrives in one piece, and is not copied.
        let Some(mut whole) = self.next_chunk(&mut body).await? else {
            return Ok(Bytes::new());
        };
        if !http_body_is_over(&body) && whole.len() <= limit {
            let mut pieces = Pieces::new(whole, http_body_left(&body));
            while pieces.len() <= limit {
                let Some(chunk) = self.next_chunk(&mut body).await? else {
                    break;
                };
                pieces.push(&chunk);
            }
            if pieces.len() > limit {
                return Err(too_large());
            }
            whole = pieces.into_whole();
        }
        if whole.len() > limit {
            Err(too_large())
        } else {
            Ok(whole)
        }
    }

    /// The next bytes of a whole answer, or an error if none come.
    async fn next_chunk(&self, body: &mut Body) -> Result<Option<Bytes>> {
        let chunk = match self.site.timers.byte_idle {
            Some(idle) => timeout(idle, body.chunk()).await.map_err(|_| {
                Error::timeout(Phase::ByteIdle, idle).with_delivery(Delivery::Responded)
            })?,
            None => body.chunk().await,
        };
        Ok(chunk.transpose()?)
    }

    fn decode(&self, op: &Op, head: &Parts, body: &Bytes) -> Result<Reply> {
        self.protocol
            .decode(op, head, body.clone())
            .map_err(|error| {
                // An unreadable answer that is not even JSON: a proxy's login page, a challenge.
                let unread = error.kind() == ErrorKind::Decode && !super::is_json(head);
                let foreign = content_type(head).filter(|_| unread);
                let error = foreign.map_or(error, |media_type| foreign_answer(media_type, body));
                status::describe(error, head)
            })
    }

    async fn stream<D: Decoder>(
        &self,
        events: Events<Chunks<D>>,
        head: Parts,
        warnings: Warnings,
        call: &Call,
        first_content: Option<(Duration, Duration)>,
        buffered: bool,
    ) -> Result<Reply> {
        let mut stream = ChatStream::new(events.with_warnings(warnings.into_vec()));
        // Of a stream that is given up, and then cannot be asked any more.
        let id = status::request_id(&head.headers).filter(|_| first_content.is_some());
        let id = id.map(Box::<str>::from);
        stream.set_meta(self.meta(head, None));
        // A whole answer is waited for in two steps, so that its beginning can be timed as well.
        let first = if call.prime == Prime::Complete {
            Prime::FirstContent
        } else {
            call.prime
        };
        let mut stream = match first_content {
            Some((limit, left)) => timeout(left, stream.prime(first))
                .await
                .unwrap_or_else(|_| {
                    let error = Error::timeout(Phase::FirstContent, limit)
                        .with_delivery(Delivery::Responded);
                    Err(match id {
                        Some(id) => error.with_request_id(id),
                        None => error,
                    })
                }),
            None => stream.prime(first).await,
        }?;
        if buffered {
            // Nothing is shown before the end, so an interruption at any point leaves no trace.
            return stream.collect().await.map(Reply::Chat).map_err(uncommitted);
        }
        if call.prime == Prime::Complete {
            stream = stream.prime(Prime::Complete).await?;
        }
        Ok(Reply::ChatStream(stream))
    }

    fn meta(&self, head: Parts, raw: Option<Bytes>) -> Meta {
        Meta {
            provider: Some(self.provider.clone()),
            model: None,
            endpoint: Some(self.site.target.shared_authority().clone()),
            status: Some(head.status),
            headers: head.headers,
            raw,
            maybe_duplicate: false,
            attempts: 1,
        }
    }

    fn label(
        &self,
        mut reply: Reply,
        head: Parts,
        raw: Option<Bytes>,
        warnings: Warnings,
    ) -> Reply {
        let meta = self.meta(head, raw);
        match &mut reply {
            Reply::Chat(response) => response.sign(meta),
            reply => {
                if let Some(unsigned) = reply.meta_mut() {
                    *unsigned = meta;
                }
            }
        }
        if let Some(unwarned) = reply.warnings_mut() {
            unwarned.extend(warnings.into_vec());
        }
        reply
    }

    fn sign(&self, error: Error, call: &Call) -> Error {
        let mut error = error.with_provider(self.provider.clone());
        if self.idempotency_of(&call.op).is_some() {
            error.mark_keyed();
        }
        self.site.auth.hide(call.key.as_ref(), &mut error);
        if error.endpoint().is_some() {
            return error;
        }
        error.with_endpoint(self.site.target.shared_authority().clone())
    }
}

fn is_not_yet(op: &Op, error: &Error) -> bool {
    matches!(op, Op::Ready(_)) && error.kind() == ErrorKind::NotReady
}

const USER_AGENT: &str = concat!("trunkline/", env!("CARGO_PKG_VERSION"));
/// How long the body of an error is waited for. Its status says the most.
const ERROR_BODY_PATIENCE: Duration = Duration::from_secs(5);
/// How much of a foreign answer an error quotes.
const QUOTED: usize = 200;

fn refused(warning: &Warning) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("{}; the request is strict", warning.subject()),
    )
}

fn patched(body: &Bytes, patch: &crate::Json) -> Result<Bytes> {
    let invalid = || {
        Error::new(
            ErrorKind::InvalidRequest,
            "the body patch cannot be merged into the body",
        )
    };
    let text = std::str::from_utf8(body).map_err(|_| invalid())?;
    let merged = merge_patch(text, patch).map_err(|error| invalid().with_source(error))?;
    Ok(merged.into())
}

/// Names the host only: a redirect's address may hold secrets.
/// `told` is what the protocol reads in the answer, if it knows the provider's own redirects.
fn redirect(head: &Parts, told: &Error) -> Error {
    let target = head
        .headers
        .get(header::LOCATION)
        .and_then(|location| location.to_str().ok());
    let host = target
        .and_then(|target| target.parse::<http::Uri>().ok())
        .and_then(|uri| uri.host().map(str::to_owned));
    let whither = host.map_or_else(String::new, |host| format!(" to {host}"));
    let why = format!(
        "the server redirects{whither}; redirects are never followed, since they would carry the key away"
    );
    let error = match told.code() {
        Some(code) => {
            Error::new(ErrorKind::Redirect, format!("{}: {why}", told.message())).with_code(code)
        }
        None => {
            let what = format!("{why}. Set the base URL to where the service is");
            Error::new(ErrorKind::Redirect, what)
        }
    };
    error.with_delivery(Delivery::Responded)
}

/// An answer that no provider of AI gives: a proxy's login page, a challenge.
fn foreign_answer(media_type: &str, body: &[u8]) -> Error {
    let beginning = String::from_utf8_lossy(body.get(..body.len().min(QUOTED)).unwrap_or_default());
    Error::decode(format!(
        "the answer is {media_type} and no JSON; is the base URL right? It begins: {beginning}"
    ))
}

/// A page for people. Streams are announced as anything else, or not at all.
fn is_markup(media_type: &str) -> bool {
    [
        "text/html",
        "application/xhtml+xml",
        "application/xml",
        "text/xml",
    ]
    .iter()
    .any(|markup| markup.eq_ignore_ascii_case(media_type))
}

/// The beginning of a body: what came of it, if it does not come in time.
async fn prefix(mut body: Body, limit: usize) -> Bytes {
    let mut prefix = bytes::BytesMut::new();
    let reading = async {
        while let Some(Ok(chunk)) = body.chunk().await {
            let room = limit.saturating_sub(prefix.len());
            prefix.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if prefix.len() >= limit {
                break;
            }
        }
    };
    // Late or not: what there is must do.
    let _ = timeout(ERROR_BODY_PATIENCE, reading).await;
    prefix.freeze()
}

/// A buffered call showed nothing, whatever its inner stream had yielded.
fn uncommitted(error: Error) -> Error {
    if error.delivery() == Delivery::Committed {
        error.with_delivery(Delivery::Responded)
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
