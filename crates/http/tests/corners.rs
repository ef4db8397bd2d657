//! The corner of the design that lies in the framing.

#![allow(clippy::unwrap_used, reason = "tests")]

use bytes::Bytes;
use trunkline_http::frame::{FrameLimits, Framer, Framing};

/// Each event's name and data, however the stream is cut.
fn events(stream: &[u8], size: usize) -> Vec<(String, String)> {
    let mut framer = Framer::new(Framing::Sse, FrameLimits::default());
    let mut events = Vec::new();
    for chunk in stream.chunks(size) {
        framer.feed(Bytes::copy_from_slice(chunk));
        while let Some(frame) = framer.next().unwrap() {
            let name = String::from_utf8(frame.name.to_vec()).unwrap();
            events.push((name, frame.text().unwrap().to_owned()));
        }
    }
    events
}

#[test]
fn corner_35_cut_characters_odd_line_ends_comments_and_a_mark_change_nothing() {
    let stream =
        "\u{feff}: hello\r\ndata: grün\r\ndata: 日本\r\n\r\nevent: x\rdata:1\r\r:\n\ndata: end\n\n";
    let expected = [("", "grün\n日本"), ("x", "1"), ("", "end")];
    let expected = expected.map(|(name, data)| (name.to_owned(), data.to_owned()));
    for size in 1..=stream.len() {
        assert_eq!(
            events(stream.as_bytes(), size),
            expected,
            "in pieces of {size}"
        );
    }
}
