//! How an answer ended, and what it cost.

use trunkline_core::{
    Ext, Json, Result, StreamChunk, Usage,
    chat::{Category, Finish, FinishKind},
    protocol::read,
};

use super::{
    EventDecoder, Out, object,
    wire::{Answer, Tokens},
};
use crate::error::in_band;

impl EventDecoder {
    /// The last of an answer: it is brought up to what its end repeats, and closed.
    pub(super) fn end(&mut self, answer: Answer<'_>, event: &str, out: &mut Out) -> Result<()> {
        let status = answer.status.as_deref().unwrap_or(event);
        self.last(answer.output.as_deref().unwrap_or_default(), out)?;
        if status == "failed" || (answer.status.is_none() && answer.error.is_some()) {
            let error = answer.error.map_or("null", |error| error.get());
            return Err(in_band(self.dialect, error));
        }
        self.over = true;
        self.close_all(out);
        self.begin(&answer, out);
        let more = object(&[
            ("conversation", answer.conversation),
            ("moderation", answer.moderation),
            ("content_filters", answer.content_filters),
            ("tool_usage", answer.tool_usage),
        ]);
        let mut ext = Ext::default();
        if let Some(more) = more {
            ext.insert(self.dialect.provider, more);
        }
        let reason = self.reason(status, &answer);
        out.push_back(StreamChunk::Finish {
            candidate: 0,
            reason,
            usage: answer.usage.map(|raw| Box::new(usage(raw.into()))),
            ext,
        });
        Ok(())
    }

    fn reason(&self, status: &str, answer: &Answer<'_>) -> Finish {
        let details = answer.incomplete_details.as_ref();
        let why = details.and_then(|details| details.reason.as_deref());
        let kind = match (status, why) {
            ("completed", _) if answer.object.as_deref() == Some("response.compaction") => {
                FinishKind::Compacted
            }
            ("completed", _) if self.calls => FinishKind::ToolCalls,
            ("completed", _) if self.waits => FinishKind::Paused,
            ("completed", _) if self.refused => FinishKind::Refusal,
            ("completed", _) => FinishKind::Stop,
            ("incomplete", Some("max_output_tokens")) => FinishKind::MaxTokens,
            ("incomplete", Some("content_filter")) => {
                FinishKind::ContentFilter(Category::Unspecified)
            }
            ("queued" | "in_progress", _) => FinishKind::Paused,
            ("cancelled", _) => FinishKind::Cancelled,
            _ => FinishKind::Other,
        };
        let finish = Finish::new(kind).raw(status);
        match why {
            Some(why) => finish.detail(why),
            None => finish,
        }
    }
}

/// Seconds since 1970, which some servers give as a fraction.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and fractions of seconds are of no use"
)]
pub(super) fn seconds(time: f64) -> Option<u64> {
    (time >= 0.0).then_some(time as u64)
}

fn usage(raw: Json) -> Usage {
    let Ok(tokens) = read::<Tokens>(raw.get().as_bytes()) else {
        return Usage::told(None, None, raw);
    };
    // A count below nothing is none.
    let count = |tokens: Option<i64>| u64::try_from(tokens?).ok();
    let (input, output) = (count(tokens.input_tokens), count(tokens.output_tokens));
    let mut usage = Usage::told(input, output, raw);
    if let Some(details) = tokens.input_tokens_details {
        usage.input.cache_read = count(details.cached_tokens);
        usage.input.cache_write = count(details.cache_write_tokens);
    }
    let details = tokens.output_tokens_details;
    usage.output.reasoning = details.and_then(|details| count(details.reasoning_tokens));
    usage
}
