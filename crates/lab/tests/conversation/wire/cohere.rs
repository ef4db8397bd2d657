//! Version 2 of Cohere's chat.
//!
//! <https://docs.cohere.com/reference/chat>, <https://docs.cohere.com/reference/chat-stream>

use serde_json::{Value, json};
use trunkline_testkit::peer::Reply;

use super::{CLOCK_INPUT, REPORT, THOUGHT, WEATHER_INPUT, named};
use crate::speaker::{Speaker, account, list, paired, texts};

pub(crate) const SPEAKER: Speaker = Speaker {
    name: "cohere",
    model: "command-a-plus-05-2026",
    account: |url, client| {
        account::<trunkline_cohere::Api>(url.to_owned(), client, |builder| builder)
    },
    calls,
    answers,
    thinks: true,
    state: None,
    paired: |request| {
        let calls = list(request, "/messages").into_iter();
        let calls = calls.flat_map(|message| list(message, "/tool_calls"));
        let results = list(request, "/messages").into_iter();
        let results = results.filter(|message| message["role"] == "tool");
        paired(&texts(calls, "/id"), &texts(results, "/tool_call_id"))
    },
};

fn usage() -> Value {
    json!({"billed_units": {"input_tokens": 12, "output_tokens": 9},
           "tokens": {"input_tokens": 20, "output_tokens": 10}})
}

fn whole(mut message: Value, finish: &str) -> Reply {
    message["role"] = "assistant".into();
    let usage = usage();
    Reply::status(200)
        .json(json!({"id": "c-1", "message": message, "finish_reason": finish, "usage": usage}))
}

/// Events of these types and indices, which say this of the message.
fn streamed(said: Vec<(&'static str, u64, Value)>, finish: &str) -> Reply {
    let begin = json!({"role": "assistant", "content": [], "tool_plan": "", "tool_calls": []});
    let event = |(kind, index, message): (&'static str, u64, Value)| {
        let data = json!({"type": kind, "index": index, "delta": {"message": message}});
        (kind, data)
    };
    let mut events = vec![(
        "message-start",
        json!({"type": "message-start", "id": "c-1",
                                                   "delta": {"message": begin}}),
    )];
    events.extend(said.into_iter().map(event));
    let end = json!({"finish_reason": finish, "usage": usage()});
    events.push(("message-end", json!({"type": "message-end", "delta": end})));
    named(events)
}

fn calls(is_streamed: bool) -> Reply {
    let call = |id: &str, name: &str, input: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": input}});
    let weather = |input| call("weather_a1", "weather", input);
    let clock = |input| call("clock_b2", "clock", input);
    if !is_streamed {
        let calls = [weather(WEATHER_INPUT), clock(CLOCK_INPUT)];
        return whole(
            json!({"tool_plan": THOUGHT, "tool_calls": calls}),
            "TOOL_CALL",
        );
    }
    let begins = |call: Value| json!({"tool_calls": call});
    let grows = |input: &str| json!({"tool_calls": {"function": {"arguments": input}}});
    let (half, rest) = WEATHER_INPUT.split_at(9);
    let (thought, more) = THOUGHT.split_at(4);
    streamed(
        vec![
            ("tool-plan-delta", 0, json!({"tool_plan": thought})),
            ("tool-plan-delta", 0, json!({"tool_plan": more})),
            ("tool-call-start", 0, begins(weather(""))),
            ("tool-call-delta", 0, grows(half)),
            ("tool-call-delta", 0, grows(rest)),
            ("tool-call-end", 0, json!({})),
            ("tool-call-start", 1, begins(clock(""))),
            ("tool-call-delta", 1, grows(CLOCK_INPUT)),
            ("tool-call-end", 1, json!({})),
        ],
        "TOOL_CALL",
    )
}

fn answers(is_streamed: bool) -> Reply {
    if !is_streamed {
        let content = json!([{"type": "text", "text": REPORT}]);
        return whole(json!({ "content": content }), "COMPLETE");
    }
    let text = |text: &str| json!({"content": {"type": "text", "text": text}});
    let (half, rest) = REPORT.split_at(12);
    streamed(
        vec![
            ("content-start", 0, text("")),
            ("content-delta", 0, text(half)),
            ("content-delta", 0, text(rest)),
            ("content-end", 0, json!({})),
        ],
        "COMPLETE",
    )
}
