//! A backend whose answers a test chooses.

use std::{
    collections::VecDeque,
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use trunkline_core::{
    Backend, BackendInfo, Call, Capabilities, ChatResponse, ChatStream, EmbedRequest,
    EmbedResponse, Error, ErrorKind, Ext, Model, Op, Reply, RerankRequest, RerankResponse, Result,
    Serve, StreamChunk, TokenCount,
    chat::{Finish, FinishKind, Part, Usage},
    embed::Embedding,
    models::{ModelInfo, ModelsPage},
    rerank::Ranked,
};

/// A backend whose answers a test chooses, in order; the last one repeats.
///
/// It stands where a provider would, with no layer around it: what a test sees is what it wrote.
///
/// ```
/// use trunkline_core::{ErrorKind, Model};
/// use trunkline_testkit::MockBackend;
///
/// async fn greet(model: &Model, name: &str) -> String {
///     match model.chat(format!("Greet {name}.")).await {
///         Ok(answer) => answer.text(),
///         Err(_) => format!("Hello, {name}."),
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mock = MockBackend::new().reply("Hail, Ada!").fail(ErrorKind::Overloaded);
///
/// assert_eq!(greet(&mock.model(), "Ada").await, "Hail, Ada!");
/// assert_eq!(greet(&mock.model(), "Ada").await, "Hello, Ada.");
/// assert_eq!(mock.calls().len(), 2);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MockBackend(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    info: BackendInfo,
    script: Mutex<VecDeque<Outcome>>,
    answerer: Mutex<Option<Answerer>>,
    calls: Mutex<Vec<Call>>,
}

/// What answers the operations that are no chats.
#[derive(Clone)]
struct Answerer(Arc<Answer>);

type Answer = dyn Fn(&Op) -> Option<Result<Reply>> + Send + Sync;

impl fmt::Debug for Answerer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answerer")
    }
}

#[derive(Clone, Debug)]
enum Outcome {
    Answer(Box<ChatResponse>),
    Chunks(Vec<StreamChunk>),
    /// The chunks, then this failure.
    Broken(Vec<StreamChunk>, ErrorKind),
    Fail(ErrorKind),
}

/// The beginning of a stream of words.
fn begun<W: Into<String>>(words: impl IntoIterator<Item = W>) -> Vec<StreamChunk> {
    let start = StreamChunk::Start {
        warnings: Vec::new(),
    };
    let part = StreamChunk::PartStart {
        ix: 0,
        candidate: 0,
        part: Box::new(Part::text("")),
    };
    [start, part]
        .into_iter()
        .chain(words.into_iter().map(|word| StreamChunk::text(0, word)))
        .collect()
}

/// The model that [`MockBackend::model`] gives.
const MODEL: &str = "mock-model";

/// How many tokens every request is to a mock.
const TOKENS: u64 = 3;

impl Default for MockBackend {
    fn default() -> Self {
        Self::new()
    }
}

impl MockBackend {
    /// A mock called `mock`. Without an answer it fails, saying so.
    pub fn new() -> Self {
        Self::named("mock")
    }

    /// A mock under another name: one for each backend of a registry or a fallback.
    pub fn named(name: &str) -> Self {
        let all = Capabilities::NONE
            .chat()
            .stream()
            .tools()
            .schema()
            .json()
            .embed()
            .rerank()
            .count_tokens()
            .list_models();
        let mut info = BackendInfo::new("mock")
            .default_model(MODEL)
            .models(&["mock-*"])
            .capabilities(all);
        info.name = name.into();
        Self(Arc::new(Shared {
            info,
            script: Mutex::default(),
            answerer: Mutex::default(),
            calls: Mutex::default(),
        }))
    }

    /// Answers in these words next.
    #[must_use]
    pub fn reply(self, text: impl Into<String>) -> Self {
        let mut answer = ChatResponse::of_text(MODEL, text);
        answer.usage = Usage::new(3, 5);
        self.answer(answer)
    }

