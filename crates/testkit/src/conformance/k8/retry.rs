//! What is never asked again, or not yet, and what a caller who gives up leaves behind.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, timeout};
use trunkline_core::{
    Call, Delivery, ErrorKind, Phase, Reply as Answered, Secret, StreamChunk,
    middleware::{Deadline, Stack},
};

use super::{
    Named, Running, Way,
    scene::{Material, failed, wait},
    streamed, test,
};
use crate::{
    conformance::{
        stage::{cut, read},
        subject::{KEY, Setup},
    },
    peer::{Exchange, Reply, Script},
};

pub(super) const ALL: &[Named] = &[
    streamed("nothing_is_asked_again_after_content", after_content),
    test("a_400_is_not_asked_again", bad_request),
    test("a_wait_beyond_the_deadline_is_not_begun", too_long),
    test("a_wait_beyond_what_we_wait_is_not_begun", an_hour),
    test("a_deadline_holds_over_all_attempts", deadline),
    test("a_silent_server_ends_with_the_total", total),
    test("a_key_that_is_refused_does_not_stop_its_sibling", sibling),
    test("a_call_given_up_while_it_waits_leaves_nothing", cancelled),
    test("a_server_may_forbid_another_attempt", forbidden),
];

fn always(exchange: impl Into<Exchange>) -> Script {
    Script::new([exchange]).repeat_last()
}

fn after_content(material: Arc<Material>, _: Vec<Way>) -> Running {
    Box::pin(async move {
        let (peer, backend) =
            material.account(always(material.begun(0)?.close()), |setup| setup)?;
        let op = material.stream()?.role.op.clone();
        let reply = backend
            .call(Call::new(op))
            .await
            .and_then(Answered::into_chat_stream);
        let stream = reply.map_err(|error| cut(format!("content had come: {error:?}")))?;
        let read = read(stream).await;
        let shown = read.chunks.iter().any(StreamChunk::is_output);
        let error = failed(read.result)?;
        if !shown || error.delivery() != Delivery::Committed || error.is_retryable() {
            return Err(cut(format!(
                "content was shown, and the error says so: {error:?}"
            )));
        }
        match peer.seen().received {
            1 => Ok(()),
            other => Err(format!(
                "a stream that had shown content was asked for {other} times"
            )),
        }
    })
}

/// Fails the call the same way each time, and counts how often it was sent.
async fn attempts(
    material: &Material,
    way: Way,
    exchange: Exchange,
) -> Result<(trunkline_core::Error, usize), String> {
    let (peer, backend) = material.account(always(exchange), |setup| setup)?;
    let error = failed(backend.call(material.call(way)?).await)?;
    Ok((error, peer.seen().received))
}

fn bad_request(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            let own = || Reply::status(400).header("content-type", "application/json");
            for exchange in [
                Reply::status(400),
                own().body(material.context.body.clone()),
            ] {
                let (error, sent) = attempts(&material, way, exchange.into()).await?;
                if sent != 1 || error.is_retryable() {
                    return Err(cut(format!(
                        "{way:?}: a 400 is sent once; it was sent {sent} times: {error:?}"
                    )));
                }
            }
        }
        Ok(())
    })
}

fn too_long(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            let script = always(material.limited(&[("retry-after", "8")]));
            let (peer, backend) = material.account(script, |setup| setup)?;
            let began = Instant::now();
            let call = material.call(way)?.timeout(Duration::from_secs(5));
            let error = failed(backend.call(call).await)?;
            let hint = error.retry_after();
            let at_once = began.elapsed() < Duration::from_millis(50) && peer.seen().received == 1;
            if !at_once
                || error.kind() != ErrorKind::RateLimited
                || hint != Some(Duration::from_secs(8))
            {
                return Err(cut(format!(
                    "{way:?}: to wait 8 s with 5 s left is no use: the 429 comes back at once, with its hint; it took {:?}: {error:?}",
                    began.elapsed()
                )));
            }
        }
        Ok(())
    })
}

fn an_hour(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            let began = Instant::now();
            let limited = material.limited(&[("retry-after", "3600")]);
            let (error, sent) = attempts(&material, way, limited).await?;
            let hour = Some(Duration::from_secs(3_600));
            if sent != 1
                || began.elapsed() > Duration::from_millis(50)
                || error.retry_after() != hour
            {
                return Err(cut(format!(
                    "{way:?}: nobody waits an hour: the 429 comes back at once, with its hint; it was sent {sent} times: {error:?}"
                )));
            }
        }
        Ok(())
    })
}

