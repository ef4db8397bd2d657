//! The first law of streams: folded, they give what the unary call gives.

use proptest::{prelude::*, sample::Index};
use trunkline_core::{
    ChatResponse, ChatStream, Delta, ErrorKind, Part, StreamChunk,
    chat::{Completeness, Content, Finish, FinishKind, Reasoning, ToolCall, ToolInput, ToolKind},
    stream::{Fold, Laws},
};

use crate::support::generate;

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

fn chunks_of(response: ChatResponse) -> Vec<StreamChunk> {
    block(async {
        let mut stream = ChatStream::from_response(response);
        let mut chunks = Vec::new();
        while let Some(chunk) = stream.next().await {
            chunks.push(chunk.unwrap());
        }
        chunks
    })
}

fn fold(chunks: &[StreamChunk]) -> ChatResponse {
    let mut fold = Fold::default();
    chunks.iter().for_each(|chunk| fold.push(chunk).unwrap());
    fold.finish().unwrap()
}

/// As a wire sends it: no part repeated at its end, its words cut anywhere.
fn recut(chunks: Vec<StreamChunk>, cuts: &[Index]) -> Vec<StreamChunk> {
    let mut cuts = cuts.iter().cycle();
    let mut halve = |text: &str| {
        let at = cuts.next().map_or(0, |cut| cut.index(text.len() + 1));
        let at = (0..=at)
            .rev()
            .find(|at| text.is_char_boundary(*at))
            .unwrap_or(0);
        [text[..at].to_owned(), text[at..].to_owned()]
    };
    let mut out = Vec::new();
    for chunk in chunks {
        match chunk {
            StreamChunk::Delta {
                ix,
                delta: Delta::Text(text),
            } => {
                out.extend(halve(&text).map(|text| StreamChunk::Delta {
                    ix,
                    delta: Delta::Text(text),
                }));
            }
            StreamChunk::Delta {
                ix,
                delta: Delta::Reasoning(text),
            } => {
                out.extend(halve(&text).map(|text| StreamChunk::Delta {
                    ix,
                    delta: Delta::Reasoning(text),
                }));
            }
            StreamChunk::Delta {
                ix,
                delta: Delta::ToolInput(text),
            } => {
                out.extend(halve(&text).map(|text| StreamChunk::Delta {
                    ix,
                    delta: Delta::ToolInput(text),
                }));
            }
            chunk => out.push(chunk),
        }
    }
    out
}

/// All parts open at once, and their deltas in turns.
fn interleaved(chunks: Vec<StreamChunk>) -> Vec<StreamChunk> {
    let rank = |chunk: &StreamChunk| match chunk {
        StreamChunk::Start { .. } => 0,
        StreamChunk::Meta(_) => 1,
        StreamChunk::PartStart { .. } => 2,
        StreamChunk::Delta { .. } => 3,
        StreamChunk::PartEnd { .. } => 4,
        StreamChunk::Usage(_) => 5,
        _ => 6,
    };
    let mut chunks = chunks;
    chunks.sort_by_key(rank);
    // Of each part in turn: the first deltas of all, then the second ones.
    let from = chunks
        .iter()
        .position(|chunk| rank(chunk) == 3)
        .unwrap_or(0);
    let to = chunks
        .iter()
        .rposition(|chunk| rank(chunk) == 3)
        .map_or(from, |at| at + 1);
    let mut seen = std::collections::HashMap::new();
    chunks[from..to].sort_by_cached_key(|chunk| {
        let StreamChunk::Delta { ix, .. } = chunk else {
            return (0, 0);
        };
        let turn = seen.entry(*ix).or_insert(0);
        *turn += 1;
        (*turn, *ix)
    });
    chunks
}

