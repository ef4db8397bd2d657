//! Faults of the network and of servers, over real connections: what each becomes, and whether it
//! may be asked for again.

use std::{net::Ipv4Addr, pin::Pin, sync::Arc, time::Duration};

use tokio::net::TcpListener;
use trunkline_core::{
    Backend, ChatResponse, Delivery, Error, ErrorKind, HttpClient, Limit, Op, Phase, Recovery,
    StreamChunk, protocol::Timers,
};

use super::{
    Subject,
    stage::{Framing, Pipes, Read, Recorded, Role, call, client_of, cut, same},
    subject::Setup,
    suite::Test,
};
use crate::{
    Peer,
    peer::{Exchange, Reply},
};

type Running = Pin<Box<dyn Future<Output = Result<(), String>>>>;
type Named = (&'static str, fn(Arc<Subject>) -> Running);
type OfStream = (&'static str, fn(Arc<Subject>, Arc<Recorded>) -> Running);

const CALLS: &[Named] = &[
    ("nobody_listens", refused),
    ("the_connection_is_reset_before_the_head", reset_before_head),
    ("the_connection_is_reset_after_the_head", reset_after_head),
    ("the_body_is_shorter_than_announced", short),
    ("the_last_chunk_is_missing", no_last_chunk),
    ("what_follows_an_answer_spoils_no_other", garbage),
    ("headers_without_end_are_bounded", endless_headers),
    ("a_redirect_is_not_followed", redirect),
];

const STREAMS: &[OfStream] = &[
    ("a_stream_is_reset_before_its_content", before_content),
    ("a_stream_is_reset_after_its_content", after_content),
];

const SILENCES: &[OfStream] = &[
    ("a_head_that_does_not_come_ends_in_time", no_head),
    ("a_stream_that_falls_silent_ends_in_time", stall),
    ("comments_do_not_hide_a_dead_model", comments),
];

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let can = subject.can;
    if !can.chat {
        return vec![Test::skip(
            "faults::the_network_fails",
            "`chat` is not declared",
        )];
    }
    let mut tests: Vec<Test> = Vec::new();
    for (name, body) in CALLS {
        let (subject, body) = (subject.clone(), *body);
        tests.push(Test::run(format!("faults::{name}"), move || body(subject)));
    }
    let of_streams = || STREAMS.iter().chain(SILENCES);
    if !can.stream {
        let skip = |(name, _): &OfStream| {
            Test::skip(format!("faults::{name}"), "`stream` is not declared")
        };
        tests.extend(of_streams().map(skip));
        return tests;
    }
    let learnt = Role::read(subject, "stream", "an answer in words as a stream")
        .and_then(|role| Recorded::learn(subject, role));
    let stream = match learnt {
        Ok(stream) => Arc::new(stream),
        Err(why) => {
            let fail = |(name, _): &OfStream| Test::fail(format!("faults::{name}"), why.clone());
            tests.extend(of_streams().map(fail));
            return tests;
        }
    };
    for (list, paused) in [(STREAMS, false), (SILENCES, true)] {
        for (name, body) in list {
            let (subject, stream, body) = (subject.clone(), stream.clone(), *body);
            let run = move || body(subject, stream);
            let name = format!("faults::{name}");
            tests.push(if paused {
                Test::paused(name, run)
            } else {
                Test::run(name, run)
            });
        }
    }
    tests
}

fn chat(subject: &Subject) -> Result<Role, String> {
    Role::read(subject, "chat", "an answer in a few words")
}

fn at(subject: &Subject, url: &str) -> Result<Backend, String> {
    let setup = Setup {
        client: Some(HttpClient::shared()),
        ..subject.at(url)
    };
    let built = subject.build(setup).map_err(|error| error.to_string())?;
    Ok(built.bare)
}

/// What a fault has to become.
fn expect(read: &Read, kind: ErrorKind, recovery: Recovery) -> Result<&Error, String> {
    let error = match &read.result {
        Err(error) => error,
        Ok(answer) => {
            return Err(cut(format!(
                "it was taken for an answer: {:?}",
                answer.text()
            )));
        }
    };
    if error.kind() != kind || error.recovery() != recovery {
        return Err(cut(format!(
            "it is {kind:?}, and served by {recovery:?}; it became {:?}: {error:?}",
            error.recovery()
        )));
    }
    Ok(error)
}

fn refused(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let addr = listener
            .and_then(|listener| listener.local_addr())
            .map_err(|error| error.to_string())?;
        let backend = at(&subject, &format!("http://{addr}"))?;
        let read = call(&backend, &chat(&subject)?.op).await;
        let error = expect(&read, ErrorKind::Connect, Recovery::Later)?;
        if error.delivery() != Delivery::NotSent || error.phase() != Some(Phase::Tcp) {
            return Err(cut(format!("nothing was sent: {error:?}")));
        }
        Ok(())
    })
}

