//! A primary, a model that stands by, and a call on them.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::time::Instant;
use trunkline_core::{
    Backend, Call, ChatResponse, Error, Message, Model, Op, Prime, Result as Outcome,
    chat::{Effort, ReasoningSetting},
    middleware::Stack,
};

use crate::{
    conformance::{
        Subject,
        stage::{Pipes, Recorded, Role, client_of, cut, same},
        subject::Setup,
    },
    peer::{Exchange, PipePeer, Received, Reply, Script},
};

/// What scenes are made of.
pub(in super::super) struct Material {
    pub(super) subject: Arc<Subject>,
    pub(super) chat: Role,
    pub(super) stream: Option<Recorded>,
    pub(super) rate_limit: Role,
    pub(super) context: Role,
    pub(super) auth: Role,
    pub(super) content_filter: Option<Role>,
}

/// How the call is made: its answer comes whole, or over a stream that nobody sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Way {
    Chat,
    Buffered,
}

/// The name of the model that stands by.
pub(super) const FALLBACK: &str = "fallback-model";

impl Material {
    /// The recorded stream. Tests that are about streams run only where there is one.
    pub(super) fn stream(&self) -> Result<&Recorded, String> {
        self.stream
            .as_ref()
            .ok_or_else(|| "there is no stream to test with".to_owned())
    }

    /// The answer, whole and well, the way it is asked for.
    pub(super) fn healthy(&self, way: Way) -> Result<Exchange, String> {
        Ok(match way {
            Way::Chat => self.chat.reply().into(),
            Way::Buffered => self.stream()?.role.reply().into(),
        })
    }

    /// The answer that it gives.
    pub(super) fn answer(&self, way: Way) -> Result<ChatResponse, String> {
        match way {
            Way::Chat => self.chat.answer(),
            Way::Buffered => Ok(self.stream()?.answer.clone()),
        }
    }

    /// The provider's 429 with these headers beside its media type.
    pub(super) fn limited(&self, headers: &[(&str, &str)]) -> Exchange {
        let reply = Reply::status(429)
            .header("content-type", self.rate_limit.media_type)
            .body(self.rate_limit.body.clone());
        let with = |reply: Reply, (name, value): &(&str, &str)| reply.header(name, value);
        headers.iter().fold(reply, with).into()
    }

    /// The answer that breaks off in its midst.
    pub(super) fn cut(&self, way: Way) -> Result<Exchange, String> {
        Ok(match way {
            Way::Chat => {
                let half = self.chat.body.len() / 2;
                self.chat.reply().cut_after(half).into()
            }
            Way::Buffered => self.begun(0)?.close(),
        })
    }

    /// The head of a stream, and its events up to `more` after its first content.
    pub(super) fn begun(&self, more: usize) -> Result<Exchange, String> {
        let stream = self.stream()?;
        Ok(Exchange::new()
            .send(self.head()?)
            .send(chunked(&stream.first(stream.content_after + more).concat())))
    }

    pub(super) fn head(&self) -> Result<Bytes, String> {
        let headers = self.stream()?.role.headers.iter();
        let head = headers.fold(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n".to_owned(),
            |head, (name, value)| format!("{head}{name}: {value}\r\n"),
        );
        Ok(format!("{head}\r\n").into())
    }

    /// A whole stream in these pieces.
    pub(super) fn stream_of(&self, pieces: Vec<Bytes>) -> Result<Reply, String> {
        Ok(self.stream()?.role.reply_of(pieces.concat()))
    }

    /// How long the first content of a stream may take where a model stands by.
    pub(super) fn patience(&self) -> Result<Duration, String> {
        let request = self.chat.request()?;
        let thinks = match request.reasoning {
            Some(setting) => setting != ReasoningSetting::Effort(Effort::None),
            None => {
                let (_, pipes) = Pipes::to(Reply::status(200));
                let built = self.subject.over(client_of(pipes)?)?;
                built.bare.info().reasons(&self.model()?)
            }
        };
        Ok(Duration::from_secs(if thinks { 60 } else { 10 }))
    }

    pub(super) fn model(&self) -> Result<String, String> {
        let name = self.chat.op.model();
        let name = if name.is_empty() {
            self.subject.def.default_model.unwrap_or_default()
        } else {
            name
        };
        match name {
            "" => Err("name a model in the call.json of the fixture `chat`".to_owned()),
            name => Ok(name.to_owned()),
        }
    }

