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
    let setting = match request.reasoning? {
        ReasoningSetting::Budget(0) => ReasoningSetting::Effort(Effort::None),
        setting => setting,
    };
    if never_thinks(&request.model) {
        let is_none = setting == ReasoningSetting::Effort(Effort::None);
        warnings.unsupported_if(!is_none, "reasoning");
        return None;
    }
    match setting {
        ReasoningSetting::Budget(tokens) => {
            let taken = match has_levels(&request.model) {
                true => tokens,
                false => {
                    let (least, most) = budgets(&request.model);
                    tokens.clamp(least, most)
                }
            };
            thinking.thinking_budget = Some(taken);
            if taken != tokens {
                let (from, to) = (format!("{tokens} tokens"), format!("{taken} tokens"));
                warnings.push(Warning::coerced("reasoning", from, to));
            }
        }
        ReasoningSetting::Effort(effort) if has_levels(&request.model) => {
            let level = level(effort, &request.model);
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

/// Whether a model is from before models thought, and refuses to be told how.
fn never_thinks(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    name.starts_with("gemini-1") || name.starts_with("gemini-2.0")
}

/// The degrees that a model knows, in their order: any other is refused.
///
/// <https://ai.google.dev/gemini-api/docs/generate-content/thinking#thinking-levels>
fn levels(model: &str) -> &'static [&'static str] {
    let name = model.rsplit('/').next().unwrap_or(model);
    let is = |beginning: &str| name.starts_with(beginning);
    if name.contains("flash") && name.contains("-image") {
        &["minimal", "high"]
    } else if is("gemini-3-pro") {
        &["low", "high"]
    } else if name.contains("flash-lite") || is("gemini-3-flash") || is("gemini-3.5-flash") {
        &["minimal", "low", "medium", "high"]
    } else {
        // All others, and those to come.
        &["low", "medium", "high"]
    }
}

/// The degree, or the next one above it that the model knows. Thinking cannot be turned off where it
/// is told by degree.
fn level(effort: Effort, model: &str) -> &'static str {
    const ASCENDING: [&str; 4] = ["minimal", "low", "medium", "high"];
    let asked = match effort {
        Effort::None | Effort::Minimal => 0,
        Effort::Low => 1,
        Effort::Medium => 2,
        _ => 3,
    };
    let known = levels(model);
    let above = ASCENDING.iter().skip(asked);
    let above = above.copied().find(|level| known.contains(level));
    above.or(known.last().copied()).unwrap_or("high")
}

/// The least and the most tokens that a model of the second generation thinks with.
fn budgets(model: &str) -> (u32, u32) {
    if model.contains("pro") {
        (128, 32_768)
    } else if model.contains("lite") {
        (512, 24_576)
    } else {
        (0, 24_576)
    }
}

fn budget(effort: Effort, model: &str) -> u32 {
    let is_pro = model.contains("pro");
    let (_, most) = budgets(model);
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
