//! One call as several requests: what a provider takes in one is bounded, what a caller has is not.

use std::{ops::Range, sync::Arc};

use futures_util::{StreamExt, stream};

use super::BoxFuture;
use crate::{
    Backend, Call, Capabilities, EmbedRequest, EmbedResponse, Error, Op, Reply, RerankRequest,
    RerankResponse, Result, Usage, Warning, chat::Meta,
};

mod join;

/// That a call may be sent as several requests, and how many of them at once. It travels with the
/// call to whoever asks one model: a fallback hands it on, so that all vectors are of the same one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Split {
    pub(super) at_once: usize,
}

impl Default for Split {
    /// Enough to keep a server at work, and few for the limits of a key.
    fn default() -> Self {
        Self { at_once: 4 }
    }
}

/// Whether it can come to several requests.
pub(super) fn may_split(backend: &Backend, op: &Op) -> bool {
    backend.info().asks_several || too_many(backend, op).is_some()
}

/// Sends `call`, as several requests where it [may be](Split) and has more than one of them takes.
/// Each goes through the whole of `backend` by itself, retries and all.
pub(crate) fn send(backend: &Backend, call: Call) -> BoxFuture<Result<Reply>> {
    let split = call.extensions.get::<Split>().copied();
    let split = split.filter(|_| !backend.info().asks_several);
    let Some((split, most)) = split.zip(too_many(backend, &call.op)) else {
        return backend.call_boxed(call);
    };
    let backend = backend.clone();
    match call.op.clone() {
        Op::Embed(request) => Box::pin(run(backend, call, request, most, split)),
        Op::Rerank(request) => Box::pin(run(backend, call, request, most, split)),
        _ => backend.call_boxed(call),
    }
}

/// How many inputs one request takes, where `op` has more.
fn too_many(backend: &Backend, op: &Op) -> Option<usize> {
    let (has, bound): (_, Bound) = match op {
        Op::Embed(request) => (request.inputs.len(), |can| can.max_inputs),
        Op::Rerank(request) => (request.documents.len(), |can| can.max_documents),
        _ => return None,
    };
    least(backend, bound).filter(|most| *most > 0 && has > *most)
}

type Bound = fn(&Capabilities) -> Option<usize>;

/// The least bound of a backend and of those behind it: any of these may get the request.
fn least(backend: &Backend, bound: Bound) -> Option<usize> {
    let own = bound(&backend.info().capabilities);
    let members = backend.members();
    let behind = members.iter().filter_map(|member| least(member, bound));
    behind.chain(own).min()
}

async fn run<J: Job>(
    backend: Backend,
    call: Call,
    job: Arc<J>,
    most: usize,
    split: Split,
) -> Result<Reply> {
    let all = job.count();
    let ranges = (0..all).step_by(most);
    let ranges = ranges.map(|start| start..all.min(start.saturating_add(most)));
    // A piece is made when its turn comes, so that no more of them are in memory than under way.
    let pieces = ranges.map(|range| {
        let mut piece = call.clone();
        piece.op = job.piece(range.clone());
        // Another request: under the key of the first a provider would give the answer to that.
        piece.id = fastrand::u128(..);
        let reply = backend.call_boxed(piece);
        async move { (range, reply.await.and_then(J::read)) }
    });
    let mut asked = stream::iter(pieces).buffer_unordered(split.at_once.max(1));
    let mut answers = Vec::with_capacity(all.div_ceil(most));
    let mut done = 0;
    // The first that fails ends the others: without it their answers are none.
    while let Some((range, answer)) = asked.next().await {
        match answer {
            Ok(answer) => {
                done += range.len();
                answers.push((range, answer));
            }
            Err(mut error) => {
                error.set_done(done, all);
                return Err(error);
            }
        }
    }
    answers.sort_by_key(|(range, _)| range.start);
    job.join(answers)
}

