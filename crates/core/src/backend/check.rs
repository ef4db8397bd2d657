//! The endpoint test.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::Backend;
use crate::{Call, ChatRequest, Error, ErrorKind, Op, Result, models::ModelsRequest};

/// How far to test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// Something answers HTTP there, whatever it says to us.
    Reachable,
    /// It says that it can serve: not one that still loads its model. A server that says nothing of
    /// the kind has to list its models. Servers of another kind may say it at the same path: that
    /// it is the right one is shown by [`Authorized`](Self::Authorized).
    Ready,
    /// It lists its models to us.
    Authorized,
    /// Its default model gives one token. This costs money.
    Generates,
}

/// A test that went well.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Checked {
    /// How long it took.
    pub latency: Duration,
    /// The models that it listed, for [`Check::Authorized`].
    pub models: Vec<String>,
}

pub(super) async fn run(backend: &Backend, check: Check) -> Result<Checked> {
    let started = Instant::now();
    let models = match check {
        Check::Reachable => reach(backend).await.map(|()| Vec::new()),
        Check::Ready => ready(backend).await.map(|()| Vec::new()),
        Check::Authorized => list(backend).await,
        Check::Generates => generate(backend).await.map(|()| Vec::new()),
    }?;
    Ok(Checked {
        latency: started.elapsed(),
        models,
    })
}

/// Any answer will do, a refusal included.
async fn reach(backend: &Backend) -> Result<()> {
    match list(backend).await {
        Err(error) if error.status().is_none() => Err(error),
        _ => Ok(()),
    }
}

async fn ready(backend: &Backend) -> Result<()> {
    let op = Op::Ready(Arc::default());
    let readiness = match backend.call(Call::new(op)).await {
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            return list(backend).await.map(|_| ());
        }
        reply => reply?.into_ready()?,
    };
    if readiness.ready {
        return Ok(());
    }
    let detail = readiness.detail.as_deref().unwrap_or("it is not ready yet");
    Err(Error::new(ErrorKind::NotReady, detail.to_owned()).with_provider(backend.info().provider))
}

async fn list(backend: &Backend) -> Result<Vec<String>> {
    let op = Op::Models(Arc::new(ModelsRequest::default()));
    let page = backend.call(Call::new(op)).await?.into_models()?;
    Ok(page.models.into_iter().map(|model| model.id).collect())
}

async fn generate(backend: &Backend) -> Result<()> {
    let model = backend.default_model().ok_or_else(|| {
        Error::new(
            ErrorKind::Config,
            "no default model to test with; set one with `.model(…)` on the builder",
        )
    })?;
    // Models that think spend a few tokens before the first word.
    let request = ChatRequest::from("Say OK.")
        .model(model)
        .max_output_tokens(16_u64);
    backend
        .call(Call::new(Op::Chat(Arc::new(request))))
        .await
        .map(|_| ())
}
