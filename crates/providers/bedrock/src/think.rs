//! What only some families of models take: how much to think, and `top_k`.

use trunkline_core::{
    ChatRequest, Warning,
    chat::{Effort, ReasoningSetting, Warnings},
};

use crate::{
    model::{Family, family},
    wire::{Additional, Ask, NovaInference, NovaReasoning, Thinking},
};

pub(crate) fn apply(request: &ChatRequest, ask: &mut Ask<'_>, warnings: &mut Warnings) {
    let family = family(&request.model);
    let more = &mut ask.additional_model_request_fields;
    match (request.top_k, family) {
        (Some(_), Family::Claude | Family::OlderClaude) => more.top_k = request.top_k,
        (Some(top_k), Family::Nova) => more.nova_inference = Some(NovaInference { top_k }),
        (asked, _) => warnings.unsupported_if(asked.is_some(), "top_k"),
    }
    match request.reasoning {
        Some(ReasoningSetting::Effort(effort)) => {
            let limit = request.max_output_tokens;
            ask.output_config.effort = with_effort(family, effort, limit, more, warnings);
        }
        Some(ReasoningSetting::Budget(tokens)) => match family {
            Family::Claude | Family::OlderClaude => more.thinking = thinking(Some(tokens)),
            _ => warnings.push(Warning::unsupported("reasoning.budget")),
        },
        _ => {}
    }
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
            let kind = "disabled";
            let budget_tokens = None;
            more.thinking = Some(Thinking {
                kind,
                budget_tokens,
            });
            None
        }
        (Family::Claude, effort) => {
            more.thinking = thinking(None);
            Some(nearest(effort, &ALL, warnings))
        }
        (Family::OlderClaude, effort) => {
            let tokens = budget(effort, limit);
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

/// A share of the limit on output, of 32,000 where there is none; 1,024 is the least that Claude
/// takes.
fn budget(effort: Effort, limit: Option<u64>) -> u32 {
    let percent = match effort {
        Effort::None | Effort::Minimal => 2,
        Effort::Low => 10,
        Effort::Medium => 30,
        Effort::High => 60,
        _ => 90,
    };
    let tokens = limit.unwrap_or(32_000).saturating_mul(percent) / 100;
    u32::try_from(tokens).unwrap_or(u32::MAX).max(1_024)
}
