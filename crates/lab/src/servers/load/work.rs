//! What the callers of a load ask for, and whether the answer is one.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use trunkline_core::{
    Backend, Call, ChatRequest, ChatStream, Delivery, EmbedRequest, Error, ErrorKind, InferRequest,
    ObjectRequest, Op, Reply, infer::Tensor, object::Put,
};

use super::tally::Fate;
use crate::servers::{
    conversation::{BUCKETS, EMBEDDED, GREET, SLOW, SYSTEM, TEXTS},
    row::Subject,
};

/// An operation under load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// A third whole answers, the others streams.
    Chat,
    Embed,
    /// Numbers to be doubled.
    Infer,
    /// Objects put and got.
    Object,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Chat => "chat and chat_stream",
            Self::Embed => "embed",
            Self::Infer => "infer",
            Self::Object => "object",
        })
    }
}

/// It on an account. Clones share the account, as callers do.
#[derive(Clone, Debug)]
pub(super) struct Job {
    work: Work,
    pub(super) backend: Backend,
    model: &'static str,
    is_scripted: bool,
}

/// How long one call may take, its waits and attempts included.
const PATIENCE: Duration = Duration::from_secs(120);

impl Job {
    pub(super) fn new(subject: &Subject, work: Work) -> Result<Self, String> {
        let models = subject.row.models;
        Ok(Self {
            work,
            backend: subject.backend().map_err(|error| error.to_string())?,
            model: match work {
                Work::Chat | Work::Infer | Work::Object => models.chat,
                Work::Embed => models.embed,
            },
            is_scripted: subject.is_scripted(),
        })
    }

    /// One call, and what became of it.
    pub(super) async fn call(&self, number: usize) -> Fate {
        let call = Call::new(self.op(number)).timeout(PATIENCE);
        let answered = match self.backend.call(call).await {
            Ok(Reply::ChatStream(stream)) => self.drain(stream).await,
            Ok(reply) => self.must_answer(number, &reply),
            Err(error) => Err(fate(&error)),
        };
        answered.err().unwrap_or(Fate::Answered)
    }

    fn op(&self, number: usize) -> Op {
        match self.work {
            Work::Chat => {
                let asked = if number % 3 == 2 { SLOW } else { GREET };
                let mut request = ChatRequest::from(asked.prompt)
                    .system(SYSTEM)
                    .model(self.model);
                if !self.is_scripted {
                    // Long enough that some are always under way.
                    let most = if number % 3 == 2 { 48 } else { 12 };
                    request = request.max_output_tokens(most).temperature(0.0);
                }
                match number % 3 {
                    0 => Op::Chat(Arc::new(request)),
                    _ => Op::ChatStream(Arc::new(request)),
                }
            }
            Work::Embed => {
                let text = TEXTS.get(number % TEXTS.len()).copied().unwrap_or_default();
                let text = if self.is_scripted { EMBEDDED } else { text };
                Op::Embed(Arc::new(EmbedRequest::new([text]).model(self.model)))
            }
            Work::Infer => {
                let x = [number as f32, -0.5];
                let inputs = Tensor::of("x", [2], &x);
                let request = InferRequest::new(inputs.ok()).model(self.model);
                Op::Infer(Arc::new(request))
            }
            // Each replica may keep its own objects, so what is put is not looked for.
            Work::Object => {
                let mut put = Put::default();
                put.key = format!("load/{number}");
                put.content = Bytes::from(vec![b'o'; 4 << 10]);
                Op::Object(Arc::new(ObjectRequest::new(BUCKETS[0], put)))
            }
        }
    }

    async fn drain(&self, mut stream: ChatStream) -> Result<(), Fate> {
        while let Some(chunk) = stream.next().await {
            chunk.map_err(|error| fate(&error))?;
        }
        let answer = stream.partial().text();
        let whole = [GREET.answer, SLOW.answer];
        self.must_be(&answer, &whole)
    }

    fn must_answer(&self, number: usize, reply: &Reply) -> Result<(), Fate> {
        match reply {
            Reply::Chat(answer) => self.must_be(&answer.text(), &[GREET.answer]),
            Reply::Embed(answer) => match answer.vectors.as_slice() {
                [vector] if !vector.as_slice().is_empty() => Ok(()),
                vectors => Err(Fate::Lost(format!("{} vectors", vectors.len()))),
            },
            Reply::Infer(answer) => {
                let y = answer.output("y").and_then(|y| y.to_vec::<f32>().ok());
                match y {
                    Some(y) if y == [number as f32 * 2.0, -1.0] => Ok(()),
                    y => Err(Fate::Lost(format!("{number} doubled is {y:?}"))),
                }
            }
            Reply::Object(_) => Ok(()),
            _ => Err(Fate::Lost("the reply is of another operation".to_owned())),
        }
    }

    fn must_be(&self, said: &str, wanted: &[&str]) -> Result<(), Fate> {
        let is_answer = match self.is_scripted {
            true => wanted.contains(&said),
            false => !said.is_empty(),
        };
        match is_answer {
            true => Ok(()),
            false => Err(Fate::Lost(format!("an answer of its own: {said:?}"))),
        }
    }
}

/// A stream that was shown in part is no loss, if the error says both.
fn fate(error: &Error) -> Fate {
    let is_cut = error.delivery() == Delivery::Committed && error.kind() == ErrorKind::Interrupted;
    let shown = error
        .partial()
        .is_some_and(|partial| !partial.text().is_empty());
    let at = error.endpoint().unwrap_or("nowhere").to_owned();
    match is_cut && shown {
        true => Fate::Cut { at },
        false => Fate::Lost(format!(
            "{} ({:?}) at {at} after {} attempts: {error}",
            error.kind().name(),
            error.delivery(),
            error.attempts().len(),
        )),
    }
}
