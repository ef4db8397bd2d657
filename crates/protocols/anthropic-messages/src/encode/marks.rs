//! Cache marks: what comes before one may be cached.
//!
//! <https://platform.claude.com/docs/en/build-with-claude/prompt-caching>

use trunkline_core::{
    Json, Warning,
    chat::{Ttl, Warnings},
};

use crate::{
    tools::patched,
    wire::{Block, CacheControl, Content, Turn},
};

/// So many marks a request may have, those of tools included.
const MOST: usize = 4;

/// The place of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    System(usize),
    Turn(usize, usize),
}

/// Where marks are, in the order they were asked for.
#[derive(Debug, Default)]
pub(super) struct Marks {
    asked: Vec<(Place, Option<Ttl>)>,
    /// The latest block that can have one.
    latest: Option<Place>,
}

impl Marks {
    /// A block was written there.
    pub(super) fn wrote(&mut self, place: Place, block: &Block<'_>) {
        // Thoughts are cached with what follows them and cannot have a mark.
        let thought = match block {
            Block::Known(known) => matches!(
                known.content,
                Content::Thinking { .. } | Content::RedactedThinking { .. }
            ),
            Block::Json(_) => false,
        };
        if !thought {
            self.latest = Some(place);
        }
    }

    /// A mark was asked for after all that was written.
    pub(super) fn mark(&mut self, ttl: Option<Ttl>, warnings: &mut Warnings) {
        let ttl = match ttl {
            Some(Ttl::FiveMinutes | Ttl::OneHour) | None => ttl,
            Some(_) => {
                warnings.push(Warning::coerced("cache_point.ttl", "24h", "1h"));
                Some(Ttl::OneHour)
            }
        };
        match (self.latest, self.asked.last_mut()) {
            (None, _) => warnings.push(Warning::unsupported("cache_point")),
            (Some(place), Some((last, ours))) if *last == place => *ours = ttl,
            (Some(place), _) => self.asked.push((place, ttl)),
        }
    }

    /// Sets the marks. Of more than there may be, the first stays, which is that of what never
    /// changes, and the latest do, up to which a conversation was cached in the call before.
    pub(super) fn set<'a>(
        mut self,
        already: usize,
        system: &mut [Block<'a>],
        turns: &mut [Turn<'a>],
        warnings: &mut Warnings,
    ) {
        let room = MOST.saturating_sub(already);
        while self.asked.len() > room {
            let at = usize::from(room > 1);
            self.asked.remove(at.min(self.asked.len() - 1));
            warnings.push(Warning::unsupported("cache_point"));
        }
        for (place, ttl) in self.asked {
            let block = match place {
                Place::System(at) => system.get_mut(at),
                Place::Turn(turn, at) => turns.get_mut(turn).and_then(|t| t.content.get_mut(at)),
            };
            if let Some(block) = block {
                put(block, CacheControl::ephemeral(ttl));
            }
        }
    }
}

fn put(block: &mut Block<'_>, mark: CacheControl) {
    match block {
        Block::Known(known) => known.cache_control = Some(mark),
        Block::Json(json) => {
            #[derive(serde::Serialize)]
            struct Marked {
                cache_control: CacheControl,
            }
            let marked = Marked {
                cache_control: mark,
            };
            if let Ok(patch) = Json::of(&marked) {
                *json = std::borrow::Cow::Owned(patched(json, &patch));
            }
        }
    }
}
