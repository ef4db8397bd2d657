//! Every law of streams has a stream that breaks it.

use trunkline_core::{
    Delta, Ext, Part, StreamChunk,
    chat::{Finish, FinishKind},
    stream::{Laws, Violation},
};

fn start() -> StreamChunk {
    StreamChunk::Start {
        warnings: Vec::new(),
    }
}

fn part(ix: u32, candidate: u32) -> StreamChunk {
    StreamChunk::PartStart {
        ix,
        candidate,
        part: Box::new(Part::text("")),
    }
}

fn end(ix: u32) -> StreamChunk {
    StreamChunk::PartEnd { ix, part: None }
}

fn ends_as(ix: u32, text: &str) -> StreamChunk {
    StreamChunk::PartEnd {
        ix,
        part: Some(Box::new(Part::text(text))),
    }
}

fn finish(candidate: u32) -> StreamChunk {
    StreamChunk::Finish {
        candidate,
        reason: Finish::new(FinishKind::Stop),
        usage: None,
        ext: Ext::default(),
    }
}

/// The first law that is broken, at the end at the latest.
fn verdict(chunks: impl IntoIterator<Item = StreamChunk>) -> Result<(), Violation> {
    let mut laws = Laws::default();
    chunks
        .into_iter()
        .try_for_each(|chunk| laws.check(&chunk))?;
    laws.end()
}

#[test]
fn a_stream_that_keeps_the_laws() {
    let chunks = [
        StreamChunk::Raw("x".into()),
        start(),
        StreamChunk::KeepAlive,
        part(0, 0),
        part(1, 1),
        StreamChunk::text(1, "b"),
        StreamChunk::text(0, "a"),
        ends_as(1, "b"),
        finish(1),
        end(0),
        finish(0),
    ];
    assert_eq!(verdict(chunks), Ok(()));
}

#[test]
fn one_start_first() {
    assert_eq!(verdict([part(0, 0)]), Err(Violation::NotStarted));
    assert_eq!(verdict([start(), start()]), Err(Violation::StartedTwice));
}

#[test]
fn the_numbers_of_parts_have_no_gaps() {
    assert_eq!(verdict([start(), part(1, 0)]), Err(Violation::NotDense));
    assert_eq!(
        verdict([start(), part(0, 0), part(0, 0)]),
        Err(Violation::NotDense)
    );
}

#[test]
fn a_part_grows_and_ends_while_it_is_open() {
    assert_eq!(
        verdict([start(), StreamChunk::text(0, "a")]),
        Err(Violation::NotOpen)
    );
    assert_eq!(
        verdict([start(), part(0, 0), end(0), StreamChunk::text(0, "a")]),
        Err(Violation::NotOpen)
    );
    assert_eq!(
        verdict([start(), part(0, 0), end(0), end(0)]),
        Err(Violation::NotOpen)
    );
}

#[test]
fn a_part_grows_by_its_own_kind() {
    let refusal = StreamChunk::Delta {
        ix: 0,
        delta: Delta::Refusal("no".to_owned()),
    };
    assert_eq!(
        verdict([start(), part(0, 0), refusal]),
        Err(Violation::WrongKind)
    );
    let image = StreamChunk::PartEnd {
        ix: 0,
        part: Some(Box::new(Part::image_url("x"))),
    };
    assert_eq!(
        verdict([start(), part(0, 0), image]),
        Err(Violation::WrongKind)
    );
}

#[test]
fn the_end_of_a_part_repeats_what_its_deltas_said() {
    let said = |text| {
        [
            start(),
            part(0, 0),
            StreamChunk::text(0, "a"),
            StreamChunk::text(0, "b"),
            ends_as(0, text),
            finish(0),
        ]
    };
    assert_eq!(verdict(said("ab")), Ok(()));
    assert_eq!(verdict(said("a")), Err(Violation::NotTheSame));
}

#[test]
fn nothing_of_an_answer_comes_after_its_finish() {
    assert_eq!(
        verdict([start(), finish(0), part(0, 0)]),
        Err(Violation::AfterFinish)
    );
    assert_eq!(
        verdict([start(), finish(0), finish(0)]),
        Err(Violation::FinishedTwice)
    );
    assert_eq!(
        verdict([start(), part(0, 0), finish(0)]),
        Err(Violation::LeftOpen)
    );
}

#[test]
fn every_answer_that_began_finishes() {
    assert_eq!(verdict([start()]), Err(Violation::NotFinished));
    assert_eq!(verdict([start(), finish(1)]), Err(Violation::NotFinished));
    assert_eq!(
        verdict([start(), part(0, 1), end(0), finish(0)]),
        Err(Violation::NotFinished)
    );
}