    /// Answers with this next: tool calls, reasoning, whatever an answer can hold.
    #[must_use]
    pub fn answer(self, answer: ChatResponse) -> Self {
        self.then(Outcome::Answer(Box::new(answer)))
    }

    /// Answers with these parts next.
    #[must_use]
    pub fn parts(self, parts: impl IntoIterator<Item = Part>) -> Self {
        let mut answer = ChatResponse::of_text(MODEL, "");
        answer.message.parts = parts.into_iter().collect();
        if answer.tool_calls().next().is_some() {
            answer.finish = Finish::new(FinishKind::ToolCalls);
        }
        self.answer(answer)
    }

    /// Streams these words next, each as a chunk of its own.
    ///
    /// ```
    /// use trunkline_core::ErrorKind;
    /// use trunkline_testkit::MockBackend;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> trunkline_core::Result<()> {
    /// let mock = MockBackend::new().words_then_fail(["Once ", "upon "], ErrorKind::Interrupted);
    ///
    /// let error = mock.model().chat("A story.").stream().await?.collect().await.unwrap_err();
    ///
    /// assert_eq!(error.kind(), ErrorKind::Interrupted);
    /// assert_eq!(error.partial().unwrap().text(), "Once upon ");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn words<W: Into<String>>(self, words: impl IntoIterator<Item = W>) -> Self {
        let mut chunks = begun(words);
        chunks.push(StreamChunk::PartEnd { ix: 0, part: None });
        chunks.push(StreamChunk::Finish {
            candidate: 0,
            reason: Finish::new(FinishKind::Stop),
            usage: Some(Box::new(Usage::new(3, 5))),
            ext: Ext::default(),
        });
        self.chunks(chunks)
    }

    /// Streams these words next, then fails.
    #[must_use]
    pub fn words_then_fail<W: Into<String>>(
        self,
        words: impl IntoIterator<Item = W>,
        kind: ErrorKind,
    ) -> Self {
        self.broken_after(begun(words), kind)
    }

    /// Streams these chunks next; they have to keep the [laws](trunkline_core::stream::Laws) of
    /// streams. A call for a whole answer gets them folded.
    #[must_use]
    pub fn chunks(self, chunks: impl IntoIterator<Item = StreamChunk>) -> Self {
        self.then(Outcome::Chunks(chunks.into_iter().collect()))
    }

    /// Streams these chunks next, then fails.
    #[must_use]
    pub fn broken_after(
        self,
        chunks: impl IntoIterator<Item = StreamChunk>,
        kind: ErrorKind,
    ) -> Self {
        self.then(Outcome::Broken(chunks.into_iter().collect(), kind))
    }

    /// Fails next.
    #[must_use]
    pub fn fail(self, kind: ErrorKind) -> Self {
        self.then(Outcome::Fail(kind))
    }

    /// Answers other operations than chats with what `answer` makes of them: tensors, tokens, objects,
    /// load. What it answers `None` to is answered as without it: vectors, places and counts that stay
    /// the same, and an error for all else.
    ///
    /// ```
    /// use trunkline_core::{InferResponse, Op, Reply, infer::Tensor};
    /// use trunkline_testkit::MockBackend;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> trunkline_core::Result<()> {
    /// let doubled = Tensor::of("y", [2], &[2.0_f32, 4.0])?;
    /// let mock = MockBackend::new().answer_by(move |op| match op {
    ///     Op::Infer(_) => Some(Ok(Reply::Infer(InferResponse::new("m", vec![doubled.clone()])))),
    ///     _ => None,
    /// });
    ///
    /// let answer = mock.model().infer([Tensor::of("x", [2], &[1.0_f32, 2.0])?]).await?;
    /// assert_eq!(answer.output("y").map(Tensor::shape), Some(&[2][..]));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn answer_by(
        self,
        answer: impl Fn(&Op) -> Option<Result<Reply>> + Send + Sync + 'static,
    ) -> Self {
        let answerer = Some(Answerer(Arc::new(answer)));
        *self
            .0
            .answerer
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = answerer;
        self
    }

    /// A model on this mock.
    pub fn model(&self) -> Model {
        Model::new(self.clone(), MODEL)
    }

    /// Every call that was made, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.0
            .calls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn then(self, outcome: Outcome) -> Self {
        self.0
            .script
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(outcome);
        self
    }
}

