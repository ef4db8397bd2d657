//! What the decoder of a JSON array does whose elements are frames.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use bytes::Bytes;
use trunkline_http::{
    Limit,
    frame::{Frame, FrameLimits, Framing, JsonArrayDecoder},
};

use framing::{bytes, cut, decode};

mod framing;

/// What a decoder with these limits reads from chunks that end cleanly.
fn read(
    limits: FrameLimits,
    chunks: impl IntoIterator<Item = Bytes>,
) -> (Vec<Frame>, Option<Limit>) {
    decode(Framing::JsonArray, limits, chunks, true)
}

/// The elements of an array and its end, whatever the chunks: they are tried, too.
fn elements(stream: impl AsRef<[u8]>) -> Vec<String> {
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
    let frames = whole.0.iter();
    frames
        .map(|frame| frame.text().unwrap().to_owned())
        .collect()
}

#[test]
fn f071_each_element_is_a_frame() {
    assert_eq!(
        elements("[{\"a\":1}\n,\r\n{\"b\":[2,{}]}\n]\n"),
        ["{\"a\":1}", "{\"b\":[2,{}]}", ""]
    );
    assert_eq!(elements("\u{feff}[ {} ]"), ["{}", ""]);
    assert_eq!(elements("[]"), [""]);
    assert!(elements("").is_empty());
}

#[test]
fn signs_in_strings_end_nothing() {
    let element = r#"{"text":"a ] } , [ { \" \\","é":"漢"}"#;
    let list = elements(format!("[{element},{element}]"));
    assert_eq!(list, [element, element, ""]);
}

#[test]
fn a_value_without_an_array_is_a_frame() {
    assert_eq!(elements("{\"error\":{}}\n"), ["{\"error\":{}}"]);
    assert_eq!(elements("[1,\"a\",null]"), ["1", "\"a\"", "null", ""]);
}

#[test]
fn what_follows_the_end_is_ignored() {
    assert_eq!(elements("[{}]\n<html>]{}"), ["{}", ""]);
}

#[test]
fn what_is_cut_is_a_frame_at_a_clean_end_only() {
    let chunks = || [Bytes::from("[{\"a\":1},{\"b\"")];
    let limits = FrameLimits::default();
    let texts = |clean| {
        let (frames, _) = decode(Framing::JsonArray, limits, chunks(), clean);
        frames
            .iter()
            .map(|frame| frame.text().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(texts(true), ["{\"a\":1}", "{\"b\""]);
    assert_eq!(texts(false), ["{\"a\":1}"]);
}

#[test]
fn an_element_that_is_too_large_is_an_error_for_good() {
    for stream in ["[{\"a\":\"12345678\"}]", "[{\"a\":\"12345678"] {
        let mut decoder = JsonArrayDecoder::new(FrameLimits::both(10));
        decoder.feed("[{},".into());
        assert_eq!(decoder.next().unwrap().unwrap().data, "{}");
        decoder.feed(stream.into());
        assert_eq!(decoder.next().unwrap_err().limit, Limit::Event);
        decoder.feed("[{}]".into());
        assert_eq!(decoder.next().unwrap_err().limit, Limit::Event);
        assert_eq!(decoder.finish().unwrap_err().limit, Limit::Event);
    }
}
