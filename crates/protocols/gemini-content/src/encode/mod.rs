//! To the wire: a request as the body of `generateContent`. What has no place there leaves a
//! warning.

mod part;
mod schema;
mod think;
mod tool;

use trunkline_core::{
    ChatRequest, Result, Warning,
    chat::{Format, Modality, Warnings},
    protocol::{instructions, room, within, write},
};

pub(crate) use part::media;

use self::part::Turns;
use crate::{
    Dialect,
    wire::{Ask, Generation, Part, Say, Turn},
};

/// The body of a request, streamed or not: the path tells. So it does of the model, unless the body
/// stands in another.
pub(crate) fn body(
    dialect: Dialect,
    request: &ChatRequest,
    model: Option<String>,
    warnings: &mut Warnings,
) -> Result<Vec<u8>> {
    let request = within(dialect.capabilities, request, warnings)?;
    let (words, messages) = instructions(&request, warnings);
    let mut turns = Turns::new(dialect, &request.model);
    for message in messages {
        turns.add(message, warnings);
    }
    let (tools, tool_config) = tool::tools(dialect, &request, warnings);
    let ask = Ask {
        model,
        system_instruction: instruction(&words),
        contents: turns.into_contents(),
        tools,
        tool_config,
        generation_config: generation(&request, warnings),
        service_tier: tier(dialect, &request),
        labels: &request.metadata,
    };
    write(&ask, dialect.provider, &request.options, room(&request))
}

fn tier(dialect: Dialect, request: &ChatRequest) -> Option<&str> {
    request
        .service_tier
        .as_deref()
        .filter(|_| dialect.service_tier)
}

fn instruction(words: &str) -> Option<Turn<'_>> {
    let part = Part {
        text: Some(words),
        ..Part::default()
    };
    (!words.is_empty()).then(|| Turn {
        role: None,
        parts: vec![Say::Part(Box::new(part))],
    })
}

fn generation<'a>(request: &'a ChatRequest, warnings: &mut Warnings) -> Generation<'a> {
    let (response_mime_type, response_json_schema) = match &request.format {
        Some(Format::Json) => (Some("application/json"), None),
        Some(Format::Schema { schema, strict, .. }) => {
            if !strict {
                warnings.push(Warning::coerced("schema.strict", "false", "true"));
            }
            (Some("application/json"), Some(schema::known(schema)))
        }
        _ => (None, None),
    };
    let modality = |modality: &Modality| match modality {
        Modality::Image => "IMAGE",
        Modality::Audio => "AUDIO",
        _ => "TEXT",
    };
    Generation {
        max_output_tokens: request.max_output_tokens,
        temperature: request.temperature,
        top_p: request.top_p,
        top_k: request.top_k,
        frequency_penalty: request.frequency_penalty,
        presence_penalty: request.presence_penalty,
        seed: request.seed,
        stop_sequences: &request.stop,
        candidate_count: request.candidates,
        response_logprobs: request.logprobs.is_some(),
        logprobs: request.logprobs.filter(|others| *others > 0),
        response_mime_type,
        response_json_schema,
        response_modalities: request.modalities.iter().map(modality).collect(),
        thinking_config: think::thinking(request, warnings),
    }
}
