//! Bedrock's Converse.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html>

use trunkline_testkit::{fixture::message, peer::Reply};

use super::{CLOCK_INPUT, REPORT, THOUGHT, WEATHER_INPUT, quoted};
use crate::speaker::{Speaker, account, list, paired, texts};

const SIGNATURE: &str = "c2VhbGVkLWJ5LWJlZHJvY2s=";

pub(crate) const SPEAKER: Speaker = Speaker {
    name: "bedrock",
    model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    account: |url, client| {
        account::<trunkline_bedrock::Api>(url.to_owned(), client, |builder| {
            builder.setting("region", "eu-central-1")
        })
    },
    calls: |streamed| match streamed {
        true => calls_streamed(),
        false => calls_whole(),
    },
    answers: |streamed| {
        let text = quoted(REPORT);
        match streamed {
            true => stream(
                &[delta(0, &format!(r#"{{"text":{text}}}"#)), stop(0)],
                "end_turn",
            ),
            false => whole(&format!(r#"{{"text":{text}}}"#), "end_turn"),
        }
    },
    thinks: true,
    state: Some(SIGNATURE),
    paired: |request| {
        let blocks = || {
            let messages = list(request, "/messages").into_iter();
            messages.flat_map(|message| list(message, "/content"))
        };
        paired(
            &texts(blocks(), "/toolUse/toolUseId"),
            &texts(blocks(), "/toolResult/toolUseId"),
        )
    },
};

const USAGE: &str =
    r#""usage":{"inputTokens":20,"outputTokens":10,"totalTokens":30},"metrics":{"latencyMs":7}"#;

fn whole(content: &str, reason: &str) -> Reply {
    Reply::status(200).json(format!(
        r#"{{"output":{{"message":{{"role":"assistant","content":[{content}]}}}},"stopReason":"{reason}",{USAGE}}}"#
    ))
}

fn calls_whole() -> Reply {
    whole(
        &format!(
            r#"{{"reasoningContent":{{"reasoningText":{{"text":"{THOUGHT}","signature":"{SIGNATURE}"}}}}}},{{"toolUse":{{"toolUseId":"tooluse_a","name":"weather","input":{WEATHER_INPUT}}}}},{{"toolUse":{{"toolUseId":"tooluse_b","name":"clock","input":{CLOCK_INPUT}}}}}"#
        ),
        "tool_use",
    )
}

type Event = (&'static str, String);

fn delta(at: u64, delta: &str) -> Event {
    let data = format!(r#"{{"contentBlockIndex":{at},"delta":{delta}}}"#);
    ("contentBlockDelta", data)
}

fn start(at: u64, id: &str, name: &str) -> Event {
    let data = format!(
        r#"{{"contentBlockIndex":{at},"start":{{"toolUse":{{"toolUseId":"{id}","name":"{name}"}}}}}}"#
    );
    ("contentBlockStart", data)
}

fn stop(at: u64) -> Event {
    (
        "contentBlockStop",
        format!(r#"{{"contentBlockIndex":{at}}}"#),
    )
}

fn stream(events: &[Event], reason: &str) -> Reply {
    let first = ("messageStart", r#"{"role":"assistant"}"#.to_owned());
    let last = [
        ("messageStop", format!(r#"{{"stopReason":"{reason}"}}"#)),
        ("metadata", format!("{{{USAGE}}}")),
    ];
    let events = std::iter::once(&first).chain(events).chain(&last);
    let framed = events.map(|(name, data)| {
        let headers = [(":event-type", *name), (":message-type", "event")];
        message(headers, data.clone())
    });
    Reply::status(200)
        .header("content-type", "application/vnd.amazon.eventstream")
        .chunked(framed)
}

fn calls_streamed() -> Reply {
    let (half, rest) = WEATHER_INPUT.split_at(9);
    let input = |at, input: &str| {
        delta(
            at,
            &format!(r#"{{"toolUse":{{"input":{}}}}}"#, quoted(input)),
        )
    };
    stream(
        &[
            delta(
                0,
                &format!(r#"{{"reasoningContent":{{"text":"{THOUGHT}"}}}}"#),
            ),
            delta(
                0,
                &format!(r#"{{"reasoningContent":{{"signature":"{SIGNATURE}"}}}}"#),
            ),
            stop(0),
            start(1, "tooluse_a", "weather"),
            input(1, half),
            input(1, rest),
            stop(1),
            start(2, "tooluse_b", "clock"),
            input(2, CLOCK_INPUT),
            stop(2),
        ],
        "tool_use",
    )
}
