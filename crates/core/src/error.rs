//! One error type: what happened, to what, and how far the call had come.

use std::{borrow::Cow, error::Error as StdError, sync::Arc, time::Duration};

use bytes::Bytes;
use http::StatusCode;
use trunkline_http::{Sent, TransportError, TransportErrorKind};

use crate::{BoxError, ChatResponse};

mod display;
mod kind;

pub(crate) use display::escape;
pub use kind::{Delivery, ErrorKind, Limit, Phase, Recovery, Scope};

/// The result of every call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong. One word wide, so that a `Result` stays small.
///
/// Three axes tell what can be done about it: the [`kind`](Self::kind), the
/// [`scope`](Self::scope), and the [`delivery`](Self::delivery); [`recovery`](Self::recovery) is
/// derived from them. Its text never holds a key, a prompt, a header or a URL's query.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    scope: Option<Scope>,
    delivery: Delivery,
    phase: Option<Phase>,
    limit: Option<Limit>,
    message: Cow<'static, str>,
    provider: Option<Arc<str>>,
    model: Option<Arc<str>>,
    endpoint: Option<Arc<str>>,
    key: Option<Arc<str>>,
    status: Option<StatusCode>,
    code: Option<Box<str>>,
    error_type: Option<Box<str>>,
    param: Option<Box<str>>,
    request_id: Option<Box<str>>,
    retry_after: Option<Duration>,
    should_retry: Option<bool>,
    exhausted: bool,
    recovery: Option<Recovery>,
    keyed: bool,
    attempts: Vec<Attempt>,
    partial: Option<Box<ChatResponse>>,
    done: Option<(usize, usize)>,
    body: Option<Bytes>,
    source: Option<BoxError>,
}

/// One try of a call that failed in the end.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Attempt {
    /// The provider's id, `groq`, where one was chosen.
    pub provider: Option<Arc<str>>,
    /// The model that was asked, as the caller named it.
    pub model: Option<Arc<str>>,
    /// The endpoint's authority, `api.groq.com`, where one was chosen.
    pub endpoint: Option<Arc<str>>,
    /// The key's short hash, where a pool chose one of several.
    pub key: Option<Arc<str>>,
    /// What happened.
    pub kind: ErrorKind,
    /// The HTTP status, if there was one.
    pub status: Option<StatusCode>,
    /// The provider's name for this request, to be given to its support.
    pub request_id: Option<Box<str>>,
    /// How far it had come. After [`MaybeProcessed`](Delivery::MaybeProcessed) the next try may
    /// have been the second to be acted on.
    pub delivery: Delivery,
    /// From its start to its failure.
    pub elapsed: Duration,
    /// What was waited before the next try; `None` after the last.
    pub waited: Option<Duration>,
}

/// How much of an error body is kept.
const MAX_BODY: usize = 8 << 10;

