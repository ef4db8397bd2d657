//! Every task of a transport is counted, so that a test sees one that stays.

use std::future::Future;

use tokio::task::JoinHandle;

use super::stats::Gauge;

/// Starts tasks on the runtime of whoever asks.
#[derive(Clone)]
pub(super) struct Tasks(Gauge);

impl Tasks {
    pub(super) fn new(gauge: Gauge) -> Self {
        Self(gauge)
    }

    pub(super) fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        let counted = self.0.hold();
        tokio::spawn(async move {
            let _counted = counted;
            task.await
        })
    }
}

impl<F> hyper::rt::Executor<F> for Tasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        drop(self.spawn(task));
    }
}
