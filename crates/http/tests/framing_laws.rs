//! What holds for every stream, made up or recorded: the frames are those of an obviously right
//! implementation, whatever the chunks.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

use std::{fs, iter, path::Path};

use bytes::Bytes;
use proptest::{collection::vec, prelude::*, sample::select};
use trunkline_http::frame::{Frame, FrameLimits, Framer, Framing};

use framing::{bytes, cut, decode};

mod framing;

// The reference

/// All frames of a stream, without limits. With a broken end, what was cut is no frame.
fn reference(framing: Framing, stream: &[u8], clean: bool) -> Vec<Frame> {
    let stream = stream.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(stream);
    match framing {
        Framing::Sse => sse(stream, clean),
        Framing::NdJson => ndjson(stream, clean),
        _ => unreachable!("no reference for {framing:?}"),
    }
}

/// The standard, word for word and line by line, and JSON that stands alone.
fn sse(stream: &[u8], clean: bool) -> Vec<Frame> {
    let (mut frames, mut name, mut buffer) = (Vec::new(), Vec::new(), Vec::new());
    let mut dispatch = |name: &mut Vec<u8>, buffer: &mut Vec<u8>| {
        let (name, mut buffer) = (std::mem::take(name), std::mem::take(buffer));
        if buffer.pop().is_some() {
            frames.push(Frame::new(buffer).named(name));
        }
    };
    let (lines, rest) = sse_lines(stream);
    let last = Some(rest).filter(|rest| clean && !rest.is_empty());
    for line in lines.into_iter().chain(last) {
        if line.is_empty() {
            dispatch(&mut name, &mut buffer);
            continue;
        }
        if buffer.is_empty() && line.starts_with(b"{") && line.ends_with(b"}") {
            buffer.extend([line, b"\n"].concat());
            continue;
        }
        let (field, value) = match line.iter().position(|&byte| byte == b':') {
            Some(0) => continue,
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &line[line.len()..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => name = value.to_vec(),
            b"data" => buffer.extend([value, b"\n"].concat()),
            _ => {}
        }
    }
    if clean {
        dispatch(&mut name, &mut buffer);
    }
    frames
}

/// The lines that have an ending, and what follows the last.
fn sse_lines(mut rest: &[u8]) -> (Vec<&[u8]>, &[u8]) {
    let mut lines = Vec::new();
    while let Some(at) = rest.iter().position(|byte| b"\r\n".contains(byte)) {
        lines.push(&rest[..at]);
        let ending = if rest[at..].starts_with(b"\r\n") {
            2
        } else {
            1
        };
        rest = &rest[at + ending..];
    }
    (lines, rest)
}

fn ndjson(stream: &[u8], clean: bool) -> Vec<Frame> {
    let mut lines: Vec<_> = stream.split(|&byte| byte == b'\n').collect();
    if !clean {
        lines.pop();
    }
    let lines = lines
        .into_iter()
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let values = lines.filter(|line| line.iter().any(|byte| !b" \t\r".contains(byte)));
    values.map(|line| Frame::new(line.to_vec())).collect()
}

// Made-up streams

fn framings() -> impl Strategy<Value = Framing> {
    select(&[Framing::Sse, Framing::NdJson][..])
}

/// Streams that are rich in what the grammars care for.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    const STARTS: &[&[u8]] = &[b"", b"\xEF", b"\xEF\xBB", b"\xEF\xBB\xBF"];
    const ENDINGS: &[&str] = &["\n", "\r", "\r\n", "\n\n"];
    const WORDS: &[&str] = &[
        ":", " ", "\t", "data", "data:", "data: ", "event:", "id", "{}", "\u{FEFF}", "é",
    ];
    let piece = prop_oneof![
        6 => select(ENDINGS).prop_map(|ending| ending.as_bytes().to_vec()),
        6 => select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        1 => select(&b"\xEF\xBB\xBF"[..]).prop_map(|byte| vec![byte]),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    let start = select(STARTS).prop_map(<[u8]>::to_vec);
    (start, vec(piece, 0..40)).prop_map(|(start, pieces)| [start, pieces.concat()].concat())
}

fn offsets() -> impl Strategy<Value = Vec<usize>> {
    vec(0..120_usize, 0..12).prop_map(|mut offsets| {
        offsets.sort_unstable();
        offsets
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(8_192)
    })]

    #[test]
    fn any_bytes_in_any_chunks_give_the_frames_of_the_reference(
        framing in framings(), stream in streams(), offsets in offsets(), clean: bool,
    ) {
        let chunks = cut(&stream.clone().into(), &offsets);
        let frames = reference(framing, &stream, clean);
        prop_assert_eq!(decode(framing, FrameLimits::default(), chunks, clean), (frames, None));
    }

    #[test]
    fn limits_do_not_depend_on_the_chunks(
        framing in framings(), stream in streams(), offsets in offsets(),
        line in 0..24_usize, event in 0..24_usize,
    ) {
        let mut limits = FrameLimits::both(line);
        limits.event = event;
        let stream = Bytes::from(stream);
        let whole = decode(framing, limits, [stream.clone()], true);
        prop_assert_eq!(decode(framing, limits, cut(&stream, &offsets), true), whole);
    }

    #[test]
    fn when_frames_are_taken_does_not_matter(
        framing in framings(), stream in streams(), offsets in offsets(),
    ) {
        let mut framer = Framer::new(framing, FrameLimits::default());
        for chunk in cut(&stream.clone().into(), &offsets) {
            framer.feed(chunk);
        }
        let frames: Vec<_> = iter::from_fn(|| framer.finish().unwrap()).collect();
        prop_assert_eq!(frames, reference(framing, &stream, true));
    }
}

