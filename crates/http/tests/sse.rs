//! What the event stream decoder does, case by case from section 9.2 of the WHATWG HTML standard,
//! and where it deliberately differs: see `f065_…`, `f053_…` and `a_line_of_json_…`.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use bytes::Bytes;
use trunkline_http::{
    Limit,
    frame::{Frame, FrameLimits, Framing, SseDecoder},
};

use framing::{bytes, cut, decode};

mod framing;

const SSE: Framing = Framing::Sse;

/// The events of a stream that ended cleanly. Whatever the chunks: they are tried, too.
fn events(stream: impl AsRef<[u8]>) -> Vec<Frame> {
    let stream = Bytes::copy_from_slice(stream.as_ref());
    let unlimited = |chunks: Vec<Bytes>| decode(SSE, FrameLimits::default(), chunks, true).0;
    let whole = unlimited(vec![stream.clone()]);
    assert_eq!(unlimited(bytes(&stream).collect()), whole, "byte by byte");
    for at in 0..stream.len().min(500) {
        assert_eq!(unlimited(cut(&stream, &[at])), whole, "split at {at}");
    }
    whole
}

/// Their data, for streams in which no event has a name.
fn data(stream: impl AsRef<[u8]>) -> Vec<String> {
    let events = events(stream);
    assert!(
        events.iter().all(|event| event.name.is_empty()),
        "{events:?}"
    );
    events
        .iter()
        .map(|event| event.text().unwrap().to_owned())
        .collect()
}

fn event(name: &'static str, data: &'static str) -> Frame {
    Frame::new(data).named(name)
}

const NONE: [&str; 0] = [];

// The grammar

#[test]
fn an_event_ends_with_a_blank_line() {
    assert_eq!(data("data: one\n\ndata: two\n\n"), ["one", "two"]);
}

#[test]
fn an_event_is_given_with_its_blank_line_and_not_later() {
    let mut decoder = SseDecoder::new(FrameLimits::default());
    decoder.feed("data: one\r".into());
    assert_eq!(decoder.next(), Ok(None));
    decoder.feed("\n\r".into());
    assert_eq!(
        decoder.next(),
        Ok(Some(Frame::new("one"))),
        "the LF may come minutes later"
    );
    decoder.feed("\n".into());
    assert_eq!(decoder.next(), Ok(None));
    assert_eq!(decoder.finish(), Ok(None));
}

#[test]
fn blank_lines_alone_are_no_events() {
    assert_eq!(data("\n\n\r\r\n\n"), NONE);
    assert_eq!(data(""), NONE);
    assert_eq!(data("\n\n\ndata:x\n\n\n\n"), ["x"]);
}

#[test]
fn f054_bug_06_one_space_after_the_colon_is_not_data() {
    assert_eq!(data("data:x\n\n"), ["x"]);
    assert_eq!(data("data: x\n\n"), ["x"]);
    assert_eq!(data("data:  x\n\n"), [" x"]);
    assert_eq!(data("data:\tx\n\n"), ["\tx"], "a tab is no space");
    assert_eq!(data("data: x \n\n"), ["x "], "a space at the end is data");
}

#[test]
fn f054_a_data_field_without_value_is_an_event_with_empty_data() {
    assert_eq!(data("data\n\n"), [""]);
    assert_eq!(data("data:\n\n"), [""]);
    assert_eq!(data("data: \n\n"), [""]);
}

#[test]
fn f054_bug_06_several_data_lines_are_joined_by_lf() {
    assert_eq!(data("data: a\ndata: b\ndata: c\n\n"), ["a\nb\nc"]);
    assert_eq!(data("data\ndata\n\n"), ["\n"]);
    assert_eq!(data("data:\ndata: payload\n\n"), ["\npayload"]);
    assert_eq!(data("data: a\n:comment\nid: 1\ndata: b\n\n"), ["a\nb"]);
}

