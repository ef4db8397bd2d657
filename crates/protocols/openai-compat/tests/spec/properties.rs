//! Any answer, cut in any way; any nonsense.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};
use trunkline_core::{
    ChatRequest, EmbedRequest, Op,
    http_transport::frame::Frame,
    models::ModelsRequest,
    protocol::{Decoder, Protocol},
};
use trunkline_openai_compat::{ChunkDecoder, Dialect, OpenAiCompat};

use crate::support::{head, read, stream_in, whole};

#[derive(Clone, Debug)]
struct Answer {
    candidates: Vec<Said>,
    usage: Option<(u32, u32, Option<u32>)>,
}

#[derive(Clone, Debug)]
struct Said {
    reasoning: String,
    text: String,
    refusal: String,
    calls: Vec<Called>,
    finish: &'static str,
}

#[derive(Clone, Debug)]
struct Called {
    id: String,
    name: String,
    arguments: String,
}

fn answer() -> impl Strategy<Value = Answer> {
    let words = prop_oneof![Just(String::new()), any::<String>(), "[ \n\t]{1,3}"];
    let arguments = prop_oneof![
        Just(String::new()),
        Just(r#"{"n":12345678901234567890,"b":1.0,"a":"é"}"#.to_owned()),
        Just(r#"{"cut":"#.to_owned()),
        any::<String>(),
    ];
    let call =
        ("[a-z0-9_/é-]{0,6}", "[a-z]{1,5}", arguments).prop_map(|(id, name, arguments)| Called {
            id,
            name,
            arguments,
        });
    let finish = prop::sample::select(vec![
        "stop",
        "length",
        "tool_calls",
        "content_filter",
        "bored",
    ]);
    let said = (words.clone(), words.clone(), words, vec(call, 0..4), finish).prop_map(
        |(reasoning, text, refusal, calls, finish)| Said {
            reasoning,
            text,
            refusal,
            calls,
            finish,
        },
    );
    let usage =
        proptest::option::of((any::<u32>(), any::<u32>(), proptest::option::of(0_u32..100)));
    (vec(said, 1..4), usage).prop_map(|(candidates, usage)| Answer { candidates, usage })
}

impl Answer {
    fn top(&self, object: &str, choices: Vec<Value>, usage: bool) -> String {
        let mut body = json!({"id": "chatcmpl-1", "object": object, "created": 7, "model": "m", "choices": choices});
        if let (Some((input, output, cached)), true) = (self.usage, usage) {
            body["usage"] = json!({"prompt_tokens": input, "completion_tokens": output, "prompt_tokens_details": cached.map(|cached| json!({"cached_tokens": cached}))});
        }
        body.to_string()
    }

    fn unary(&self) -> String {
        let choice = |(index, said): (usize, &Said)| {
            let calls: Vec<Value> = said.calls.iter().map(|call| json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}})).collect();
            json!({"index": index, "finish_reason": said.finish, "message": {"role": "assistant", "reasoning": said.reasoning, "content": said.text, "refusal": said.refusal, "tool_calls": calls}})
        };
        self.top(
            "chat.completion",
            self.candidates.iter().enumerate().map(choice).collect(),
            true,
        )
    }

    /// The same as events: every string in pieces, calls and candidates interleaved.
    fn events(&self, cuts: &[Index], order: &[Index], numbering: Numbering) -> Vec<String> {
        let mut cuts = cuts.iter().cycle();
        let mut order = order.iter().cycle();
        let mut queues: Vec<VecDeque<Value>> = self
            .candidates
            .iter()
            .enumerate()
            .map(|(index, said)| {
                let wrap = |delta: Value, finish: Value| json!({"index": index, "delta": delta, "finish_reason": finish});
                let mut queue: VecDeque<Value> = said.deltas(&mut cuts, &mut order, numbering).into_iter().map(|delta| wrap(delta, Value::Null)).collect();
                queue.push_front(wrap(json!({"role": "assistant", "content": ""}), Value::Null));
                queue.push_back(wrap(json!({}), said.finish.into()));
                queue
            })
            .collect();
        let mut events = Vec::new();
        while queues.iter().any(|queue| !queue.is_empty()) {
            let at = order.next().unwrap().index(queues.len());
            let at = (at..queues.len())
                .chain(0..at)
                .find(|at| !queues[*at].is_empty())
                .unwrap();
            events.push(self.top(
                "chat.completion.chunk",
                vec![queues[at].pop_front().unwrap()],
                false,
            ));
        }
        if self.usage.is_some() {
            events.push(self.top("chat.completion.chunk", vec![], true));
        }
        events
    }
}