async fn answered(
    subject: &Subject,
    exchange: impl Into<Exchange>,
) -> Result<(Peer, Read), String> {
    let peer = Peer::start([exchange.into()]).await;
    let read = call(&at(subject, &peer.url())?, &chat(subject)?.op).await;
    if peer.seen().received > 1 {
        return Err(
            "a request that may have been acted on was sent again without a retry layer".to_owned(),
        );
    }
    Ok((peer, read))
}

fn reset_before_head(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let (_, read) = answered(&subject, Exchange::new().reset()).await?;
        let error = expect(&read, ErrorKind::Interrupted, Recovery::Later)?;
        match error.delivery() {
            Delivery::MaybeProcessed => Ok(()),
            other => Err(format!(
                "nobody knows whether it was acted on, and the error says {other:?}"
            )),
        }
    })
}

fn reset_after_head(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let role = chat(&subject)?;
        let (_, read) = answered(&subject, role.reply().cut_after(0).reset()).await?;
        expect(&read, ErrorKind::Interrupted, Recovery::Later).map(|_| ())
    })
}

fn short(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let role = chat(&subject)?;
        // Whole by itself, and yet shorter than it should be.
        let length = role.body.len() + 600;
        let (_, read) = answered(&subject, role.reply().lie_content_length(length)).await?;
        expect(&read, ErrorKind::Interrupted, Recovery::Later)?;
        let half = role.body.len() / 2;
        let (_, read) = answered(&subject, role.reply().cut_after(half)).await?;
        expect(&read, ErrorKind::Interrupted, Recovery::Later).map(|_| ())
    })
}

fn no_last_chunk(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let role = chat(&subject)?;
        let reply = role.reply().chunked([role.body.clone()]).no_last_chunk();
        let (_, read) = answered(&subject, reply).await?;
        expect(&read, ErrorKind::Interrupted, Recovery::Later).map(|_| ())
    })
}

fn garbage(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let role = chat(&subject)?;
        let garbage = "HTTP/1.1 500 Oops\r\ncontent-length: 2\r\n\r\nno";
        let peer = Peer::start([role.reply().trailing_garbage(garbage), role.reply()]).await;
        let backend = at(&subject, &peer.url())?;
        for number in ["first", "second"] {
            let read = call(&backend, &role.op).await;
            let answer = read
                .answer()
                .map_err(|error| format!("the {number} answer was whole: {error}"))?;
            same(&answer.message, &role.answer()?.message)?;
        }
        match peer.connections().accepted {
            2 => Ok(()),
            other => Err(format!(
                "a connection with bytes that belong to nothing was used again: {other} were opened"
            )),
        }
    })
}

fn endless_headers(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let lines = "x-filler: ".to_owned() + &"y".repeat(1_000) + "\r\n";
        let exchange = Exchange::new()
            .send("HTTP/1.1 200 OK\r\n")
            .send(lines.repeat(4_000))
            .stall();
        let (_, read) = answered(&subject, exchange).await?;
        let error = expect(&read, ErrorKind::LimitExceeded, Recovery::OtherModel)?;
        match error.limit() {
            Some(Limit::Headers) => Ok(()),
            other => Err(format!("the limit is that of headers, and was {other:?}")),
        }
    })
}

fn redirect(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        let role = chat(&subject)?;
        let ops = match &role.op {
            Op::Chat(request) if subject.can.stream => {
                vec![Op::ChatStream(request.clone()), role.op.clone()]
            }
            op => vec![op.clone()],
        };
        for op in ops {
            for status in [301, 302, 303, 307, 308] {
                let other = Peer::start(role.reply()).await;
                let location = format!("{}/v1/elsewhere?key=1", other.url());
                let peer = Peer::start(Reply::status(status).header("location", &location)).await;
                let read = call(&at(&subject, &peer.url())?, &op).await;
                let error = expect(&read, ErrorKind::Redirect, Recovery::None)?;
                if other.connections().accepted > 0 {
                    return Err(format!("a {status} was followed, and took the key along"));
                }
                if error.to_string().contains("key=1") {
                    return Err(format!(
                        "an address may hold a secret, and is shown: {error}"
                    ));
                }
            }
        }
        Ok(())
    })
}

fn before_content(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let body = stream
            .first(stream.content_after.saturating_sub(1))
            .concat();
        for reply in [
            stream.role.reply_of(body.clone()).no_last_chunk().reset(),
            stream.role.reply_of(body).no_last_chunk().close(),
        ] {
            let peer = Peer::start(reply).await;
            let read = call(&at(&subject, &peer.url())?, &stream.role.op).await;
            expect(&read, ErrorKind::Interrupted, Recovery::Later)?;
            if !read.chunks.is_empty() {
                return Err("a stream was handed over before its first content".to_owned());
            }
        }
        Ok(())
    })
}

