//! One model, and another where it cannot serve.

use std::{future::Future, time::Duration};

use tokio::time::Instant;

use super::Times;
use crate::{
    Backend, BackendInfo, Call, Error, Model, Op, Recovery, Reply, Result, Serve, Stats,
    chat::{Effort, ReasoningSetting},
};

/// Asks the first model, and the second where the first cannot serve.
#[derive(Debug)]
pub struct Fallback {
    first: Model,
    second: Model,
    patience: Option<Duration>,
}

impl Fallback {
    /// `second` stands by for `first`, which has 10 s for the first content of a stream, or 60 s
    /// where the request asks for reasoning.
    pub fn new(first: Model, second: Model) -> Self {
        Self {
            first,
            second,
            patience: None,
        }
    }

    /// Sets how long the first model may take to the first content of a stream.
    #[must_use]
    pub fn first_content(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }
}

impl Serve for Fallback {
    fn info(&self) -> &BackendInfo {
        self.first.backend().info()
    }

    fn serve(&self, mut call: Call) -> impl Future<Output = Result<Reply>> + Send + 'static {
        let (first, second) = (self.first.clone(), self.second.clone());
        let other = call.clone().with_model(second.name());
        call.first_content
            .get_or_insert_with(|| self.patience.unwrap_or_else(|| usual_patience(&call.op)));
        async move {
            let began = Instant::now();
            let mut error = match first.backend().call(call.with_model(first.name())).await {
                Err(error) if error.recovery() != Recovery::None => error,
                reply => return reply,
            };
            tracing::info!(
                error.kind = error.kind().name(),
                to = second.name(),
                "falling back"
            );
            let earlier = error.take_tries(began.elapsed());
            let began = Instant::now();
            if let Some(times) = Times::of(&other) {
                times.add_attempt();
            }
            match second.backend().call(other).await {
                Ok(mut reply) => {
                    if let Some(meta) = reply.meta_mut() {
                        meta.attempts = meta
                            .attempts
                            .saturating_add(u32::try_from(earlier.len()).unwrap_or(u32::MAX));
                    }
                    Ok(reply)
                }
                Err(error) => Err(joined(earlier, error, began.elapsed())),
            }
        }
    }

    fn stats(&self) -> Stats {
        let mut stats = self.first.backend().stats();
        stats
            .endpoints
            .extend(self.second.backend().stats().endpoints);
        stats
    }

    fn members(&self) -> Vec<Backend> {
        vec![self.first.backend().clone(), self.second.backend().clone()]
    }
}

fn joined(mut tries: Vec<crate::Attempt>, mut error: Error, elapsed: Duration) -> Error {
    tries.extend(error.take_tries(elapsed));
    error.set_attempts(tries);
    error
}

/// Who thinks is given time to.
fn usual_patience(op: &Op) -> Duration {
    let reasons = match op {
        Op::Chat(request) | Op::ChatStream(request) => request
            .reasoning
            .is_some_and(|setting| setting != ReasoningSetting::Effort(Effort::None)),
        _ => false,
    };
    Duration::from_secs(if reasons { 60 } else { 10 })
}