// Recorded streams

/// Random splits of each; `TRUNKLINE_SPLITS` says how many instead.
const SPLITS: u64 = 50;

/// Streams of real servers, from the folder `shared/wires` above us or from `TRUNKLINE_WIRES`.
fn recorded() -> Option<Vec<(String, Framing, Bytes)>> {
    let above = || {
        let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        above
            .map(|folder| folder.join("shared/wires"))
            .find(|folder| folder.is_dir())
    };
    let wires = std::env::var_os("TRUNKLINE_WIRES")
        .map(Into::into)
        .or_else(above)?;
    let providers = fs::read_dir(wires)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = providers
        .filter(|path| path.is_dir())
        .flat_map(|path| fs::read_dir(path).unwrap());
    let streams = files.filter_map(|file| {
        let path = file.unwrap().path();
        let exchange: serde_json::Value =
            serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let stream = exchange["stream_body"].as_str()?;
        let starts_with = |start| stream.trim_start().starts_with(start);
        let framing = if starts_with("{") {
            Framing::NdJson
        } else if ["data:", "event:", "id:", "retry:", ":"]
            .into_iter()
            .any(starts_with)
        {
            Framing::Sse
        } else {
            return None;
        };
        Some((
            path.display().to_string(),
            framing,
            Bytes::copy_from_slice(stream.as_bytes()),
        ))
    });
    Some(streams.collect())
}

/// Whether the chunks give exactly these frames. Compares on the way: this runs by the million.
fn gives(frames: &[Frame], framing: Framing, chunks: impl IntoIterator<Item = Bytes>) -> bool {
    let mut framer = Framer::new(framing, FrameLimits::both(32 << 20));
    let mut frames = frames.iter();
    for chunk in chunks {
        framer.feed(chunk);
        while let Some(frame) = framer.next().unwrap() {
            if frames.next() != Some(&frame) {
                return false;
            }
        }
    }
    framer.finish().unwrap().as_ref() == frames.next() && frames.next().is_none()
}

#[test]
fn f050_recorded_streams_do_not_depend_on_their_chunks() {
    let Some(streams) = recorded() else {
        return println!("skipped: no folder shared/wires above this crate, no TRUNKLINE_WIRES");
    };
    assert!(!streams.is_empty());
    let splits = std::env::var("TRUNKLINE_SPLITS").map_or(SPLITS, |splits| splits.parse().unwrap());
    for (path, framing, stream) in &streams {
        let frames = reference(*framing, stream, true);
        assert!(gives(&frames, *framing, [stream.clone()]), "{path}: whole");
        assert!(
            gives(&frames, *framing, bytes(stream)),
            "{path}: byte by byte"
        );
        for seed in 0..splits {
            let mut random = fastrand::Rng::with_seed(seed);
            let cuts = random.usize(1..=32);
            let mut offsets: Vec<_> = iter::repeat_with(|| random.usize(0..=stream.len()))
                .take(cuts)
                .collect();
            offsets.sort_unstable();
            assert!(
                gives(&frames, *framing, cut(stream, &offsets)),
                "{path}: split of seed {seed}"
            );
        }
    }
    println!("{} streams, {splits} splits each", streams.len());
}
