//! What only some families of models take: how much to think, and `top_k`.

use trunkline_core::{
    ChatRequest, Warning,
    chat::{Effort, ReasoningSetting, Warnings},
};

use crate::{
    PROVIDER,
    model::{Family, Samples, family, samples, takes_budget},
    wire::{Additional, Ask, Block, Choice, NovaInference, NovaReasoning, Thinking, Turn},
};

/// The least budget that Claude takes.
const LEAST_BUDGET: u32 = 1_024;
/// What a budget is a share of where a request has no limit on output.
const USUAL_LIMIT: u64 = 32_000;

pub(crate) fn apply(request: &ChatRequest, ask: &mut Ask<'_>, warnings: &mut Warnings) {
    let family = family(&request.model);
    let more = &mut ask.additional_model_request_fields;
    match (request.top_k, family) {
        (Some(_), Family::Claude | Family::OlderClaude) => more.top_k = request.top_k,
        (Some(top_k), Family::Nova) => more.nova_inference = Some(NovaInference { top_k }),
        (asked, _) => warnings.unsupported_if(asked.is_some(), "top_k"),
    }
    let limit = request.max_output_tokens;
    let mut told = Warnings::default();
    match request.reasoning {
        Some(ReasoningSetting::Effort(effort)) => {
            ask.output_config.effort = with_effort(family, effort, limit, more, &mut told);
        }
        Some(ReasoningSetting::Budget(tokens)) => match family {
            Family::Claude | Family::OlderClaude => {
                ask.output_config.effort = with_budget(request, tokens, more, &mut told);
            }
            _ => told.push(Warning::unsupported("reasoning.budget")),
        },
        _ => {}
    }
    if let (true, Some(why)) = (is_claude(family), ill_with_thinking(ask)) {
        let asked = match request.reasoning {
            Some(ReasoningSetting::Effort(effort)) => effort.as_str().to_owned(),
            Some(ReasoningSetting::Budget(tokens)) => format!("{tokens} tokens"),
            _ => "some".to_owned(),
        };
        told = Warnings::default();
        told.push(Warning::coerced("reasoning", asked, why));
        ask.output_config.effort = None;
        ask.additional_model_request_fields.thinking = disabled();
    }
    told.into_vec()
        .into_iter()
        .for_each(|warning| warnings.push(warning));
    if is_claude(family) {
        sampling(request, ask, warnings);
    }
}

fn is_claude(family: Family) -> bool {
    matches!(family, Family::Claude | Family::OlderClaude)
}

