//! `generateContent` of Gemini and of Vertex AI, with embeddings, counts and lists.

#![allow(
    clippy::indexing_slicing,
    reason = "indexing a `Value` by name answers null and cannot panic"
)]

use std::sync::Arc;

use serde_json::Value;
use trunkline_core::{
    ChatRequest, ChatResponse, Content, EmbedRequest, Message, Op, Part, chat::FinishKind,
    embed::EmbedInput, models::ModelsRequest,
};

use super::anthropic;
use crate::wires::{
    corpus::Exchange,
    format::{Format, Named, Said, top_level_error},
    naive::{Answer, Call, Chat, list, words},
};

pub(crate) const FORMAT: Format = Format {
    providers: &["gemini", "vertex"],
    plan,
    settings,
    read,
    error: top_level_error,
    chat,
    means,
    also,
    vectors: |_, answer| vectors(answer),
    places: |_| Vec::new(),
    tokens: |answer| answer["totalTokens"].as_u64(),
    models: |answer| {
        list(&answer["models"])
            .filter_map(|model| name(&model["name"]))
            .collect()
    },
};

/// Claude on Vertex AI: Anthropic's format under Google's paths.
pub(crate) const CLAUDE: Format = Format {
    providers: &["vertex"],
    plan: claude,
    settings,
    ..anthropic::FORMAT
};

fn claude(exchange: &Exchange) -> Option<Op> {
    let path = exchange.bare_path();
    let request = ChatRequest::new([Message::user("as recorded")]).model(model(path));
    match path.rsplit(':').next()? {
        "rawPredict" => Some(Op::Chat(Arc::new(request))),
        "streamRawPredict" => Some(Op::ChatStream(Arc::new(request))),
        _ => None,
    }
}

fn settings(provider: &str) -> Named<'static> {
    match provider {
        "vertex" => &[("project", "recorded"), ("location", "global")],
        _ => &[],
    }
}

fn plan(exchange: &Exchange) -> Option<Op> {
    let path = exchange.bare_path();
    let request = || {
        let request = ChatRequest::new([Message::user("as recorded")]);
        let request = request.model(model(path));
        let count = exchange.request["generationConfig"]["candidateCount"].as_u64();
        Arc::new(match count.and_then(|count| u32::try_from(count).ok()) {
            Some(count) => request.candidates(count),
            None => request,
        })
    };
    match path.rsplit(':').next()? {
        "generateContent" => Some(Op::Chat(request())),
        "streamGenerateContent" => Some(Op::ChatStream(request())),
        "countTokens" => Some(Op::CountTokens(request())),
        "embedContent" | "batchEmbedContents" | "predict" => {
            let answer = serde_json::from_slice(&exchange.body).unwrap_or_default();
            let count = vectors(&answer).len().max(1);
            let inputs = vec![EmbedInput::from("as recorded"); count];
            Some(Op::Embed(Arc::new(
                EmbedRequest::new(inputs).model(model(path)),
            )))
        }
        path if path.ends_with("/v1beta/models") => {
            Some(Op::Models(Arc::new(ModelsRequest::default())))
        }
        _ => None,
    }
}

/// The model that a path names: `/v1beta/models/gemini-2.5-flash:generateContent`.
fn model(path: &str) -> &str {
    let name = path
        .rsplit_once("/models/")
        .map_or("as-recorded", |(_, name)| name);
    name.split(':').next().unwrap_or(name)
}

/// Events, an array of them, or one answer.
fn read(body: &[u8]) -> Said {
    match Said::json_or_sse(body) {
        Said::Whole(Value::Array(events)) => Said::Events(events),
        said => said,
    }
}

fn chat(said: &Said) -> Chat {
    let mut chat = Chat::default();
    for value in said.values() {
        chat.ids.extend(words(&value["responseId"]));
        chat.models.extend(words(&value["modelVersion"]));
        for (place, candidate) in (0..).zip(list(&value["candidates"])) {
            let index = candidate["index"].as_u64().unwrap_or(place);
            add(chat.answers.entry(index).or_default(), candidate);
        }
        if chat.answers.is_empty() && words(&value["promptFeedback"]["blockReason"]).is_some() {
            chat.answers.entry(0).or_default().finish =
                words(&value["promptFeedback"]["blockReason"]);
        }
        let usage = &value["usageMetadata"];
        let sum = |one: &Value, other: &Value| match (one.as_u64(), other.as_u64()) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or(0) + other.unwrap_or(0)),
        };
        chat.input = sum(
            &usage["promptTokenCount"],
            &usage["toolUsePromptTokenCount"],
        )
        .or(chat.input);
        chat.output =
            sum(&usage["candidatesTokenCount"], &usage["thoughtsTokenCount"]).or(chat.output);
    }
    chat
}