#[derive(Clone, Copy, Debug)]
enum Numbering {
    FromZero,
    FromOne,
    Gapped,
    Huge,
}

impl Numbering {
    fn of(self, place: usize) -> u64 {
        let place = place as u64;
        match self {
            Self::FromZero => place,
            Self::FromOne => place + 1,
            Self::Gapped => place * 1_000_003,
            Self::Huge => u64::MAX - place,
        }
    }
}

impl Said {
    fn deltas<'a>(
        &self,
        cuts: &mut impl Iterator<Item = &'a Index>,
        order: &mut impl Iterator<Item = &'a Index>,
        numbering: Numbering,
    ) -> Vec<Value> {
        let mut deltas = Vec::new();
        for (field, text) in [
            ("reasoning", &self.reasoning),
            ("content", &self.text),
            ("refusal", &self.refusal),
        ] {
            deltas.extend(
                pieces(text, cuts)
                    .into_iter()
                    .map(|piece| json!({ field: piece })),
            );
        }
        // All calls begin in their order; then their arguments come as they like.
        let mut rest: Vec<VecDeque<Value>> = Vec::new();
        for (place, call) in self.calls.iter().enumerate() {
            let index = numbering.of(place);
            let wrap = |piece: Value| json!({"tool_calls": [piece]});
            deltas.push(wrap(json!({"index": index, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}})));
            rest.push(
                pieces(&call.arguments, cuts)
                    .into_iter()
                    .map(|piece| wrap(json!({"index": index, "function": {"arguments": piece}})))
                    .collect(),
            );
        }
        while rest.iter().any(|queue| !queue.is_empty()) {
            let at = order.next().unwrap().index(rest.len());
            let at = (at..rest.len())
                .chain(0..at)
                .find(|at| !rest[*at].is_empty())
                .unwrap();
            deltas.extend(rest[at].pop_front());
        }
        deltas
    }
}

/// A text in up to three pieces, of which some may be empty.
fn pieces<'a>(text: &str, cuts: &mut impl Iterator<Item = &'a Index>) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut ends =
        [cuts.next().unwrap(), cuts.next().unwrap()].map(|cut| cut.index(letters.len() + 1));
    ends.sort_unstable();
    [
        &letters[..ends[0]],
        &letters[ends[0]..ends[1]],
        &letters[ends[1]..],
    ]
    .map(|piece| piece.iter().collect())
    .to_vec()
}

fn numbering() -> impl Strategy<Value = Numbering> {
    prop::sample::select(vec![
        Numbering::FromZero,
        Numbering::FromOne,
        Numbering::Gapped,
        Numbering::Huge,
    ])
}

fn bytes_of(events: &[String]) -> Bytes {
    let body: String = events
        .iter()
        .map(|event| format!("data: {event}\n\n"))
        .collect();
    Bytes::from(body + "data: [DONE]\n\n")
}

