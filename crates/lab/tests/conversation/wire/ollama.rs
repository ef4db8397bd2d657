//! Ollama's chat.
//!
//! <https://docs.ollama.com/api/chat>

use trunkline_testkit::peer::Reply;

use super::{CLOCK_INPUT, REPORT, THOUGHT, WEATHER_INPUT, quoted};
use crate::speaker::{Speaker, account, list, paired, texts};

pub(crate) const SPEAKER: Speaker = Speaker {
    name: "ollama",
    model: "qwen3",
    account: |url, client| {
        account::<trunkline_ollama::Api>(format!("{url}/api"), client, |builder| builder)
    },
    calls: |streamed| {
        let call = |name: &str, input: &str| {
            format!(r#"{{"function":{{"name":"{name}","arguments":{input}}}}}"#)
        };
        let calls = [call("weather", WEATHER_INPUT), call("clock", CLOCK_INPUT)];
        let thinks = format!(r#""content":"","thinking":"{THOUGHT}""#);
        match streamed {
            true => stream([
                thinks,
                format!(r#""content":"","tool_calls":[{}]"#, calls[0]),
                format!(r#""content":"","tool_calls":[{}]"#, calls[1]),
            ]),
            false => whole(&format!(r#"{thinks},"tool_calls":[{}]"#, calls.join(","))),
        }
    },
    answers: |streamed| {
        let (head, tail) = REPORT.split_at(9);
        let says = |text: &str| format!(r#""content":{}"#, quoted(text));
        match streamed {
            true => stream([says(head), says(tail)]),
            false => whole(&says(REPORT)),
        }
    },
    thinks: true,
    state: None,
    paired: |request| {
        let messages = || list(request, "/messages").into_iter();
        let calls = messages().flat_map(|message| list(message, "/tool_calls"));
        let results = messages().filter(|message| message["role"] == "tool");
        paired(
            &texts(calls, "/function/name"),
            &texts(results, "/tool_name"),
        )
    },
};

const HEAD: &str = r#""model":"qwen3","created_at":"2026-11-29T12:00:00Z""#;
const END: &str = r#""done":true,"done_reason":"stop","total_duration":5000000,"load_duration":1000000,"prompt_eval_count":20,"prompt_eval_duration":1000000,"eval_count":10,"eval_duration":3000000"#;

fn whole(message: &str) -> Reply {
    Reply::status(200).json(format!(
        r#"{{{HEAD},"message":{{"role":"assistant",{message}}},{END}}}"#
    ))
}

fn stream(messages: impl IntoIterator<Item = String>) -> Reply {
    let line = |message: String| {
        format!("{{{HEAD},\"message\":{{\"role\":\"assistant\",{message}}},\"done\":false}}\n")
    };
    let end = format!("{{{HEAD},\"message\":{{\"role\":\"assistant\",\"content\":\"\"}},{END}}}\n");
    Reply::status(200)
        .header("content-type", "application/x-ndjson")
        .chunked(messages.into_iter().map(line).chain([end]))
}