/// Ends that repeat nothing, where the deltas alone make the part.
fn without_ends(chunks: &mut [StreamChunk]) {
    for chunk in chunks {
        if let StreamChunk::PartEnd { part, .. } = chunk {
            let rebuilt = |part: &Part| match &part.content {
                Content::ToolCall(call) => {
                    call.kind == ToolKind::Function
                        && matches!(&call.input, ToolInput::Json(json) if !json.get().is_empty())
                }
                Content::Reasoning(reasoning) => reasoning.text.as_deref() != Some(""),
                _ => true,
            };
            if part.as_deref().is_some_and(rebuilt) {
                *part = None;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_whole_answer_goes_through_a_stream_unchanged(response in generate::response()) {
        let collected = block(ChatStream::from_response(response.clone()).collect()).unwrap();
        prop_assert_eq!(collected, response);
    }

    #[test]
    fn however_the_words_are_cut(response in generate::response(), cuts in prop::collection::vec(any::<Index>(), 1..8)) {
        let mut chunks = chunks_of(response.clone());
        without_ends(&mut chunks);
        prop_assert_eq!(fold(&recut(chunks, &cuts)), response);
    }

    #[test]
    fn however_the_parts_are_interleaved(response in generate::response(), cuts in prop::collection::vec(any::<Index>(), 1..8)) {
        let mut chunks = chunks_of(response.clone());
        without_ends(&mut chunks);
        prop_assert_eq!(fold(&interleaved(recut(chunks, &cuts))), response);
    }

    #[test]
    fn a_replayed_answer_breaks_no_law(response in generate::response(), cuts in prop::collection::vec(any::<Index>(), 1..4)) {
        let chunks = chunks_of(response);
        for chunks in [chunks.clone(), recut(chunks.clone(), &cuts), interleaved(chunks)] {
            let mut laws = Laws::default();
            for chunk in &chunks {
                prop_assert_eq!(laws.check(chunk), Ok(()), "{:?}", chunk);
            }
            prop_assert_eq!(laws.end(), Ok(()));
        }
    }

    #[test]
    fn taking_chunks_whole_gives_the_same_as_reading_them(chunks in prop::collection::vec(generate::chunk(), 0..12)) {
        let (mut by_reference, mut owned) = (Fold::default(), Fold::default());
        for chunk in chunks {
            let one = by_reference.push(&chunk).is_ok();
            prop_assert_eq!(owned.push_owned(chunk).is_ok(), one);
        }
        prop_assert_eq!(by_reference.partial(), owned.partial());
    }

    #[test]
    fn f060_a_stream_that_is_cut_anywhere_is_interrupted_and_tells_how_far_it_came(
        response in generate::response(),
        cut in any::<Index>(),
    ) {
        let chunks = chunks_of(response);
        let last = chunks.iter().rposition(|chunk| matches!(chunk, StreamChunk::Finish { .. })).unwrap();
        let cut = &chunks[..cut.index(last + 1)];
        // Answers that never began are not missed.
        let started: Vec<u32> = cut.iter().filter_map(|chunk| match chunk {
            StreamChunk::PartStart { candidate, .. } => Some(*candidate),
            _ => None,
        }).collect();
        let finished = |index: u32| cut.iter().any(|chunk| matches!(chunk, StreamChunk::Finish { candidate, .. } if *candidate == index));
        prop_assume!(!finished(0) || !started.iter().all(|index| finished(*index)));

        let mut fold = Fold::default();
        cut.iter().for_each(|chunk| fold.push(chunk).unwrap());
        let error = fold.finish().unwrap_err();

        prop_assert_eq!(error.kind(), ErrorKind::Interrupted);
        let partial = error.partial().unwrap();
        let parts = partial.message.parts.len() + partial.candidates.iter().map(|c| c.message.parts.len()).sum::<usize>();
        prop_assert_eq!(parts, started.len());
        prop_assert_ne!(partial.usage.completeness, Completeness::Final);
    }
}

fn call_start(ix: u32) -> StreamChunk {
    let call = ToolCall::new("c", "weather", ToolInput::from_text(""));
    StreamChunk::PartStart {
        ix,
        candidate: 0,
        part: Box::new(Part::new(call)),
    }
}

fn input(ix: u32, text: &str) -> StreamChunk {
    StreamChunk::Delta {
        ix,
        delta: Delta::ToolInput(text.to_owned()),
    }
}

fn end(ix: u32) -> StreamChunk {
    StreamChunk::PartEnd { ix, part: None }
}

fn finish(kind: FinishKind) -> StreamChunk {
    StreamChunk::Finish {
        candidate: 0,
        reason: Finish::new(kind),
        usage: None,
        ext: trunkline_core::Ext::default(),
    }
}

fn start() -> StreamChunk {
    StreamChunk::Start {
        warnings: Vec::new(),
    }
}

fn first_input(response: &ChatResponse) -> &ToolInput {
    &response.message.parts[0].as_tool_call().unwrap().input
}

#[test]
fn f078_the_fragments_of_two_calls_are_put_together_each_in_its_place() {
    let mut chunks = vec![start(), call_start(0), call_start(1)];
    for fragment in [r#"{"ci"#, r#"ty":"#, r#""Oslo"}"#] {
        chunks.extend([input(0, fragment), input(1, fragment)]);
    }
    chunks.extend([end(0), end(1), finish(FinishKind::ToolCalls)]);

    let response = fold(&chunks);

    for call in response.tool_calls() {
        assert_eq!(call.arguments(), r#"{"city":"Oslo"}"#);
        assert!(call.is_complete());
    }
}

#[test]
fn f079_arguments_that_were_cut_are_invalid_and_never_repaired() {
    // By the limit on tokens, in the midst and before the first word; by the end of the stream,
    // even where what came happens to be JSON.
    let by_length = fold(&[
        start(),
        call_start(0),
        input(0, r#"{"city":"#),
        end(0),
        finish(FinishKind::MaxTokens),
    ]);
    assert!(
        matches!(first_input(&by_length), ToolInput::Invalid { raw, .. } if raw == r#"{"city":"#)
    );

    let at_once = fold(&[
        start(),
        call_start(0),
        end(0),
        finish(FinishKind::MaxTokens),
    ]);
    assert!(matches!(first_input(&at_once), ToolInput::Invalid { raw, .. } if raw.is_empty()));

    for raw in ["", r#"{"a":1}"#, r#"{"a":"#] {
        let mut fold = Fold::default();
        [start(), call_start(0), input(0, raw)]
            .iter()
            .for_each(|chunk| fold.push(chunk).unwrap());
        let partial = fold.partial();
        assert!(
            matches!(first_input(&partial), ToolInput::Invalid { raw: kept, .. } if kept == raw),
            "{raw}"
        );
        assert!(!partial.tool_calls().next().unwrap().is_complete());
    }
}

#[test]
fn a_call_without_arguments_has_the_empty_object() {
    let response = fold(&[
        start(),
        call_start(0),
        end(0),
        finish(FinishKind::ToolCalls),
    ]);
    assert_eq!(*first_input(&response), ToolInput::from_text("{}"));
}

#[test]
fn the_bounds_of_an_answer() {
    let fails = |fold: &mut Fold, chunk: StreamChunk| {
        let error = fold.push(&chunk).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        assert_eq!(error.limit(), Some(trunkline_core::Limit::Calls));
    };

    let mut calls = Fold::default();
    (0..256).for_each(|ix| calls.push(&call_start(ix)).unwrap());
    fails(&mut calls, call_start(256));

    let mut arguments = Fold::default();
    arguments.push(&call_start(0)).unwrap();
    arguments.push(&input(0, &"x".repeat(1 << 20))).unwrap();
    fails(&mut arguments, input(0, "x"));

    let text = |ix| StreamChunk::PartStart {
        ix,
        candidate: 0,
        part: Box::new(Part::text("")),
    };
    let mut parts = Fold::default();
    (0..4_096).for_each(|ix| parts.push(&text(ix)).unwrap());
    fails(&mut parts, text(4_096));

    let mut summaries = Fold::default();
    let part = Box::new(Part::new(Reasoning::default()));
    summaries
        .push(&StreamChunk::PartStart {
            ix: 0,
            candidate: 0,
            part,
        })
        .unwrap();
    let delta = Delta::ReasoningSummary {
        index: u32::MAX,
        text: "x".to_owned(),
    };
    fails(&mut summaries, StreamChunk::Delta { ix: 0, delta });
}

#[test]
fn likelihoods_of_several_chunks_are_one_list_for_each_answer() {
    let part = |ix, candidate| StreamChunk::PartStart {
        ix,
        candidate,
        part: Box::new(Part::text("")),
    };
    let tokens = |ix, text: &str| StreamChunk::Delta {
        ix,
        delta: Delta::Logprobs(trunkline_core::Json::parse(text).unwrap()),
    };
    let finish = |candidate| StreamChunk::Finish {
        candidate,
        reason: Finish::new(FinishKind::Stop),
        usage: None,
        ext: trunkline_core::Ext::default(),
    };
    let response = fold(&[
        start(),
        part(0, 0),
        part(1, 1),
        tokens(0, "[1.0]"),
        tokens(1, "[7]"),
        tokens(0, "[]"),
        tokens(0, "[2,3]"),
        end(0),
        end(1),
        finish(0),
        finish(1),
    ]);
    assert_eq!(response.logprobs.unwrap().get(), "[1.0,2,3]");
    assert_eq!(
        response.candidates[0].logprobs.as_ref().unwrap().get(),
        "[7]"
    );
}