impl Error {
    /// An error of this kind, before anything was sent. The message says what is wrong and what
    /// to do.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            scope: None,
            delivery: Delivery::NotSent,
            phase: None,
            limit: None,
            message: message.into(),
            provider: None,
            model: None,
            endpoint: None,
            key: None,
            status: None,
            code: None,
            error_type: None,
            param: None,
            request_id: None,
            retry_after: None,
            should_retry: None,
            exhausted: false,
            recovery: None,
            keyed: false,
            attempts: Vec::new(),
            partial: None,
            done: None,
            body: None,
            source: None,
        }))
    }

    /// What happened.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What it happened to.
    pub fn scope(&self) -> Scope {
        self.0.scope.unwrap_or_else(|| self.0.kind.usual_scope())
    }

    /// How far the call had come.
    pub fn delivery(&self) -> Delivery {
        self.0.delivery
    }

    /// Where on the way, for `Connect`, `Timeout` and `Interrupted`.
    pub fn phase(&self) -> Option<Phase> {
        self.0.phase
    }

    /// Which bound was passed, for `LimitExceeded`.
    pub fn limit(&self) -> Option<Limit> {
        self.0.limit
    }

    /// Who could still serve the call.
    ///
    /// It follows from the kind, the phase and the delivery, unless somebody [knows
    /// better](Self::with_recovery). Nobody can, once the caller has been given content.
    pub fn recovery(&self) -> Recovery {
        let usual = kind::recovery(self.0.kind, self.0.phase, self.0.delivery);
        match self.0.recovery {
            Some(known) if self.0.delivery != Delivery::Committed => known,
            _ => usual,
        }
    }

    /// Whether it speaks against the endpoint: the host, the way there, or the provider behind it
    /// failed. What the request, the key, a limit of ours or the caller is to blame for does not.
    pub fn is_endpoint_failure(&self) -> bool {
        kind::is_endpoint_failure(self.0.kind, self.0.phase, self.0.delivery)
    }

    /// Whether another attempt may help and nobody has given up yet.
    ///
    /// `false` after the retries are used up, so that a retry of yours around ours does not
    /// multiply them, and where the provider says so (`x-should-retry: false`).
    pub fn is_retryable(&self) -> bool {
        self.may_go_on() && matches!(self.recovery(), Recovery::Later | Recovery::Elsewhere)
    }

    /// How long the provider asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The `x-should-retry` of the answer.
    pub fn should_retry(&self) -> Option<bool> {
        self.0.should_retry
    }

    /// The HTTP status, if there was an answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The provider's code: `insufficient_quota`.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The provider's type: `invalid_request_error`.
    pub fn error_type(&self) -> Option<&str> {
        self.0.error_type.as_deref()
    }

    /// The parameter that the provider objects to.
    pub fn param(&self) -> Option<&str> {
        self.0.param.as_deref()
    }

    /// The provider's name for this request, to be given to its support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The provider's id: `groq`. Empty where the failure is nobody's.
    pub fn provider(&self) -> &str {
        self.0.provider.as_deref().unwrap_or_default()
    }

    /// The model that was asked, as the caller named it, where it came so far.
    pub fn model(&self) -> Option<&str> {
        self.0.model.as_deref()
    }

    /// The authority of the endpoint that failed: `api.groq.com`.
    pub fn endpoint(&self) -> Option<&str> {
        self.0.endpoint.as_deref()
    }

    /// The message alone, as the provider wrote it: not escaped, not shortened.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Every try before and including the last, oldest first. Empty where there was one only and
    /// no retry layer saw it.
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }

    /// What a stream had given before it was cut. It is no answer: its last part may be half.
    pub fn partial(&self) -> Option<&ChatResponse> {
        self.0.partial.as_deref()
    }

    /// Of a call that was sent as [several requests](crate::EmbedCall::at_once): how many of its
    /// inputs or documents had been answered, and how many there are. They may have been paid for, and
    /// their answers are not kept.
    pub fn done(&self) -> Option<(usize, usize)> {
        self.0.done
    }

    /// The body of the error answer, at most 8 KiB. Providers quote prompts in it.
    pub fn body(&self) -> Option<&[u8]> {
        self.0.body.as_deref()
    }
}

/// For those who make errors: layers and protocols.
impl Error {
    /// A setting that cannot work.
    pub fn config(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    /// What the provider sent cannot be read.
    pub fn decode(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Decode, message).with_delivery(Delivery::Responded)
    }

    /// A bound was passed while reading an answer.
    pub fn limit_exceeded(limit: Limit, message: impl Into<Cow<'static, str>>) -> Self {
        let mut error =
            Self::new(ErrorKind::LimitExceeded, message).with_delivery(Delivery::Responded);
        error.0.limit = Some(limit);
        error
    }