#[test]
fn the_event_field_is_the_name() {
    assert_eq!(events("event: a\ndata: x\n\n"), [event("a", "x")]);
    assert_eq!(events("data: x\nevent:a\n\n"), [event("a", "x")]);
    assert_eq!(events("event:  a\ndata: x\n\n"), [event(" a", "x")]);
}

#[test]
fn the_last_name_counts_and_an_empty_one_is_none() {
    assert_eq!(events("event: a\nevent: b\ndata: x\n\n"), [event("b", "x")]);
    assert_eq!(events("event: a\nevent\ndata: x\n\n"), [event("", "x")]);
    assert_eq!(events("event: a\nevent:\ndata: x\n\n"), [event("", "x")]);
}

#[test]
fn a_name_is_of_one_event_only() {
    let stream = "event: a\ndata: x\n\ndata: y\n\n";
    assert_eq!(events(stream), [event("a", "x"), event("", "y")]);
}

#[test]
fn an_event_without_data_is_dropped_with_its_name() {
    assert_eq!(events("event: a\n\ndata: x\n\n"), [event("", "x")]);
    assert_eq!(events("event: a\n\n"), []);
}

#[test]
fn f064_id_and_retry_are_ignored() {
    let stream = "id: 7\nretry: 1\n\nid\nretry: soon\ndata: x\nid: a\0b\nretry\n\n";
    assert_eq!(data(stream), ["x"]);
}

#[test]
fn a_line_of_json_that_stands_alone_is_data() {
    let refused = r#"{"error":{"message":"out of memory"}}"#;
    assert_eq!(data(format!("data: one\n\n{refused}")), ["one", refused]);
    assert_eq!(
        data(format!("{refused}\n\ndata: two\n\n")),
        [refused, "two"]
    );
    assert_eq!(
        data("data: one\n{}\n\n"),
        ["one"],
        "in an event it is a field that nobody knows"
    );
    assert_eq!(
        data("{\n\n}\n\ndata: one\n\n"),
        ["one"],
        "a half of one is none"
    );
}

#[test]
fn f057_unknown_fields_are_ignored() {
    assert_eq!(
        data("datas: 1\ndat: 2\nDATA: 3\n data: 4\ndata : 5\ndata: x\nfoo\n\n"),
        ["x"]
    );
    assert_eq!(data("events: a\nEvent: b\ndata: x\n\n"), ["x"]);
    assert_eq!(data("data\0: 1\ndata; 2\n\n"), NONE);
}

#[test]
fn f055_bug_07_comments_are_skipped() {
    let stream = ": OPENROUTER PROCESSING\n\n:\n\ndata: x\n\n: ping\r\r:data: y\n\ndata: z\n\n";
    assert_eq!(data(stream), ["x", "z"]);
    assert_eq!(data("data: a\n: keep-alive\n:\0\ndata: b\n\n"), ["a\nb"]);
    assert_eq!(
        data(format!("data: a\n:{}\ndata: b\n\n", "long ".repeat(500))),
        ["a\nb"]
    );
}

#[test]
fn colons_in_a_value_are_data() {
    assert_eq!(
        data("data: {\"a\":{\"b\":1}}\n\ndata::\n\ndata: : x\n\n"),
        ["{\"a\":{\"b\":1}}", ":", ": x"]
    );
}

#[test]
fn a_null_character_is_data() {
    assert_eq!(data("data:a\0b\n\ndata:\0\n\n"), ["a\0b", "\0"]);
}

// Line endings

#[test]
fn f051_lf_cr_and_crlf_end_a_line() {
    for end in ["\n", "\r", "\r\n"] {
        let stream = "event: a~data: x~data: y~~data: z~~".replace('~', end);
        assert_eq!(
            events(stream),
            [event("a", "x\ny"), event("", "z")],
            "{end:?}"
        );
    }
}

