//! A provider that says what its events say.
//!
//! `{"say":"x"}` words, `{"stop":true}` the end, `[DONE]` the last word, `{"ping":1}` a sign of
//! life, `{"usage":[1,2]}` the cost, `{"error":"overloaded"}` a failure, `{"busy":1}` progress.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use http::{Request, response::Parts};
use serde_json::{Value, json};
use trunkline_core::{
    Account, Backend, Capabilities, ChatResponse, Delivery, Error, ErrorKind, Model, Op, Part,
    ProviderDef, Reply, Result, StreamChunk, Usage, Warning,
    account::Builder,
    chat::{Finish, FinishKind, Warnings},
    health::{Load, Prometheus, Readiness},
    http_transport::frame::Frame,
    middleware::Stack,
    models::{ModelInfo, ModelsPage},
    protocol::{Decoder, Protocol, Target, Terminal, error_of_status},
    stream::ChunkMeta,
};

use super::Wire;

pub(crate) const KEY: &str = "sk-canary-7f3a";

pub(crate) static PARROT: ProviderDef = ProviderDef::new("parrot", "PARROT", |config, client| {
    Ok(builder()
        .config(config)
        .client(client)
        .build()?
        .backend()
        .clone())
})
.base_url("https://api.parrot.example/v1")
.default_model("ara")
.models(&["ara*"])
.capabilities(Capabilities::NONE.chat().stream());

pub(crate) fn builder() -> Builder {
    Builder::of(&PARROT, Parrot)
}

pub(crate) fn account(wire: &Wire, with: impl FnOnce(Builder) -> Builder) -> Account {
    with(builder().key(KEY).client(wire.client()))
        .build()
        .unwrap()
}

/// A model behind the default stack.
pub(crate) fn model(wire: &Wire) -> Model {
    account(wire, |builder| builder).model("ara")
}

/// A model behind nothing.
pub(crate) fn bare(wire: &Wire) -> Model {
    account(wire, |builder| builder.stack(Stack::bare())).model("ara")
}

/// The hosts of [`endpoints`].
pub(crate) const HOSTS: [&str; 4] = ["a.example", "b.example", "c.example", "d.example"];

/// An account with the first so many of [`HOSTS`].
pub(crate) fn endpoints(wire: &Wire, count: usize, stack: Stack) -> Account {
    account(wire, |builder| {
        let hosts = HOSTS.iter().take(count);
        hosts.fold(builder.stack(stack), |builder, host| {
            builder.endpoint(format!("https://{host}/v1"))
        })
    })
}

#[derive(Debug)]
pub(crate) struct Parrot;

impl Protocol for Parrot {
    type Decoder = Ear;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        let request = match op {
            Op::Chat(request) | Op::ChatStream(request) => request,
            Op::Models(_) => return target.get("/models"),
            Op::Ready(_) => return target.get("/health"),
            Op::Load(_) => return target.get("/metrics"),
            other => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("a parrot does not {}", other.name()),
                ));
            }
        };
        warnings.unsupported_if(request.top_k.is_some(), "top_k");
        if request.seed.is_some() {
            warnings.push(Warning::coerced("seed", "1", "2"));
        }
        let stream = matches!(op, Op::ChatStream(_));
        let words: String = request
            .messages
            .iter()
            .map(trunkline_core::Message::text)
            .collect();
        target.post(
            "/chat",
            json!({ "model": request.model, "stream": stream, "words": words }).to_string(),
        )
    }

    fn decode(&self, op: &Op, _head: &Parts, body: Bytes) -> Result<Reply> {
        if let Op::Ready(_) = op {
            return Ok(Reply::Ready(Readiness::ready()));
        }
        if let Op::Load(_) = op {
            let page = Prometheus::parse(&String::from_utf8_lossy(&body));
            return Ok(Reply::Load(Load::default().running(page.sum("busy"))));
        }
        let value: Value = serde_json::from_slice(&body)
            .map_err(|error| Error::decode("no JSON").with_source(error))?;
        if let Op::Models(_) = op {
            return Ok(Reply::Models(ModelsPage::new(vec![ModelInfo::new("ara")])));
        }
        if let Some(error) = value.get("error") {
            return Err(in_band(error));
        }
        let words = value
            .get("say")
            .and_then(Value::as_str)
            .ok_or_else(|| Error::decode("`say` is missing"))?;
        Ok(Reply::Chat(ChatResponse::of_text("ara", words)))
    }

    fn decoder(&self, _op: &Op, _head: &Parts) -> Ear {
        Ear {
            talking: false,
            terminal: Terminal::Open,
        }
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        let error = error_of_status(head.status);
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return error;
        };
        let error = match body.get("message").and_then(Value::as_str) {
            Some("no money") => {
                Error::new(ErrorKind::QuotaExhausted, "no money").with_delivery(error.delivery())
            }
            Some("asleep") => {
                Error::new(ErrorKind::NotReady, "asleep").with_delivery(Delivery::Rejected)
            }
            Some(message) => {
                Error::new(error.kind(), message.to_owned()).with_delivery(error.delivery())
            }
            None => error,
        };
        match body.get("request_id").and_then(Value::as_str) {
            Some(id) => error.with_request_id(id),
            None => error,
        }
    }
}