/// A request that can be asked in pieces.
trait Job: Send + Sync + 'static {
    type Answer: Send;

    fn count(&self) -> usize;

    /// The same for some of its inputs.
    fn piece(&self, range: Range<usize>) -> Op;

    fn read(reply: Reply) -> Result<Self::Answer>;

    /// The answer to the whole, of those to all pieces, in their order.
    fn join(&self, answers: Vec<(Range<usize>, Self::Answer)>) -> Result<Reply>;
}

impl Job for EmbedRequest {
    type Answer = EmbedResponse;

    fn count(&self) -> usize {
        self.inputs.len()
    }

    fn piece(&self, range: Range<usize>) -> Op {
        Op::Embed(Arc::new(Self {
            inputs: self.inputs.get(range).unwrap_or_default().to_vec(),
            model: self.model.clone(),
            user: self.user.clone(),
            options: self.options.clone(),
            patch: self.patch.clone(),
            ..*self
        }))
    }

    fn read(reply: Reply) -> Result<EmbedResponse> {
        reply.into_embed()
    }

    fn join(&self, answers: Vec<(Range<usize>, EmbedResponse)>) -> Result<Reply> {
        let mut whole = EmbedResponse::new(String::new(), Vec::with_capacity(self.inputs.len()));
        let mut beside = Beside::default();
        for (range, answer) in answers {
            let (came, asked) = (answer.vectors.len(), range.len());
            if came != asked {
                return Err(Error::decode(format!(
                    "{came} embeddings came for {asked} inputs"
                )));
            }
            whole.vectors.extend(answer.vectors);
            beside.add(answer.model, answer.usage, answer.warnings, answer.meta);
        }
        (whole.model, whole.usage, whole.warnings, whole.meta) = beside.whole();
        Ok(Reply::Embed(whole))
    }
}

impl Job for RerankRequest {
    type Answer = RerankResponse;

    fn count(&self) -> usize {
        self.documents.len()
    }

    fn piece(&self, range: Range<usize>) -> Op {
        Op::Rerank(Arc::new(Self {
            documents: self.documents.get(range).unwrap_or_default().to_vec(),
            model: self.model.clone(),
            query: self.query.clone(),
            options: self.options.clone(),
            patch: self.patch.clone(),
            ..*self
        }))
    }

    fn read(reply: Reply) -> Result<RerankResponse> {
        reply.into_rerank()
    }

    fn join(&self, answers: Vec<(Range<usize>, RerankResponse)>) -> Result<Reply> {
        let (mut places, mut id) = (Vec::new(), None);
        let mut beside = Beside::default();
        for (range, answer) in answers {
            places.extend(answer.results.into_iter().map(|mut place| {
                place.index = place.index.saturating_add(range.start);
                place
            }));
            id = id.or(answer.id);
            beside.add(answer.model, answer.usage, answer.warnings, answer.meta);
        }
        let mut whole = RerankResponse::of(self, String::new(), places)?;
        (whole.model, whole.usage, whole.warnings, whole.meta) = beside.whole();
        whole.id = id;
        // Each piece gave its own best. Where the wire has no place for it, all come back.
        let carried = !whole.warnings.contains(&Warning::unsupported("top_n"));
        if let Some(top) = self.top_n.filter(|_| carried) {
            whole
                .results
                .truncate(usize::try_from(top).unwrap_or(usize::MAX));
        }
        Ok(Reply::Rerank(whole))
    }
}

/// What comes beside vectors and places: of the first answer, or of all together.
#[derive(Default)]
struct Beside {
    model: String,
    usages: Vec<Usage>,
    warnings: Vec<Warning>,
    metas: Vec<Meta>,
}

impl Beside {
    fn add(&mut self, model: String, usage: Usage, warnings: Vec<Warning>, meta: Meta) {
        if self.model.is_empty() {
            self.model = model;
        }
        self.usages.push(usage);
        for warning in warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        self.metas.push(meta);
    }

    fn whole(self) -> (String, Usage, Vec<Warning>, Meta) {
        let (usage, meta) = (join::usage(self.usages), join::meta(self.metas));
        (self.model, usage, self.warnings, meta)
    }
}
