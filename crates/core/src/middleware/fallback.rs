//! One model, and another where it cannot serve.

use std::future::Future;

use crate::{Backend, BackendInfo, Call, Model, Recovery, Reply, Result, Serve, Stats};

/// Asks the first model, and the second where the first cannot serve.
#[derive(Debug)]
pub struct Fallback {
    first: Model,
    second: Model,
}

impl Fallback {
    /// `second` stands by for `first`.
    pub fn new(first: Model, second: Model) -> Self {
        Self { first, second }
    }
}

impl Serve for Fallback {
    fn info(&self) -> &BackendInfo {
        self.first.backend().info()
    }

    fn serve(&self, call: Call) -> impl Future<Output = Result<Reply>> + Send + 'static {
        let (first, second) = (self.first.clone(), self.second.clone());
        async move {
            let other = call.clone().with_model(second.name());
            match first.backend().call(call.with_model(first.name())).await {
                Err(error) if error.recovery() != Recovery::None => {
                    tracing::info!(error.kind = error.kind().name(), to = second.name(), "falling back");
                    let mut earlier = error.attempts().to_vec();
                    second.backend().call(other).await.map_err(|mut error| {
                        earlier.extend(error.take_attempts());
                        error.set_attempts(earlier);
                        error
                    })
                }
                reply => reply,
            }
        }
    }

    fn stats(&self) -> Stats {
        let mut stats = self.first.backend().stats();
        stats.endpoints.extend(self.second.backend().stats().endpoints);
        stats
    }

    fn members(&self) -> Vec<Backend> {
        vec![self.first.backend().clone(), self.second.backend().clone()]
    }
}
