//! Who drops a call or a stream closes its connection: that is what makes a provider stop.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;
use trunkline_core::{Call, HttpClient, Op, Reply, StreamChunk};

use super::{OnStream, Running, Subject};
use crate::{
    Peer,
    conformance::{
        stage::{Recorded, cut},
        subject::Setup,
    },
    peer::Exchange,
};

pub(super) const ALL: &[OnStream] = &[
    ("closes_its_connection_when_it_is_dropped", stream),
    ("closes_its_connection_when_its_call_is_dropped", waiting),
];

async fn is_freed(peer: &Peer, what: &str) -> Result<(), String> {
    let closed = peer.until(|seen| seen.connections.open == 0 && seen.connections.accepted > 0);
    match timeout(Duration::from_secs(1), closed).await {
        Ok(_) => Ok(()),
        Err(_) => Err(format!(
            "the connection is still open a second after {what} was dropped"
        )),
    }
}

fn stream(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let body = stream.first(stream.content_after).concat();
        let peer = Peer::start(stream.role.reply_of(body).no_last_chunk().stall()).await;
        let built = build(&subject, &peer)?;
        let reply = built.bare.call(Call::new(stream.role.op.clone())).await;
        let Ok(Reply::ChatStream(mut reply)) = reply else {
            return Err("a stream whose first content has come is not handed over".to_owned());
        };
        loop {
            match reply.next().await {
                Some(Ok(chunk)) if StreamChunk::is_output(&chunk) => break,
                Some(Ok(_)) => {}
                other => return Err(cut(format!("no content came: {other:?}"))),
            }
        }
        drop(reply);
        is_freed(&peer, "the stream").await
    })
}

fn waiting(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        for op in [Op::Chat(stream.role.request()?), stream.role.op.clone()] {
            let peer = Peer::start(Exchange::new().stall()).await;
            let built = build(&subject, &peer)?;
            let call = built.bare.call(Call::new(op));
            tokio::select! {
                _ = call => return Err("a server that says nothing was understood".to_owned()),
                _ = peer.until(|seen| seen.received == 1) => {}
            }
            is_freed(&peer, "the call").await?;
        }
        Ok(())
    })
}

fn build(subject: &Subject, peer: &Peer) -> Result<super::super::subject::Built, String> {
    let setup = Setup {
        client: Some(HttpClient::shared()),
        ..subject.at(&peer.url())
    };
    subject.build(setup).map_err(|error| error.to_string())
}