    /// The stream ended before its answer was whole.
    pub fn interrupted(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Interrupted, message)
            .with_phase(Phase::Body)
            .with_delivery(Delivery::Responded)
    }

    /// A timer ran out.
    pub fn timeout(phase: Phase, after: Duration) -> Self {
        Self::new(ErrorKind::Timeout, kind::timeout_message(phase, after)).with_phase(phase)
    }

    /// Sets the kind.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Sets who could still serve the call, where that does not follow from the kind: a pool knows
    /// whether there is anybody else, an adapter whether a conflict is a lock that will be gone soon.
    #[must_use]
    pub fn with_recovery(mut self, recovery: Recovery) -> Self {
        self.0.recovery = Some(recovery);
        self
    }

    /// Sets what it happened to, where the kind's usual scope is wrong.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.0.scope = Some(scope);
        self
    }

    /// Sets how far the call had come.
    #[must_use]
    pub fn with_delivery(mut self, delivery: Delivery) -> Self {
        self.0.delivery = delivery;
        self
    }

    /// Sets where on the way it happened.
    #[must_use]
    pub fn with_phase(mut self, phase: Phase) -> Self {
        self.0.phase = Some(phase);
        self
    }

    /// Sets the provider's id, unless one is set.
    #[must_use]
    pub fn with_provider(mut self, provider: impl Into<Arc<str>>) -> Self {
        self.0.provider.get_or_insert_with(|| provider.into());
        self
    }

    /// Sets the endpoint's authority.
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: impl Into<Arc<str>>) -> Self {
        self.0.endpoint = Some(endpoint.into());
        self
    }

    /// Sets the HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Sets the provider's code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<Box<str>>) -> Self {
        self.0.code = Some(code.into()).filter(|code| !code.is_empty());
        self
    }

    /// Sets the provider's type.
    #[must_use]
    pub fn with_type(mut self, error_type: impl Into<Box<str>>) -> Self {
        self.0.error_type = Some(error_type.into()).filter(|kind| !kind.is_empty());
        self
    }

    /// Sets the parameter that the provider objects to.
    #[must_use]
    pub fn with_param(mut self, param: impl Into<Box<str>>) -> Self {
        self.0.param = Some(param.into()).filter(|param| !param.is_empty());
        self
    }

    /// Sets the provider's name for the request.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<Box<str>>) -> Self {
        self.0.request_id = Some(id.into());
        self
    }

    /// Sets how long the provider asks to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: impl Into<Option<Duration>>) -> Self {
        self.0.retry_after = wait.into();
        self
    }

    /// Sets the answer's `x-should-retry`.
    #[must_use]
    pub fn with_should_retry(mut self, should_retry: impl Into<Option<bool>>) -> Self {
        self.0.should_retry = should_retry.into();
        self
    }

    /// Sets what a stream had given before it was cut.
    #[must_use]
    pub fn with_partial(mut self, partial: ChatResponse) -> Self {
        self.0.partial = Some(Box::new(partial));
        self
    }

    /// Keeps the beginning of the error answer.
    #[must_use]
    pub fn with_body(mut self, body: Bytes) -> Self {
        // A copy, so that a few words do not hold on to a large buffer.
        self.0.body = Some(Bytes::copy_from_slice(
            body.get(..MAX_BODY).unwrap_or(&body),
        ));
        self
    }

    /// Sets the cause. What `serde_json` says of values, which are the model's or the user's
    /// words, is left out of it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        let source = source.into();
        self.0.source = Some(match source.downcast_ref::<serde_json::Error>() {
            Some(json) => Box::new(display::JsonPlace::of(json)),
            None => source,
        });
        self
    }

    /// Itself in one line, without the provider's own words.
    pub(crate) fn summary(&self) -> String {
        display::Summary(self).to_string()
    }

    /// Puts the earlier tries before this one.
    pub(crate) fn set_attempts(&mut self, attempts: Vec<Attempt>) {
        self.0.attempts = attempts;
    }

    /// Whether somebody who knows says that another endpoint or key could serve it at once.
    pub(crate) fn is_told_elsewhere(&self) -> bool {
        self.0.recovery == Some(Recovery::Elsewhere)
    }

    /// Whether nobody has forbidden another try: no retry above or below, no provider.
    pub(crate) fn may_go_on(&self) -> bool {
        !self.0.exhausted && self.0.should_retry != Some(false)
    }

    /// Says which model was asked, unless somebody who knew better has said it.
    pub(crate) fn set_model(&mut self, model: &str) {
        if !model.is_empty() {
            self.0.model.get_or_insert_with(|| model.into());
        }
    }

    /// Says with which key it was tried, by its short hash.
    pub(crate) fn set_key(&mut self, key: Arc<str>) {
        self.0.key = Some(key);
    }

    /// Says that the request carried an idempotency key: to repeat it is harmless.
    pub(crate) fn mark_keyed(&mut self) {
        self.0.keyed = true;
    }

    /// Whether the request carried an idempotency key.
    pub(crate) fn is_keyed(&self) -> bool {
        self.0.keyed
    }

    /// Says how much of a call that was sent as several requests had been answered.
    pub(crate) fn set_done(&mut self, done: usize, all: usize) {
        self.0.done = Some((done, all));
    }

    /// Says that the retries are used up.
    pub(crate) fn mark_exhausted(&mut self) {
        self.0.exhausted = true;
    }

    /// This failure as one try.
    pub(crate) fn as_attempt(&self, elapsed: Duration) -> Attempt {
        Attempt {
            provider: self.0.provider.clone(),
            model: self.0.model.clone(),
            endpoint: self.0.endpoint.clone(),
            key: self.0.key.clone(),
            kind: self.0.kind,
            status: self.0.status,
            request_id: self.0.request_id.clone(),
            delivery: self.0.delivery,
            elapsed,
            waited: None,
        }
    }

    /// Takes `secret` out of what a provider repeated of it.
    pub(crate) fn redact(&mut self, secret: &str) {
        const HIDDEN: &str = "***";
        // Local servers take `x` or `none` for a key: no secret, and part of many words.
        if secret.len() < 8 {
            return;
        }
        // Inside JSON it is written with escapes.
        let quoted = serde_json::to_string(secret).unwrap_or_default();
        let escaped = quoted.trim_matches('"');
        for form in [secret, escaped, &escaped.replace('/', "\\/")] {
            self.replace(form, HIDDEN);
        }
    }

    fn replace(&mut self, secret: &str, hidden: &str) {
        let inner = &mut *self.0;
        if inner.message.contains(secret) {
            inner.message = inner.message.replace(secret, hidden).into();
        }
        for text in [
            &mut inner.code,
            &mut inner.error_type,
            &mut inner.param,
            &mut inner.request_id,
        ] {
            if let Some(text) = text.as_mut().filter(|text| text.contains(secret)) {
                *text = text.replace(secret, hidden).into();
            }
        }
        let body = inner
            .body
            .as_ref()
            .map(|body| String::from_utf8_lossy(body));
        if let Some(body) = body.filter(|body| body.contains(secret)) {
            inner.body = Some(body.replace(secret, hidden).into());
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        let mut ours = Self::of_transport(&error);
        ours.0.source = error.into_source();
        ours
    }
}

