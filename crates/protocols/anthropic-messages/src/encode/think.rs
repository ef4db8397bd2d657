//! How much to think, in the terms of the model.
//!
//! <https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking>,
//! <https://platform.claude.com/docs/en/build-with-claude/effort>

use trunkline_core::{
    Warning,
    chat::{Effort, ReasoningSetting, Warnings},
};

use crate::{
    claude::{Claude, Off, Thinks},
    wire::Thinking,
};

/// The least budget that is taken.
const LEAST_BUDGET: u64 = 1_024;

/// What says how much to think.
#[derive(Default)]
pub(super) struct Thought {
    pub(super) thinking: Option<Thinking>,
    pub(super) effort: Option<&'static str>,
}

impl Thought {
    fn of(kind: &'static str) -> Self {
        Self {
            thinking: Some(Thinking {
                kind,
                budget_tokens: None,
            }),
            effort: None,
        }
    }

    fn adaptive(effort: &'static str) -> Self {
        Self {
            effort: Some(effort),
            ..Self::of("adaptive")
        }
    }

    fn budget(tokens: u64) -> Self {
        Self {
            thinking: Some(Thinking {
                kind: "enabled",
                budget_tokens: Some(tokens),
            }),
            effort: None,
        }
    }
}

pub(super) fn thought(
    model: Claude,
    setting: Option<ReasoningSetting>,
    max_tokens: u64,
    warnings: &mut Warnings,
) -> Thought {
    use ReasoningSetting::{Budget, Effort as Degree};
    let thinks = model.thinks();
    match setting {
        None => Thought::default(),
        Some(Degree(Effort::None) | Budget(0)) => off(model, warnings),
        Some(_) if thinks == Thinks::Never => {
            warnings.push(Warning::unsupported("reasoning"));
            Thought::default()
        }
        Some(Degree(asked)) if thinks == Thinks::Budget => of_degree(asked, max_tokens, warnings),
        Some(Degree(asked)) => degree(model, asked, asked.as_str(), warnings),
        Some(Budget(tokens)) if thinks == Thinks::Adaptive => {
            let asked = match u64::from(tokens) * 100 / max_tokens.max(1) {
                0..=2 => Effort::Minimal,
                3..=10 => Effort::Low,
                11..=30 => Effort::Medium,
                31..=60 => Effort::High,
                _ => Effort::XHigh,
            };
            degree(model, asked, &format!("{tokens} tokens"), warnings)
        }
        Some(Budget(tokens)) => Thought::budget(tokens.into()),
        Some(_) => {
            warnings.push(Warning::unsupported("reasoning"));
            Thought::default()
        }
    }
}

/// Not to think, as far as the model can.
fn off(model: Claude, warnings: &mut Warnings) -> Thought {
    match model.off() {
        Off::Unasked => Thought::default(),
        Off::Disabled => Thought::of("disabled"),
        Off::BetweenTools => {
            warnings.push(Warning::coerced("reasoning", "none", "between_tools"));
            Thought::of("between_tools")
        }
        Off::Never => {
            warnings.push(Warning::coerced("reasoning", "none", "low"));
            Thought::adaptive("low")
        }
    }
}

/// A degree, for a model that knows degrees, which was asked for in these words.
fn degree(model: Claude, asked: Effort, words: &str, warnings: &mut Warnings) -> Thought {
    let known = match asked {
        Effort::None | Effort::Minimal => Effort::Low,
        Effort::XHigh if !model.xhigh() => Effort::High,
        asked => asked,
    };
    if known.as_str() != words {
        warnings.push(Warning::coerced("reasoning", words, known.as_str()));
    }
    Thought::adaptive(known.as_str())
}

/// A degree, for a model that knows numbers only: a share of the limit on output, which thoughts
/// are part of.
fn of_degree(asked: Effort, max_tokens: u64, warnings: &mut Warnings) -> Thought {
    let percent = match asked {
        Effort::None | Effort::Minimal => 2,
        Effort::Low => 10,
        Effort::Medium => 30,
        Effort::High => 60,
        _ => 90,
    };
    if max_tokens <= LEAST_BUDGET {
        warnings.push(Warning::unsupported("reasoning"));
        return Thought::default();
    }
    let tokens = (max_tokens.saturating_mul(percent) / 100).max(LEAST_BUDGET);
    let words = format!("{tokens} tokens");
    warnings.push(Warning::coerced("reasoning", asked.as_str(), words));
    Thought::budget(tokens)
}
