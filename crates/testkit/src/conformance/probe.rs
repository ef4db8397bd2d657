//! An account on a peer that answers as a fixture says, and what the peer got.

use bytes::Bytes;
use trunkline_core::{
    Call, ChatRequest, ChatResponse, Error, Op, Reply as Answer, Result, Warning,
};

use super::{
    Subject,
    list::{Outcome, ensure},
    subject::{Built, KEY, Setup},
};
use crate::{
    Peer,
    peer::{Received, Reply, Script},
};

/// An account of the subject, and the server that it talks to.
pub(super) struct Probe {
    pub(super) peer: Peer,
    pub(super) built: Built,
}

impl Probe {
    pub(super) async fn of(subject: &Subject, script: impl Into<Script>) -> Outcome<Self> {
        Self::with(subject, script, |_| {}).await
    }

    /// The same, with something else set of the account.
    pub(super) async fn with(
        subject: &Subject,
        script: impl Into<Script>,
        change: impl FnOnce(&mut Setup),
    ) -> Outcome<Self> {
        let peer = Peer::start(script).await;
        let mut setup = subject.at(&peer.url());
        change(&mut setup);
        let built = subject
            .build(setup)
            .map_err(|error| format!("the account cannot be built: {error}"))?;
        Ok(Self { peer, built })
    }

    /// Makes a call; the stream of one is read to its end.
    pub(super) async fn call(&self, call: Call) -> Result<Answer> {
        match self.built.backend.call(call).await? {
            Answer::ChatStream(stream) => stream.collect().await.map(Answer::Chat),
            other => Ok(other),
        }
    }

    /// Makes a call whose answer is a chat's.
    pub(super) async fn chat(&self, op: Op) -> Result<ChatResponse> {
        self.call(Call::new(op)).await?.into_chat()
    }

    /// The one request that came.
    pub(super) fn request(&self) -> Outcome<Received> {
        let mut requests = self.peer.requests();
        match (requests.pop(), requests.len()) {
            (Some(request), 0) => Ok(request),
            (_, left) => Err(format!(
                "{} requests were sent, not one",
                left + usize::from(left > 0)
            )),
        }
    }
}

/// A request as it arrived, and what the answer says was lost of it.
pub(super) struct Sent {
    pub(super) request: Received,
    pub(super) warnings: Vec<Warning>,
}

impl Sent {
    pub(super) fn body(&self) -> &Bytes {
        &self.request.body
    }

    /// The warnings that `base` has not.
    pub(super) fn new_warnings(&self, base: &Self) -> Vec<Warning> {
        let known = |warning: &&Warning| !base.warnings.contains(warning);
        self.warnings.iter().filter(known).cloned().collect()
    }
}

impl Sent {
    /// Whether there are warnings that `base` has not, and all of them say of what.
    pub(super) fn is_warned_of(&self, base: &Self) -> bool {
        let names = |warning: &Warning| match warning {
            Warning::Unsupported { feature } | Warning::Coerced { feature, .. } => {
                !feature.is_empty()
            }
            Warning::StateDropped { kind } => !kind.is_empty(),
            _ => true,
        };
        let new = self.new_warnings(base);
        !new.is_empty() && new.iter().all(names)
    }
}

/// Sends a conversation, and gives what arrived.
pub(super) async fn send(subject: &Subject, request: ChatRequest) -> Outcome<Sent> {
    let probe = Probe::of(subject, subject.spoken()?.reply()).await?;
    let answer = probe
        .chat(subject.op(request))
        .await
        .map_err(|error| format!("the call fails: {}", told(&error)))?;
    Ok(Sent {
        request: probe.request()?,
        warnings: answer.warnings,
    })
}

/// Makes a call that is to be refused before anything is sent, and gives the error.
pub(super) async fn refused(subject: &Subject, op: Op) -> Outcome<Error> {
    let probe = Probe::of(subject, Reply::status(500)).await?;
    let outcome = probe.call(Call::new(op)).await;
    ensure(probe.peer.seen().received == 0, || {
        let request = probe.peer.requests().first().map(shown).unwrap_or_default();
        format!("it is to be refused before anything is sent, and was sent: {request}")
    })?;
    match outcome {
        Err(error) => Ok(error),
        Ok(_) => Err("it is to be refused, and was answered without being sent".to_owned()),
    }
}

/// The question that tests vary: short, and to the model of the subject's cases.
pub(super) fn baseline(subject: &Subject) -> Outcome<ChatRequest> {
    let model = subject.spoken()?.op.model().to_owned();
    Ok(ChatRequest::from("Say one word.").model(model))
}

/// An error as evidence.
pub(super) fn told(error: &Error) -> String {
    cut(&format!("{:?}: {error}", error.kind()))
}

/// A request's body as evidence: without the key, and cut.
pub(super) fn shown(request: &Received) -> String {
    cut(&request.text())
}

/// Evidence, cut to a length that can be read, without the key.
pub(super) fn cut(text: &str) -> String {
    const LONGEST: usize = 300;
    let text = text.replace(KEY, "***");
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}
