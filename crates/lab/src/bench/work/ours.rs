//! Ours, as a user writes it.

use anyhow::Result;
use trunkline_core::{ChatStream, HttpClient, Model};
use trunkline_http::{
    Transport,
    hyper::{Http2, HyperTransport},
};
use trunkline_openai::OpenAi;

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
        let openai = OpenAi::with("sk-bench", base, HttpClient::new(transport))?;
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

    pub(crate) async fn embed(&self, proof: &mut Proof) -> Result<()> {
        let inputs = [payload::PROMPT; payload::INPUTS];
        for vector in self.0.embed(inputs).await?.vectors {
            proof.vector(&vector);
        }
        Ok(())
    }
}
