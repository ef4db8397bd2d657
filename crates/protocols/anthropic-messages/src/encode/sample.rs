//! How freely the model chooses its words, within what it takes.
//!
//! <https://platform.claude.com/docs/en/api/messages/create>,
//! <https://platform.claude.com/docs/en/build-with-claude/extended-thinking>

use trunkline_core::{ChatRequest, Warning, chat::Warnings};

use crate::claude::Claude;

#[derive(Default)]
pub(super) struct Sampling {
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    pub(super) top_k: Option<u64>,
}

/// Where a model refuses a setting it refuses the whole request for it, so it is left out.
pub(super) fn sampling(
    model: Claude,
    request: &ChatRequest,
    thinks: bool,
    warnings: &mut Warnings,
) -> Sampling {
    let mut sampling = Sampling {
        temperature: request.temperature,
        top_p: request.top_p,
        top_k: request.top_k,
    };
    if model.is_foreign() {
        return sampling;
    }
    if let Some(hot) = sampling.temperature.filter(|hot| *hot > 1.0) {
        warnings.push(Warning::coerced("temperature", hot.to_string(), "1"));
        sampling.temperature = Some(1.0);
    }
    let samples = model.samples();
    // A model that thinks chooses freely, or all but freely.
    let temperature = |it: &f64| samples && !(thinks && *it < 1.0);
    let top_p = |it: &f64| samples && !(thinks && *it < 0.95);
    let top_k = |_: &u64| samples && !thinks;
    left(
        &mut sampling.temperature,
        temperature,
        "temperature",
        warnings,
    );
    left(&mut sampling.top_p, top_p, "top_p", warnings);
    left(&mut sampling.top_k, top_k, "top_k", warnings);
    let both = sampling.temperature.is_some() && sampling.top_p.is_some();
    if both && model.samples_by_one() {
        left(&mut sampling.top_p, |_| false, "top_p", warnings);
    }
    sampling
}

/// Leaves a setting out unless it is taken.
fn left<T>(
    setting: &mut Option<T>,
    is_taken: impl Fn(&T) -> bool,
    feature: &'static str,
    warnings: &mut Warnings,
) {
    let lost = setting.take_if(|it| !is_taken(it));
    warnings.unsupported_if(lost.is_some(), feature);
}
