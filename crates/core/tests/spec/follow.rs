//! Operations of one provider whose answer comes in pieces.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use trunkline_core::{
    Backend, Class, Delivery, Error, ErrorKind, Followed, Limit, Phase, Result, StreamOperation,
    http_transport::frame::{Frame, Framing},
    protocol::{Limits, Terminal},
    raw::RawRequest,
};

use crate::support::{Answer, Wire, account, parrot::KEY};

/// Fetches something, and tells how far it is.
#[derive(Default)]
struct Fetch {
    done: bool,
}

impl StreamOperation for Fetch {
    type Item = Bytes;
    const NAME: &'static str = "fetch";
    const CLASS: Class = Class::Effect;
    const FRAMING: Framing = Framing::NdJson;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::get("/fetch"))
    }

    fn frame(&mut self, frame: Frame, out: &mut VecDeque<Bytes>) -> Result<()> {
        match &*frame.data {
            b"bad" => Err(Error::decode("bad")),
            b"key" => Err(Error::new(ErrorKind::Server, format!("you sent {KEY}"))),
            line => {
                self.done = line == b"done";
                out.push_back(frame.data);
                Ok(())
            }
        }
    }

    fn terminal(&self) -> Terminal {
        match self.done {
            true => Terminal::Last,
            false => Terminal::Open,
        }
    }
}

fn backend(wire: &Wire) -> Backend {
    account(wire, |builder| builder).into()
}

fn lines() -> Answer {
    Answer::events([])
}

async fn read(mut items: Followed<Bytes>) -> (Vec<Bytes>, Option<Error>) {
    let mut all = Vec::new();
    while let Some(item) = items.next().await {
        match item {
            Ok(item) => all.push(item),
            Err(error) => {
                assert!(items.next().await.is_none(), "nothing after an error");
                return (all, Some(error));
            }
        }
    }
    (all, None)
}

async fn follow(answer: Answer) -> (Vec<Bytes>, Option<Error>) {
    let backend = backend(&Wire::new([answer]));
    read(backend.follow(Fetch::default()).await.unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn pieces_come_as_they_are_read_until_the_last_word() {
    let answer = lines().body("one\ntw").pause(1).body("o\ndone\nmore\n");
    let (items, error) = follow(answer).await;
    assert_eq!(items, ["one", "two", "done"]);
    assert!(error.is_none(), "{error:?}");
    let wire = Wire::new([lines().body("one\ndone")]);
    let last = backend(&wire).follow(Fetch::default()).await.unwrap();
    assert_eq!(last.last().await.unwrap(), "done");
    assert_eq!(wire.open_bodies(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_end_before_the_last_word_is_an_interruption() {
    for answer in [lines().body("one\n"), lines().body("one\n").broken()] {
        let (items, error) = follow(answer).await;
        let error = error.unwrap();
        assert_eq!(items, ["one"]);
        assert_eq!(
            (error.kind(), error.delivery()),
            (ErrorKind::Interrupted, Delivery::Committed)
        );
        assert!(!error.provider().is_empty() && error.endpoint().is_some());
    }
    let (_, error) = follow(lines()).await;
    assert_eq!(error.unwrap().delivery(), Delivery::Responded);
}

#[tokio::test(start_paused = true)]
async fn silence_ends_by_the_account_s_timer() {
    let began = tokio::time::Instant::now();
    let (items, error) = follow(lines().body("one\n").hangs()).await;
    assert_eq!(items, ["one"]);
    let error = error.unwrap();
    assert_eq!(
        (error.kind(), error.phase()),
        (ErrorKind::Timeout, Some(Phase::ByteIdle))
    );
    assert_eq!(began.elapsed(), Duration::from_secs(90));
}

#[tokio::test(start_paused = true)]
async fn the_account_s_limits_bound_it() {
    let wire = Wire::new([lines().body("1\n2\n3\n4\ndone\n")]);
    let limits = Limits::default().stream_events(3);
    let backend: Backend = account(&wire, |builder| builder.limits(limits)).into();
    let (items, error) = read(backend.follow(Fetch::default()).await.unwrap()).await;
    assert_eq!(items.len(), 3);
    assert_eq!(error.unwrap().limit(), Some(Limit::Events));

    let wire = Wire::new([lines().body("a line of many bytes\n")]);
    let limits = Limits::default().event(10);
    let backend: Backend = account(&wire, |builder| builder.limits(limits)).into();
    let (_, error) = read(backend.follow(Fetch::default()).await.unwrap()).await;
    assert_eq!(error.unwrap().limit(), Some(Limit::Line));
}

#[tokio::test(start_paused = true)]
async fn what_the_provider_says_of_the_key_is_not_repeated() {
    let wire = Wire::new([lines().body("one\nkey\n")]);
    let (_, error) = read(backend(&wire).follow(Fetch::default()).await.unwrap()).await;
    let error = error.unwrap();
    assert_eq!(error.kind(), ErrorKind::Server);
    assert!(!format!("{error:?}").contains(KEY), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_fails_the_call_and_not_the_stream() {
    let wire = Wire::new([Answer::status(401)]);
    let error = backend(&wire).follow(Fetch::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_closes_the_connection() {
    let wire = Wire::new([lines().body("one\n").hangs()]);
    let mut items = backend(&wire).follow(Fetch::default()).await.unwrap();
    items.next().await.unwrap().unwrap();
    assert_eq!(wire.open_bodies(), 1);
    drop(items);
    assert_eq!(wire.open_bodies(), 0);
}
