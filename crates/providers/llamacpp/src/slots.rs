//! Slots: places where the server answers one request each, with a cache of their own. Where a
//! server tells no metrics, they tell how busy it is.
//!
//! <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>

use bytes::Bytes;
use http::response::Parts;
use serde::Deserialize;
use trunkline_core::{
    Class, Json, Operation, Result, health::Load, protocol::read, raw::RawRequest,
};

use crate::props::of_model;

/// Asks what each slot does: `backend.ask(Slots::new())`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    model: Option<String>,
}

impl Slots {
    /// Those of the server.
    pub fn new() -> Self {
        Self::default()
    }

    /// Those of one of a router's models.
    pub fn of(model: impl Into<String>) -> Self {
        let model = Some(model.into());
        Self { model }
    }
}

/// One slot.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Slot {
    /// Its number.
    pub id: u32,
    /// The number of the task that it has, or had last.
    pub id_task: Option<i64>,
    /// How many tokens fit in.
    pub n_ctx: Option<u64>,
    /// Whether it works.
    pub is_processing: bool,
    /// Whether tokens are guessed ahead.
    pub speculative: Option<bool>,
    /// The tokens in its cache.
    pub n_prompt_tokens: Option<u64>,
    /// Those of the prompt that were read.
    pub n_prompt_tokens_processed: Option<u64>,
    /// Those of the prompt that were in the cache already.
    pub n_prompt_tokens_cache: Option<u64>,
    /// The settings of its task.
    pub params: Option<Json>,
    /// Where it is with its answer: older servers give an object, newer ones a list of one.
    pub next_token: Option<Json>,
}

impl Slot {
    /// How many tokens of its answer it has written.
    pub fn n_decoded(&self) -> Option<u64> {
        #[derive(Deserialize)]
        struct Next {
            n_decoded: Option<u64>,
        }
        let next = self.next_token.as_ref()?;
        let one = next.read::<Next>().ok();
        let one = one.or_else(|| next.read::<Vec<Next>>().ok()?.pop());
        one?.n_decoded
    }

    /// How many of these work, as a load. What waits for a slot is not told here.
    #[allow(
        clippy::cast_precision_loss,
        reason = "no server has more than 2^53 slots"
    )]
    pub fn load(slots: &[Self]) -> Load {
        let busy = slots.iter().filter(|slot| slot.is_processing).count();
        Load::default().running(busy as f64)
    }
}

impl Operation for Slots {
    type Output = Vec<Slot>;
    const NAME: &'static str = "llamacpp.slots";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::get(of_model("/slots", self.model.as_deref())))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Vec<Slot>> {
        read(&body)
    }
}