#[test]
fn f051_endings_may_be_mixed() {
    assert_eq!(
        data("data:1\r\rdata:2\n\ndata:3\r\n\r\ndata:4\n\r\ndata:5\r\n\n"),
        ["1", "2", "3", "4", "5"]
    );
    assert_eq!(data("data:1\ndata:2\rdata:3\r\ndata:4\n\r"), ["1\n2\n3\n4"]);
}

#[test]
fn f051_bug_04_cr_and_lf_in_different_chunks_are_one_ending() {
    let chunks = ["event: a\r", "\ndata: x\r", "\n\r", "\n"].map(Bytes::from);
    let (frames, error) = decode(SSE, FrameLimits::default(), chunks, true);
    assert_eq!((frames, error), (vec![event("a", "x")], None));
}

#[test]
fn f051_an_empty_chunk_between_cr_and_lf_changes_nothing() {
    let chunks = ["event: a\r", "", "\ndata: x\r", "", "", "\n\r\n"].map(Bytes::from);
    let (frames, error) = decode(SSE, FrameLimits::default(), chunks, true);
    assert_eq!((frames, error), (vec![event("a", "x")], None));
}

// Encoding

#[test]
fn f049_bug_05_a_leading_byte_order_mark_is_skipped() {
    assert_eq!(data("\u{FEFF}data: 1\n\ndata: 2\n\n"), ["1", "2"]);
    assert_eq!(data("\u{FEFF}"), NONE);
    assert_eq!(data("\u{FEFF}\ndata: 1\n\n"), ["1"]);
}

#[test]
fn f049_only_the_first_byte_order_mark_is_skipped() {
    assert_eq!(data("\u{FEFF}\u{FEFF}data: 1\n\ndata: 2\n\n"), ["2"]);
    assert_eq!(
        data("data: 1\n\n\u{FEFF}data: 2\n\ndata: 3\n\n"),
        ["1", "3"]
    );
    assert_eq!(data("data: \u{FEFF}1\n\n"), ["\u{FEFF}1"]);
}

#[test]
fn bug_05_half_a_byte_order_mark_is_the_beginning_of_a_line() {
    assert_eq!(data(b"\xEF\xBBdata: 1\n\ndata: 2\n\n"), ["2"]);
    assert_eq!(data(b"\xEF\ndata: 2\n\n"), ["2"]);
    assert_eq!(data(b"\xEF\xBB"), NONE);
}

#[test]
fn f052_bugs_01_02_03_a_character_may_be_split_over_chunks() {
    assert_eq!(data("data: aé漢😀\n\ndata: 😀\n\n"), ["aé漢😀", "😀"]);
}

#[test]
fn f053_bug_05_invalid_utf8_is_handed_on_and_refused_as_text() {
    let frames = events(b"data: a\xFFb\n\ndata: fine\n\n");
    assert_eq!(frames[0].data, &b"a\xFFb"[..]);
    assert!(frames[0].text().is_err());
    assert_eq!(frames[1].text(), Ok("fine"));
}

// The end

#[test]
fn f065_bug_09_an_event_without_its_blank_line_is_given_at_a_clean_end() {
    assert_eq!(
        events("data: 1\n\nevent: a\ndata: 2\n"),
        [event("", "1"), event("a", "2")]
    );
    assert_eq!(
        data("data: 1\ndata: 2"),
        ["1\n2"],
        "the last line has no ending"
    );
    assert_eq!(data("data: 1\n\ndata"), ["1", ""]);
    assert_eq!(data("data: 1\r"), ["1"]);
    assert_eq!(
        data("data: 1\n\nevent: a"),
        ["1"],
        "without data it is no event"
    );
}

#[test]
fn f065_an_event_without_its_blank_line_is_discarded_at_a_broken_end() {
    for stream in [
        "data: 1\n\ndata: 2\n",
        "data: 1\n\ndata: 2",
        "data: 1\r\rdata: 2\r",
    ] {
        let (frames, error) = decode(SSE, FrameLimits::default(), [Bytes::from(stream)], false);
        assert_eq!((frames, error), (vec![Frame::new("1")], None), "{stream:?}");
    }
}

