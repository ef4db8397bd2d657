//! K11: what a call allocates. Counted where the test program lets the suite count.

use std::{alloc::System, pin::Pin, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use trunkline_core::{
    Backend, Body, Call, ChatRequest, HttpClient, Message, Op, Part,
    chat::MediaType,
    http_transport::{Phase, Transport, TransportError, TransportErrorKind},
};

use super::{
    Subject,
    stage::{Answer, Recorded, Role, Stand},
    suite::Test,
};

/// Counts what a test program allocates, so that the suite can hold it to its budgets:
///
/// ```no_run
/// use trunkline_testkit::conformance;
///
/// #[global_allocator]
/// static COUNTED: conformance::Allocator = conformance::ALLOCATOR;
/// # fn main() {}
/// ```
pub type Allocator = &'static StatsAlloc<System>;

/// The one that counts, over the system's.
pub const ALLOCATOR: Allocator = &INSTRUMENTED_SYSTEM;

type Running = Pin<Box<dyn Future<Output = Result<(), String>>>>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Chat,
    Stream,
    Image,
}

/// A test, and what it is about.
type Named = (&'static str, Needs, fn(Arc<Subject>) -> Running);

const ALL: &[Named] = &[
    (
        "a_request_is_built_with_few_allocations",
        Needs::Chat,
        built,
    ),
    (
        "an_answer_is_decoded_with_few_allocations",
        Needs::Chat,
        decoded,
    ),
    (
        "an_event_is_decoded_with_few_allocations",
        Needs::Stream,
        event,
    ),
    ("an_image_is_not_copied_more_than_once", Needs::Image, image),
    (
        "a_long_stream_holds_no_more_than_its_answer",
        Needs::Stream,
        held,
    ),
];

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let can = subject.can;
    let is_counted = counts();
    let of = |(name, needs, body): &Named| {
        let name = format!("k11::{name}");
        let (declared, flag) = match needs {
            Needs::Chat => (can.chat, "chat"),
            Needs::Stream => (can.stream, "stream"),
            Needs::Image => (can.chat && can.image_in, "image_in"),
        };
        if !declared {
            return Test::skip(name, format!("`{flag}` is not declared"));
        }
        if !is_counted {
            return Test::skip(
                name,
                "nothing is counted: write `#[global_allocator] static COUNTED: conformance::Allocator = conformance::ALLOCATOR;`",
            );
        }
        let (subject, body) = (subject.clone(), *body);
        Test::alone(name, move || body(subject))
    };
    ALL.iter().map(of).collect()
}

/// Whether the program counts.
fn counts() -> bool {
    let region = Region::new(&INSTRUMENTED_SYSTEM);
    drop(std::hint::black_box(Box::new(0_u8)));
    region.change().allocations > 0
}

/// What something took: the least of several times, since a thread of the runner may allocate
/// meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cost {
    allocations: usize,
    bytes: usize,
}

async fn cost<F: Future>(mut work: impl FnMut() -> F) -> Cost {
    let mut least = Cost {
        allocations: usize::MAX,
        bytes: usize::MAX,
    };
    for _ in 0..5 {
        let region = Region::new(&INSTRUMENTED_SYSTEM);
        let result = work().await;
        let change = region.change();
        drop(result);
        least = least.min(Cost {
            allocations: change.allocations + change.reallocations,
            bytes: change.bytes_allocated,
        });
    }
    least
}

/// A transport that sends nothing.
struct Nowhere;

impl Transport for Nowhere {
    fn send(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, TransportError>> + Send + 'static {
        drop(request);
        let refused = TransportError::new(TransportErrorKind::Connect, "nobody listens");
        std::future::ready(Err(refused.with_phase(Phase::Tcp)))
    }
}

fn nowhere(subject: &Subject) -> Result<Backend, String> {
    Ok(subject.over(HttpClient::new(Nowhere))?.bare)
}

fn chat(subject: &Subject) -> Result<Role, String> {
    Role::read(subject, "chat", "an answer in a few words")
}

/// Of a request alone: it is built, and goes nowhere.
async fn building(subject: &Subject, op: &Op) -> Result<Cost, String> {
    let backend = nowhere(subject)?;
    Ok(cost(|| backend.call(Call::new(op.clone()))).await)
}

fn within(what: &str, cost: Cost, allocations: usize, bytes: usize) -> Result<(), String> {
    if std::env::var_os("CONFORMANCE_COSTS").is_some() {
        println!("{what}: {cost:?} of {allocations} and {bytes}");
    }
    if cost.allocations <= allocations && cost.bytes <= bytes {
        return Ok(());
    }
    Err(format!(
        "{what} takes {} allocations of {} bytes in all; at most {allocations} and {bytes} are needed: borrow instead of cloning, and write JSON once, straight into the body",
        cost.allocations, cost.bytes
    ))
}

fn built(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let role = chat(&subject)?;
        let cost = building(&subject, &role.op).await?;
        within("a request of a few words", cost, 80, 16 << 10)
    })
}

