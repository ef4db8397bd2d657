//! What was said, in the conventions' form of messages, for those who ask to see it.

use serde_json::{Value, json};

use crate::{
    ChatRequest, ChatResponse, Content, Message,
    chat::{Media, Source, ToolResult},
};

const EVENT: &str = "gen_ai.client.inference.operation.details";

/// Tells what was asked.
pub(super) fn asked(request: &ChatRequest) {
    let messages = request.messages.iter().map(message).collect::<Value>();
    tracing::info!(target: "trunkline", { gen_ai.input.messages = %messages }, "{EVENT}");
}

/// Tells what was answered, each candidate by itself.
pub(super) fn answered(response: &ChatResponse) {
    let first = (&response.message, &response.finish);
    let others = response
        .candidates
        .iter()
        .map(|candidate| (&candidate.message, &candidate.finish));
    let messages = std::iter::once(first)
        .chain(others)
        .map(|(said, finish)| {
            let mut said = message(said);
            if let Some(fields) = said.as_object_mut() {
                fields.insert("finish_reason".into(), finish.kind.class().as_str().into());
            }
            said
        })
        .collect::<Value>();
    tracing::info!(target: "trunkline", { gen_ai.output.messages = %messages }, "{EVENT}");
}

fn message(message: &Message) -> Value {
    let parts = message.parts.iter().map(|part| self::part(&part.content));
    let mut value = json!({
        "role": message.role.as_str(),
        "parts": parts.collect::<Value>(),
    });
    if let (Some(name), Some(fields)) = (&message.name, value.as_object_mut()) {
        fields.insert("name".into(), name.as_str().into());
    }
    value
}

fn part(content: &Content) -> Value {
    match content {
        Content::Text(text) => json!({ "type": "text", "content": text.text }),
        Content::Reasoning(reasoning) => json!({
            "type": "reasoning",
            "content": reasoning.text.clone().unwrap_or_else(|| reasoning.summary.join("\n")),
        }),
        Content::ToolCall(call) => json!({
            "type": "tool_call",
            "id": call.id.as_str(),
            "name": call.name,
            "arguments": value_or_text(call.arguments()),
        }),
        Content::ToolResult(result) => json!({
            "type": "tool_call_response",
            "id": result.call.as_str(),
            "response": response(result),
        }),
        Content::Media(media) => self::media(media),
        // Any other type may have any fields; ours name their type already.
        other => serde_json::to_value(other).unwrap_or_default(),
    }
}

fn response(result: &ToolResult) -> Value {
    match &result.json {
        Some(json) => value_or_text(json.get()),
        None => result
            .output
            .iter()
            .map(|part| self::part(&part.content))
            .collect(),
    }
}

/// Where it is; the bytes are left out: they fill a log and nobody can read them there.
fn media(media: &Media) -> Value {
    let modality = match media.media_type.top_level() {
        known @ ("image" | "audio" | "video") => known,
        _ => "document",
    };
    let mime_type = media.media_type.as_str();
    match &media.source {
        Source::Url(url) => {
            json!({ "type": "uri", "modality": modality, "mime_type": mime_type, "uri": url })
        }
        Source::Bytes(bytes) => json!({
            "type": "media",
            "modality": modality,
            "mime_type": mime_type,
            "size": bytes.len(),
        }),
        source => json!({
            "type": "media",
            "modality": modality,
            "mime_type": mime_type,
            "source": source,
        }),
    }
}

fn value_or_text(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|_| json.into())
}