impl Error {
    /// What `error` is to us, without its cause.
    pub(crate) fn of_transport(error: &TransportError) -> Self {
        let kind = match error.kind() {
            TransportErrorKind::Config => ErrorKind::Config,
            TransportErrorKind::Connect => ErrorKind::Connect,
            TransportErrorKind::Tls => ErrorKind::Tls,
            TransportErrorKind::Proxy => ErrorKind::Proxy,
            TransportErrorKind::Timeout => ErrorKind::Timeout,
            TransportErrorKind::LimitExceeded => ErrorKind::LimitExceeded,
            TransportErrorKind::Decode => ErrorKind::Decode,
            TransportErrorKind::Closed => ErrorKind::Closed,
            _ => ErrorKind::Interrupted,
        };
        let mut ours =
            Self::new(kind, error.message().to_owned()).with_delivery(match error.sent() {
                Sent::Never => Delivery::NotSent,
                Sent::Rejected => Delivery::Rejected,
                Sent::Maybe => Delivery::MaybeProcessed,
                Sent::Responded => Delivery::Responded,
            });
        ours.0.phase = error.phase().and_then(kind::phase_of_transport);
        ours.0.limit = error.limit().and_then(kind::limit_of_transport);
        ours
    }
}

/// Whatever a foreign layer failed with. Ours is taken out whole.
impl From<BoxError> for Error {
    fn from(error: BoxError) -> Self {
        match error.downcast::<Self>() {
            Ok(ours) => *ours,
            Err(other) => kind::of_foreign(other),
        }
    }
}
