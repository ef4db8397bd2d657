//! However the bytes of a stream are cut, it is the same stream.

use std::sync::Arc;

use bytes::Bytes;
use trunkline_core::HttpClient;

use super::{OnStream, Running, Subject};
use crate::{
    Peer,
    conformance::stage::{Answer, Read, Recorded, Stand, call, same},
};

pub(super) const ALL: &[OnStream] = &[
    ("is_the_same_cut_anywhere", anywhere),
    ("is_the_same_cut_at_random_places", random),
    ("is_the_same_one_byte_at_a_time", one_by_one),
    ("is_the_same_event_by_event", by_event),
];

/// Whether it is what the uncut one was.
pub(super) fn as_uncut(stream: &Recorded, read: &Read, how: &str) -> Result<(), String> {
    let answer = read
        .answer()
        .map_err(|error| format!("{how}, it fails: {error}"))?;
    if *answer == stream.answer && read.chunks == stream.chunks {
        return Ok(());
    }
    same(answer, &stream.answer).map_err(|what| format!("{how}, its answer is another: {what}"))?;
    same(&read.chunks, &stream.chunks)
        .map_err(|what| format!("{how}, its chunks are others: {what}"))
}

/// Cut after every byte; of what is long, after so many all over it, since each cut reads it all.
fn anywhere(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    const MOST: usize = 1_200;
    Box::pin(async move {
        let stand = Stand::of(&subject)?;
        let body = &stream.role.body;
        for at in (1..body.len()).step_by(body.len().div_ceil(MOST)) {
            let halves = [body.slice(..at), body.slice(at..)];
            let read = stream
                .read(&stand, Answer::of(&stream.role).pieces(halves))
                .await;
            as_uncut(&stream, &read, &format!("cut after byte {at}"))?;
        }
        Ok(())
    })
}

fn random(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let stand = Stand::of(&subject)?;
        for seed in 0..200 {
            let pieces = at_random(&stream.role.body, seed);
            let how = format!("cut at {} random places (seed {seed})", pieces.len());
            let read = stream
                .read(&stand, Answer::of(&stream.role).pieces(pieces))
                .await;
            as_uncut(&stream, &read, &how)?;
        }
        Ok(())
    })
}

/// Pieces of one byte to a quarter of it all, by the seed.
fn at_random(body: &Bytes, seed: u64) -> Vec<Bytes> {
    let mut random = fastrand::Rng::with_seed(seed);
    let longest = (body.len() / 4).max(2) >> random.usize(..6);
    let (mut pieces, mut rest) = (Vec::new(), body.clone());
    while !rest.is_empty() {
        let length = random.usize(1..=longest.max(1)).min(rest.len());
        pieces.push(rest.split_to(length));
    }
    pieces
}

/// Over a real connection.
fn one_by_one(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let peer = Peer::start(stream.role.reply().slices(1)).await;
        let setup = super::super::subject::Setup {
            client: Some(HttpClient::shared()),
            ..subject.at(&peer.url())
        };
        let built = subject.build(setup).map_err(|error| error.to_string())?;
        let read = call(&built.bare, &stream.role.op).await;
        as_uncut(&stream, &read, "one byte at a time")
    })
}

fn by_event(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let stand = Stand::of(&subject)?;
        let answer = stream.answer_of(stream.events.clone());
        let read = stream.read(&stand, answer).await;
        as_uncut(&stream, &read, "event by event")
    })
}
