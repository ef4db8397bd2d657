//! Values of the vocabulary, at random. Boxed: strategies that nest by value outgrow a test's stack.

use bytes::Bytes;
use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
    sample::select,
};
use trunkline_core::{
    ChatRequest, ChatResponse, Delta, Ext, Json, Message, Part, Role, StreamChunk, Tool, Usage,
    Warning, chat::*, stream::ChunkMeta,
};

/// JSON text that a careless reader would change: numbers no float holds, keys out of order, keys
/// that come twice, escapes that need not be.
pub(crate) fn odd_json() -> BoxedStrategy<Json> {
    select(vec![
        "null",
        "1.50",
        "-0.0",
        "12345678901234567890123",
        "1e400",
        r#"{"b":1,"a":2}"#,
        r#"{"a":1,"a":2}"#,
        r#"{ "spaced" : [ 1 , 2 ] }"#,
        r#"{"\u0061":"\u00e9\ud83d\ude00"}"#,
        r#"[{"type":"text"},[[]]]"#,
        r#"{"type":"not a tag","ix":0}"#,
    ])
    .prop_map(|text| Json::parse(text).unwrap())
    .boxed()
}

pub(crate) fn words() -> BoxedStrategy<String> {
    prop_oneof![4 => "[a-zé😀 \\n\"\\\\]{0,12}", 1 => Just(String::new())].boxed()
}

/// Sixteen bits of fraction: what every reader of JSON reads back.
fn number() -> BoxedStrategy<f64> {
    (-1_000_000_i32..1_000_000)
        .prop_map(|n| f64::from(n) / 64.0)
        .boxed()
}

fn id() -> BoxedStrategy<Box<str>> {
    "[a-z0-9_]{1,8}".prop_map(String::into_boxed_str).boxed()
}

fn ext() -> BoxedStrategy<Ext> {
    btree_map(id(), odd_json(), 0..2)
        .prop_map(|map| {
            let mut ext = Ext::default();
            map.into_iter()
                .for_each(|(provider, value)| ext.insert(provider, value));
            ext
        })
        .boxed()
}

fn replay() -> BoxedStrategy<Replay> {
    select(vec![Replay::Never, Replay::SameProvider, Replay::SameModel]).boxed()
}

fn state() -> BoxedStrategy<OpaqueState> {
    (id(), words(), replay())
        .prop_map(|(kind, data, replay)| OpaqueState::new(kind, data).replay(replay))
        .boxed()
}

fn locator() -> BoxedStrategy<Locator> {
    prop_oneof![
        (words(), option::of(words())).prop_map(|(start, end)| Locator::TextSpan { start, end }),
        (0..9_u64, 9..99_u64).prop_map(|(start, end)| Locator::CharRange { start, end }),
        (0..9_u64, 9..99_u64).prop_map(|(start, end)| Locator::Page { start, end }),
        (0..9_u64, 9..99_u64).prop_map(|(start, end)| Locator::Block { start, end }),
        (0..9_u64, option::of(0..9_u64), option::of(9..99_u64))
            .prop_map(|(index, start, end)| Locator::SearchResult { index, start, end }),
    ]
    .boxed()
}

fn citation() -> BoxedStrategy<Citation> {
    (
        words(),
        option::of(locator()),
        option::of(words()),
        option::of(0..9_u64),
        ext(),
    )
        .prop_map(|(url, locator, cited, span, ext)| {
            let mut citation = Citation::url(url);
            citation.locator = locator;
            citation.cited_text = cited;
            citation.span_in_output = span.map(|start| start..start + 7);
            citation.ext = ext;
            citation
        })
        .boxed()
}

fn source() -> BoxedStrategy<Source> {
    prop_oneof![
        vec(any::<u8>(), 0..9).prop_map(|bytes| Source::Bytes(Bytes::from(bytes))),
        words().prop_map(Source::Url),
        btree_map(id(), words(), 0..2).prop_map(Source::File),
        words().prop_map(Source::Text),
    ]
    .boxed()
}

