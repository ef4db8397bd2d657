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
    wire::{Block, Content, Thinking, Turn},
};

/// The least budget that is taken.
const LEAST_BUDGET: u64 = 1_024;

/// What says how much to think.
#[derive(Default)]
pub(super) struct Thought {
    pub(super) thinking: Option<Thinking>,
    pub(super) effort: Option<&'static str>,
}

/// What a request asks for, and what of it has to go with thinking.
pub(super) struct Asked<'a> {
    pub(super) setting: Option<ReasoningSetting>,
    pub(super) max_tokens: u64,
    /// Whether a budget has to be below the limit on output.
    pub(super) is_bounded: bool,
    /// Whether a tool has to be called.
    pub(super) must_call: bool,
    pub(super) turns: &'a [Turn<'a>],
}

impl Thought {
    /// Whether the model is told to think.
    pub(super) fn is_on(&self) -> bool {
        let kind = self.thinking.as_ref().map(|thinking| thinking.kind);
        matches!(kind, Some("enabled" | "adaptive"))
    }

    /// Whether the turn that goes on must have begun with thoughts. Where the model decides itself
    /// whether it thinks, it need not.
    fn needs_beginning(&self) -> bool {
        self.thinking
            .as_ref()
            .is_some_and(|thinking| thinking.kind == "enabled")
    }

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

pub(super) fn thought(model: Claude, asked: &Asked<'_>, warnings: &mut Warnings) -> Thought {
    let mut told = Warnings::default();
    let thought = as_asked(model, asked, &mut told);
    let why = match () {
        () if !thought.is_on() || model.is_foreign() => None,
        () if asked.must_call => Some("none, since a tool must be called"),
        () if thought.needs_beginning() && !begins_with_thoughts(asked.turns) => {
            Some("none, since the turn that goes on began without")
        }
        () => None,
    };
    let (Some(why), Off::Unasked | Off::Disabled) = (why, model.off()) else {
        told.into_vec()
            .into_iter()
            .for_each(|warning| warnings.push(warning));
        return thought;
    };
    let words = match asked.setting {
        Some(ReasoningSetting::Effort(effort)) => effort.as_str().to_owned(),
        Some(ReasoningSetting::Budget(tokens)) => format!("{tokens} tokens"),
        _ => "some".to_owned(),
    };
    warnings.push(Warning::coerced("reasoning", words, why));
    off(model, warnings)
}

/// Whether the turn of the assistant's that goes on has thoughts: one that ended in calls whose
/// results follow, or that is the beginning of the answer. Where none goes on, nothing is wanted.
///
/// <https://platform.claude.com/docs/en/build-with-claude/extended-thinking>, "Toggling thinking modes"
fn begins_with_thoughts(turns: &[Turn<'_>]) -> bool {
    let goes_on = |turn: &&Turn<'_>| turn.role == "assistant" || turn.content.iter().any(is_result);
    let mut own = turns
        .iter()
        .rev()
        .take_while(goes_on)
        .filter(|turn| turn.role == "assistant")
        .peekable();
    own.peek().is_none() || own.any(|turn| turn.content.iter().any(is_thought))
}

fn is_result(block: &Block<'_>) -> bool {
    matches!(block, Block::Known(known) if matches!(known.content, Content::ToolResult { .. }))
}

fn is_thought(block: &Block<'_>) -> bool {
    match block {
        Block::Known(known) => matches!(
            known.content,
            Content::Thinking { .. } | Content::RedactedThinking { .. }
        ),
        // Nobody knows.
        Block::Json(_) => true,
    }
}

fn as_asked(model: Claude, asked: &Asked<'_>, warnings: &mut Warnings) -> Thought {
    use ReasoningSetting::{Budget, Effort as Degree};
    let (thinks, max_tokens) = (model.thinks(), asked.max_tokens);
    match asked.setting {
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
        Some(Budget(tokens)) => within_limit(tokens.into(), asked, warnings),
        Some(_) => {
            warnings.push(Warning::unsupported("reasoning"));
            Thought::default()
        }
    }
}

/// A budget as it is taken: not below the least, and below the limit on output.
fn within_limit(tokens: u64, asked: &Asked<'_>, warnings: &mut Warnings) -> Thought {
    let most = match asked.is_bounded {
        true => asked.max_tokens.saturating_sub(1),
        false => u64::MAX,
    };
    if most < LEAST_BUDGET {
        warnings.push(Warning::unsupported("reasoning"));
        return Thought::default();
    }
    let taken = tokens.clamp(LEAST_BUDGET, most);
    if taken != tokens {
        let (from, to) = (format!("{tokens} tokens"), format!("{taken} tokens"));
        warnings.push(Warning::coerced("reasoning", from, to));
    }
    Thought::budget(taken)
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
