//! Tools: called, called in a stream, and answered.

use serde::Deserialize;
use serde_json::json;
use trunkline_core::{
    ChatRequest, ChatResponse, Json, Message, Tool, ToolCall,
    chat::{FinishKind, ToolChoice},
};

use super::{Checked, chat, failed, must, must_say};
use crate::servers::{
    conversation::{BOTH_PROMPT, CITIES, CITY, TOOL, TOOLS, WEATHER},
    row::Subject,
};

#[derive(Debug, Deserialize)]
struct Weather {
    city: String,
}

fn request(subject: &Subject, prompt: &str) -> Result<ChatRequest, String> {
    let schema = Json::of(&json!({
        "type": "object",
        "properties": {"city": {"type": "string", "description": "The city, as the user named it."}},
        "required": ["city"],
    }));
    let tool = Tool::new(TOOL, "The weather in a city, now.", schema.map_err(failed)?);
    let request = chat::request(subject, prompt).tool(tool);
    Ok(match subject.is_scripted() {
        true => request,
        // A model that was never trained calls a tool only if it must.
        false => request
            .tool_choice(ToolChoice::Required)
            .max_output_tokens(200),
    })
}

/// It calls the tool with these cities, and nothing else.
fn must_call<'a>(
    subject: &Subject,
    answer: &'a ChatResponse,
    cities: &[&str],
) -> Result<Vec<&'a ToolCall>, String> {
    let calls: Vec<&ToolCall> = answer.tool_calls().collect();
    let mut asked = Vec::new();
    for call in &calls {
        must(call.name == TOOL, format_args!("it called {:?}", call.name))?;
        must(
            call.is_complete(),
            format_args!("its arguments are {:?}", call.arguments()),
        )?;
        let Weather { city } = call.parse().map_err(failed)?;
        asked.push(city);
    }
    let known = match subject.is_scripted() {
        true => asked == cities,
        false => !asked.is_empty(),
    };
    must(
        known,
        format_args!("it asked about {asked:?} instead of {cities:?}"),
    )?;
    let mut ids: Vec<&str> = calls.iter().map(|call| call.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    must(
        ids.len() == calls.len() && ids.iter().all(|id| !id.is_empty()),
        format_args!("its calls are called {ids:?}"),
    )?;
    Ok(calls)
}

/// And says that it wants them.
fn must_call_and_end(subject: &Subject, answer: &ChatResponse, cities: &[&str]) -> Checked {
    must_call(subject, answer, cities)?;
    must(
        answer.finish.kind == FinishKind::ToolCalls,
        format_args!("it ended as {:?}", answer.finish),
    )
}

pub(super) async fn whole(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    let answer = model
        .chat(request(subject, TOOLS.prompt)?)
        .await
        .map_err(failed)?;
    must_call_and_end(subject, &answer, &[CITY])
}

pub(super) async fn streamed(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    let call = model.chat(request(subject, TOOLS.prompt)?);
    let answer = chat::collect(call.stream().await.map_err(failed)?).await?;
    must_call_and_end(subject, &answer, &[CITY])
}

pub(super) async fn parallel(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    let call = model.chat(request(subject, BOTH_PROMPT)?);
    let answer = chat::collect(call.stream().await.map_err(failed)?).await?;
    must_call_and_end(subject, &answer, &CITIES)
}

pub(super) async fn tool_loop(subject: &Subject) -> Checked {
    let model = subject.model().map_err(failed)?;
    let first = request(subject, TOOLS.prompt)?;
    let answer = model.chat(first.clone()).await.map_err(failed)?;
    let calls = must_call(subject, &answer, &[CITY])?;
    let mut second = first.message(Message::assistant(&answer));
    for call in calls {
        second = second.message(Message::tool_result(call, WEATHER));
    }
    if !subject.is_scripted() {
        second = second.tool_choice(ToolChoice::None);
    }
    let answer = model.chat(second).await.map_err(failed)?;
    must_say(subject, TOOLS.answer, &answer.text())
}
