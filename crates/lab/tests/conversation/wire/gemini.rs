//! Gemini's content.
//!
//! <https://ai.google.dev/api/generate-content>

use trunkline_testkit::peer::Reply;

use super::{CLOCK_INPUT, REPORT, THOUGHT, WEATHER_INPUT, quoted};
use crate::speaker::{Speaker, account, list, paired, texts};

const SIGNATURE: &str = "c2VhbGVkLWJ5LWdlbWluaQ==";

pub(crate) const SPEAKER: Speaker = Speaker {
    name: "gemini",
    model: "gemini-2.5-flash",
    account: |url, client| {
        account::<trunkline_gemini::Api>(format!("{url}/v1beta"), client, |builder| builder)
    },
    calls: |streamed| {
        let thought = format!(r#"{{"text":"{THOUGHT}","thought":true}}"#);
        // Only the first of several calls is signed, and none has an id.
        let calls = format!(
            r#"{{"functionCall":{{"name":"weather","args":{WEATHER_INPUT}}},"thoughtSignature":"{SIGNATURE}"}},{{"functionCall":{{"name":"clock","args":{CLOCK_INPUT}}}}}"#
        );
        answer(&[&thought, &calls], streamed)
    },
    answers: |streamed| {
        let (head, tail) = REPORT.split_at(9);
        let part = |text: &str| format!(r#"{{"text":{}}}"#, quoted(text));
        match streamed {
            true => answer(&[&part(head), &part(tail)], true),
            false => answer(&[&part(REPORT)], false),
        }
    },
    thinks: true,
    state: Some(SIGNATURE),
    paired: |request| {
        let parts = || {
            let contents = list(request, "/contents").into_iter();
            contents.flat_map(|content| list(content, "/parts"))
        };
        paired(
            &texts(parts(), "/functionCall/name"),
            &texts(parts(), "/functionResponse/name"),
        )
    },
};

/// The same wire with Google's cloud; of signatures nobody says that they are good for both.
pub(crate) const VERTEX: Speaker = Speaker {
    name: "vertex",
    account: |url, client| {
        let url = format!("{url}/v1/projects/p/locations/global");
        account::<trunkline_vertex::Api>(url, client, |builder| builder)
    },
    ..SPEAKER
};

/// Each of `parts` in an event of its own, or all of them in one answer.
fn answer(parts: &[&str], streamed: bool) -> Reply {
    let frame = |parts: &str, rest: &str| {
        format!(
            r#"{{"candidates":[{{"content":{{"role":"model","parts":[{parts}]}},"index":0{rest}"modelVersion":"gemini-2.5-flash","responseId":"r-1"}}"#
        )
    };
    let end = r#","finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":20,"candidatesTokenCount":6,"thoughtsTokenCount":4,"totalTokenCount":30},"#;
    if !streamed {
        return Reply::status(200).json(frame(&parts.join(","), end));
    }
    let last = parts.len() - 1;
    let frames = parts.iter().enumerate();
    Reply::sse(frames.map(|(at, part)| frame(part, if at == last { end } else { "}]," })))
}