impl Shared {
    fn next(&self) -> Option<Outcome> {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        if script.len() > 1 {
            script.pop_front()
        } else {
            script.front().cloned()
        }
    }

    fn answerer(&self) -> Option<Answerer> {
        let answerer = self.answerer.lock();
        answerer.unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn answer(&self, op: Op) -> Result<Reply> {
        let is_chat = matches!(op, Op::Chat(_) | Op::ChatStream(_));
        if let Some(Answerer(answer)) = self.answerer().filter(|_| !is_chat)
            && let Some(reply) = answer(&op)
        {
            return reply;
        }
        match op {
            Op::Embed(request) => return Ok(Reply::Embed(embed(&request))),
            Op::Rerank(request) => return Ok(Reply::Rerank(rerank(&request))),
            Op::CountTokens(_) => {
                return Ok(Reply::CountTokens(TokenCount::new(MODEL, TOKENS)));
            }
            Op::Models(_) => {
                return Ok(Reply::Models(ModelsPage::new(vec![ModelInfo::new(MODEL)])));
            }
            Op::Chat(_) | Op::ChatStream(_) => {}
            other => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!(
                        "a mock has no answer to `{}`; give it one with `.answer_by(…)`",
                        other.name()
                    ),
                ));
            }
        }
        let Some(outcome) = self.next() else {
            return Err(Error::config(
                "the mock has no answer; give it one with `.reply(…)` or `.fail(…)`",
            ));
        };
        let stream = match outcome {
            Outcome::Fail(kind) => return Err(failure(kind)),
            Outcome::Answer(answer) => match op {
                Op::Chat(_) => return Ok(Reply::Chat(*answer)),
                _ => ChatStream::from_response(*answer),
            },
            Outcome::Chunks(chunks) => stream_of(chunks, None),
            Outcome::Broken(chunks, kind) => stream_of(chunks, Some(kind)),
        };
        match op {
            Op::Chat(_) => stream.collect().await.map(Reply::Chat),
            _ => Ok(Reply::ChatStream(stream)),
        }
    }
}

fn stream_of(chunks: Vec<StreamChunk>, then: Option<ErrorKind>) -> ChatStream {
    let failure = then.map(|kind| Err(failure(kind)));
    ChatStream::new(futures_util::stream::iter(
        chunks.into_iter().map(Ok).chain(failure),
    ))
}

fn failure(kind: ErrorKind) -> Error {
    Error::new(kind, "the mock was told to fail").with_provider("mock")
}

/// Vectors of the inputs' lengths: enough to see their order.
fn embed(request: &EmbedRequest) -> EmbedResponse {
    let length = request.dimensions.unwrap_or(3) as usize;
    let vector = |ix: usize| Embedding::from(vec![ix as f32; length]);
    EmbedResponse::new(MODEL, (0..request.inputs.len()).map(vector).collect())
}

/// The documents in the order of the request, as many as it asks for.
fn rerank(request: &RerankRequest) -> RerankResponse {
    let asked = request.top_n.unwrap_or(u32::MAX) as usize;
    let count = request.documents.len().min(asked);
    let place = |ix: usize| Ranked::new(ix, 1.0 / (ix + 1) as f64);
    RerankResponse::new(MODEL, (0..count).map(place).collect())
}

impl Serve for MockBackend {
    fn info(&self) -> &BackendInfo {
        &self.0.info
    }

    fn serve(&self, call: Call) -> impl Future<Output = Result<Reply>> + Send + 'static {
        let shared = self.0.clone();
        async move {
            let op = call.op.clone();
            shared
                .calls
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(call);
            shared.answer(op).await
        }
    }
}

impl From<MockBackend> for Backend {
    fn from(mock: MockBackend) -> Self {
        Self::new(mock)
    }
}
