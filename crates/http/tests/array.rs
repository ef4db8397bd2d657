//! A JSON array in pieces, and binary messages with their length: what comes out does not depend on
//! the pieces, and is bounded.

#![allow(clippy::unwrap_used, reason = "tests")]

use bytes::Bytes;
use proptest::prelude::*;
use trunkline_http::{
    Limit,
    frame::{Frame, FrameLimits, FrameTooLarge, Framer, Framing},
};

fn frames(
    framing: Framing,
    limits: FrameLimits,
    chunks: impl IntoIterator<Item = Bytes>,
) -> Result<Vec<Frame>, FrameTooLarge> {
    let mut framer = Framer::new(framing, limits);
    let mut frames = Vec::new();
    for chunk in chunks {
        framer.feed(chunk);
        while let Some(frame) = framer.next()? {
            frames.push(frame);
        }
    }
    while let Some(frame) = framer.finish()? {
        frames.push(frame);
    }
    Ok(frames)
}

fn values(json: &'static str) -> Vec<String> {
    let limits = FrameLimits::default();
    let frames = frames(Framing::JsonArray, limits, [json.into()]).unwrap();
    let text = |frame: &Frame| frame.text().unwrap().to_owned();
    frames.iter().map(text).collect()
}

/// The last of the frames of a whole array.
const END: &str = "";

#[test]
fn each_element_of_an_array_is_a_frame() {
    assert_eq!(
        values("[{\"a\":1}\r\n,\r\n{\"b\":[2,{}]} ,[3]]\n"),
        ["{\"a\":1}", "{\"b\":[2,{}]}", "[3]", END]
    );
    assert_eq!(values("[]"), [END]);
    assert_eq!(values(" [ ] trailing {} ]"), [END]);
    assert_eq!(values(" "), [""; 0]);
}

#[test]
fn brackets_and_quotes_in_strings_are_text() {
    assert_eq!(
        values(r#"[{"a":"]}\"{["},{"b\\":"\\"},"x,]"]"#),
        [r#"{"a":"]}\"{["}"#, r#"{"b\\":"\\"}"#, r#""x,]""#, END]
    );
}

#[test]
fn a_value_without_an_array_is_a_frame() {
    assert_eq!(values("\n{\"error\":{}}\n"), ["{\"error\":{}}"]);
    assert_eq!(values("null"), ["null"]);
    assert_eq!(values(" <html> and more"), ["<html>"]);
}

#[test]
fn what_is_cut_is_no_frame() {
    assert_eq!(values("[{\"a\":1},{\"b\":"), ["{\"a\":1}"]);
    let cut = frames(
        Framing::Prefixed,
        FrameLimits::default(),
        [Bytes::from_static(b"\0\0\0\x05a\0\0\0\x09cut")],
    );
    assert_eq!(cut.unwrap().len(), 1);
}

#[test]
fn an_element_grows_to_the_bound_and_not_past_it() {
    let element = "{\"a\":\"0123456789\"}";
    let array = format!("[{element},{element}]");
    let read = |event| {
        let limits = FrameLimits::both(event);
        frames(Framing::JsonArray, limits, [array.clone().into()])
    };
    assert_eq!(read(element.len()).unwrap().len(), 3);
    let error = read(element.len() - 1).unwrap_err();
    assert_eq!(error.limit, Limit::Event);
}

#[test]
fn a_message_grows_to_the_bound_and_not_past_it() {
    let read = |length: u32, limit| {
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.resize(64, 7);
        frames(
            Framing::Prefixed,
            FrameLimits::both(limit),
            [Bytes::from(bytes)],
        )
    };
    assert_eq!(read(64, 64).unwrap().first().unwrap().data.len(), 64);
    assert_eq!(read(65, 64).unwrap_err().limit, Limit::Event);
    assert_eq!(read(u32::MAX, 64).unwrap_err().limit, Limit::Event);
    // Shorter than the length itself: there is no telling where the next one begins.
    assert_eq!(read(3, 64).unwrap_err().limit, Limit::Event);
}

fn cut(bytes: &[u8], sizes: &[usize]) -> Vec<Bytes> {
    let mut rest = Bytes::copy_from_slice(bytes);
    let mut chunks = Vec::new();
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        chunks.push(rest.split_to((*size).min(rest.len())));
    }
    chunks
}

proptest! {
    #[test]
    fn the_pieces_of_an_array_do_not_matter(
        array in "[\\[\\]{}\",\\\\ a1\n]{0,60}",
        sizes in prop::collection::vec(1usize..9, 1..6),
    ) {
        let limits = FrameLimits::both(24);
        let whole = frames(Framing::JsonArray, limits, [Bytes::from(array.clone())]);
        let pieces = frames(Framing::JsonArray, limits, cut(array.as_bytes(), &sizes));
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn the_pieces_of_messages_do_not_matter(
        bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 0..5),
        sizes in prop::collection::vec(1usize..9, 1..6),
    ) {
        let mut bytes = Vec::new();
        for body in &bodies {
            bytes.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
            bytes.extend(body);
        }
        let read = frames(Framing::Prefixed, FrameLimits::both(24), cut(&bytes, &sizes)).unwrap();
        let read: Vec<&[u8]> = read.iter().map(|frame| &frame.data[4..]).collect();
        prop_assert_eq!(read, bodies);
    }
}
