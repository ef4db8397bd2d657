//! Why an answer ended, in the words that compatible servers use.

use trunkline_core::chat::{Category, Finish, FinishKind};

/// The finish that `reason` means; `has_calls` says whether the answer calls tools, which some
/// servers finish with `stop`.
pub(super) fn finish(reason: Option<&str>, has_calls: bool) -> Finish {
    let kind = match reason {
        Some("stop" | "eos" | "eos_token" | "end_turn") | None if has_calls => {
            FinishKind::ToolCalls
        }
        Some("stop" | "eos" | "eos_token" | "end_turn") | None => FinishKind::Stop,
        Some("stop_sequence") => FinishKind::StopSequence(None),
        Some("length" | "max_tokens") => FinishKind::MaxTokens,
        Some("model_length") => FinishKind::ContextWindow,
        Some("tool_calls" | "tool_call" | "function_call" | "tool_use") => FinishKind::ToolCalls,
        Some("content_filter") => FinishKind::ContentFilter(Category::Unspecified),
        Some("refusal") => FinishKind::Refusal,
        Some("error" | "insufficient_system_resource") => FinishKind::Error,
        Some("cancelled" | "abort" | "aborted") => FinishKind::Cancelled,
        Some(_) => FinishKind::Other,
    };
    let finish = Finish::new(kind);
    match reason {
        Some(reason) => finish.raw(reason),
        None => finish,
    }
}