pub(crate) fn media() -> BoxedStrategy<Media> {
    (source(), option::of(words()), option::of(words()))
        .prop_map(|(source, filename, transcript)| {
            let mut media = Media::new(MediaType::PNG, source).detail(Detail::High);
            media.filename = filename;
            media.transcript = transcript;
            media
        })
        .boxed()
}

pub(crate) fn tool_input() -> BoxedStrategy<ToolInput> {
    prop_oneof![
        odd_json().prop_map(ToolInput::Json),
        words().prop_map(ToolInput::Text),
        (words(), words()).prop_map(|(raw, error)| ToolInput::Invalid { raw, error }),
    ]
    .boxed()
}

fn tool_kind() -> BoxedStrategy<ToolKind> {
    prop_oneof![
        Just(ToolKind::Function),
        Just(ToolKind::Custom),
        id().prop_map(ToolKind::Hosted),
        id().prop_map(ToolKind::Mcp),
    ]
    .boxed()
}

pub(crate) fn tool_call() -> BoxedStrategy<ToolCall> {
    (
        id(),
        any::<bool>(),
        id(),
        tool_input(),
        tool_kind(),
        any::<bool>(),
    )
        .prop_map(|(id, synthetic, name, input, kind, provider)| {
            let mut call = ToolCall::new(id, name, input);
            call.synthetic_id = synthetic;
            call.kind = kind;
            call.executor = if provider {
                Executor::Provider
            } else {
                Executor::Client
            };
            call
        })
        .boxed()
}

fn tool_result() -> BoxedStrategy<ToolResult> {
    (id(), words(), option::of(odd_json()), any::<bool>())
        .prop_map(|(call, output, json, preliminary)| {
            let mut result = ToolResult::text(call, output).status(ToolStatus::Denied);
            result.json = json;
            result.preliminary = preliminary;
            result.output.push(Part::cache_point());
            result
        })
        .boxed()
}

fn reasoning() -> BoxedStrategy<Reasoning> {
    (
        option::of(words()),
        vec(words(), 0..3),
        any::<bool>(),
        vec(media(), 0..2),
    )
        .prop_map(|(text, summary, redacted, media)| {
            let mut reasoning = Reasoning::default();
            reasoning.text = text;
            reasoning.summary = summary;
            reasoning.redacted = redacted;
            reasoning.media = media.into_iter().map(Part::new).collect();
            reasoning
        })
        .boxed()
}

pub(crate) fn content() -> BoxedStrategy<Content> {
    let said = prop_oneof![
        (words(), vec(citation(), 0..2)).prop_map(|(words, annotations)| {
            let mut text = Text::new(words);
            text.annotations = annotations;
            text.into()
        }),
        media().prop_map(Content::Media),
        reasoning().prop_map(Content::Reasoning),
        words().prop_map(|words| Refusal::new(words).into()),
        tool_call().prop_map(Content::ToolCall),
    ];
    let other = prop_oneof![
        tool_result().prop_map(Content::ToolResult),
        (id(), tool_call())
            .prop_map(|(id, call)| Approval::Request(ApprovalRequest::new(id, call)).into()),
        (id(), any::<bool>())
            .prop_map(|(id, yes)| Approval::Response(ApprovalResponse::new(id, yes)).into()),
        option::of(words()).prop_map(|url| {
            let mut source = SourceRef::default();
            source.url = url;
            source.into()
        }),
        option::of(select(vec![Ttl::FiveMinutes, Ttl::OneHour, Ttl::OneDay])).prop_map(|ttl| {
            let mut point = CachePoint::default();
            point.ttl = ttl;
            point.into()
        }),
        (id(), odd_json(), replay())
            .prop_map(|(kind, json, replay)| Opaque::new(kind, json).replay(replay).into()),
    ];
    prop_oneof![3 => said, 1 => other].boxed()
}

pub(crate) fn part() -> BoxedStrategy<Part> {
    (
        content(),
        option::of(id()),
        any::<bool>(),
        option::of(state()),
        ext(),
    )
        .prop_map(|(content, id, origin, state, ext)| {
            let mut part = Part::new(content);
            part.id = id;
            part.origin = origin.then(|| Origin::new("parrot", "ara"));
            part.state = state;
            part.ext = ext;
            part
        })
        .boxed()
}