#[test]
fn at_the_end_everything_is_given_even_if_nothing_was_taken_before() {
    let mut decoder = SseDecoder::new(FrameLimits::default());
    for chunk in ["data: 1\n\nda", "ta: 2\n", "\ndata", ": 3"] {
        decoder.feed(chunk.into());
    }
    for text in ["1", "2", "3"] {
        assert_eq!(decoder.finish(), Ok(Some(Frame::new(text))));
    }
    assert_eq!(decoder.finish(), Ok(None));
}

#[test]
fn events_come_in_order_even_if_more_is_fed_between() {
    let mut decoder = SseDecoder::new(FrameLimits::default());
    decoder.feed("data: 1\n\n".into());
    decoder.feed("data: 2\n\n".into());
    assert_eq!(decoder.next(), Ok(Some(Frame::new("1"))));
    decoder.feed("data: 3\n\n".into());
    assert_eq!(decoder.next(), Ok(Some(Frame::new("2"))));
    assert_eq!(decoder.next(), Ok(Some(Frame::new("3"))));
}

// Memory

#[test]
fn an_event_within_a_chunk_shares_it() {
    let chunk = Bytes::from(b"event: a\ndata: one\n\r\ndata: two\r\n\r\n".to_vec());
    let range = chunk.as_ptr_range();
    let (frames, _) = decode(SSE, FrameLimits::default(), [chunk.clone()], true);
    assert_eq!(frames.len(), 2);
    for slice in [&frames[0].name, &frames[0].data, &frames[1].data] {
        assert!(range.contains(&slice.as_ptr()), "{slice:?} was copied");
    }
}

#[test]
fn what_was_taken_does_not_keep_its_chunk() {
    let chunk = Bytes::from(b"data: one\n\ndata: tw".to_vec());
    let mut decoder = SseDecoder::new(FrameLimits::default());
    decoder.feed(chunk.clone());
    assert!(decoder.next().unwrap().is_some());
    assert_eq!(decoder.next(), Ok(None));
    assert!(chunk.is_unique());

    let chunk = Bytes::from(b"data: one\n\n".to_vec());
    decoder.feed(chunk.clone());
    assert!(decoder.next().unwrap().is_some());
    assert_eq!(decoder.next(), Ok(None));
    assert!(chunk.is_unique());
}

#[test]
fn f061_a_line_is_refused_as_soon_as_it_passes_the_limit() {
    let limits = FrameLimits::default();
    let kib = Bytes::from(vec![b'x'; 1 << 10]);
    let mut decoder = SseDecoder::new(limits);
    decoder.feed("data: ".into());
    for read in (6..)
        .step_by(1 << 10)
        .take_while(|&read| read + kib.len() <= limits.line)
    {
        decoder.feed(kib.clone());
        assert_eq!(decoder.next(), Ok(None), "after {read} bytes");
    }
    decoder.feed(kib);
    assert_eq!(decoder.next().unwrap_err().limit, Limit::Line);
}

#[test]
fn f061_a_line_of_2_mib_in_small_chunks_costs_50_ms_at_most() {
    let kib = Bytes::from(vec![b'x'; 1 << 10]);
    let read = || {
        let mut decoder = SseDecoder::new(FrameLimits::both(4 << 20));
        let began = std::time::Instant::now();
        decoder.feed("data: ".into());
        for _ in 0..2 << 10 {
            decoder.feed(kib.clone());
            assert_eq!(decoder.next(), Ok(None));
        }
        began.elapsed()
    };
    // The best of a few: this machine has other things to do as well. Quadratic, it were seconds.
    let least = (0..5).map(|_| read()).min().unwrap();
    assert!(least <= std::time::Duration::from_millis(50), "{least:?}");
}

