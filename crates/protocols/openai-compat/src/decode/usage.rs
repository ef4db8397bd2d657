//! Usage, in the shapes that compatible servers give it.
//!
//! <https://platform.openai.com/docs/api-reference/chat/object#chat/object-usage>

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::chat::{Completeness, Timing, Usage};

use crate::wire::count;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wire<'a> {
    #[serde(borrow)]
    prompt_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    completion_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    total_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    prompt_tokens_details: Option<InDetails<'a>>,
    #[serde(borrow)]
    completion_tokens_details: Option<OutDetails<'a>>,
    /// Perplexity and others put it beside the totals.
    #[serde(borrow)]
    reasoning_tokens: Option<&'a RawValue>,
    /// Together and Hugging Face; Mistral; those in front of Anthropic.
    #[serde(borrow)]
    cached_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    num_cached_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_read_input_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_creation_input_tokens: Option<&'a RawValue>,
    /// DeepSeek.
    #[serde(borrow)]
    prompt_cache_hit_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    prompt_cache_miss_tokens: Option<&'a RawValue>,
    /// Perplexity.
    #[serde(borrow)]
    num_search_queries: Option<&'a RawValue>,
    /// OpenRouter.
    #[serde(borrow)]
    server_tool_use_details: Option<ServerTools<'a>>,
    /// Groq, in seconds.
    #[serde(borrow)]
    queue_time: Option<&'a RawValue>,
    #[serde(borrow)]
    prompt_time: Option<&'a RawValue>,
    #[serde(borrow)]
    completion_time: Option<&'a RawValue>,
    #[serde(borrow)]
    total_time: Option<&'a RawValue>,
    /// SambaNova, in seconds.
    #[serde(borrow)]
    total_latency: Option<&'a RawValue>,
    /// Fireworks, in seconds.
    #[serde(borrow, rename = "server-processing-time")]
    server_processing_time: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ServerTools<'a> {
    #[serde(borrow)]
    web_search_requests: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InDetails<'a> {
    #[serde(borrow)]
    cached_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_write_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    audio_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    image_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    text_tokens: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OutDetails<'a> {
    #[serde(borrow)]
    reasoning_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    audio_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    image_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    text_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    accepted_prediction_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    rejected_prediction_tokens: Option<&'a RawValue>,
}

/// Reads usage; `None` if it is null or tells nothing.
pub(crate) fn usage(raw: &RawValue) -> Option<Usage> {
    if raw.get() == "null" {
        return None;
    }
    let Ok(wire) = serde_json::from_str::<Wire<'_>>(raw.get()) else {
        tracing::warn!(target: "trunkline", "usage has an unknown shape and was left out");
        return None;
    };
    let number = |raw: Option<&RawValue>| {
        let raw = raw.filter(|raw| raw.get() != "null")?;
        let count = count(raw);
        if count.is_none() {
            tracing::warn!(target: "trunkline", "a count in the usage is no count and was left out");
        }
        count
    };
    let mut usage = Usage::default();
    let (prompt, completion) = (number(wire.prompt_tokens), number(wire.completion_tokens));
    let total = number(wire.total_tokens);
    let audio = wire.prompt_tokens_details.as_ref();
    let audio = number(audio.and_then(|details| details.audio_tokens));
    let prompt = with_audio(prompt, completion, audio, total).or(prompt);
    usage.input.total = prompt;
    usage.output.total = completion;

    if let Some(details) = &wire.prompt_tokens_details {
        usage.input.cache_read = number(details.cached_tokens);
        usage.input.cache_write = number(details.cache_write_tokens);
        for (modality, tokens) in [
            ("text", details.text_tokens),
            ("audio", details.audio_tokens),
            ("image", details.image_tokens),
        ] {
            if let Some(tokens) = number(tokens) {
                usage.input.by_modality.insert(modality.to_owned(), tokens);
            }
        }
    }
    usage.input.cache_read = usage.input.cache_read.or_else(|| {
        [
            wire.prompt_cache_hit_tokens,
            wire.cached_tokens,
            wire.num_cached_tokens,
            wire.cache_read_input_tokens,
        ]
        .into_iter()
        .find_map(number)
    });
    usage.input.cache_write = usage
        .input
        .cache_write
        .or_else(|| number(wire.cache_creation_input_tokens));
    usage.input.uncached = number(wire.prompt_cache_miss_tokens).or_else(|| {
        prompt?
            .checked_sub(usage.input.cache_read?)?
            .checked_sub(usage.input.cache_write.unwrap_or(0))
    });

    usage.output.reasoning = number(wire.reasoning_tokens);
    if let Some(details) = &wire.completion_tokens_details {
        usage.output.reasoning = number(details.reasoning_tokens).or(usage.output.reasoning);
        usage.output.text = number(details.text_tokens);
        usage.output.predicted_accepted = number(details.accepted_prediction_tokens);
        usage.output.predicted_rejected = number(details.rejected_prediction_tokens);
        for (modality, tokens) in [
            ("audio", details.audio_tokens),
            ("image", details.image_tokens),
        ] {
            if let Some(tokens) = number(tokens) {
                usage.output.by_modality.insert(modality.to_owned(), tokens);
            }
        }
    }
    // Some count reasoning beside the completion (xAI); their total tells. Ours includes it.
    if let (Some(input), Some(output), Some(reasoning), Some(total)) =
        (prompt, completion, usage.output.reasoning, total)
    {
        let beside = input
            .checked_add(output)
            .and_then(|sum| sum.checked_add(reasoning));
        if reasoning > 0 && beside == Some(total) {
            usage.output.total = output.checked_add(reasoning);
        }
    }
    let hosted = wire.server_tool_use_details.as_ref();
    let searches = hosted.and_then(|tools| number(tools.web_search_requests).filter(|n| *n > 0));
    if let Some(searches) = searches.or_else(|| number(wire.num_search_queries)) {
        usage.server_tools.insert("web_search".to_owned(), searches);
    }
    usage.timing = timing(&wire).map(Box::new);
    if usage == Usage::default() && total.is_none() {
        return None;
    }
    usage.completeness = Completeness::Final;
    usage.raw = Some(raw.into());
    Some(usage)
}

/// The prompt with its sounds, where they are counted beside it (Mistral); the total tells.
fn with_audio(
    prompt: Option<u64>,
    completion: Option<u64>,
    audio: Option<u64>,
    total: Option<u64>,
) -> Option<u64> {
    let all = prompt?.checked_add(audio.filter(|audio| *audio > 0)?)?;
    (all.checked_add(completion?) == total).then_some(all)
}

/// The provider's own time, where it stands beside the usage.
pub(super) fn time_info(raw: &RawValue) -> Option<Box<Timing>> {
    let wire = serde_json::from_str::<Wire<'_>>(raw.get()).ok()?;
    timing(&wire).map(Box::new)
}

fn timing(wire: &Wire<'_>) -> Option<Timing> {
    let seconds =
        |raw: Option<&RawValue>| Duration::try_from_secs_f64(raw?.get().parse().ok()?).ok();
    let mut timing = Timing::default();
    timing.queue = seconds(wire.queue_time);
    timing.prompt = seconds(wire.prompt_time);
    timing.completion = seconds(wire.completion_time);
    timing.total = [
        wire.total_time,
        wire.total_latency,
        wire.server_processing_time,
    ]
    .into_iter()
    .find_map(seconds);
    (timing != Timing::default()).then_some(timing)
}
