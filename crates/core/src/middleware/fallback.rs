//! One model, and others where it cannot serve.

use std::{future::Future, sync::Arc, time::Duration};

use super::Times;
use crate::{
    Backend, BackendInfo, Call, Class, Delivery, Error, ErrorKind, Model, Op, Phase, Recovery,
    Reply, Result, Scope, Serve, Stats,
    chat::{Effort, ReasoningSetting},
    middleware::Circuits,
    model::batch,
};

/// Asks the models in their order, until one serves.
///
/// The next is asked by what went wrong, and to what: a request that no model would accept is
/// given back at once; a rejected key rules out every other model on the same account; a model
/// that has no room for the conversation only itself. Nothing is asked again after content was
/// shown, or after something with an effect may have had it. An answer names the model that gave it
/// in [`Meta::model`](crate::chat::Meta::model), and an error has the tries of all in
/// [`attempts`](Error::attempts).
///
/// ```
/// # fn demo(fast: trunkline_core::Model, large: trunkline_core::Model, other: trunkline_core::Model) {
/// let model = fast.or(large).or(other);
/// # }
/// ```
#[derive(Debug)]
pub struct Fallback {
    info: BackendInfo,
    first: Model,
    others: Vec<Model>,
    patience: Option<Duration>,
}

impl Fallback {
    /// `others` stand by for `first`, in their order. All but the last have 10 s for the first
    /// content of a stream, or 60 s where the request or the model is to think, and never less
    /// than three times what their endpoint usually takes.
    pub fn new(first: Model, others: impl IntoIterator<Item = Model>) -> Self {
        let mut info = first.backend().info().clone();
        info.asks_several = true;
        Self {
            info,
            first,
            others: others.into_iter().collect(),
            patience: None,
        }
    }

    /// Sets how long each model but the last may take to the first content of a stream.
    #[must_use]
    pub fn first_content(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// The models in their order.
    fn models(&self) -> impl Iterator<Item = &Model> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// Their backends, each once.
    fn backends(&self) -> Vec<&Backend> {
        let mut backends: Vec<&Backend> = Vec::new();
        for model in self.models() {
            if !backends.iter().any(|known| known.is(model.backend())) {
                backends.push(model.backend());
            }
        }
        backends
    }
}

impl Serve for Fallback {
    fn info(&self) -> &BackendInfo {
        &self.info
    }

    fn serve(&self, mut call: Call) -> impl Future<Output = Result<Reply>> + Send + 'static {
        let mut waiting: Vec<Model> = self.models().cloned().collect();
        waiting.reverse();
        let patience = self.patience;
        call.trail.open();
        async move {
            let mut asked = waiting.pop();
            let mut id = call.id;
            loop {
                let Some(model) = asked else {
                    return Err(Error::config("a fallback without models"));
                };
                let mut attempt = call.clone().with_model(model.name());
                attempt.id = id;
                if !waiting.is_empty() {
                    attempt.first_content = attempt.first_content.or_else(|| {
                        Some(patience.unwrap_or_else(|| usual_patience(&model, &call.op)))
                    });
                }
                let mut error = match batch::send(model.backend(), attempt).await {
                    Ok(mut reply) => {
                        if let Some(meta) = reply.meta_mut() {
                            meta.attempts = call.trail.failed().saturating_add(1);
                            meta.model.get_or_insert_with(|| model.name().into());
                        }
                        return Ok(reply);
                    }
                    Err(error) => error,
                };
                error.set_model(model.name());
                waiting.retain(|other| may_serve(other, &error, &model));
                if call.op.class() == Class::Effect && may_have_acted(&error) {
                    waiting.clear();
                }
                asked = waiting.pop();
                // For another model it is another request: under the key of the first a provider
                // would refuse it, or give the answer to that.
                id = fastrand::u128(..);
                let Some(next) = &asked else {
                    call.trail.close(&mut error);
                    return Err(error);
                };
                call.trail.note(&error, None);
                if let Some(times) = Times::of(&call) {
                    times.add_attempt();
                }
                tracing::info!(
                    target: "trunkline",
                    from = model.name(),
                    to = next.name(),
                    "error.type" = error.kind().name(),
                    "falling back"
                );
            }
        }
    }

    fn stats(&self) -> Stats {
        let mut all = Stats::default();
        for backend in self.backends() {
            all.merge(backend.stats());
        }
        all
    }

    fn members(&self) -> Vec<Backend> {
        self.backends().into_iter().cloned().collect()
    }

    fn circuits(&self) -> Vec<(Arc<str>, Circuits)> {
        let of = |backend: &Backend| backend.circuits();
        self.backends().into_iter().flat_map(of).collect()
    }

    fn restore(&self) {
        self.backends().into_iter().for_each(Backend::restore);
    }

    fn close(&self, patience: Duration) -> impl Future<Output = ()> + Send + 'static {
        let backends: Vec<Backend> = self.members();
        async move {
            let closing = backends.iter().map(|backend| backend.close(patience));
            futures_util::future::join_all(closing).await;
        }
    }
}

/// Whether `other` may do better, after `failed` has failed with `error`.
fn may_serve(other: &Model, error: &Error, failed: &Model) -> bool {
    if error.recovery() == Recovery::None {
        return false;
    }
    let elsewhere = !other.backend().is(failed.backend());
    match (error.scope(), error.kind()) {
        (Scope::Provider, _) => other.backend().info().provider != failed.backend().info().provider,
        (Scope::Key | Scope::Account, ErrorKind::Auth | ErrorKind::QuotaExhausted) => elsewhere,
        // The host is out of reach, whatever model is asked for there.
        (_, ErrorKind::Connect | ErrorKind::Tls | ErrorKind::Proxy) => elsewhere,
        (_, ErrorKind::Timeout) if is_out_of_reach(error) => elsewhere,
        _ => true,
    }
}

/// Whether the time ran out on the way to the host.
fn is_out_of_reach(error: &Error) -> bool {
    matches!(
        error.phase(),
        Some(Phase::Dns | Phase::Tcp | Phase::Tls | Phase::Proxy)
    )
}

/// Whether a second request might do a second time what the first has done.
fn may_have_acted(error: &Error) -> bool {
    !matches!(error.delivery(), Delivery::NotSent | Delivery::Rejected)
}

/// Who thinks is given time to.
fn usual_patience(model: &Model, op: &Op) -> Duration {
    let asked = match op {
        Op::Chat(request) | Op::ChatStream(request) => request.reasoning,
        _ => None,
    };
    let thinks = match asked {
        Some(setting) => setting != ReasoningSetting::Effort(Effort::None),
        None => model.backend().info().reasons(model.name()),
    };
    Duration::from_secs(if thinks { 60 } else { 10 })
}
