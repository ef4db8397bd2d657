//! How much to think: by degree since the third generation, by tokens before.
//!
//! <https://ai.google.dev/gemini-api/docs/thinking>

use trunkline_core::{
    ChatRequest, Warning,
    chat::{Effort, ReasoningSetting, Warnings},
};

use crate::{dialect::has_levels, wire::Thinking};

/// What a model may write, thoughts included: degrees are shares of it.
const MOST_OUTPUT: u32 = 65_536;
/// Fewer tokens than this are no thought.
const LEAST: u32 = 1_024;

/// Whoever asks for thinking wants to see it: the thoughts come along, unless the options say
/// otherwise.
pub(super) fn thinking(request: &ChatRequest, warnings: &mut Warnings) -> Option<Thinking> {
    let mut thinking = Thinking {
        include_thoughts: true,
        ..Thinking::default()
    };
    match request.reasoning? {
        ReasoningSetting::Budget(tokens) => {
            thinking.include_thoughts = tokens > 0;
            thinking.thinking_budget = Some(tokens);
        }
        ReasoningSetting::Effort(effort) if has_levels(&request.model) => {
            let level = level(effort);
            thinking.include_thoughts = effort != Effort::None;
            thinking.thinking_level = Some(level);
            if level != effort.as_str() {
                warnings.push(Warning::coerced("reasoning", effort.as_str(), level));
            }
        }
        ReasoningSetting::Effort(effort) => {
            let tokens = budget(effort, &request.model);
            thinking.include_thoughts = effort != Effort::None;
            thinking.thinking_budget = Some(tokens);
            if tokens > 0 {
                let words = format!("{tokens} tokens");
                warnings.push(Warning::coerced("reasoning", effort.as_str(), words));
            }
        }
        _ => return None,
    }
    Some(thinking)
}

/// Thinking cannot be turned off where it is told by degree.
fn level(effort: Effort) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal => "minimal",
        Effort::Low => "low",
        Effort::Medium => "medium",
        _ => "high",
    }
}

fn budget(effort: Effort, model: &str) -> u32 {
    let is_pro = model.contains("pro");
    let most = if is_pro { 32_768 } else { 24_576 };
    let share = match effort {
        // The larger models do not stop thinking; this is their least.
        Effort::None if is_pro => return 128,
        Effort::None => return 0,
        Effort::Minimal => 2,
        Effort::Low => 10,
        Effort::Medium => 30,
        Effort::High => 60,
        Effort::XHigh => 90,
        _ => 100,
    };
    (MOST_OUTPUT * share / 100).clamp(LEAST, most)
}