/// Content had been shown: an error with what had come, and nothing is asked for again.
fn committed(read: &Read, stream: &Recorded, kind: ErrorKind) -> Result<(), String> {
    let error = expect(read, kind, Recovery::None)?;
    let partial = error.partial().map(ChatResponse::text).unwrap_or_default();
    let shown = read.chunks.iter().any(StreamChunk::is_output);
    let is_beginning = stream.answer.text().starts_with(&partial);
    if error.delivery() != Delivery::Committed || error.is_retryable() || !shown || !is_beginning {
        return Err(cut(format!(
            "what had come is shown and kept, and the error says so: {error:?}, {partial:?}"
        )));
    }
    Ok(())
}

fn after_content(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let body = stream.first(stream.content_after).concat();
        // A reset overtakes what was sent before it, so that it comes a moment later.
        let moment = Duration::from_millis(20);
        for ending in [true, false] {
            let exchange = begun(&stream, &body).pause(moment);
            let exchange = if ending {
                exchange.reset()
            } else {
                exchange.close()
            };
            let peer = Peer::start([exchange]).await;
            let read = call(&at(&subject, &peer.url())?, &stream.role.op).await;
            committed(&read, &stream, ErrorKind::Interrupted)?;
        }
        Ok(())
    })
}

/// The head of a chunked answer and its first bytes, and nothing after.
fn begun(stream: &Recorded, body: &[u8]) -> Exchange {
    let head = stream.role.headers.iter().fold(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n".to_owned(),
        |head, (name, value)| format!("{head}{name}: {value}\r\n"),
    );
    let mut bytes = format!("{head}\r\n{:x}\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes.extend_from_slice(b"\r\n");
    Exchange::new().send(bytes)
}

async fn silent(
    subject: &Subject,
    op: &Op,
    exchange: Exchange,
) -> Result<(Read, Duration), String> {
    let (peer, pipes) = Pipes::to([exchange]);
    let setup = Setup {
        timers: Some(Timers::default()),
        ..subject.through(client_of(pipes)?)
    };
    let built = subject.build(setup).map_err(|error| error.to_string())?;
    let began = tokio::time::Instant::now();
    let read = call(&built.bare, op).await;
    drop(peer);
    Ok((read, began.elapsed()))
}

/// Whether a timer ran out when it should.
fn in_time(error: &Error, took: Duration, phase: Phase, seconds: u64) -> Result<(), String> {
    let right = error.phase() == Some(phase);
    if right && took.as_secs().abs_diff(seconds) <= 2 {
        return Ok(());
    }
    Err(cut(format!(
        "the timer {phase:?} ends it after {seconds} s; it took {took:?}: {error:?}"
    )))
}

fn no_head(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let (read, took) = silent(&subject, &stream.role.op, Exchange::new().stall()).await?;
        let error = expect(&read, ErrorKind::Timeout, Recovery::Elsewhere)?;
        in_time(error, took, Phase::Head, 120)
    })
}

fn stall(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let body = stream.first(stream.content_after).concat();
        let exchange = begun(&stream, &body).stall();
        let (read, took) = silent(&subject, &stream.role.op, exchange).await?;
        committed(&read, &stream, ErrorKind::Timeout)?;
        let error = read.result.as_ref().err().ok_or("no error")?;
        in_time(error, took, Phase::ByteIdle, 90)
    })
}

fn comments(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let body = stream.first(stream.content_after).concat();
        let mut exchange = begun(&stream, &body);
        let alive: Vec<u8> = match stream.framing {
            Framing::Sse => b"e\r\n: keep-alive\n\n\r\n".to_vec(),
            Framing::Lines => b"1\r\n\n\r\n".to_vec(),
            // Nothing in them is less than an event.
            Framing::Messages => return Ok(()),
        };
        for _ in 0..300 {
            exchange = exchange.pause(Duration::from_secs(5)).send(alive.clone());
        }
        let (read, took) = silent(&subject, &stream.role.op, exchange.stall()).await?;
        committed(&read, &stream, ErrorKind::Timeout)?;
        let error = read.result.as_ref().err().ok_or("no error")?;
        // A model that thinks is given three times as long.
        let model = stream.role.op.model();
        let thinks = subject
            .over(HttpClient::shared())?
            .bare
            .info()
            .reasons(model);
        in_time(
            error,
            took,
            Phase::ProgressIdle,
            if thinks { 900 } else { 300 },
        )
    })
}
