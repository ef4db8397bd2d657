//! Neither the key nor what was said is written down by anybody.

use std::sync::Arc;

use trunkline_core::{Call, ChatRequest, HttpClient, Op, Reply as Answered, middleware::Stack};

use super::{Running, Subject, log::Log, logged};
use crate::{
    Peer,
    conformance::{
        stage::{Answer, Role, all, cut, read},
        subject::{KEY, Setup},
    },
};

/// What nobody may write down: a word of the prompt.
const PROMPT: &str = "prompt-canary-51c2";

fn asked(role: &Role) -> Result<Op, String> {
    let request: ChatRequest = (*role.request()?).clone();
    let request = Arc::new(request.user(PROMPT));
    Ok(match role.op {
        Op::ChatStream(_) => Op::ChatStream(request),
        _ => Op::Chat(request),
    })
}

fn clean(log: &Log, words: &str) -> Result<(), String> {
    let text = log.text();
    // An answer of a few letters is part of many a port.
    let words = if words.len() < 6 { "" } else { words };
    for (secret, what) in [
        (KEY, "the key"),
        (PROMPT, "the prompt"),
        (words, "the answer"),
    ] {
        let line = text
            .lines()
            .find(|line| !secret.is_empty() && line.contains(secret));
        if let Some(line) = line {
            let line = line.replace(secret, "THE-SECRET");
            return Err(cut(format!("{what} is in the log: {line}")));
        }
    }
    match log.spans().is_empty() {
        true => Err("nothing was recorded: is the subscriber heard?".to_owned()),
        false => Ok(()),
    }
}

pub(super) fn silent(subject: Arc<Subject>) -> Running {
    Box::pin(async move {
        for role in all(&subject) {
            if role.request().is_err() {
                continue;
            }
            let words = role
                .answer()
                .map(|answer| answer.text())
                .unwrap_or_default();
            // Errors with the prompt and the key in the provider's own words.
            let echo = Answer::status(400).body(format!("bad key {KEY} for {PROMPT}"));
            for answer in [Answer::of(&role), echo] {
                let log = logged(&subject, asked(&role)?, vec![answer]).await?;
                clean(&log, &words)?;
            }
        }
        Ok(())
    })
}

pub(super) async fn connected(subject: &Subject) -> Result<(), String> {
    let roles = all(subject).into_iter();
    for role in roles.filter(|role| role.request().is_ok()) {
        let log = Log::default();
        let guard = log.listen();
        let peer = Peer::start(crate::peer::Script::new([role.reply()]).repeat_last()).await;
        let setup = Setup {
            client: Some(HttpClient::shared()),
            stack: Some(Stack::default().retry(None)),
            ..subject.at(&peer.url())
        };
        let built = subject.build(setup).map_err(|error| error.to_string())?;
        if let Ok(Answered::ChatStream(stream)) = built.backend.call(Call::new(asked(&role)?)).await
        {
            read(stream).await;
        }
        drop(guard);
        let words = role
            .answer()
            .map(|answer| answer.text())
            .unwrap_or_default();
        clean(&log, &words)?;
    }
    Ok(())
}
