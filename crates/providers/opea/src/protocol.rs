//! Which operation is which exchange.

use bytes::Bytes;
use http::{Request, response::Parts};
use trunkline_core::{
    ChatRequest, Error, ErrorKind, Op, Reply, Result,
    account::Settings,
    chat::Warnings,
    protocol::{Protocol, Target},
};
use trunkline_openai_compat::OpenAiCompat;

use crate::{
    PROVIDER,
    decode::{EventDecoder, whole},
    embed,
    encode::{self, DIALECT},
    error, health, models, rerank,
    service::{Places, Speech, talking},
};

/// The wire format of OPEA: each service has its path and its shape, and a model's name says which.
#[derive(Clone, Debug)]
pub struct Blueprints {
    places: Places,
}

impl Blueprints {
    /// With these settings, all of which may be left out: where services are, by their names,
    /// `chatqna_path`, and `embedding_shape`.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config): a path has no slash at its beginning, or there is no such shape.
    pub fn of(settings: &Settings) -> Result<Self> {
        let places = Places::of(settings)?;
        Ok(Self { places })
    }

    fn talk(
        &self,
        op: &Op,
        request: &ChatRequest,
        target: &Target,
        warnings: &mut Warnings,
    ) -> Result<Request<Bytes>> {
        let known = talking(&request.model).ok_or_else(|| no_such(op))?;
        let body = match known.speech {
            Speech::Completions => OpenAiCompat(DIALECT)
                .encode(op, target, warnings)?
                .into_body(),
            speech => {
                let stream = matches!(op, Op::ChatStream(_));
                encode::body(request, speech, stream, warnings)?.into()
            }
        };
        target.post(self.places.path(known), body)
    }
}

impl Protocol for Blueprints {
    type Decoder = EventDecoder;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        match op {
            Op::Chat(request) | Op::ChatStream(request) => self.talk(op, request, target, warnings),
            Op::Embed(request) => target.post(
                self.places.sole(Speech::Vectors),
                embed::body(request, self.places.text_doc, warnings)?,
            ),
            Op::Rerank(request) => target.post(
                self.places.sole(Speech::Ranks),
                rerank::body(request, warnings)?,
            ),
            Op::Models(_) => target.get(models::PATH),
            Op::Ready(_) => target.get(health::READY),
            Op::Load(_) => target.get(health::LOAD),
            op => Err(no_such(op)),
        }
    }

    fn decode(&self, op: &Op, head: &Parts, body: Bytes) -> Result<Reply> {
        match op {
            Op::Chat(_) | Op::ChatStream(_) => whole::reply(op, head, body),
            Op::Embed(request) => embed::response(request, &body).map(Reply::Embed),
            Op::Rerank(request) => rerank::response(request, &body).map(Reply::Rerank),
            Op::Models(_) => models::page(&self.places, &body).map(Reply::Models),
            Op::Ready(_) => health::ready(&body).map(Reply::Ready),
            Op::Load(_) => health::load(&body).map(Reply::Load),
            op => Err(no_such(op)),
        }
    }

    fn decoder(&self, op: &Op, _head: &Parts) -> EventDecoder {
        let asked = match op {
            Op::Chat(request) | Op::ChatStream(request) => request.candidates,
            _ => None,
        };
        EventDecoder::of(op.model(), asked.unwrap_or(1))
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        error::of_answer(head, body)
    }
}

fn no_such(op: &Op) -> Error {
    let what = format!("{} has no operation `{}`", PROVIDER.id, op.name());
    Error::new(ErrorKind::Unsupported, what)
}