fn cut(mut body: Bytes, sizes: &[usize]) -> Vec<Bytes> {
    let mut pieces = Vec::new();
    for size in sizes.iter().cycle() {
        if body.is_empty() {
            break;
        }
        pieces.push(body.split_to((*size).min(body.len())));
    }
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_folds_into_the_answer_that_a_whole_one_is(
        answer in answer(),
        cuts in vec(any::<Index>(), 1..40),
        order in vec(any::<Index>(), 1..20),
        numbering in numbering(),
        sizes in vec(1_usize..200, 1..6),
    ) {
        let events = answer.events(&cuts, &order, numbering);
        let asked = u32::try_from(answer.candidates.len()).unwrap();
        let decoder = || ChunkDecoder::of_stream(Dialect::OPENAI).candidates(asked);
        let at_once = read(decoder(), [bytes_of(&events)]);
        let in_pieces = read(decoder(), cut(bytes_of(&events), &sizes));
        prop_assert_eq!(&at_once.chunks, &in_pieces.chunks, "the pieces made a difference");
        prop_assert_eq!(at_once.answer(), whole(&answer.unary()).unwrap());
    }

    #[test]
    fn nonsense_never_panics(
        answer in answer(),
        cuts in vec(any::<Index>(), 1..40),
        mutations in vec((any::<Index>(), any::<Index>(), 0_u8..7), 0..6),
        think in any::<bool>(),
    ) {
        let mut events: Vec<Value> = answer
            .events(&cuts, &cuts, Numbering::FromZero)
            .iter()
            .map(|event| serde_json::from_str(event).unwrap())
            .collect();
        for (event, place, how) in &mutations {
            let at = event.index(events.len());
            mutate(&mut events[at], place, *how);
        }
        let texts: Vec<String> = events.iter().map(Value::to_string).collect();
        let dialect = if think { Dialect::OPENAI.think_tags() } else { Dialect::OPENAI };
        // The laws are checked within.
        stream_in(dialect, &texts);
        for text in &texts {
            everywhere(text.as_bytes());
        }
        let mut unary: Value = serde_json::from_str(&answer.unary()).unwrap();
        for (_, place, how) in &mutations {
            mutate(&mut unary, place, *how);
        }
        everywhere(unary.to_string().as_bytes());
    }

    #[test]
    fn neither_do_bytes(frames in vec(prop_oneof![vec(any::<u8>(), 0..40), "[\\[{\"a-z:,}\\]0-9 ]{0,40}".prop_map(String::into_bytes)], 0..8)) {
        for frame in &frames {
            everywhere(frame);
        }
        let body: Vec<u8> = frames.iter().flat_map(|frame| [b"data: ", frame.as_slice(), b"\n\n"].concat()).collect();
        read(ChunkDecoder::of_stream(Dialect::OPENAI), [Bytes::from(body)]);
    }
}

fn everywhere(bytes: &[u8]) {
    let wire = OpenAiCompat(Dialect::OPENAI);
    let ops = [
        Op::Chat(Arc::new(ChatRequest::from("hi"))),
        Op::Embed(Arc::new(EmbedRequest::new(["a"]))),
        Op::Models(Arc::new(ModelsRequest::default())),
    ];
    for op in ops {
        let _ = wire.decode(&op, &head(200), Bytes::copy_from_slice(bytes));
    }
    for status in [400, 429, 500] {
        let error = wire.error(&head(status), bytes);
        assert!(!error.to_string().contains('\n'));
    }
    for name in ["", "error", "ping"] {
        let frame = Frame::new(Bytes::copy_from_slice(bytes)).named(name);
        let _ = ChunkDecoder::of_stream(Dialect::OPENAI).frame(frame, &mut VecDeque::new());
    }
}

/// Changes one place in `value`: takes it out, or puts something else there.
fn mutate(value: &mut Value, place: &Index, how: u8) {
    let count = places(value);
    let mut left = place.index(count);
    change(value, &mut left, how);
}

fn places(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(places).sum(),
        Value::Object(fields) => fields.values().map(places).sum(),
        _ => 0,
    }
}

fn change(value: &mut Value, left: &mut usize, how: u8) -> bool {
    if *left == 0 {
        *value = match how {
            0 => Value::Null,
            1 => json!({}),
            2 => json!([]),
            3 => json!("odd"),
            4 => json!(-1.5),
            5 => json!([{"type": "text", "text": "x"}, 7, null]),
            _ => json!({"error": {"message": "x"}}),
        };
        return true;
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| change(item, left, how)),
        Value::Object(fields) => {
            let keys: Vec<String> = fields.keys().cloned().collect();
            for key in keys {
                // Out altogether, instead of something else.
                if *left == 0 && how == 6 && key.len() % 2 == 0 {
                    fields.remove(&key);
                    return true;
                }
                if fields
                    .get_mut(&key)
                    .is_some_and(|value| change(value, left, how))
                {
                    return true;
                }
            }
            false
        }
        _ => false,
    }
}
