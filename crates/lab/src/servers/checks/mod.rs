//! What is asked of a server, in whatever protocol, through the account that a program would have.

mod chat;
mod embed;
mod errors;
mod infer;
mod object;
mod tokens;
mod tools;

use std::{fmt::Display, time::Duration};

use tokio::time::timeout;
use trunkline_core::{Error, ErrorKind};

use super::row::Subject;

/// What came of a check, before exceptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// Why it was not made.
    Skipped(String),
    /// What was wrong, in words.
    Failed(String),
}

/// A check says what was wrong.
type Checked = Result<(), String>;

macro_rules! checks {
    ($($(#[$doc:meta])* $check:ident = $name:literal,)+) => {
        /// One thing that is asked.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Check {
            $($(#[$doc])* $check,)+
        }

        impl Check {
            /// All, in the order of the table.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$check),+];

            /// As the table names it.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$check => $name,)+
                }
            }
        }
    };
}

checks! {
    /// The list of models has the one that is asked.
    Models = "models",
    /// A whole answer, with instructions that arrive.
    Chat = "chat",
    /// The same as a stream that keeps the laws.
    Stream = "stream",
    /// The same over a stream that is shown when it is whole.
    Buffered = "buffered",
    /// What both cost.
    Usage = "usage",
    /// A stream comes as it is said, and not at its end.
    Pace = "pace",
    /// Thoughts, whole and streamed.
    Reasoning = "reasoning",
    /// JSON held to a schema.
    Schema = "schema",
    /// A tool is called.
    Tools = "tools",
    /// The same in a stream.
    StreamTools = "stream-tools",
    /// Two calls in one answer, in a stream.
    Parallel = "parallel",
    /// The result goes back, and is answered.
    ToolLoop = "tool-loop",
    /// A key that is wrong.
    BadKey = "bad-key",
    /// A model that is not there.
    UnknownModel = "unknown-model",
    /// Too often: told when to come again, and come again then.
    RateLimit = "rate-limit",
    /// No capacity.
    Overloaded = "overloaded",
    /// A failure of the server.
    Broken = "broken",
    /// More than the context holds.
    TooLong = "too-long",
    /// A failure that is over at the second attempt.
    Again = "again",
    /// A stream that ends too early.
    Cut = "cut",
    /// A connection that is closed without an answer.
    Dropped = "dropped",
    /// An answer that is no JSON.
    Garbage = "garbage",
    /// The known vector.
    Embed = "embed",
    /// Vectors in the order of their texts.
    EmbedOrder = "embed-order",
    /// Documents by how well they fit.
    Rerank = "rerank",
    /// A request's tokens, without an answer.
    CountTokens = "count-tokens",
    /// The cosines of ten pairs of sentences are those of the model's own package.
    Similar = "similar",
    /// A text to tokens and back.
    Tokenize = "tokenize",
    /// It says that it can serve.
    Ready = "ready",
    /// Tensors in, others out.
    Infer = "infer",
    /// Tensors of every type and number of dimensions, there and back.
    InferTypes = "infer-types",
    /// Numbers that are none, infinities and a zero with a sign; bytes that are no text.
    InferEdges = "infer-edges",
    /// Inputs that the model does not have.
    InferErrors = "infer-errors",
    /// An object put, told of, got, copied and removed.
    Object = "object",
    /// A range of an object's bytes.
    ObjectRange = "object-range",
    /// Lists over several pages, and folders.
    ObjectList = "object-list",
    /// An object in parts, of which one was broken off.
    ObjectParts = "object-parts",
    /// An address by which whoever has it may read or write.
    Presign = "presign",
    /// Objects that are not there, or have changed.
    ObjectErrors = "object-errors",
    /// A signature with another secret.
    BadSecret = "bad-secret",
    /// Calls over two replicas, of which one is ten times slower.
    Slow = "slow",
    /// A thousand calls over two replicas, of which one is killed.
    Load = "load",
}

impl Check {
    /// What a server that is no chat model has nothing of.
    pub(crate) const OF_CHAT: &'static [Self] = &[
        Self::Chat,
        Self::Stream,
        Self::Buffered,
        Self::Usage,
        Self::Pace,
        Self::Reasoning,
        Self::Schema,
        Self::Tools,
        Self::StreamTools,
        Self::Parallel,
        Self::ToolLoop,
        Self::BadKey,
        Self::UnknownModel,
        Self::TooLong,
        Self::RateLimit,
        Self::Overloaded,
        Self::Broken,
        Self::Again,
        Self::Cut,
        Self::Dropped,
        Self::Garbage,
        Self::CountTokens,
    ];

    /// Those of two replicas, the last of all: they are made one after another when the others are made.
    pub(crate) const OF_TWO: &'static [Self] = &[Self::Slow, Self::Load];

    /// What only a server with the script does: a real one fails when it does.
    pub(crate) const OF_SCRIPT: &'static [Self] = &[
        Self::Parallel,
        Self::RateLimit,
        Self::Overloaded,
        Self::Broken,
        Self::Again,
        Self::Cut,
        Self::Dropped,
        Self::Garbage,
    ];

    /// Makes it, bounded in time.
    pub(crate) async fn run(self, subject: &Subject, patience: Duration) -> Outcome {
        if let Some(why) = self.lack(subject) {
            return Outcome::Skipped(why);
        }
        match timeout(patience, self.made(subject)).await {
            Ok(Ok(())) => Outcome::Passed,
            Ok(Err(wrong)) => Outcome::Failed(wrong),
            Err(_) => Outcome::Failed(format!("no end within {patience:?}")),
        }
    }

    /// Why there is nothing to check.
    fn lack(self, subject: &Subject) -> Option<String> {
        if let Some(why) = subject.row.lack(self) {
            return Some(why.to_owned());
        }
        // A backend that cannot be built is for the check to tell.
        let has = subject.capabilities().ok()?;
        let (has, what) = match self {
            Self::Models => (has.list_models, "a list of models"),
            Self::Schema => (has.schema, "schemas"),
            Self::Tools | Self::StreamTools | Self::Parallel | Self::ToolLoop => {
                (has.tools, "tools")
            }
            Self::Embed | Self::EmbedOrder => (has.embed, "embeddings"),
            Self::Rerank => (has.rerank, "ranking"),
            Self::CountTokens => (has.count_tokens, "counting of tokens"),
            Self::Similar if subject.row.reference.is_none() => {
                return Some("nothing is there to compare it with".to_owned());
            }
            Self::Similar => (has.embed, "embeddings"),
            Self::Tokenize => (has.tokenize && has.detokenize, "tokens"),
            Self::Ready => (has.ready, "readiness"),
            Self::UnknownModel => (has.chat || has.infer, "chat"),
            Self::Infer | Self::InferErrors => (has.infer, "tensors"),
            Self::InferTypes | Self::InferEdges => {
                let tensors = subject.row.tensors.as_ref();
                if has.infer && tensors.is_none() {
                    return Some("no model there gives back tensors".to_owned());
                }
                let of_bytes = self == Self::InferEdges;
                if of_bytes && tensors.is_some_and(|tensors| !tensors.is_binary) {
                    return Some("JSON has no such numbers".to_owned());
                }
                (has.infer, "tensors")
            }
            Self::Object
            | Self::ObjectRange
            | Self::ObjectList
            | Self::ObjectParts
            | Self::Presign
            | Self::ObjectErrors
            | Self::BadSecret => (has.object, "objects"),
            Self::Slow | Self::Load => (true, ""),
            _ => (has.chat && has.stream, "chat"),
        };
        (!has).then(|| format!("the crate has no {what}"))
    }

    async fn made(self, subject: &Subject) -> Checked {
        match self {
            Self::Models => chat::models(subject).await,
            Self::Chat => chat::whole(subject).await,
            Self::Stream => chat::streamed(subject).await,
            Self::Buffered => chat::buffered(subject).await,
            Self::Usage => chat::usage(subject).await,
            Self::Pace => chat::pace(subject).await,
            Self::Reasoning => chat::reasoning(subject).await,
            Self::Schema => chat::schema(subject).await,
            Self::Tools => tools::whole(subject).await,
            Self::StreamTools => tools::streamed(subject).await,
            Self::Parallel => tools::parallel(subject).await,
            Self::ToolLoop => tools::tool_loop(subject).await,
            Self::BadKey => errors::bad_key(subject).await,
            Self::UnknownModel => match subject.row.is_of_tensors() {
                true => infer::unknown_model(subject).await,
                false => errors::unknown_model(subject).await,
            },
            Self::RateLimit => errors::rate_limit(subject).await,
            Self::Overloaded => errors::overloaded(subject).await,
            Self::Broken => errors::broken(subject).await,
            Self::TooLong => errors::too_long(subject).await,
            Self::Again => errors::again(subject).await,
            Self::Cut => errors::cut(subject).await,
            Self::Dropped => errors::dropped(subject).await,
            Self::Garbage => errors::garbage(subject).await,
            Self::Embed => embed::known(subject).await,
            Self::EmbedOrder => embed::order(subject).await,
            Self::Rerank => embed::rerank(subject).await,
            Self::CountTokens => chat::count(subject).await,
            Self::Similar => tokens::similar(subject).await,
            Self::Tokenize => tokens::there_and_back(subject).await,
            Self::Ready => infer::ready(subject).await,
            Self::Infer => infer::doubled(subject).await,
            Self::InferTypes => infer::types(subject).await,
            Self::InferEdges => infer::edges(subject).await,
            Self::InferErrors => infer::errors(subject).await,
            Self::Object => object::whole(subject).await,
            Self::ObjectRange => object::range(subject).await,
            Self::ObjectList => object::list(subject).await,
            Self::ObjectParts => object::parts(subject).await,
            Self::Presign => object::presign(subject).await,
            Self::ObjectErrors => object::errors(subject).await,
            Self::BadSecret => object::bad_secret(subject).await,
            // They need two: run.rs makes them.
            Self::Slow | Self::Load => Err("it is no check of one server".to_owned()),
        }
    }
}

/// An error where there should have been an answer.
fn failed(error: Error) -> String {
    let body = error
        .body()
        .map(String::from_utf8_lossy)
        .unwrap_or_default();
    let body: String = body.chars().take(300).collect();
    let kind = error.kind().name();
    match body.trim() {
        "" => format!("{kind}: {error}"),
        body => format!("{kind}: {error}; the body: {body}"),
    }
}

/// An error must be of this kind.
fn must_be(wanted: ErrorKind, error: &Error) -> Checked {
    match error.kind() == wanted {
        true => Ok(()),
        false => Err(format!(
            "{} instead of {}: {error}",
            error.kind().name(),
            wanted.name()
        )),
    }
}

fn must(holds: bool, otherwise: impl Display) -> Checked {
    match holds {
        true => Ok(()),
        false => Err(otherwise.to_string()),
    }
}

/// The words of an answer, where they are known.
fn must_say(subject: &Subject, wanted: &str, said: &str) -> Checked {
    match subject.is_scripted() {
        true => must(
            said == wanted,
            format_args!("it said {said:?} instead of {wanted:?}"),
        ),
        false => must(!said.trim().is_empty(), "it said nothing"),
    }
}