fn kind_of(ask: &Ask<'_>) -> Option<&'static str> {
    let thinking = ask.additional_model_request_fields.thinking.as_ref();
    thinking
        .map(|thinking| thinking.kind)
        .filter(|kind| *kind != "disabled")
}

/// Why Claude cannot think over this, where it is asked to: the whole request would be refused.
///
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html>
fn ill_with_thinking(ask: &Ask<'_>) -> Option<&'static str> {
    let kind = kind_of(ask)?;
    let config = ask.tool_config.as_ref();
    let choice = config.and_then(|config| config.tool_choice.as_ref());
    if choice.is_some_and(|choice| !matches!(choice, Choice::Auto {})) {
        return Some("none, since a tool must be called");
    }
    (kind == "enabled" && !begins_with_thoughts(&ask.messages))
        .then_some("none, since the turn that goes on began without")
}

/// Whether the turn of the assistant's that goes on has thoughts: one that ended in calls whose
/// results follow, or that is the beginning of the answer. Where none goes on, nothing is wanted.
fn begins_with_thoughts(turns: &[Turn<'_>]) -> bool {
    let is_result = |block: &Block<'_>| matches!(block, Block::ToolResult { .. });
    let is_thought = |block: &Block<'_>| {
        // Of what has no name here, nobody knows.
        matches!(block, Block::ReasoningContent(_) | Block::Unknown(_))
    };
    let goes_on = |turn: &&Turn<'_>| turn.role == "assistant" || turn.content.iter().any(is_result);
    let turns = turns.iter().rev().take_while(goes_on);
    let mut own = turns.filter(|turn| turn.role == "assistant").peekable();
    own.peek().is_none() || own.any(|turn| turn.content.iter().any(is_thought))
}

/// How freely Claude chooses its words, within what it takes: where it refuses a setting it refuses
/// the whole request for it.
fn sampling(request: &ChatRequest, ask: &mut Ask<'_>, warnings: &mut Warnings) {
    let (takes, thinks) = (samples(&request.model), kind_of(ask).is_some());
    let own = &mut ask.inference_config;
    if let Some(hot) = own.temperature.filter(|hot| *hot > 1.0) {
        warnings.push(Warning::coerced("temperature", hot.to_string(), "1"));
        own.temperature = Some(1.0);
    }
    let some = takes != Samples::Never;
    let lost = own.temperature.take_if(|it| !some || (thinks && *it < 1.0));
    warnings.unsupported_if(lost.is_some(), "temperature");
    let both = takes == Samples::ByOne && own.temperature.is_some();
    let lost = own
        .top_p
        .take_if(|it| !some || both || (thinks && *it < 0.95));
    warnings.unsupported_if(lost.is_some(), "top_p");
    let top_k = &mut ask.additional_model_request_fields.top_k;
    let lost = top_k.take_if(|_| !some || thinks);
    warnings.unsupported_if(lost.is_some(), "top_k");
}

/// Sets Claude's budget, within what it takes; gives the effort that is the same where it takes no
/// budget any more.
fn with_budget(
    request: &ChatRequest,
    tokens: u32,
    more: &mut Additional,
    warnings: &mut Warnings,
) -> Option<&'static str> {
    if tokens == 0 {
        more.thinking = disabled();
        return None;
    }
    let limit = request.max_output_tokens;
    if !takes_budget(&request.model) {
        let effort = match u64::from(tokens) * 100 / limit.unwrap_or(USUAL_LIMIT).max(1) {
            0..=10 => Effort::Low,
            11..=30 => Effort::Medium,
            31..=60 => Effort::High,
            _ => Effort::XHigh,
        };
        let from = format!("{tokens} tokens");
        warnings.push(Warning::coerced("reasoning", from, effort.as_str()));
        more.thinking = thinking(None);
        return Some(effort.as_str());
    }
    // Between calls of tools a budget is for all of a turn, beyond the limit of one answer.
    let options = request.options.get(PROVIDER.id);
    let interleaved = options.is_some_and(|own| own.get().contains("interleaved-thinking"));
    let Some(taken) = below(limit.filter(|_| !interleaved), tokens) else {
        warnings.push(Warning::unsupported("reasoning"));
        return None;
    };
    if taken != tokens {
        let (from, to) = (tokens.to_string(), taken.to_string());
        warnings.push(Warning::coerced("reasoning", from, to));
    }
    more.thinking = thinking(Some(taken));
    None
}

/// The budget that Claude takes, which is the least of them and below the limit on output.
fn below(limit: Option<u64>, tokens: u32) -> Option<u32> {
    let most = limit.map_or(u64::MAX, |limit| limit.saturating_sub(1));
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    (most >= LEAST_BUDGET).then(|| tokens.clamp(LEAST_BUDGET, most))
}

fn disabled() -> Option<Thinking> {
    Some(Thinking {
        kind: "disabled",
        budget_tokens: None,
    })
}

/// Sets what the family calls an effort; gives what is Converse's own word for it.
fn with_effort(
    family: Family,
    effort: Effort,
    limit: Option<u64>,
    more: &mut Additional,
    warnings: &mut Warnings,
) -> Option<&'static str> {
    match (family, effort) {
        (Family::Claude | Family::OlderClaude, Effort::None) => {
            more.thinking = disabled();
            None
        }
        (Family::Claude, effort) => {
            more.thinking = thinking(None);
            Some(nearest(effort, &ALL, warnings))
        }
        (Family::OlderClaude, effort) => {
            let Some(tokens) = below(limit, budget(effort, limit)) else {
                warnings.push(Warning::unsupported("reasoning"));
                return None;
            };
            let from = effort.as_str();
            warnings.push(Warning::coerced("reasoning", from, tokens.to_string()));
            more.thinking = thinking(Some(tokens));
            None
        }
        (Family::Nova, Effort::None) => {
            more.nova_reasoning = Some(NovaReasoning {
                kind: "disabled",
                max_reasoning_effort: None,
            });
            None
        }
        (Family::Nova, effort) => {
            more.nova_reasoning = Some(NovaReasoning {
                kind: "enabled",
                max_reasoning_effort: Some(nearest(effort, &THREE, warnings)),
            });
            None
        }
        (Family::GptOss, effort) => {
            more.reasoning_effort = Some(nearest(effort, &THREE, warnings));
            None
        }
        (Family::Qwen, effort) => {
            more.reasoning_config = Some(nearest(effort, &THREE, warnings));
            None
        }
        (Family::Other, effort) => Some(nearest(effort, &ALL, warnings)),
    }
}

const ALL: [Effort; 5] = [
    Effort::Low,
    Effort::Medium,
    Effort::High,
    Effort::XHigh,
    Effort::Max,
];
const THREE: [Effort; 3] = [Effort::Low, Effort::Medium, Effort::High];

/// The effort, or the nearest of those that are known.
fn nearest(effort: Effort, known: &[Effort], warnings: &mut Warnings) -> &'static str {
    let up = known.iter().find(|known| **known >= effort);
    let nearest = up.or(known.last()).copied().unwrap_or(effort);
    if nearest != effort {
        let (from, to) = (effort.as_str(), nearest.as_str());
        warnings.push(Warning::coerced("reasoning", from, to));
    }
    nearest.as_str()
}

/// With a number of tokens, or as many as the model thinks fit.
fn thinking(budget_tokens: Option<u32>) -> Option<Thinking> {
    let kind = match budget_tokens {
        Some(_) => "enabled",
        None => "adaptive",
    };
    Some(Thinking {
        kind,
        budget_tokens,
    })
}

/// A share of the limit on output, or of the usual one where there is none.
fn budget(effort: Effort, limit: Option<u64>) -> u32 {
    let percent = match effort {
        Effort::None | Effort::Minimal => 2,
        Effort::Low => 10,
        Effort::Medium => 30,
        Effort::High => 60,
        _ => 90,
    };
    let tokens = limit.unwrap_or(USUAL_LIMIT).saturating_mul(percent) / 100;
    u32::try_from(tokens).unwrap_or(u32::MAX)
}
