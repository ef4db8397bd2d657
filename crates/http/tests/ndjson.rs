//! What the decoder of newline-delimited JSON does.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use bytes::Bytes;
use trunkline_http::{
    Limit,
    frame::{Frame, FrameLimits, Framing, NdJsonDecoder},
};

use framing::{bytes, cut, decode};

mod framing;

/// What a decoder with these limits reads from chunks that end cleanly.
fn read(
    limits: FrameLimits,
    chunks: impl IntoIterator<Item = Bytes>,
) -> (Vec<Frame>, Option<Limit>) {
    decode(Framing::NdJson, limits, chunks, true)
}

/// The lines of a stream, whatever the chunks: they are tried, too.
fn lines(stream: impl AsRef<[u8]>) -> Vec<String> {
    let stream = Bytes::copy_from_slice(stream.as_ref());
    let whole = read(FrameLimits::default(), [stream.clone()]);
    assert_eq!(
        read(FrameLimits::default(), bytes(&stream)),
        whole,
        "byte by byte"
    );
    for at in 0..stream.len() {
        let halves = cut(&stream, &[at]);
        assert_eq!(read(FrameLimits::default(), halves), whole, "split at {at}");
    }
    assert_eq!(whole.1, None);
    whole
        .0
        .iter()
        .map(|frame| frame.text().unwrap().to_owned())
        .collect()
}

const NONE: [&str; 0] = [];

#[test]
fn bug_10_a_line_is_a_value_however_many_come_in_a_chunk() {
    assert_eq!(lines("{\"a\":1}\n{\"b\":2}\n"), ["{\"a\":1}", "{\"b\":2}"]);
    assert_eq!(lines("1\n[]\n\"x\"\n"), ["1", "[]", "\"x\""]);
}

#[test]
fn f068_bug_10_a_line_may_be_split_over_chunks() {
    let chunks = ["{\"mess", "age\":\"é", "\"}\n{\"done\":", "true}\n"].map(Bytes::from);
    let (frames, error) = read(FrameLimits::default(), chunks);
    assert_eq!(
        frames,
        ["{\"message\":\"é\"}", "{\"done\":true}"].map(Frame::new)
    );
    assert_eq!(error, None);
}

#[test]
fn a_value_is_given_with_its_line_ending_and_not_later() {
    let mut decoder = NdJsonDecoder::new(FrameLimits::default());
    decoder.feed("1\r".into());
    assert_eq!(decoder.next(), Ok(None));
    decoder.feed("\n2".into());
    assert_eq!(decoder.next(), Ok(Some(Frame::new("1"))));
    assert_eq!(decoder.next(), Ok(None));
}

#[test]
fn bug_11_a_line_comes_whole_whatever_is_in_it() {
    let line = r#"{"message":{"thinking":"hm","content":"hi","tool_calls":[{"id":"\n"}]}}"#;
    assert_eq!(lines(format!("{line}\n")), [line]);
}

#[test]
fn a_line_ends_with_lf_or_crlf() {
    assert_eq!(lines("1\r\n2\n3\r\n"), ["1", "2", "3"]);
}

#[test]
fn a_lone_cr_is_whitespace_within_a_value() {
    assert_eq!(lines("[1,\r2]\n"), ["[1,\r2]"]);
}

#[test]
fn blank_lines_are_skipped() {
    assert_eq!(lines("\n\r\n \n\t\r\n1\n\n\n2\n \n"), ["1", "2"]);
    assert_eq!(lines(""), NONE);
    assert_eq!(lines("\n"), NONE);
    assert_eq!(lines("1\n  "), ["1"]);
}

#[test]
fn a_byte_order_mark_is_skipped() {
    assert_eq!(lines("\u{FEFF}1\n2\n"), ["1", "2"]);
    assert_eq!(lines("\u{FEFF}"), NONE);
    assert_eq!(lines("1\n\"\u{FEFF}\"\n"), ["1", "\"\u{FEFF}\""]);
    assert_eq!(
        lines("\u{FEFF}\u{FEFF}1\n"),
        ["\u{FEFF}1"],
        "the second is for the JSON parser"
    );
}