pub(crate) fn message() -> BoxedStrategy<Message> {
    let role = select(vec![
        Role::System,
        Role::Developer,
        Role::User,
        Role::Assistant,
        Role::Tool,
    ]);
    (role, vec(part(), 0..4), option::of(words()), ext())
        .prop_map(|(role, parts, name, ext)| {
            let mut message = Message::new(role, parts);
            message.name = name;
            message.ext = ext;
            message
        })
        .boxed()
}

pub(crate) fn usage() -> BoxedStrategy<Usage> {
    let count = || option::of(any::<u64>());
    (
        count(),
        count(),
        count(),
        option::of(number()),
        option::of(0..99_u64),
        option::of(odd_json()),
        any::<bool>(),
    )
        .prop_map(|(total, read, out, billed, millis, raw, nested)| {
            let mut usage = Usage::default();
            usage.input.total = total;
            usage.input.cache_read = read;
            usage.input.cache_write_by_ttl.insert(Ttl::OneHour, 3);
            usage.output.total = out;
            usage.completeness = Completeness::Final;
            usage.billed = billed.map(|units| {
                let mut billed = Billed::default();
                billed.searches = Some(units);
                Box::new(billed)
            });
            usage.timing = millis.map(|millis| {
                let mut timing = Timing::default();
                timing.prompt = Some(std::time::Duration::from_micros(millis * 37));
                Box::new(timing)
            });
            usage.raw = raw;
            if nested {
                usage
                    .iterations
                    .push(UsageIteration::new("advisor", None, Usage::new(1, 2)));
            }
            usage
        })
        .boxed()
}

fn warning() -> BoxedStrategy<Warning> {
    prop_oneof![
        id().prop_map(Warning::unsupported),
        (id(), id(), id()).prop_map(|(feature, from, to)| Warning::coerced(feature, from, to)),
        id().prop_map(|kind| Warning::StateDropped { kind }),
        (0..9_usize).prop_map(|message| Warning::Hoisted { message }),
        (0..9_usize).prop_map(|message| Warning::Merged { message }),
        id().prop_map(|message| Warning::Other { message }),
    ]
    .boxed()
}

pub(crate) fn finish() -> BoxedStrategy<Finish> {
    let kind = prop_oneof![
        Just(FinishKind::Stop),
        option::of(words()).prop_map(FinishKind::StopSequence),
        Just(FinishKind::ToolCalls),
        Just(FinishKind::MaxTokens),
        id().prop_map(|word| FinishKind::ContentFilter(Category::Other(word))),
        Just(FinishKind::Other),
    ];
    (kind, option::of(id()), option::of(id()))
        .prop_map(|(kind, raw, detail)| {
            let mut finish = Finish::new(kind);
            finish.raw = raw;
            finish.detail = detail;
            finish
        })
        .boxed()
}

