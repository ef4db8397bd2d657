//! How the model shall answer.

use trunkline_core::{
    ChatRequest, Json, Warning,
    chat::{Effort, Format, ReasoningSetting, Warnings},
};

use crate::{
    Dialect,
    dialect::fits,
    wire::{Form, TextSettings, Thinking},
};

/// How freely the model chooses.
pub(super) struct Sampling {
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    pub(super) top_logprobs: Option<u32>,
}

/// Models that think refuse these, all of them: some always, others unless they are told not to think.
///
/// <https://platform.openai.com/docs/guides/latest-model>
pub(super) fn sampling(
    dialect: Dialect,
    request: &ChatRequest,
    warnings: &mut Warnings,
) -> Sampling {
    let thinks = fits(dialect.reasoning_models, &request.model)
        && !matches!(
            request.reasoning,
            None | Some(ReasoningSetting::Effort(Effort::None))
        );
    if !thinks && !fits(dialect.fixed_sampling, &request.model) {
        return Sampling {
            temperature: request.temperature,
            top_p: request.top_p,
            top_logprobs: request.logprobs,
        };
    }
    warnings.unsupported_if(request.temperature.is_some(), "temperature");
    warnings.unsupported_if(request.top_p.is_some(), "top_p");
    warnings.unsupported_if(request.logprobs.is_some(), "logprobs");
    Sampling {
        temperature: None,
        top_p: None,
        top_logprobs: None,
    }
}

/// How much to think. The wire knows degrees only: a number of tokens becomes the one that such a share
/// of the answer comes to.
pub(super) fn reasoning(
    dialect: Dialect,
    request: &ChatRequest,
    warnings: &mut Warnings,
) -> Option<Thinking> {
    const USUAL_LIMIT: u64 = 32_000;
    let (asked, words) = match request.reasoning? {
        ReasoningSetting::Effort(effort) => (effort, effort.as_str().to_owned()),
        ReasoningSetting::Budget(0) => (Effort::None, Effort::None.as_str().to_owned()),
        ReasoningSetting::Budget(tokens) => {
            let limit = request.max_output_tokens.unwrap_or(USUAL_LIMIT).max(1);
            let effort = match u64::from(tokens) * 100 / limit {
                0..=2 => Effort::Minimal,
                3..=10 => Effort::Low,
                11..=30 => Effort::Medium,
                31..=60 => Effort::High,
                _ => Effort::XHigh,
            };
            (effort, format!("{tokens} tokens"))
        }
        _ => return None,
    };
    let own = dialect.model_efforts.iter();
    let own = own.map(|(models, efforts)| (fits(models, &request.model), *efforts));
    let mut known = own.filter(|(fits, _)| *fits).map(|(_, efforts)| efforts);
    let effort = match known.next() {
        // It never does.
        Some([]) if asked == Effort::None => return None,
        Some([]) => None,
        Some(efforts) => nearest(efforts, asked),
        None => nearest(dialect.efforts, asked),
    };
    let Some(effort) = effort else {
        warnings.push(Warning::unsupported("reasoning"));
        return None;
    };
    if effort.as_str() != words {
        warnings.push(Warning::coerced("reasoning", words, effort.as_str()));
    }
    Some(Thinking {
        effort: effort.as_str(),
    })
}

/// The nearest of the `known` degrees, the higher of two. To think at all is no degree of not thinking.
fn nearest(known: &[Effort], asked: Effort) -> Option<Effort> {
    const ASCENDING: [Effort; 7] = [
        Effort::None,
        Effort::Minimal,
        Effort::Low,
        Effort::Medium,
        Effort::High,
        Effort::XHigh,
        Effort::Max,
    ];
    if known.is_empty() || known.contains(&asked) {
        return Some(asked);
    }
    let place = |effort: Effort| ASCENDING.iter().position(|other| *other == effort);
    let at = place(asked).filter(|_| asked != Effort::None)?;
    let thinking = known.iter().filter(|effort| **effort != Effort::None);
    thinking
        .filter_map(|effort| Some((place(*effort)?, *effort)))
        .min_by_key(|(other, _)| (other.abs_diff(at), std::cmp::Reverse(*other)))
        .map(|(_, effort)| effort)
}

/// The form of the answer, and how much is said.
pub(super) fn text(format: Option<&Format>, verbosity: Option<Json>) -> Option<TextSettings<'_>> {
    let format = format.and_then(|format| match format {
        Format::Text => Some(Form::Text),
        Format::Json => Some(Form::JsonObject),
        Format::Schema {
            name,
            schema,
            strict,
        } => Some(Form::JsonSchema {
            name,
            schema,
            strict: *strict,
        }),
        _ => None,
    });
    (format.is_some() || verbosity.is_some()).then_some(TextSettings { format, verbosity })
}
