//! Why an answer ended, or never began.
//!
//! <https://ai.google.dev/api/generate-content#FinishReason>,
//! <https://ai.google.dev/api/generate-content#BlockReason>

use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::chat::{Category, Finish, FinishKind};

/// The finish that `reason` means. Calls end with `STOP` like all else.
pub(super) fn finish(reason: Option<&str>, has_calls: bool, ratings: Option<&RawValue>) -> Finish {
    let filtered = FinishKind::ContentFilter;
    let kind = match reason.unwrap_or_default() {
        // As numbers only where somebody asked for numbers; both services count these alike.
        "STOP" | "1" if has_calls => FinishKind::ToolCalls,
        "STOP" | "1" => FinishKind::Stop,
        "MAX_TOKENS" | "2" => FinishKind::MaxTokens,
        "SAFETY" | "3" => filtered(category(ratings)),
        "RECITATION" | "IMAGE_RECITATION" | "4" => FinishKind::Recitation,
        "BLOCKLIST" => filtered(Category::Blocklist),
        "PROHIBITED_CONTENT" => filtered(Category::Prohibited),
        "SPII" => filtered(Category::PersonalData),
        "MODEL_ARMOR" => filtered(Category::Guardrail),
        "IMAGE_SAFETY" | "IMAGE_PROHIBITED_CONTENT" | "IMAGE_OTHER" => filtered(Category::Image),
        "CONTINUATION" => FinishKind::Paused,
        "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE" => FinishKind::BadToolCall,
        "MALFORMED_RESPONSE" => FinishKind::Error,
        _ => FinishKind::Other,
    };
    match reason {
        Some(reason) => Finish::new(kind).raw(reason),
        None => Finish::new(kind),
    }
}

/// The finish of a prompt that was blocked, if this is what `feedback` says.
pub(super) fn blocked(feedback: &RawValue) -> Option<Finish> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Feedback<'a> {
        block_reason: Option<String>,
        block_reason_message: Option<String>,
        #[serde(borrow)]
        safety_ratings: Option<&'a RawValue>,
    }
    let feedback: Feedback<'_> = serde_json::from_str(feedback.get()).ok()?;
    let reason = feedback.block_reason?;
    let category = match reason.as_str() {
        "SAFETY" => category(feedback.safety_ratings),
        "BLOCKLIST" => Category::Blocklist,
        "PROHIBITED_CONTENT" => Category::Prohibited,
        "IMAGE_SAFETY" => Category::Image,
        "MODEL_ARMOR" => Category::Guardrail,
        "JAILBREAK" => Category::Jailbreak,
        "OTHER" | "BLOCKED_REASON_UNSPECIFIED" => Category::Unspecified,
        other => Category::Other(other.to_ascii_lowercase().into()),
    };
    let finish = Finish::new(FinishKind::ContentFilter(category)).raw(reason);
    Some(match feedback.block_reason_message {
        Some(message) => finish.detail(message),
        None => finish,
    })
}

/// What was taken exception to: what is said to be blocked, or else what is rated worst.
///
/// <https://ai.google.dev/gemini-api/docs/safety-settings>
fn category(ratings: Option<&RawValue>) -> Category {
    #[derive(Deserialize)]
    struct Rating {
        category: Option<String>,
        probability: Option<String>,
        blocked: Option<bool>,
    }
    let ratings = ratings.map(|raw| serde_json::from_str::<Vec<Rating>>(raw.get()));
    let ratings = ratings.and_then(Result::ok).unwrap_or_default();
    let badness = |rating: &Rating| match (rating.blocked, rating.probability.as_deref()) {
        (Some(true), _) => 3,
        (_, Some("HIGH")) => 2,
        (_, Some("MEDIUM")) => 1,
        _ => 0,
    };
    let worst = ratings.iter().max_by_key(|rating| badness(rating));
    let Some(worst) = worst.filter(|rating| badness(rating) > 0) else {
        return Category::Unspecified;
    };
    let name = worst.category.as_deref().unwrap_or_default();
    match name.strip_prefix("HARM_CATEGORY_").unwrap_or(name) {
        "HARASSMENT" | "IMAGE_HARASSMENT" => Category::Harassment,
        "HATE_SPEECH" | "IMAGE_HATE" => Category::Hate,
        "SEXUALLY_EXPLICIT" | "IMAGE_SEXUALLY_EXPLICIT" => Category::Sexual,
        "DANGEROUS_CONTENT" | "IMAGE_DANGEROUS_CONTENT" => Category::Dangerous,
        "JAILBREAK" => Category::Jailbreak,
        other => Category::Other(other.to_ascii_lowercase().into()),
    }
}
