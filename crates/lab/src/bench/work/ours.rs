//! Ours, as a user writes it.

use std::sync::Arc;

use anyhow::{Result, bail};
use trunkline_core::{
    Call, ChatRequest, ChatStream, ErrorKind, HttpClient, Model, Op,
    account::Builder,
    middleware::{Breaker, Gate, RateLimit},
};
use trunkline_http::{
    Transport,
    hyper::{Http2, HyperTransport},
};
use trunkline_openai::{CHAT_COMPLETIONS, OpenAi, compatible};

use super::{Proof, Who, Wire, payload};

pub(crate) struct Ours(Model);

impl Ours {
    pub(crate) fn new(who: Who, base: String, wire: Wire) -> Result<Self> {
        let mut transport = HyperTransport::builder();
        if wire == Wire::Http2 {
            transport = transport.http2(Http2::prior_knowledge());
        }
        Self::over(transport.build()?, who, base)
    }

    pub(crate) fn over(transport: impl Transport, who: Who, base: String) -> Result<Self> {
        let client = HttpClient::new(transport);
        if who == Who::Full {
            return Ok(Self(full(client, &base).build()?.model(payload::MODEL)));
        }
        let openai = compatible("sk-bench", base, client)?;
        Ok(Self(match who {
            Who::Bare => openai.bare().model(payload::MODEL),
            _ => openai.model(payload::MODEL),
        }))
    }

    pub(crate) async fn chat(&self, proof: &mut Proof) -> Result<()> {
        proof.text(&self.0.chat(payload::PROMPT).await?.text());
        Ok(())
    }

    pub(crate) async fn stream(&self, n: usize, proof: &mut Proof) -> Result<()> {
        let mut words = self.open(n).await?.text();
        while let Some(word) = words.try_next().await? {
            proof.text(&word);
        }
        Ok(())
    }

    /// A stream whose first content has been read.
    pub(crate) async fn open(&self, n: usize) -> Result<ChatStream> {
        let call = self.0.chat(payload::PROMPT).header("x-n", &n.to_string());
        Ok(call.stream().await?)
    }

    /// Calls that an open circuit refuses, from the backend on: the request is there already.
    pub(crate) async fn refused(&self, n: usize, proof: &mut Proof) -> Result<()> {
        let mut backend = self.0.backend().clone();
        let of_stack = backend.circuits();
        for (_, circuits) in &of_stack {
            circuits.force_open();
        }
        // Without a stack: the breaker alone.
        if of_stack.is_empty() {
            let circuits = Breaker::default().circuits()?;
            circuits.force_open();
            backend = backend.layer(circuits);
        }
        let request = ChatRequest::from(payload::PROMPT).model(payload::MODEL);
        let call = Call::new(Op::Chat(Arc::new(request)));
        for _ in 0..n {
            match backend.call(call.clone()).await {
                Err(error) if error.kind() == ErrorKind::CircuitOpen => proof.text("refused"),
                other => bail!("not refused: {other:?}"),
            }
        }
        Ok(())
    }

    pub(crate) async fn embed(&self, proof: &mut Proof) -> Result<()> {
        let inputs = [payload::PROMPT; payload::INPUTS];
        for vector in self.0.embed(inputs).await?.vectors {
            proof.vector(&vector);
        }
        Ok(())
    }
}

/// With all that a stack has, and none of it in the way.
pub(crate) fn full(client: HttpClient, base: &str) -> Builder<trunkline_openai::Api> {
    let limits = RateLimit::new()
        .requests_per_minute(u32::MAX)
        .tokens_per_minute(1 << 50);
    let mut account = OpenAi::builder()
        .setting("api", CHAT_COMPLETIONS)
        .client(client)
        .endpoint_limits(Gate::new(1 << 14, 1 << 10))
        .key_limits(limits);
    for endpoint in 1..=3 {
        account = account.endpoint(format!("{base}/{endpoint}"));
    }
    for key in 1..=3 {
        account = account.key(format!("sk-bench-{key}"));
    }
    account
}
