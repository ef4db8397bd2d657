//! OpenAI's chat completions.
//!
//! <https://platform.openai.com/docs/api-reference/chat>

use serde_json::{Value, json};
use trunkline_testkit::peer::Reply;

use super::{CLOCK_INPUT, REPORT, WEATHER_INPUT};
use crate::speaker::{Speaker, account, list, paired, texts};

pub(crate) const SPEAKER: Speaker = Speaker {
    name: "openai chat completions",
    model: "gpt-5-mini",
    account: |url, client| {
        account::<trunkline_openai::Api>(format!("{url}/v1"), client, |builder| {
            builder.setting("api", trunkline_openai::CHAT_COMPLETIONS)
        })
    },
    calls,
    answers,
    thinks: false,
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
    json!({"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30})
}

fn answer(message: &Value, finish: &str, streamed: bool) -> Reply {
    let chunk = |choice: Value| {
        json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_790_000_000,
               "model": "gpt-5-mini", "choices": [choice]})
    };
    if streamed {
        let mut last = chunk(json!({}));
        last["choices"] = json!([]);
        last["usage"] = usage();
        return Reply::sse([
            chunk(json!({"index": 0, "delta": message, "finish_reason": null})),
            chunk(json!({"index": 0, "delta": {}, "finish_reason": finish})),
            last,
        ])
        .done();
    }
    let mut whole = chunk(json!({"index": 0, "message": message, "finish_reason": finish}));
    whole["object"] = "chat.completion".into();
    whole["usage"] = usage();
    Reply::status(200).json(whole)
}

fn calls(streamed: bool) -> Reply {
    let call = |index: usize, id: &str, name: &str, input: &str| {
        json!({"index": index, "id": id, "type": "function",
               "function": {"name": name, "arguments": input}})
    };
    let calls = [
        call(0, "call_a", "weather", WEATHER_INPUT),
        call(1, "call_b", "clock", CLOCK_INPUT),
    ];
    let message = json!({"role": "assistant", "content": null, "tool_calls": calls});
    answer(&message, "tool_calls", streamed)
}

fn answers(streamed: bool) -> Reply {
    let message = json!({"role": "assistant", "content": REPORT});
    answer(&message, "stop", streamed)
}