#[test]
fn half_a_byte_order_mark_is_for_the_json_parser_to_refuse() {
    for stream in [&b"\xEF\xBB1\n"[..], b"\xEF\xBB1", b"\xEF\xBB", b"\xEF"] {
        for at in 0..stream.len() {
            let halves = [&stream[..at], &stream[at..]].map(Bytes::copy_from_slice);
            let (frames, _) = read(FrameLimits::default(), halves);
            assert_eq!(
                frames,
                [Frame::new(stream.trim_ascii_end().to_vec())],
                "split at {at}"
            );
        }
    }
}

#[test]
fn the_last_line_needs_no_ending() {
    assert_eq!(lines("1\n2"), ["1", "2"]);
    assert_eq!(lines("1\n2\r"), ["1", "2"]);
}

#[test]
fn at_the_end_everything_is_given_even_if_nothing_was_taken_before() {
    let mut decoder = NdJsonDecoder::new(FrameLimits::default());
    for chunk in ["1\n2", "2\n", "3"] {
        decoder.feed(chunk.into());
    }
    for text in ["1", "22", "3"] {
        assert_eq!(decoder.finish(), Ok(Some(Frame::new(text))));
    }
    assert_eq!(decoder.finish(), Ok(None));
}

#[test]
fn a_line_within_a_chunk_shares_it() {
    let chunk = Bytes::from(b"{\"a\":1}\r\n{\"b\":2}\n".to_vec());
    let range = chunk.as_ptr_range();
    let (frames, _) = read(FrameLimits::default(), [chunk.clone()]);
    assert_eq!(frames.len(), 2);
    assert!(
        frames
            .iter()
            .all(|frame| range.contains(&frame.data.as_ptr()))
    );
}

#[test]
fn a_line_may_be_as_long_as_the_limit() {
    let limited = |stream: &str, at| {
        let mut end = Bytes::copy_from_slice(stream.as_bytes());
        let start = end.split_to(at);
        read(FrameLimits::both(4), [start, end])
    };
    for at in 0..=5 {
        for stream in ["1234\n", "1234\r\n", "1234\r"] {
            assert_eq!(
                limited(stream, at),
                (vec![Frame::new("1234")], None),
                "{stream:?} at {at}"
            );
        }
        for stream in ["12345\n", "12345\r\n", "12345", "1234\r\r\n", "1234\r5"] {
            assert_eq!(
                limited(stream, at),
                (vec![], Some(Limit::Line)),
                "{stream:?} at {at}"
            );
        }
    }
}

#[test]
fn a_line_is_refused_as_soon_as_it_passes_the_limit() {
    let mut decoder = NdJsonDecoder::new(FrameLimits::both(4));
    decoder.feed("1234".into());
    assert_eq!(decoder.next(), Ok(None));
    decoder.feed("5".into());
    assert_eq!(decoder.next().unwrap_err().limit, Limit::Line);
}

#[test]
fn a_value_is_bounded_as_an_event() {
    let mut limits = FrameLimits::both(64);
    limits.event = 4;
    assert_eq!(read(limits, ["1234\n".into()]).1, None);
    assert_eq!(read(limits, ["12345\n".into()]).1, Some(Limit::Event));
}

#[test]
fn after_an_error_there_is_only_that_error() {
    let mut decoder = NdJsonDecoder::new(FrameLimits::both(4));
    decoder.feed("1\n12345\n2\n".into());
    assert_eq!(decoder.next(), Ok(Some(Frame::new("1"))));
    for _ in 0..3 {
        assert_eq!(decoder.next().unwrap_err().limit, Limit::Line);
        decoder.feed("3\n".into());
        assert_eq!(decoder.finish().unwrap_err().limit, Limit::Line);
    }
}
