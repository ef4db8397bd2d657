//! Anthropic's messages.
//!
//! <https://platform.claude.com/docs/en/api/messages>

use trunkline_testkit::peer::Reply;

use super::{CLOCK_INPUT, REPORT, THOUGHT, WEATHER_INPUT, named, quoted};
use crate::speaker::{Speaker, account, list, paired, texts};

const SIGNATURE: &str = "c2VhbGVkLWJ5LWFudGhyb3BpYw==";

pub(crate) const SPEAKER: Speaker = Speaker {
    name: "anthropic",
    model: "claude-sonnet-4-5",
    account: |url, client| {
        account::<trunkline_anthropic::Api>(format!("{url}/v1"), client, |builder| builder)
    },
    calls: |streamed| match streamed {
        true => calls_streamed(),
        false => calls_whole(),
    },
    answers: |streamed| {
        let text = quoted(REPORT);
        match streamed {
            true => stream(
                [
                    start(0, r#"{"type":"text","text":""}"#),
                    delta(0, &format!(r#"{{"type":"text_delta","text":{text}}}"#)),
                    stop(0),
                ],
                "end_turn",
            ),
            false => whole(&format!(r#"{{"type":"text","text":{text}}}"#), "end_turn"),
        }
    },
    thinks: true,
    state: Some(SIGNATURE),
    paired: |request| {
        let blocks = || {
            let messages = list(request, "/messages").into_iter();
            messages.flat_map(|message| list(message, "/content"))
        };
        let calls = blocks().filter(|block| block["type"] == "tool_use");
        let results = blocks().filter(|block| block["type"] == "tool_result");
        paired(&texts(calls, "/id"), &texts(results, "/tool_use_id"))
    },
};

fn whole(content: &str, reason: &str) -> Reply {
    Reply::status(200).json(format!(
        r#"{{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[{content}],"stop_reason":"{reason}","stop_sequence":null,"usage":{{"input_tokens":20,"output_tokens":10}}}}"#
    ))
}

fn calls_whole() -> Reply {
    whole(
        &format!(
            r#"{{"type":"thinking","thinking":"{THOUGHT}","signature":"{SIGNATURE}"}},{{"type":"tool_use","id":"toolu_a","name":"weather","input":{WEATHER_INPUT}}},{{"type":"tool_use","id":"toolu_b","name":"clock","input":{CLOCK_INPUT}}}"#
        ),
        "tool_use",
    )
}

fn calls_streamed() -> Reply {
    let mut events = vec![
        start(0, r#"{"type":"thinking","thinking":"","signature":""}"#),
        delta(
            0,
            &format!(r#"{{"type":"thinking_delta","thinking":"{THOUGHT}"}}"#),
        ),
        delta(
            0,
            &format!(r#"{{"type":"signature_delta","signature":"{SIGNATURE}"}}"#),
        ),
        stop(0),
    ];
    for (index, id, name, input) in [
        (1, "toolu_a", "weather", WEATHER_INPUT),
        (2, "toolu_b", "clock", CLOCK_INPUT),
    ] {
        let block = format!(r#"{{"type":"tool_use","id":"{id}","name":"{name}","input":{{}}}}"#);
        let (head, tail) = input.split_at(5);
        let piece = |json: &str| {
            let json = quoted(json);
            format!(r#"{{"type":"input_json_delta","partial_json":{json}}}"#)
        };
        events.extend([
            start(index, &block),
            delta(index, &piece(head)),
            delta(index, &piece(tail)),
            stop(index),
        ]);
    }
    stream(events, "tool_use")
}

type Event = (&'static str, String);

fn start(index: u32, block: &str) -> Event {
    let data =
        format!(r#"{{"type":"content_block_start","index":{index},"content_block":{block}}}"#);
    ("content_block_start", data)
}

fn delta(index: u32, delta: &str) -> Event {
    let data = format!(r#"{{"type":"content_block_delta","index":{index},"delta":{delta}}}"#);
    ("content_block_delta", data)
}

fn stop(index: u32) -> Event {
    let data = format!(r#"{{"type":"content_block_stop","index":{index}}}"#);
    ("content_block_stop", data)
}

fn stream(blocks: impl IntoIterator<Item = Event>, reason: &str) -> Reply {
    let begin = r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":20,"output_tokens":1}}}"#;
    let end = format!(
        r#"{{"type":"message_delta","delta":{{"stop_reason":"{reason}","stop_sequence":null}},"usage":{{"output_tokens":10}}}}"#
    );
    let mut events = vec![("message_start", begin.to_owned())];
    events.extend(blocks);
    events.push(("message_delta", end));
    events.push(("message_stop", r#"{"type":"message_stop"}"#.to_owned()));
    named(events)
}