fn deadline(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            // Each attempt alone is well within the time.
            let slow = Exchange::new()
                .pause(Duration::from_millis(800))
                .send("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n");
            let (_, backend) = material.account(always(slow), |setup| setup)?;
            let began = Instant::now();
            let call = material.call(way)?.timeout(Duration::from_secs(2));
            let error = failed(backend.call(call).await)?;
            if began.elapsed() > Duration::from_millis(2_010) || error.attempts().is_empty() {
                return Err(cut(format!(
                    "{way:?}: 2 s bound all attempts together, which the error lists; it took {:?}: {error:?}",
                    began.elapsed()
                )));
            }
        }
        Ok(())
    })
}

fn total(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        let bound = Duration::from_secs(30);
        for way in ways {
            let (peer, backend) =
                material.account(always(Exchange::new().stall()), |setup| Setup {
                    stack: Some(Stack::default().deadline(Deadline::default().total(bound))),
                    ..setup
                })?;
            let began = Instant::now();
            let error = failed(backend.call(material.call(way)?).await)?;
            let is_total =
                (error.kind(), error.phase()) == (ErrorKind::Timeout, Some(Phase::Total));
            let on_time = began.elapsed().abs_diff(bound) < Duration::from_millis(50);
            if !is_total || !on_time || peer.seen().received != 1 {
                return Err(cut(format!(
                    "{way:?}: the total of 30 s ends the call; it took {:?}: {error:?}",
                    began.elapsed()
                )));
            }
        }
        Ok(())
    })
}

/// The other key.
const SIBLING: &str = "sibling-key";

fn sibling(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            let (well, refusal) = (
                material.healthy(way)?,
                Exchange::from(material.auth.reply()),
            );
            let script = Script::respond_with(move |request| {
                let bad = request.headers.iter().any(|(_, value)| value.contains(KEY));
                if bad { refusal.clone() } else { well.clone() }
            });
            let (peer, backend) = material.account(script, |setup| Setup {
                keys: vec![Secret::from(KEY), Secret::from(SIBLING)],
                ..setup
            })?;
            for number in 1..=3 {
                let reply = backend.call(material.call(way)?).await;
                reply.map_err(|error| cut(format!("{way:?}: call {number} is served by the other key; is a 401 Auth, of the key's scope? {error:?}")))?;
            }
            match peer.seen().received {
                4 => {}
                other => {
                    return Err(format!(
                        "{way:?}: the refused key is tried once, and then left alone: 4 requests and not {other}"
                    ));
                }
            }
        }
        Ok(())
    })
}

fn cancelled(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            let script = always(material.limited(&[("retry-after", "30")]));
            let (peer, backend) = material.account(script, |setup| setup)?;
            let call = backend.call(material.call(way)?);
            if timeout(Duration::from_secs(5), call).await.is_ok() {
                return Err(format!("{way:?}: `retry-after: 30` was not waited for"));
            }
            sleep(Duration::from_secs(120)).await;
            let stats = backend.stats();
            let running: u64 = stats
                .endpoints
                .iter()
                .map(|one| one.running + one.queued)
                .sum();
            let (sent, open) = (peer.seen().received, peer.connections().open);
            if sent != 1 || running != 0 || open != 0 {
                return Err(format!(
                    "{way:?}: who gives up while it waits leaves nothing behind; {sent} requests were sent, {running} calls count as running, {open} connections are open"
                ));
            }
        }
        Ok(())
    })
}

fn forbidden(material: Arc<Material>, ways: Vec<Way>) -> Running {
    Box::pin(async move {
        for way in ways {
            let no = Reply::status(503).header("x-should-retry", "false");
            let (error, sent) = attempts(&material, way, no.into()).await?;
            if sent != 1 || error.is_retryable() {
                return Err(cut(format!(
                    "{way:?}: `x-should-retry: false` is the last word; it was sent {sent} times: {error:?}"
                )));
            }
            let busy = Reply::status(503).into();
            let script = Script::new([busy, material.healthy(way)?]);
            let (peer, backend) = material.account(script, |setup| setup)?;
            let reply = backend.call(material.call(way)?).await;
            reply.map_err(|error| {
                cut(format!(
                    "{way:?}: without it a 503 is asked again: {error:?}"
                ))
            })?;
            if wait(&peer.requests()).is_none_or(|wait| wait > Duration::from_secs(1)) {
                return Err(format!(
                    "{way:?}: the second attempt follows the first within a second"
                ));
            }
        }
        Ok(())
    })
}
