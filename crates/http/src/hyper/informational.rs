//! Interim answers (1xx): passed over, but not without end.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    task::Poll,
};

use http::{Request, Response};
use hyper::{body::Incoming, ext::on_informational};
use hyper_util::client::legacy;
use tokio::sync::Notify;

use super::failure::{self, Failure};
use crate::{Body, Phase, Sent, TransportError, TransportErrorKind};

/// More before one answer are an attack or a loop.
const MOST: u32 = 16;

/// How many came for one request. Of HTTP/1.1 only: hyper does not tell of HTTP/2's.
#[derive(Clone, Default)]
pub(super) struct Informational(Arc<Seen>);

#[derive(Default)]
struct Seen {
    count: AtomicU32,
    too_many: Notify,
}

impl Informational {
    pub(super) fn watch(request: &mut Request<Body>) -> Self {
        let seen = Self::default();
        let told = seen.clone();
        on_informational(request, move |_| told.saw_one());
        seen
    }

    fn saw_one(&self) {
        if self.0.count.fetch_add(1, SeqCst) == MOST {
            self.0.too_many.notify_one();
        }
    }

    /// Waits for the answer, or for one interim answer too many.
    pub(super) async fn before(
        &self,
        answer: impl Future<Output = Result<Response<Incoming>, legacy::Error>>,
    ) -> Result<Response<Incoming>, Failure> {
        let mut answer = pin!(answer);
        let mut too_many = pin!(self.0.too_many.notified());
        poll_fn(|cx| {
            let answer = answer.as_mut().poll(cx);
            if too_many.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(endless().into()));
            }
            answer.map(|answer| answer.map_err(failure::of_request))
        })
        .await
    }
}

fn endless() -> TransportError {
    TransportError::new(
        TransportErrorKind::Decode,
        format!("the server sent more than {MOST} interim answers (1xx) and no final one"),
    )
    .with_phase(Phase::Head)
    .with_sent(Sent::Responded)
}
