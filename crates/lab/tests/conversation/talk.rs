//! The conversation itself, the same with everybody.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use trunkline_core::{
    ChatRequest, ChatResponse, Content, HttpClient, Json, Message, Part, Role, Tool, Warning,
    chat::{Effort, FinishKind, Format, MediaType, ToolInput},
};
use trunkline_http::hyper::HyperTransport;
use trunkline_testkit::{Peer, peer::Received};

use crate::{
    speaker::Speaker,
    wire::{CLOCK_INPUT, REPORT, THOUGHT, WEATHER_INPUT},
};

/// How an answer is taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Way {
    Whole,
    Streamed,
    /// As a whole, over a wire that streams.
    Buffered,
}

const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n-conversation";
const PICTURE_BASE64: &str = "iVBORw0KGgotY29udmVyc2F0aW9u";

#[derive(Debug, Deserialize, PartialEq)]
struct Report {
    city: String,
    degrees: i64,
    time: String,
}

/// The first half with `from`, the second with `to`.
pub(crate) async fn from_to(from: &Speaker, to: &Speaker, way: Way) {
    let case = format!("{} to {}, {way:?}", from.name, to.name);
    let request = ChatRequest::default()
        .system("Be brief.")
        .message(question())
        .tool(tool("weather", "city"))
        .tool(tool("clock", "zone"))
        .max_output_tokens(4_096)
        .effort(Effort::Medium);
    let (first, sent) = ask(from, from.calls, request.clone(), way).await;
    let sent = sent.text();
    assert!(sent.contains(PICTURE_BASE64), "{case}: the picture: {sent}");
    assert!(sent.contains("What is it like there?"), "{case}: {sent}");
    assert!(sent.contains("Be brief."), "{case}: {sent}");
    judge_calls(&first, from, &case);

    let mut request = request.message(Message::assistant(&first));
    for (call, result) in first.tool_calls().zip(["4 degrees", "12:30"]) {
        request = request.message(Message::tool_result(call, result));
    }
    let request = request.format(Format::Schema {
        name: "report".to_owned(),
        schema: schema(),
        strict: true,
    });
    let (second, sent) = ask(to, to.answers, request, way).await;
    judge_request(from, to, &sent, &second.warnings, &case);

    let report: Report = second
        .parse()
        .unwrap_or_else(|error| panic!("{case}: {error}"));
    let expected: Report = serde_json::from_str(REPORT).unwrap();
    assert_eq!(report, expected, "{case}");
    assert_eq!(second.finish.kind, FinishKind::Stop, "{case}");
    judge_usage(&second, &case);
}

fn question() -> Message {
    let picture = Part::image(MediaType::PNG, Bytes::from_static(PICTURE));
    Message::new(Role::User, [Part::text("What is it like there?"), picture])
}

fn tool(name: &str, argument: &str) -> Tool {
    let schema = json!({
        "type": "object",
        "properties": {argument: {"type": "string"}},
        "required": [argument],
    });
    Tool::new(name, "Looks it up.", Json::of(&schema).unwrap())
}

fn schema() -> Json {
    Json::of(&json!({
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "degrees": {"type": "integer"},
            "time": {"type": "string"},
        },
        "required": ["city", "degrees", "time"],
        "additionalProperties": false,
    }))
    .unwrap()
}

/// One turn with `speaker`, whose next answer is this; and the request that it saw.
async fn ask(
    speaker: &Speaker,
    answer: fn(bool) -> trunkline_testkit::peer::Reply,
    request: ChatRequest,
    way: Way,
) -> (ChatResponse, Received) {
    let peer = Peer::start([answer(way != Way::Whole)]).await;
    let transport = HyperTransport::builder().build().unwrap();
    let backend = (speaker.account)(&peer.url(), HttpClient::new(transport));
    let chat = backend.model(speaker.model).chat(request);
    let response = match way {
        Way::Whole => chat.await,
        Way::Buffered => chat.buffered().await,
        Way::Streamed => match chat.stream().await {
            Ok(stream) => stream.collect().await,
            Err(error) => Err(error),
        },
    };
    let response = response.unwrap_or_else(|error| {
        let body = peer.requests().first().map(Received::text);
        panic!("{}, {way:?}: {error:?}\n{body:?}", speaker.name)
    });
    (response, peer.requests().remove(0))
}

fn judge_calls(response: &ChatResponse, speaker: &Speaker, case: &str) {
    assert_eq!(response.finish.kind, FinishKind::ToolCalls, "{case}");
    let calls: Vec<_> = response.tool_calls().collect();
    let names: Vec<_> = calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["weather", "clock"], "{case}");
    for (call, input) in calls.iter().zip([WEATHER_INPUT, CLOCK_INPUT]) {
        // Byte for byte: a number beyond what a float can hold, and fields in their order.
        assert!(matches!(call.input, ToolInput::Json(_)), "{case}: {call:?}");
        assert_eq!(call.arguments(), input, "{case}");
    }
    assert_ne!(calls[0].id, calls[1].id, "{case}");
    if speaker.thinks {
        assert_eq!(thoughts(response), THOUGHT, "{case}");
    }
    judge_usage(response, case);
}

fn thoughts(response: &ChatResponse) -> String {
    let parts = response.message.parts.iter();
    let thoughts = parts.filter_map(|part| match &part.content {
        Content::Reasoning(reasoning) => Some(reasoning),
        _ => None,
    });
    thoughts
        .map(|thought| {
            let text = thought.text.clone().unwrap_or_default();
            text + &thought.summary.join("")
        })
        .collect()
}

fn judge_usage(response: &ChatResponse, case: &str) {
    let usage = &response.usage;
    let total = (usage.input.total, usage.output.total);
    assert_eq!(total, (Some(20), Some(10)), "{case}: {usage:?}");
}

/// The second request holds the results, its maker's state if it goes back there, and nobody
/// else's; and says once of each kind of state that it stayed behind.
fn judge_request(from: &Speaker, to: &Speaker, sent: &Received, warnings: &[Warning], case: &str) {
    let body = sent.text();
    let value: Value =
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{case}: {error}"));
    for result in ["4 degrees", "12:30"] {
        assert!(body.contains(result), "{case}: {body}");
    }
    // The number that a float cannot hold, escaped or not.
    assert!(body.contains("9007199254740993"), "{case}: {body}");
    if let Err(error) = (to.paired)(&value) {
        panic!("{case}: {error}\n{body}");
    }
    let dropped: Vec<_> = warnings
        .iter()
        .filter_map(|warning| match warning {
            Warning::StateDropped { kind } => Some(kind),
            _ => None,
        })
        .collect();
    let Some(state) = from.state else {
        assert!(dropped.is_empty(), "{case}: {dropped:?}");
        return;
    };
    if from.name == to.name {
        assert!(body.contains(state), "{case}: the state is lost: {body}");
        assert!(dropped.is_empty(), "{case}: {dropped:?}");
    } else {
        assert!(!body.contains(state), "{case}: a stranger's state: {body}");
        let mut kinds = dropped.clone();
        kinds.sort_unstable();
        kinds.dedup();
        let once = !dropped.is_empty() && kinds.len() == dropped.len();
        assert!(once, "{case}: {warnings:?}");
    }
}
