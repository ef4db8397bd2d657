//! A transport over canned answers.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri};
use http_body::Frame;
use tokio::time::{Sleep, sleep};
use trunkline_core::{
    Body, HttpClient,
    http_transport::{Phase, Sent, Transport, TransportError, TransportErrorKind},
};

/// One answer: a head after a while, then bytes and pauses.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    head_after: Option<Duration>,
    steps: VecDeque<Step>,
    failure: Option<(TransportErrorKind, Option<Phase>, Sent)>,
}

#[derive(Clone, Debug)]
enum Step {
    Bytes(Bytes),
    Pause(Duration),
    Break,
    Hang,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            head_after: None,
            steps: VecDeque::new(),
            failure: None,
        }
    }

    pub(crate) fn json(body: impl Into<String>) -> Self {
        Self::status(200)
            .header("content-type", "application/json")
            .body(body)
    }

    /// A stream of events, one `data:` line each.
    pub(crate) fn events(events: impl IntoIterator<Item = &'static str>) -> Self {
        let stream = Self::status(200).header("content-type", "text/event-stream");
        events.into_iter().fold(stream, Self::event)
    }

    /// The request fails before any answer.
    pub(crate) fn fails(kind: TransportErrorKind, phase: Phase, sent: Sent) -> Self {
        Self {
            failure: Some((kind, Some(phase), sent)),
            ..Self::status(200)
        }
    }

    /// The connection is reset after the request was written.
    pub(crate) fn reset() -> Self {
        Self {
            failure: Some((TransportErrorKind::Interrupted, None, Sent::Maybe)),
            ..Self::status(200)
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn head_after(mut self, wait: Duration) -> Self {
        self.head_after = Some(wait);
        self
    }

    pub(crate) fn body(mut self, bytes: impl Into<String>) -> Self {
        self.steps.push_back(Step::Bytes(bytes.into().into()));
        self
    }

    pub(crate) fn event(self, data: &str) -> Self {
        self.body(format!("data: {data}\n\n"))
    }

    pub(crate) fn pause(mut self, seconds: u64) -> Self {
        self.steps
            .push_back(Step::Pause(Duration::from_secs(seconds)));
        self
    }

    pub(crate) fn pause_millis(mut self, millis: u64) -> Self {
        self.steps
            .push_back(Step::Pause(Duration::from_millis(millis)));
        self
    }

    /// The connection breaks here.
    pub(crate) fn broken(mut self) -> Self {
        self.steps.push_back(Step::Break);
        self
    }

    /// Nothing more comes, and the connection stays open.
    pub(crate) fn hangs(mut self) -> Self {
        self.steps.push_back(Step::Hang);
        self
    }
}

/// What was sent.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) at: tokio::time::Instant,
}

impl Seen {
    /// The host that it went to.
    pub(crate) fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    /// The key that it carries.
    pub(crate) fn key(&self) -> &str {
        let value = self.headers.get("authorization");
        let value = value.and_then(|value| value.to_str().ok());
        value
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default()
    }
}

/// Answers requests in turn; the last answer for ever.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire(Arc<State>);

/// What to answer to whom.
struct Rule(Box<dyn Fn(&Seen) -> Answer + Send + Sync>);

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rule")
    }
}

#[derive(Debug, Default)]
struct State {
    answers: Mutex<VecDeque<Answer>>,
    rule: Option<Rule>,
    sent: Mutex<Vec<Seen>>,
    bodies: Arc<AtomicUsize>,
    read: Arc<AtomicUsize>,
}

impl Wire {
    pub(crate) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let state = State {
            answers: Mutex::new(answers.into_iter().collect()),
            ..State::default()
        };
        Self(Arc::new(state))
    }

    /// Answers each request by what it says.
    pub(crate) fn by(rule: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let state = State {
            rule: Some(Rule(Box::new(rule))),
            ..State::default()
        };
        Self(Arc::new(state))
    }

    pub(crate) fn client(&self) -> HttpClient {
        HttpClient::new(self.clone())
    }

    pub(crate) fn sent(&self) -> Vec<Seen> {
        self.0.sent.lock().unwrap().clone()
    }

    pub(crate) fn requests(&self) -> usize {
        self.0.sent.lock().unwrap().len()
    }

    /// The hosts that were asked, in order.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let sent = self.0.sent.lock().unwrap();
        sent.iter().map(|seen| seen.host().to_owned()).collect()
    }

    /// How many requests went to this host.
    pub(crate) fn requests_to(&self, host: &str) -> usize {
        let sent = self.0.sent.lock().unwrap();
        sent.iter().filter(|seen| seen.host() == host).count()
    }

    /// Forgets what was sent so far.
    pub(crate) fn forget(&self) {
        self.0.sent.lock().unwrap().clear();
    }

    /// How long after the first request each one was sent.
    pub(crate) fn times(&self) -> Vec<Duration> {
        let sent = self.sent();
        sent.iter().map(|request| request.at - sent[0].at).collect()
    }

    /// How many answers are still being read: connections that are not free.
    pub(crate) fn open_bodies(&self) -> usize {
        self.0.bodies.load(SeqCst)
    }

    /// How many bytes of bodies were read.
    pub(crate) fn bytes_read(&self) -> usize {
        self.0.read.load(SeqCst)
    }
}

impl Transport for Wire {
    fn send(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, TransportError>> + Send + 'static {
        let (parts, body) = request.into_parts();
        let state = self.0.clone();
        let seen = Seen {
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            body: body.bytes().expect("core sends bodies whole"),
            at: tokio::time::Instant::now(),
        };
        state.sent.lock().unwrap().push(seen.clone());
        let answer = if let Some(Rule(rule)) = &state.rule {
            Some(rule(&seen))
        } else {
            let mut answers = state.answers.lock().unwrap();
            if answers.len() > 1 {
                answers.pop_front()
            } else {
                answers.front().cloned()
            }
        };
        async move {
            let answer = answer.expect("an answer was canned");
            if let Some(wait) = answer.head_after {
                sleep(wait).await;
            }
            if let Some((kind, phase, sent)) = answer.failure {
                let error = TransportError::new(kind, "canned").with_sent(sent);
                return Err(if let Some(phase) = phase {
                    error.with_phase(phase)
                } else {
                    error
                });
            }
            let mut response = Response::builder().status(answer.status);
            for (name, value) in &answer.headers {
                response = response.header(*name, value);
            }
            state.bodies.fetch_add(1, SeqCst);
            let body = Script {
                steps: answer.steps,
                sleep: None,
                open: Guard(state.bodies.clone()),
                read: state.read.clone(),
            };
            Ok(response.body(Body::new(body)).unwrap())
        }
    }
}

struct Script {
    steps: VecDeque<Step>,
    sleep: Option<Pin<Box<Sleep>>>,
    #[expect(dead_code, reason = "held")]
    open: Guard,
    read: Arc<AtomicUsize>,
}

struct Guard(Arc<AtomicUsize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl http_body::Body for Script {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        loop {
            if let Some(sleep) = &mut self.sleep {
                ready!(sleep.as_mut().poll(cx));
                self.sleep = None;
            }
            match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Bytes(bytes)) => {
                    self.read.fetch_add(bytes.len(), SeqCst);
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                Some(Step::Pause(pause)) => self.sleep = Some(Box::pin(sleep(pause))),
                Some(Step::Break) => return Poll::Ready(Some(Err("reset by peer".into()))),
                Some(Step::Hang) => {
                    self.steps.push_front(Step::Hang);
                    return Poll::Pending;
                }
            }
        }
    }
}
