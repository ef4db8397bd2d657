//! An account in use: from several tasks, checked, counted.

use std::sync::Arc;

use trunkline_core::{Call, Check};

use super::super::{
    Subject,
    list::{List, Outcome, ensure},
    probe::{Probe, baseline, told},
};
use crate::peer::Script;

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let talks = subject.talks();
    list.add_if(
        &talks,
        "several_tasks_share_an_account",
        |subject| async move { shared(&subject).await },
    );
    list.add_if(
        &talks,
        "calls_and_tokens_are_counted",
        |subject| async move { counted(&subject).await },
    );
    let chats = subject
        .needs("chat")
        .and_then(|()| match subject.def.default_model {
            Some(_) => Ok(()),
            None => Err("the provider has no default model".to_owned()),
        });
    list.add_if(
        &chats,
        "the_check_has_the_default_model_speak",
        |subject| async move {
            let probe = Probe::of(&subject, subject.spoken()?.reply()).await?;
            let checked = probe.built.backend.check(Check::Generates).await;
            checked.map_err(|error| told(&error))?;
            let model = subject.def.default_model.unwrap_or_default();
            let request = probe.request()?;
            ensure(super::super::carried::carries(&request, model), || {
                format!("the check asks another model than `{model}`")
            })
        },
    );
}

/// The futures are sent between threads, and one account serves them all.
async fn shared(subject: &Subject) -> Outcome {
    const TASKS: usize = 8;
    let script = Script::new([subject.spoken()?.reply()]).repeat_last();
    let probe = Probe::of(subject, script).await?;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..TASKS {
        let backend = probe.built.backend.clone();
        let call = Call::new(subject.op(baseline(subject)?));
        tasks.spawn(async move {
            match backend.call(call).await? {
                trunkline_core::Reply::ChatStream(stream) => stream.collect().await,
                reply => reply.into_chat(),
            }
        });
    }
    while let Some(outcome) = tasks.join_next().await {
        let answer = outcome.map_err(|error| error.to_string())?;
        answer.map_err(|error| told(&error))?;
    }
    let received = probe.peer.seen().received;
    ensure(received == TASKS, || {
        format!("{TASKS} calls became {received} requests")
    })
}

async fn counted(subject: &Subject) -> Outcome {
    let script = Script::new([subject.spoken()?.reply(), crate::peer::Reply::status(500)]);
    let probe = Probe::of(subject, script).await?;
    let call = || Ok::<_, String>(Call::new(subject.op(baseline(subject)?)));
    let answer = probe.call(call()?).await.map_err(|error| told(&error))?;
    let usage = answer.into_chat().map_err(|error| told(&error))?.usage;
    ensure(probe.call(call()?).await.is_err(), || {
        "a 500 is taken for an answer".to_owned()
    })?;
    let stats = probe.built.backend.stats();
    let [endpoint] = stats.endpoints.as_slice() else {
        return Err(format!(
            "there is one endpoint, and {} are told of",
            stats.endpoints.len()
        ));
    };
    ensure(endpoint.provider == subject.def.id, || {
        format!("the endpoint is said to be of `{}`", endpoint.provider)
    })?;
    let failed: u64 = endpoint.errors.values().sum();
    let counts = (endpoint.calls, endpoint.completed, failed, endpoint.running);
    ensure(counts == (2, 1, 1, 0), || {
        format!("of two calls, one failed: calls, completed, errors and running are {counts:?}")
    })?;
    let tokens = (endpoint.input_tokens, endpoint.output_tokens);
    let told = (
        usage.input.total.unwrap_or(0),
        usage.output.total.unwrap_or(0),
    );
    ensure(tokens == told, || {
        format!("the statistics count {tokens:?} tokens, and the answer tells {told:?}")
    })
}