fn logprobs() -> BoxedStrategy<Option<Json>> {
    let lists = ["[]", "[1]", r#"[ {"token":"a","logprob":-0.50}, 2 ]"#];
    option::of(select(lists.to_vec()).prop_map(|text| Json::parse(text).unwrap())).boxed()
}

/// Answers as models give them: an assistant's messages, likelihoods only where there are parts.
pub(crate) fn response() -> BoxedStrategy<ChatResponse> {
    let answer = || (vec(part(), 0..5), finish(), logprobs());
    (
        vec(answer(), 1..4),
        option::of(words()),
        usage(),
        vec(warning(), 0..2),
        ext(),
    )
        .prop_map(|(answers, id, usage, warnings, ext)| {
            let mut answers = answers.into_iter().map(|(parts, finish, logprobs)| {
                let logprobs = logprobs.filter(|_| !parts.is_empty());
                (Message::new(Role::Assistant, parts), finish, logprobs)
            });
            let (message, finish, logprobs) = answers.next().unwrap();
            let mut response = ChatResponse::new("ara", message, finish);
            response.logprobs = logprobs;
            response.candidates = (1..)
                .zip(answers)
                .map(|(index, (message, finish, logprobs))| {
                    let mut candidate = Candidate::new(index, message, finish);
                    candidate.logprobs = logprobs;
                    candidate
                })
                .collect();
            response.id = id;
            response.created = Some(7);
            response.service_tier = Some("flex".to_owned());
            response.usage = usage;
            response.warnings = warnings;
            response.ext = ext;
            response
        })
        .boxed()
}

pub(crate) fn request() -> BoxedStrategy<ChatRequest> {
    // No patch and no schema is `null`.
    let object = || option::of(odd_json().prop_filter("null", |json| json.get() != "null"));
    (
        vec(message(), 0..3),
        option::of(number()),
        object(),
        object(),
        any::<u8>(),
    )
        .prop_map(|(messages, temperature, patch, schema, bits)| {
            let mut request = ChatRequest::new(messages)
                .service_tier("flex")
                .metadata("k", "v");
            let has = |bit: u8| bits & (1 << bit) != 0;
            request.temperature = temperature;
            request.patch = patch;
            request.strict = has(0);
            request.parallel_tools = Some(has(1));
            request.seed = has(2).then_some(i64::MIN);
            request.tool_choice = Some(if has(3) {
                ToolChoice::Allowed(vec!["a".to_owned()])
            } else {
                ToolChoice::None
            });
            request.reasoning = Some(if has(4) {
                ReasoningSetting::Budget(3)
            } else {
                ReasoningSetting::Effort(Effort::XHigh)
            });
            request.logit_bias.insert(50_256, -100.0);
            if let Some(schema) = schema {
                request
                    .tools
                    .push(Tool::new("t", "does", schema.clone()).strict(has(5)));
                request.options.insert("parrot".to_owned(), schema.clone());
                request.format = Some(Format::Schema {
                    name: "f".to_owned(),
                    schema,
                    strict: has(6),
                });
            }
            request
        })
        .boxed()
}

fn delta() -> BoxedStrategy<Delta> {
    prop_oneof![
        words().prop_map(Delta::Text),
        words().prop_map(Delta::Reasoning),
        (0..3_u32, words()).prop_map(|(index, text)| Delta::ReasoningSummary { index, text }),
        state().prop_map(Delta::State),
        words().prop_map(Delta::ToolInput),
        words().prop_map(Delta::Refusal),
        citation().prop_map(|citation| Delta::Citation(Box::new(citation))),
        vec(any::<u8>(), 0..9).prop_map(|bytes| Delta::Media(bytes.into())),
        words().prop_map(Delta::Transcript),
        odd_json().prop_map(Delta::Logprobs),
        ext().prop_map(Delta::Ext),
    ]
    .boxed()
}

pub(crate) fn chunk() -> BoxedStrategy<StreamChunk> {
    prop_oneof![
        vec(warning(), 0..2).prop_map(|warnings| StreamChunk::Start { warnings }),
        (option::of(words()), ext()).prop_map(|(id, ext)| {
            let mut meta = ChunkMeta::default();
            meta.id = id;
            meta.ext = ext;
            StreamChunk::Meta(Box::new(meta))
        }),
        (0..9_u32, 0..2_u32, part()).prop_map(|(ix, candidate, part)| {
            StreamChunk::PartStart {
                ix,
                candidate,
                part: Box::new(part),
            }
        }),
        (0..9_u32, delta()).prop_map(|(ix, delta)| StreamChunk::Delta { ix, delta }),
        (0..9_u32, option::of(part())).prop_map(|(ix, part)| StreamChunk::PartEnd {
            ix,
            part: part.map(Box::new)
        }),
        (0..9_u32, words()).prop_map(|(ix, phase)| StreamChunk::Progress {
            ix,
            phase: phase.into()
        }),
        usage().prop_map(|usage| StreamChunk::Usage(Box::new(usage))),
        (0..2_u32, finish(), option::of(usage()), ext()).prop_map(
            |(candidate, reason, usage, ext)| {
                StreamChunk::Finish {
                    candidate,
                    reason,
                    usage: usage.map(Box::new),
                    ext,
                }
            }
        ),
        Just(StreamChunk::KeepAlive),
        vec(any::<u8>(), 0..9).prop_map(|bytes| StreamChunk::Raw(bytes.into())),
    ]
    .boxed()
}
