//! One exchange, once, through the real driver.

use std::sync::Arc;

use trunkline_core::{
    Call, ChatRequest, ChatResponse, ChatStream, Content, EmbedResponse, Error, ErrorKind,
    HttpClient, Op, Prime, Reply, RerankResponse, StreamChunk, TokenCount, Warning,
    models::ModelsPage,
    stream::{Fold, Laws},
};

use super::{corpus::Exchange, cut::Cut, subject::Subject, transport::Recorded};

/// What came out. Two are equal if a program could not tell them apart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    pub(crate) got: Got,
    /// The laws of streams that were broken.
    pub(crate) violations: Vec<String>,
}

/// An answer of any kind, or an error.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Got {
    /// With its chunks, if it came in chunks.
    Chat(Box<ChatResponse>, Vec<StreamChunk>),
    Embed(Box<EmbedResponse>),
    Rerank(Box<RerankResponse>),
    CountTokens(Box<TokenCount>),
    Models(Box<ModelsPage>),
    /// With the chunks that came before.
    Failed(Box<Failure>, Vec<StreamChunk>),
}

/// What of an error a program can act on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) code: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) partial: Option<Box<ChatResponse>>,
}

/// Replays `exchange` as `op`, its body cut by `cut`. Without retries: every error counts.
pub(crate) async fn once(exchange: &Exchange, op: &Op, subject: &Subject, cut: &Cut) -> Run {
    ask(Call::new(op.clone()), exchange, subject, cut).await
}

/// Replays a stream as a chat that the driver reads to its end by itself.
pub(crate) async fn buffered(
    exchange: &Exchange,
    request: &Arc<ChatRequest>,
    subject: &Subject,
) -> Run {
    let mut call = Call::new(Op::Chat(request.clone()));
    call.prime = Prime::Complete;
    ask(call, exchange, subject, &Cut::Whole).await
}

async fn ask(call: Call, exchange: &Exchange, subject: &Subject, cut: &Cut) -> Run {
    let client = HttpClient::new(Recorded::new(exchange, cut));
    let result = match subject.backend(client) {
        Ok(backend) => backend.call(call).await,
        Err(error) => Err(error),
    };
    match result {
        Ok(Reply::ChatStream(stream)) => read(stream).await,
        Ok(Reply::Chat(response)) => Run::of(Got::Chat(Box::new(response), Vec::new())),
        Ok(Reply::Embed(response)) => Run::of(Got::Embed(Box::new(response))),
        Ok(Reply::Rerank(response)) => Run::of(Got::Rerank(Box::new(response))),
        Ok(Reply::CountTokens(count)) => Run::of(Got::CountTokens(Box::new(count))),
        Ok(Reply::Models(page)) => Run::of(Got::Models(Box::new(page))),
        Ok(_) => Run::of(Got::failed(
            &Error::decode("a reply to another operation"),
            Vec::new(),
        )),
        Err(error) => Run::of(Got::failed(&error, Vec::new())),
    }
}

/// Reads a stream to its end, holds it to the laws, and folds it.
async fn read(mut stream: ChatStream) -> Run {
    let (mut laws, mut fold) = (Laws::default(), Fold::default());
    let (mut chunks, mut violations) = (Vec::new(), Vec::new());
    while let Some(next) = stream.next().await {
        let pushed = next.and_then(|chunk| {
            violations.extend(
                laws.check(&chunk)
                    .err()
                    .map(|violation| violation.to_string()),
            );
            let pushed = fold.push(&chunk);
            chunks.push(chunk);
            pushed
        });
        if let Err(error) = pushed {
            if stream.next().await.is_some() {
                violations.push("something came after the error".to_owned());
            }
            return Run {
                got: Got::failed(&error, chunks),
                violations,
            };
        }
    }
    violations.extend(laws.end().err().map(|violation| violation.to_string()));
    let got = match fold.finish() {
        // The same fold, by the stream itself, which knows who made the parts.
        Ok(_) => Got::Chat(Box::new(stream.partial()), chunks),
        Err(error) => Got::failed(&error, chunks),
    };
    Run { got, violations }
}

impl Run {
    fn of(got: Got) -> Self {
        Self {
            got,
            violations: Vec::new(),
        }
    }
}

impl Got {
    fn failed(error: &Error, chunks: Vec<StreamChunk>) -> Self {
        let failure = Failure {
            kind: error.kind(),
            message: error.message().to_owned(),
            code: error.code().map(str::to_owned),
            status: error.status().map(|status| status.as_u16()),
            partial: error.partial().cloned().map(Box::new),
        };
        Self::Failed(Box::new(failure), chunks)
    }

    /// Whether both say the same, however they came.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Chat(ours, _), Self::Chat(theirs, _)) => ours == theirs,
            (Self::Failed(ours, _), Self::Failed(theirs, _)) => {
                (ours.kind, &ours.message) == (theirs.kind, &theirs.message)
            }
            _ => false,
        }
    }

    /// The kinds of the parts that have no name in the vocabulary.
    pub(crate) fn opaque(&self) -> Vec<String> {
        let Self::Chat(response, _) = self else {
            return Vec::new();
        };
        let others = response
            .candidates
            .iter()
            .flat_map(|candidate| &candidate.message.parts);
        let kinds = response
            .message
            .parts
            .iter()
            .chain(others)
            .filter_map(|part| match &part.content {
                Content::Opaque(opaque) => Some(opaque.kind.to_string()),
                _ => None,
            });
        kinds.collect()
    }

    /// What it warns of.
    pub(crate) fn warnings(&self) -> &[Warning] {
        match self {
            Self::Chat(response, _) => &response.warnings,
            Self::Embed(response) => &response.warnings,
            Self::Rerank(response) => &response.warnings,
            Self::CountTokens(count) => &count.warnings,
            Self::Models(_) | Self::Failed(..) => &[],
        }
    }

    /// It in one line.
    pub(crate) fn summary(&self) -> String {
        match self {
            Self::Chat(response, chunks) => {
                let (parts, words) = (response.message.parts.len(), response.text().len());
                format!(
                    "an answer of {parts} parts, {words} bytes of text, {} chunks",
                    chunks.len()
                )
            }
            Self::Embed(response) => format!("{} vectors", response.vectors.len()),
            Self::Rerank(response) => format!("{} places", response.results.len()),
            Self::CountTokens(count) => format!("{} tokens", count.input),
            Self::Models(page) => format!("{} models", page.models.len()),
            Self::Failed(failure, chunks) => format!("{failure} after {} chunks", chunks.len()),
        }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}: {}", self.kind, self.message)
    }
}
