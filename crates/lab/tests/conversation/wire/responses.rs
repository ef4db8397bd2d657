//! OpenAI's responses.
//!
//! <https://platform.openai.com/docs/api-reference/responses>

use serde_json::{Value, json};
use trunkline_testkit::peer::Reply;

use super::{CLOCK_INPUT, REPORT, THOUGHT, WEATHER_INPUT};
use crate::speaker::{Speaker, account, list, paired, texts};

const ENCRYPTED: &str = "c2VhbGVkLWJ5LW9wZW5haQ==";

pub(crate) const SPEAKER: Speaker = Speaker {
    name: "openai responses",
    model: "gpt-5-mini",
    account: |url, client| {
        account::<trunkline_openai::Api>(format!("{url}/v1"), client, |builder| builder)
    },
    calls: |streamed| {
        let call = |id: &str, call: &str, name: &str, input: &str| {
            json!({"type": "function_call", "id": id, "call_id": call, "name": name,
                   "arguments": input, "status": "completed"})
        };
        let items = [
            json!({"type": "reasoning", "id": "rs_1", "encrypted_content": ENCRYPTED,
                   "summary": [{"type": "summary_text", "text": THOUGHT}]}),
            call("fc_1", "call_a", "weather", WEATHER_INPUT),
            call("fc_2", "call_b", "clock", CLOCK_INPUT),
        ];
        answer(&items, streamed)
    },
    answers: |streamed| {
        let text = json!({"type": "output_text", "text": REPORT, "annotations": []});
        let item = json!({"type": "message", "id": "msg_1", "role": "assistant",
                          "status": "completed", "content": [text]});
        answer(&[item], streamed)
    },
    thinks: true,
    state: Some(ENCRYPTED),
    paired: |request| {
        let items = || list(request, "/input").into_iter();
        let calls = items().filter(|item| item["type"] == "function_call");
        let results = items().filter(|item| item["type"] == "function_call_output");
        paired(&texts(calls, "/call_id"), &texts(results, "/call_id"))
    },
};

fn response(status: &str, items: &[Value]) -> Value {
    let usage = json!({"input_tokens": 20, "input_tokens_details": {"cached_tokens": 0},
                       "output_tokens": 10, "output_tokens_details": {"reasoning_tokens": 4},
                       "total_tokens": 30});
    let usage = if status == "completed" {
        usage
    } else {
        Value::Null
    };
    json!({"id": "resp_1", "object": "response", "created_at": 1_790_000_000, "status": status,
           "model": "gpt-5-mini", "output": items, "error": null, "incomplete_details": null,
           "usage": usage})
}

fn answer(items: &[Value], streamed: bool) -> Reply {
    if !streamed {
        return Reply::status(200).json(response("completed", items));
    }
    let mut events = vec![
        json!({"type": "response.created", "response": response("in_progress", &[])}),
        json!({"type": "response.in_progress", "response": response("in_progress", &[])}),
    ];
    for (index, item) in items.iter().enumerate() {
        let mut begun = item.clone();
        for late in ["summary", "content", "arguments", "encrypted_content"] {
            if let Some(field) = begun.get_mut(late) {
                *field = if field.is_string() {
                    "".into()
                } else {
                    json!([])
                };
            }
        }
        if item["status"].is_string() {
            begun["status"] = "in_progress".into();
        }
        events.push(
            json!({"type": "response.output_item.added", "output_index": index, "item": begun}),
        );
        events.extend(grows(index, item));
        events.push(
            json!({"type": "response.output_item.done", "output_index": index, "item": item}),
        );
    }
    events.push(json!({"type": "response.completed", "response": response("completed", items)}));
    let numbered = events.into_iter().enumerate().map(|(number, mut event)| {
        event["sequence_number"] = number.into();
        (event["type"].as_str().unwrap().to_owned(), event)
    });
    super::named(numbered)
}

/// How an item comes, piece by piece.
fn grows(index: usize, item: &Value) -> Vec<Value> {
    let id = &item["id"];
    match item["type"].as_str().unwrap() {
        "reasoning" => vec![
            json!({"type": "response.reasoning_summary_part.added", "item_id": id, "output_index": index,
                   "summary_index": 0, "part": {"type": "summary_text", "text": ""}}),
            json!({"type": "response.reasoning_summary_text.delta", "item_id": id, "output_index": index,
                   "summary_index": 0, "delta": THOUGHT}),
            json!({"type": "response.reasoning_summary_text.done", "item_id": id, "output_index": index,
                   "summary_index": 0, "text": THOUGHT}),
            json!({"type": "response.reasoning_summary_part.done", "item_id": id, "output_index": index,
                   "summary_index": 0, "part": {"type": "summary_text", "text": THOUGHT}}),
        ],
        "function_call" => vec![
            json!({"type": "response.function_call_arguments.delta", "item_id": id,
                   "output_index": index, "delta": item["arguments"]}),
            json!({"type": "response.function_call_arguments.done", "item_id": id,
                   "output_index": index, "arguments": item["arguments"]}),
        ],
        _ => vec![
            json!({"type": "response.content_part.added", "item_id": id, "output_index": index,
                   "content_index": 0, "part": {"type": "output_text", "text": "", "annotations": []}}),
            json!({"type": "response.output_text.delta", "item_id": id, "output_index": index,
                   "content_index": 0, "delta": REPORT}),
            json!({"type": "response.output_text.done", "item_id": id, "output_index": index,
                   "content_index": 0, "text": REPORT}),
            json!({"type": "response.content_part.done", "item_id": id, "output_index": index,
                   "content_index": 0, "part": item["content"][0]}),
        ],
    }
}
