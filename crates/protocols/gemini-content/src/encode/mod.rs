//! To the wire: a request as the body of `generateContent`. What has no place there leaves a
//! warning.

mod part;
mod schema;
mod think;
mod tool;

use std::collections::BTreeMap;

use trunkline_core::{
    ChatRequest, Json, Message, Result, Warning,
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
    let said = instructions(&request, warnings);
    let ask = ask(dialect, &request, &said, model, warnings);
    write(&ask, dialect.provider, &request.options, room(&request))
}

/// The body of a count where it has the fields of a request, and not all of them: what else it has
/// is refused.
///
/// <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/count-tokens>
pub(crate) fn counted(
    dialect: Dialect,
    request: &ChatRequest,
    warnings: &mut Warnings,
) -> Result<Vec<u8>> {
    const NO_LABELS: &BTreeMap<String, String> = &BTreeMap::new();
    const TAKEN: [&str; 4] = ["contents", "systemInstruction", "tools", "generationConfig"];
    let request = within(dialect.capabilities, request, warnings)?;
    let said = instructions(&request, warnings);
    let ask = Ask {
        tool_config: None,
        service_tier: None,
        labels: NO_LABELS,
        ..ask(dialect, &request, &said, None, warnings)
    };
    let options = request.options.get(dialect.provider);
    let fields = options.and_then(|own| own.read::<BTreeMap<String, Json>>().ok());
    let mut fields = fields.unwrap_or_default();
    fields.retain(|name, _| TAKEN.contains(&name.as_str()));
    let options = Json::of(&fields).map(|own| (dialect.provider.to_owned(), own));
    let options = options.into_iter().collect();
    write(&ask, dialect.provider, &options, room(&request))
}

/// What is asked: the instructions, and the messages without them.
fn ask<'a>(
    dialect: Dialect,
    request: &'a ChatRequest,
    (words, messages): &'a (String, Vec<&'a Message>),
    model: Option<String>,
    warnings: &mut Warnings,
) -> Ask<'a> {
    let mut turns = Turns::new(dialect, &request.model);
    for message in messages {
        turns.add(message, warnings);
    }
    let (tools, tool_config) = tool::tools(dialect, request, warnings);
    Ask {
        model,
        system_instruction: instruction(words),
        contents: turns.into_contents(),
        tools,
        tool_config,
        generation_config: generation(request, warnings),
        service_tier: tier(dialect, request),
        labels: &request.metadata,
    }
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