fn decoded(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let role = chat(&subject)?;
        let stand = Stand::of(&subject)?;
        let whole = cost(|| stand.call(&role.op, Answer::of(&role))).await;
        let building = building(&subject, &role.op).await?;
        let cost = Cost {
            allocations: whole.allocations.saturating_sub(building.allocations),
            bytes: whole.bytes.saturating_sub(building.bytes),
        };
        within(
            "an answer of a few words",
            cost,
            120,
            (16 << 10) + 8 * role.body.len(),
        )
    })
}

/// How often the event of words is repeated, at a time.
const TIMES: usize = 200;

/// The stream with its event of words so many times more, which are ready before anything is
/// counted.
fn longer(stream: &Recorded, times: usize) -> Result<(Vec<Bytes>, usize), String> {
    let Some((at, _)) = &stream.words else {
        return Err(
            "let the answer of the fixture `stream` come in two pieces of text at least".to_owned(),
        );
    };
    let mut pieces = stream.first(at + 1);
    let again = pieces.last().cloned().unwrap_or_default();
    let size = again.len();
    pieces.extend(std::iter::repeat_n(again, times));
    pieces.extend(stream.events.iter().skip(at + 1).cloned());
    Ok((pieces, size))
}

/// What it takes to read a stream so long, keeping none of its chunks.
async fn reading(
    subject: &Subject,
    stream: &Recorded,
    times: usize,
) -> Result<(Cost, usize), String> {
    let stand = Stand::of(subject)?;
    let (pieces, size) = longer(stream, times)?;
    let cost = cost(|| async {
        stand.wire.set(stream.answer_of(pieces.clone()));
        let reply = stand.backend.call(Call::new(stream.role.op.clone())).await;
        if let Ok(trunkline_core::Reply::ChatStream(mut reply)) = reply {
            while let Some(Ok(_)) = reply.next().await {}
        }
    })
    .await;
    Ok((cost, size))
}

fn learn(subject: &Arc<Subject>) -> Result<Arc<Recorded>, String> {
    let role = Role::read(subject, "stream", "an answer in words as a stream")?;
    let subject = subject.clone();
    // It has a runtime of its own.
    let learning = std::thread::spawn(move || Recorded::learn(&subject, role).map(Arc::new));
    learning
        .join()
        .map_err(|_| "the stream cannot be learnt".to_owned())?
}

fn event(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let stream = learn(&subject)?;
        let (short, _) = reading(&subject, &stream, TIMES).await?;
        let (long, size) = reading(&subject, &stream, 2 * TIMES).await?;
        let each = Cost {
            allocations: long
                .allocations
                .saturating_sub(short.allocations)
                .div_ceil(TIMES),
            bytes: long.bytes.saturating_sub(short.bytes).div_ceil(TIMES),
        };
        within("an event of a word", each, 12, 1_024 + 4 * size)
    })
}

fn held(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let stream = learn(&subject)?;
        let stand = Stand::of(&subject)?;
        let (pieces, size) = longer(&stream, 50 * TIMES)?;
        stand.wire.set(stream.answer_of(pieces));
        let reply = stand.backend.call(Call::new(stream.role.op.clone())).await;
        let reply = reply.and_then(trunkline_core::Reply::into_chat_stream);
        let mut reply = reply.map_err(|error| error.to_string())?;
        // From here on, since what is served lies in memory as well.
        let region = Region::new(&INSTRUMENTED_SYSTEM);
        let (mut most, mut words) = (0, 0);
        while let Some(Ok(chunk)) = reply.next().await {
            if let trunkline_core::StreamChunk::Delta {
                delta: trunkline_core::Delta::Text(text),
                ..
            } = &chunk
            {
                words += text.len();
            }
            let change = region.change();
            most = most.max(
                change
                    .bytes_allocated
                    .saturating_sub(change.bytes_deallocated),
            );
        }
        // The words twice, since what grows doubles, and something for the rest.
        let most_needed = 4 * words + (256 << 10);
        if most > most_needed {
            return Err(format!(
                "a stream of {} bytes holds {most} bytes while it is read, for an answer of {words}; keep nothing of an event that was read",
                50 * TIMES * size
            ));
        }
        Ok(())
    })
}

fn image(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        const SIZE: usize = 1 << 20;
        let model = chat(&subject)?.op.model().to_owned();
        let request = |size: usize| {
            let image = Part::image(MediaType::PNG, Bytes::from(vec![7_u8; size]));
            let message = Message::user("What is this?").part(image);
            Op::Chat(Arc::new(ChatRequest::new([message]).model(model.clone())))
        };
        let small = building(&subject, &request(16)).await?;
        let large = building(&subject, &request(SIZE)).await?;
        let bytes = large.bytes.saturating_sub(small.bytes);
        if std::env::var_os("CONFORMANCE_COSTS").is_some() {
            println!("an image: {bytes} bytes, {small:?} {large:?}");
        }
        // Base64 takes four bytes for three; that, and one copy of it into the body.
        let once = SIZE * 4 / 3;
        if bytes > 2 * once + once / 4 {
            return Err(format!(
                "an image of 1 MiB takes {bytes} bytes to send, and its base64 has {once}, which is copied into the body at most once: give strings and bodies their room beforehand"
            ));
        }
        Ok(())
    })
}