fn in_band(error: &Value) -> Error {
    let kind = if error == "overloaded" {
        ErrorKind::Overloaded
    } else {
        ErrorKind::Server
    };
    // Words are repeated as a provider's are.
    let words = error.as_str().filter(|words| words.contains(' '));
    let words = words.unwrap_or("in the stream").to_owned();
    Error::new(kind, words).with_delivery(trunkline_core::Delivery::Responded)
}

#[derive(Debug)]
pub(crate) struct Ear {
    talking: bool,
    terminal: Terminal,
}

impl Decoder for Ear {
    fn frame(&mut self, frame: Frame, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        let text = frame.text().map_err(|_| Error::decode("no UTF-8"))?;
        if text == "[DONE]" {
            self.terminal = Terminal::Last;
            return Ok(());
        }
        let event: Value = serde_json::from_str(text)
            .map_err(|error| Error::decode("no JSON").with_source(error))?;
        if let Some(model) = event.get("model").and_then(Value::as_str) {
            let mut meta = ChunkMeta::default();
            meta.model = Some(model.to_owned());
            meta.id = Some("answer-1".to_owned());
            out.push_back(StreamChunk::Meta(Box::new(meta)));
        }
        if let Some(words) = event.get("say").and_then(Value::as_str) {
            if !std::mem::replace(&mut self.talking, true) {
                out.push_back(StreamChunk::PartStart {
                    ix: 0,
                    candidate: 0,
                    part: Box::new(Part::text("")),
                });
            }
            out.push_back(StreamChunk::text(0, words));
        }
        if event.get("ping").is_some() {
            out.push_back(StreamChunk::KeepAlive);
        }
        if event.get("busy").is_some() {
            out.push_back(StreamChunk::Progress {
                ix: 0,
                phase: "busy".into(),
            });
        }
        if let Some([input, output]) = event
            .get("usage")
            .and_then(Value::as_array)
            .map(Vec::as_slice)
        {
            let usage = Usage::new(input.as_u64().unwrap(), output.as_u64().unwrap());
            out.push_back(StreamChunk::Usage(Box::new(usage)));
        }
        if event.get("stop").is_some() {
            if std::mem::take(&mut self.talking) {
                out.push_back(StreamChunk::PartEnd { ix: 0, part: None });
            }
            self.terminal = Terminal::Whole;
            let reason = Finish::new(FinishKind::Stop);
            out.push_back(StreamChunk::Finish {
                candidate: 0,
                reason,
                usage: None,
                ext: trunkline_core::Ext::default(),
            });
        }
        event
            .get("error")
            .map_or(Ok(()), |error| Err(in_band(error)))
    }

    fn terminal(&self) -> Terminal {
        self.terminal
    }
}

/// A backend that does what a function says.
pub(crate) fn backend<F, Fut>(serve: F) -> Backend
where
    F: Fn(trunkline_core::Call) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Reply>> + Send + 'static,
{
    struct Mock<F>(F, trunkline_core::BackendInfo);
    impl<F, Fut> trunkline_core::Serve for Mock<F>
    where
        F: Fn(trunkline_core::Call) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Reply>> + Send + 'static,
    {
        fn info(&self) -> &trunkline_core::BackendInfo {
            &self.1
        }

        fn serve(
            &self,
            call: trunkline_core::Call,
        ) -> impl Future<Output = Result<Reply>> + Send + 'static {
            (self.0)(call)
        }
    }
    Backend::new(Mock(serve, trunkline_core::BackendInfo::new("mock")))
}

pub(crate) fn chat_op() -> Op {
    Op::Chat(Arc::new("hello".into()))
}
