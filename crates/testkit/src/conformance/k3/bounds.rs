//! What a stream may be made to hold: long lines, endless ones, a slow reader, the same again.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use trunkline_core::{Call, ErrorKind, Limit, StreamChunk};

use super::{OnStream, Running, Subject};
use crate::conformance::{
    stage::{Framing, Memory, Pipes, Recorded, Stand, client_of, cut},
    suite::Test,
};

const MIB: usize = 1 << 20;

pub(super) const ALL: &[OnStream] = &[
    ("takes_a_line_of_a_mebibyte_or_names_the_limit", long_line),
    ("bounds_a_line_without_end", endless_line),
    ("bounds_what_a_slow_reader_leaves_unread", slow_reader),
];

/// The stream with so many bytes more that say nothing: a comment; where there are none, blanks
/// before an object.
fn filled(stream: &Recorded, length: usize) -> Vec<Bytes> {
    let filler = |start: &[u8], byte: u8| {
        let mut line = start.to_vec();
        line.resize(length, byte);
        line
    };
    match stream.framing {
        Framing::Sse => {
            let mut line = filler(b": ", b'x');
            line.push(b'\n');
            stream.with(1, line)
        }
        Framing::Lines => stream.with(1, filler(b"", b' ')),
        Framing::Messages => {
            let mut pieces = stream.events.clone();
            if let Some(message) = pieces.get_mut(1)
                && let Some(json) = stream.framing.json(message)
            {
                let data = [filler(b"", b' '), json.to_vec()].concat();
                *message = stream.framing.with_data(message, &data);
            }
            pieces
        }
    }
}

fn long_line(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let stand = Stand::of(&subject)?;
        for length in [MIB - 1024, 2 * MIB] {
            let answer = stream.answer_of(filled(&stream, length));
            let read = stream.read(&stand, answer).await;
            match &read.result {
                Ok(answer) if answer.message == stream.answer.message => {}
                Err(error)
                    if error.kind() == ErrorKind::LimitExceeded
                        && matches!(error.limit(), Some(Limit::Line | Limit::Event))
                        && length > MIB => {}
                Ok(_) => return Err(format!("a line of {length} bytes changed the answer")),
                Err(error) => {
                    return Err(cut(format!(
                        "a line of {length} bytes passes, or from 1 MiB on is LimitExceeded with its limit; it was: {error:?}"
                    )));
                }
            }
        }
        Ok(())
    })
}

fn endless_line(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let first: &[u8] = match stream.framing {
            Framing::Sse => b"data: ",
            Framing::Lines => b"{\"",
            // A message of 2 GiB.
            Framing::Messages => b"\x7f\xff\xff\xff",
        };
        let pieces = [
            Bytes::from_static(first),
            Bytes::from(vec![b'x'; 16 * 1024]),
        ];
        let wire = Memory::new([stream.answer_of(pieces.into()).endless()]);
        let built = subject.over(wire.client())?;
        let read = super::call(&built.bare, &stream.role.op).await;
        let error = read
            .result
            .err()
            .ok_or("a line without end gave an answer")?;
        let is_line = matches!(error.limit(), Some(Limit::Line | Limit::Event));
        if error.kind() != ErrorKind::LimitExceeded || !is_line {
            return Err(cut(format!(
                "a line without end is LimitExceeded, and was {error:?}"
            )));
        }
        let bytes = wire.bytes_read();
        if bytes > 33 * MIB {
            return Err(format!(
                "{bytes} bytes of one line were read; bound it in `shape` by FrameLimits, at most 32 MiB"
            ));
        }
        Ok(())
    })
}

/// The server writes for ever and counts.
fn slow_reader(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let written = Arc::new(AtomicUsize::new(0));
        let (count, recorded) = (written.clone(), stream.clone());
        let pipes = Pipes::by(move || {
            let (ours, theirs) = tokio::io::duplex(64 * 1024);
            tokio::spawn(flood(theirs, recorded.clone(), count.clone()));
            ours
        });
        let built = subject.over(client_of(pipes)?)?;
        let reply = built.bare.call(Call::new(stream.role.op.clone())).await;
        let mut reply = reply
            .and_then(trunkline_core::Reply::into_chat_stream)
            .map_err(|error| cut(format!("the stream did not begin: {error}")))?;
        let mut read = 0;
        while let Some(Ok(chunk)) = reply.next().await {
            read += usize::from(chunk.is_output());
            if read >= 1 {
                break;
            }
        }
        // A clock that is paused moves on when nobody has anything left to do.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let held = written.load(SeqCst);
        if held > 2 * MIB {
            return Err(format!(
                "{held} bytes were taken off the wire for a reader that had read {read} chunks; let the decoder give chunks as it reads, and hold nothing back"
            ));
        }
        // It goes on where it was.
        for _ in 0..10 {
            match reply.next().await {
                Some(Ok(StreamChunk::Finish { .. })) | None => break,
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    return Err(cut(format!(
                        "a reader that was slow finds the stream broken: {error}"
                    )));
                }
            }
        }
        Ok(())
    })
}

async fn flood(
    mut to: DuplexStream,
    stream: Arc<Recorded>,
    written: Arc<AtomicUsize>,
) -> io::Result<()> {
    let mut request = [0; 16 * 1024];
    let _ = to.read(&mut request).await?;
    let head = stream.role.headers.iter().fold(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n".to_owned(),
        |head, (name, value)| format!("{head}{name}: {value}\r\n"),
    );
    to.write_all(format!("{head}\r\n").as_bytes()).await?;
    let again = stream
        .words
        .as_ref()
        .map_or(stream.content_after, |(at, _)| at + 1);
    for event in stream.first(again) {
        to.write_all(&chunk(&event)).await?;
    }
    let last = stream
        .first(again)
        .pop()
        .map(|event| chunk(&event))
        .unwrap_or_default();
    loop {
        to.write_all(&last).await?;
        written.fetch_add(last.len(), SeqCst);
    }
}

fn chunk(data: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
    chunk.extend_from_slice(data);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

/// A model may say the same a thousand times.
pub(super) fn repeated(subject: &Arc<Subject>, stream: &Arc<Recorded>) -> Option<Test> {
    const TIMES: usize = 1_000;
    let name = "k3::the_same_words_a_thousand_times_are_no_error";
    let Some((at, words)) = stream.words.clone() else {
        let why = "let the answer of the fixture `stream` come in two pieces of text at least, so that one can be repeated";
        return Some(Test::fail(name, why));
    };
    let (subject, stream) = (subject.clone(), stream.clone());
    Some(Test::run(name, move || async move {
        let stand = Stand::of(&subject)?;
        let mut pieces = stream.first(at + 1);
        let again = pieces.last().cloned().unwrap_or_default();
        pieces.extend(std::iter::repeat_n(again, TIMES));
        pieces.extend(stream.events.iter().skip(at + 1).cloned());
        let read = stream.read(&stand, stream.answer_of(pieces)).await;
        let answer = read.answer()?;
        let expected = stream
            .answer
            .text()
            .replacen(&words, &words.repeat(TIMES + 1), 1);
        if answer.text() == expected {
            return Ok(());
        }
        Err(cut(format!(
            "{TIMES} identical pieces of text were not all given: {} bytes of text and not {}",
            answer.text().len(),
            expected.len()
        )))
    }))
}