    /// An account on a peer of its own.
    pub(super) fn account(
        &self,
        script: impl Into<Script>,
        change: impl FnOnce(Setup) -> Setup,
    ) -> Result<(Arc<PipePeer>, Backend), String> {
        let (peer, pipes) = Pipes::to(script);
        let setup = Setup {
            stack: Some(Stack::default()),
            ..self.subject.through(client_of(pipes)?)
        };
        let built = self
            .subject
            .build(change(setup))
            .map_err(|error| error.to_string())?;
        Ok((peer, built.backend))
    }

    /// The call the way it is asked for.
    pub(super) fn call(&self, way: Way) -> Result<Call, String> {
        let mut call = Call::new(Op::Chat(self.chat.request()?));
        if way == Way::Buffered {
            call.prime = Prime::Complete;
        }
        Ok(call.with_model(&self.model()?))
    }
}

/// Two accounts, the second standing by.
pub(super) struct Scene {
    pub(super) primary: Arc<PipePeer>,
    pub(super) fallback: Arc<PipePeer>,
    pub(super) model: Model,
    material: Arc<Material>,
    pub(super) way: Way,
}

/// What came of a call in it.
pub(super) struct Played {
    pub(super) result: Outcome<ChatResponse>,
    pub(super) took: Duration,
}

impl Scene {
    /// The primary does as `script` says; the fallback is well.
    pub(super) fn new(
        material: &Arc<Material>,
        way: Way,
        script: impl Into<Script>,
    ) -> Result<Self, String> {
        let (primary, first) = material.account(script, |setup| setup)?;
        let healthy = Script::new([material.healthy(way)?]).repeat_last();
        let (fallback, second) = material.account(healthy, |setup| setup)?;
        let model = first.model(material.model()?).or(second.model(FALLBACK));
        Ok(Self {
            primary,
            fallback,
            model,
            material: material.clone(),
            way,
        })
    }

    pub(super) async fn play(&self) -> Result<Played, String> {
        let began = Instant::now();
        let result = self
            .model
            .backend()
            .call(self.material.call(self.way)?)
            .await;
        Ok(Played {
            result: result.and_then(trunkline_core::Reply::into_chat),
            took: began.elapsed(),
        })
    }

    /// The call is answered, by whomever, as if nothing had happened.
    pub(super) async fn rescued(&self) -> Result<Played, String> {
        let played = self.play().await?;
        let answer = match &played.result {
            Ok(answer) => answer,
            Err(error) => {
                return Err(cut(format!(
                    "{:?}: the call is rescued, and failed after {:?}: {error:?}",
                    self.way, played.took
                )));
            }
        };
        let expected = self.material.answer(self.way)?;
        let whole = same(&unsigned(&answer.message), &unsigned(&expected.message))
            .and_then(|()| same(&answer.finish, &expected.finish));
        whole.map_err(|how| {
            format!(
                "{:?}: the rescued answer is not the whole one: {how}",
                self.way
            )
        })?;
        Ok(played)
    }

    /// How many requests each got.
    pub(super) fn asked(&self) -> (usize, usize) {
        (self.primary.seen().received, self.fallback.seen().received)
    }

    /// Fails unless so many requests were sent: to the primary, to the fallback.
    pub(super) fn expect(
        &self,
        primary: std::ops::RangeInclusive<usize>,
        fallback: std::ops::RangeInclusive<usize>,
    ) -> Result<(), String> {
        let (to_primary, to_fallback) = self.asked();
        if primary.contains(&to_primary) && fallback.contains(&to_fallback) {
            return Ok(());
        }
        Err(format!(
            "{:?}: {primary:?} requests go to the primary and {fallback:?} to the fallback; there were {to_primary} and {to_fallback}",
            self.way
        ))
    }
}

/// The time between the first request and the second.
pub(super) fn wait(requests: &[Received]) -> Option<Duration> {
    let mut at = requests.iter().map(|request| request.at);
    let (first, second) = (at.next()?, at.next()?);
    Some(second.duration_since(first))
}

/// What a call failed with.
pub(super) fn failed<T>(result: Outcome<T>) -> Result<Error, String> {
    result
        .err()
        .ok_or_else(|| "the call was answered, and should fail".to_owned())
}

pub(super) fn chunked(data: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
    chunk.extend_from_slice(data);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

/// A message without who made it: where answers do not name their model, that is the one that was
/// asked.
fn unsigned(message: &Message) -> Message {
    let mut message = message.clone();
    for part in &mut message.parts {
        part.origin = None;
    }
    message
}
