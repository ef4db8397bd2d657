//! Ollama's own API. Its calls may come without ids: results go by the tool's name, in order.
//!
//! <https://docs.ollama.com/api/chat>

use serde_json::Value;
use trunkline_testkit::peer::Reply;

use super::{CLOCK_INPUT, REPORT, THOUGHT, WEATHER_INPUT, quoted};
use crate::speaker::{Speaker, account, list, paired, texts};

pub(crate) const SPEAKER: Speaker = Speaker {
    name: "ollama",
    model: "qwen3",
    account: |url, client| {
        account::<trunkline_ollama::Api>(format!("{url}/api"), client, |builder| builder)
    },
    calls,
    answers,
    thinks: true,
    state: None,
    paired: |request| {
        let messages = || list(request, "/messages").into_iter();
        let calls: Vec<&Value> = messages()
            .flat_map(|message| list(message, "/tool_calls"))
            .collect();
        let results = || messages().filter(|message| message["role"] == "tool");
        let ids = texts(calls.iter().copied(), "/id");
        if ids != texts(results(), "/tool_call_id") {
            return Err(format!("ids of calls without results: {ids:?}"));
        }
        let names = texts(calls, "/function/name");
        paired(&names, &texts(results(), "/tool_name"))
    },
};

/// A message in pieces, or whole; each is the inside of an object.
fn answer(pieces: &[String], streamed: bool) -> Reply {
    let line = |piece: &str, done: bool| {
        let end = if done {
            r#""done":true,"done_reason":"stop","total_duration":5000000,"prompt_eval_count":20,"eval_count":10"#
        } else {
            r#""done":false"#
        };
        format!(
            r#"{{"model":"qwen3","created_at":"2026-09-21T14:13:20.5Z","message":{{"role":"assistant",{piece}}},{end}}}"#
        )
    };
    if !streamed {
        return Reply::status(200).json(line(&pieces.join(","), true));
    }
    let pieces = pieces.iter().map(|piece| line(piece, false) + "\n");
    Reply::status(200)
        .header("content-type", "application/x-ndjson")
        .chunked(pieces.chain([line(r#""content":"""#, true) + "\n"]))
}

fn calls(streamed: bool) -> Reply {
    let call = |name: &str, input: &str| {
        format!(r#"{{"function":{{"name":"{name}","arguments":{input}}}}}"#)
    };
    let calls = [call("weather", WEATHER_INPUT), call("clock", CLOCK_INPUT)].join(",");
    let thought = format!(r#""thinking":{}"#, quoted(THOUGHT));
    answer(&[thought, format!(r#""tool_calls":[{calls}]"#)], streamed)
}

fn answers(streamed: bool) -> Reply {
    answer(&[format!(r#""content":{}"#, quoted(REPORT))], streamed)
}