#[test]
fn f061_a_line_may_be_as_long_as_the_limit() {
    let line = |length: usize| [b"data: ", &vec![b'x'; length - 6][..], b"\r\n\n"].concat();
    for cuts in [vec![], vec![1], vec![40], vec![64], vec![65], vec![66]] {
        let limited = |length| {
            decode(
                SSE,
                FrameLimits::both(64),
                cut(&line(length).into(), &cuts),
                true,
            )
        };
        assert_eq!(
            limited(64),
            (vec![Frame::new(vec![b'x'; 58])], None),
            "{cuts:?}"
        );
        assert_eq!(limited(65), (vec![], Some(Limit::Line)), "{cuts:?}");
    }
}

#[test]
fn f061_a_comment_is_bounded_as_well() {
    let chunks = std::iter::once(":".into()).chain(vec![Bytes::from(vec![b'x'; 50]); 2]);
    assert_eq!(
        decode(SSE, FrameLimits::both(64), chunks, true),
        (vec![], Some(Limit::Line))
    );
}

#[test]
fn f063_an_event_of_200_000_data_lines_is_refused() {
    let lines = |count| {
        decode(
            SSE,
            FrameLimits::default(),
            ["data:\n".repeat(count).into()],
            true,
        )
    };
    assert_eq!(
        lines(199_999),
        (vec![Frame::new("\n".repeat(199_998))], None)
    );
    assert_eq!(lines(200_000), (vec![], Some(Limit::Event)));
}

#[test]
fn an_event_may_have_as_much_data_as_the_limit() {
    let mut limits = FrameLimits::both(64);
    limits.event = 11;
    let limited = |stream: &'static str| decode(SSE, limits, [stream.into()], true);
    assert_eq!(limited("data: 12345\ndata: 12345\n\n").1, None);
    assert_eq!(
        limited("data: 12345\ndata: 123456\n\n").1,
        Some(Limit::Event)
    );
    assert_eq!(limited("data: 12345678901\n\n").1, None);
    assert_eq!(limited("data: 123456789012\n\n").1, Some(Limit::Event));
    assert_eq!(
        limited("data: 12345678901\n\ndata: 12345678901\n\n").1,
        None,
        "each on its own"
    );
    assert_eq!(limited("data: 123\ndata: 123\ndata: 123\n\n").1, None);
    let passed = limited("data: 123\ndata: 123\ndata: 1234\n\n").1;
    assert_eq!(passed, Some(Limit::Event));
}

#[test]
fn after_an_error_there_is_only_that_error() {
    for (stream, limit) in [
        (
            "data: 1\n\ndata: 12345678901234567890\n\ndata: 2\n\n",
            Limit::Line,
        ),
        (
            "data: 1\n\ndata: 12345\ndata: 12345\n\ndata: 2\n\n",
            Limit::Event,
        ),
    ] {
        let mut limits = FrameLimits::both(16);
        limits.event = 10;
        let mut decoder = SseDecoder::new(limits);
        decoder.feed(stream.into());
        assert_eq!(decoder.next(), Ok(Some(Frame::new("1"))));
        for _ in 0..3 {
            assert_eq!(decoder.next().unwrap_err().limit, limit);
            decoder.feed("\n\ndata: 3\n\n".into());
            assert_eq!(decoder.finish().unwrap_err().limit, limit);
        }
    }
}

#[test]
fn bug_14_an_image_in_one_line_passes_where_the_limit_allows_it() {
    let image = "A".repeat(3 << 20);
    let stream = Bytes::from(format!("data: {image}\n\n"));
    let chunks = || {
        (0..stream.len())
            .step_by(16 << 10)
            .map(|at| stream.slice(at..stream.len().min(at + (16 << 10))))
    };
    let (frames, error) = decode(SSE, FrameLimits::both(32 << 20), chunks(), true);
    assert_eq!(error, None);
    assert!(frames == [Frame::new(image)]);
    assert_eq!(
        decode(SSE, FrameLimits::default(), chunks(), true).1,
        Some(Limit::Line)
    );
}
