//! A transport that answers from memory, in exactly the pieces that a test wants, and sees what a
//! server would.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use http_body::Frame;
use trunkline_core::{
    Backend, Body, HttpClient, Op,
    http_transport::{Phase, Sent, Transport, TransportError, TransportErrorKind},
};

use super::{super::Subject, Read, Role, call};

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Ending {
    Clean,
    /// The connection breaks.
    Broken,
    /// Nothing more comes, and the connection stays open.
    Open,
    /// The last piece again and again.
    Endless,
}

/// An answer.
#[derive(Clone, Debug)]
pub(in super::super) struct Answer {
    status: u16,
    headers: HeaderMap,
    pieces: VecDeque<Bytes>,
    ending: Ending,
}

impl Answer {
    pub(in super::super) fn status(status: u16) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            pieces: VecDeque::new(),
            ending: Ending::Clean,
        }
    }

    /// What a fixture answers.
    pub(in super::super) fn of(role: &Role) -> Self {
        let head = Self::status(role.status).body(role.body.clone());
        let headers = role.headers.iter();
        headers.fold(head, |answer, (name, value)| answer.header(name, value))
    }

    /// Sets a header; what no header can be is left out.
    pub(in super::super) fn header(mut self, name: &str, value: &str) -> Self {
        let parsed = HeaderName::try_from(name)
            .ok()
            .zip(HeaderValue::try_from(value).ok());
        if let Some((name, value)) = parsed {
            self.headers.insert(name, value);
        }
        self
    }

    /// Takes away all headers but the media type.
    pub(in super::super) fn bare(mut self) -> Self {
        let kept = self.headers.remove(http::header::CONTENT_TYPE);
        self.headers.clear();
        if let Some(kept) = kept {
            self.headers.insert(http::header::CONTENT_TYPE, kept);
        }
        self
    }

    pub(in super::super) fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(in super::super) fn body(self, body: impl Into<Bytes>) -> Self {
        self.pieces([body.into()])
    }

    pub(in super::super) fn pieces(mut self, pieces: impl IntoIterator<Item = Bytes>) -> Self {
        self.pieces = pieces
            .into_iter()
            .filter(|piece| !piece.is_empty())
            .collect();
        self
    }

    /// The connection breaks after the last piece.
    pub(in super::super) fn broken(mut self) -> Self {
        self.ending = Ending::Broken;
        self
    }

    /// Nothing comes after the last piece, not even the end.
    pub(in super::super) fn open(mut self) -> Self {
        self.ending = Ending::Open;
        self
    }

    /// The last piece comes again for ever.
    pub(in super::super) fn endless(mut self) -> Self {
        self.ending = Ending::Endless;
        self
    }
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(in super::super) struct Seen {
    pub(in super::super) uri: Uri,
    pub(in super::super) headers: HeaderMap,
    pub(in super::super) body: Bytes,
}

/// The transport. Answers in turn, the last for ever; without any, nobody listens.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Memory(Arc<State>);

#[derive(Debug, Default)]
struct State {
    answers: Mutex<VecDeque<Answer>>,
    seen: Mutex<Vec<Seen>>,
    read: Arc<AtomicUsize>,
}

impl Memory {
    pub(in super::super) fn new(answers: impl IntoIterator<Item = Answer>) -> Self {
        let state = State {
            answers: Mutex::new(answers.into_iter().collect()),
            ..State::default()
        };
        Self(Arc::new(state))
    }

    pub(in super::super) fn client(&self) -> HttpClient {
        HttpClient::new(self.clone())
    }

    /// What it answers from now on.
    pub(in super::super) fn set(&self, answer: Answer) {
        let mut answers = self
            .0
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        answers.clear();
        answers.push_back(answer);
    }

    pub(in super::super) fn seen(&self) -> Vec<Seen> {
        let seen = self.0.seen.lock();
        seen.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many bytes of bodies were read.
    pub(in super::super) fn bytes_read(&self) -> usize {
        self.0.read.load(SeqCst)
    }

    fn next(&self) -> Option<Answer> {
        let mut answers = self
            .0
            .answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match answers.len() {
            0 | 1 => answers.front().cloned(),
            _ => answers.pop_front(),
        }
    }
}

impl Transport for Memory {
    fn send(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, TransportError>> + Send + 'static {
        let (parts, body) = request.into_parts();
        self.0
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Seen {
                uri: parts.uri,
                headers: parts.headers,
                body: body.bytes().unwrap_or_default(),
            });
        let answer = self.next();
        let read = self.0.read.clone();
        async move {
            let Some(answer) = answer else {
                let refused = TransportError::new(TransportErrorKind::Connect, "nobody listens");
                return Err(refused.with_phase(Phase::Tcp));
            };
            let body = match (answer.ending, answer.pieces.len()) {
                (Ending::Clean, 0) => Body::empty(),
                _ => Body::new(Pieces {
                    pieces: answer.pieces,
                    ending: answer.ending,
                    read,
                }),
            };
            let mut response = Response::new(body);
            *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or_default();
            *response.headers_mut() = answer.headers;
            Ok(response)
        }
    }
}

struct Pieces {
    pieces: VecDeque<Bytes>,
    ending: Ending,
    read: Arc<AtomicUsize>,
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let again = match self.pieces.front() {
            Some(last) if self.ending == Ending::Endless && self.pieces.len() == 1 => {
                Some(last.clone())
            }
            _ => None,
        };
        match again.or_else(|| self.pieces.pop_front()) {
            Some(piece) => {
                self.read.fetch_add(piece.len(), SeqCst);
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            None => match self.ending {
                Ending::Clean => Poll::Ready(None),
                Ending::Broken => {
                    self.ending = Ending::Clean;
                    let broken = TransportError::new(
                        TransportErrorKind::Interrupted,
                        "the connection broke",
                    )
                    .with_sent(Sent::Responded);
                    Poll::Ready(Some(Err(broken)))
                }
                // Nobody wakes it: whoever waits needs a timer of its own.
                Ending::Open | Ending::Endless => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.pieces.is_empty() && self.ending == Ending::Clean
    }

    fn size_hint(&self) -> http_body::SizeHint {
        let left: usize = self.pieces.iter().map(Bytes::len).sum();
        match self.ending {
            Ending::Clean => http_body::SizeHint::with_exact(left as u64),
            _ => http_body::SizeHint::default(),
        }
    }
}

/// An account on such a wire, for one answer after another.
pub(in super::super) struct Stand {
    pub(in super::super) wire: Memory,
    pub(in super::super) backend: Backend,
}

impl Stand {
    pub(in super::super) fn of(subject: &Subject) -> Result<Self, String> {
        let wire = Memory::default();
        let backend = subject.over(wire.client())?.bare;
        Ok(Self { wire, backend })
    }

    /// What is made of this answer.
    pub(in super::super) async fn call(&self, op: &Op, answer: Answer) -> Read {
        self.wire.set(answer);
        call(&self.backend, op).await
    }
}