fn add(answer: &mut Answer, candidate: &Value) {
    for part in list(&candidate["content"]["parts"]) {
        let text = part["text"].as_str().unwrap_or_default();
        match part["thought"] == true {
            true => answer.reasoning.push_str(text),
            false => answer.text.push_str(text),
        }
        let call = &part["functionCall"];
        if call.is_object() {
            let arguments = match &call["args"] {
                Value::Null => String::new(),
                args => args.to_string(),
            };
            let word = |name: &str| words(&call[name]).unwrap_or_default();
            answer
                .calls
                .push(Call::new(&word("id"), &word("name"), &arguments));
        }
    }
    let reason = &candidate["finishReason"];
    let number = reason.as_u64().map(|number| number.to_string());
    answer.finish = words(reason).or(number).or(answer.finish.take());
}

/// By the table of finish reasons.
fn means(reason: &str, kind: &FinishKind) -> bool {
    match reason {
        "STOP" | "1" => matches!(kind, FinishKind::Stop | FinishKind::ToolCalls),
        "MAX_TOKENS" => *kind == FinishKind::MaxTokens,
        "SAFETY" | "PROHIBITED_CONTENT" | "BLOCKLIST" | "SPII" => {
            matches!(kind, FinishKind::ContentFilter(_))
        }
        "MALFORMED_FUNCTION_CALL" => *kind == FinishKind::BadToolCall,
        _ => true,
    }
}

/// Signatures go back where they stood, parts that the provider runs go back whole, and no source or
/// picture is lost.
fn also(said: &Said, answer: &ChatResponse) -> Vec<String> {
    let mut lost = Vec::new();
    let parts = &answer.message.parts;
    let state = |part: &Part| part.state.as_ref().map(|state| state.data.clone());
    let states: Vec<String> = parts.iter().filter_map(state).collect();
    let mut signatures = states.iter();
    let (mut pictures, mut links) = (0, Vec::new());
    for part in said
        .values()
        .iter()
        .flat_map(|value| list(&value["candidates"][0]["content"]["parts"]))
    {
        if let Some(signature) = words(&part["thoughtSignature"])
            && !signatures.any(|state| state.contains(&signature))
        {
            lost.push(format!("the signature {signature:.20}, or its order"));
        }
        for kind in [
            "executableCode",
            "codeExecutionResult",
            "toolCall",
            "toolResponse",
        ] {
            let is_it = |state: &String| {
                serde_json::from_str::<Value>(state).is_ok_and(|state| state[kind] == part[kind])
            };
            if part[kind].is_object() && !states.iter().any(is_it) {
                lost.push(format!("a part `{kind}`"));
            }
        }
        pictures += usize::from(part["inlineData"].is_object());
    }
    for value in said.values() {
        for chunk in list(&value["candidates"][0]["groundingMetadata"]["groundingChunks"]) {
            links.extend(words(&chunk["web"]["uri"]));
        }
    }
    let text = serde_json::to_string(parts).unwrap_or_default();
    links.retain(|link| !text.contains(&serde_json::to_string(link).unwrap_or_default()));
    lost.extend(
        links
            .into_iter()
            .map(|link| format!("the source {link:.60}")),
    );
    let found = parts
        .iter()
        .filter(|part| matches!(part.content, Content::Media(_)));
    if found.count() < pictures.min(1) {
        lost.push("media".to_owned());
    }
    lost
}

#[allow(clippy::cast_possible_truncation, reason = "vectors are of 32 bits")]
fn vectors(answer: &Value) -> Vec<Vec<f32>> {
    let vector = |entry: &Value| -> Vec<f32> {
        let values = list(&entry["values"]).filter_map(Value::as_f64);
        values.map(|value| value as f32).collect()
    };
    let predictions = list(&answer["predictions"]).map(|one| vector(&one["embeddings"]));
    let single = answer.get("embedding").map(vector);
    let batch = list(&answer["embeddings"]).map(vector);
    single.into_iter().chain(batch).chain(predictions).collect()
}

fn name(model: &Value) -> Option<String> {
    let name = words(model)?;
    Some(name.strip_prefix("models/").unwrap_or(&name).to_owned())
}
