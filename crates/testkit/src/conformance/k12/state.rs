//! Whether a server can serve, and how busy it is.

use std::sync::Arc;

use trunkline_core::{Check, ErrorKind};

use super::{
    super::{
        Subject,
        list::{List, Outcome, ensure},
        probe::{Probe, told},
        role::role,
    },
    answered, asking, hostile,
};

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let ready = subject.needs("ready");
    list.add_if(
        &ready,
        "a_server_that_can_serve_says_so",
        |subject| async move { can_serve(&subject).await },
    );
    let loading = ready.clone().and_then(|()| {
        ensure(subject.fixtures.join("error_not_ready").is_dir(), || {
            "there is no fixture `error_not_ready`".to_owned()
        })
    });
    list.add_if(
        &loading,
        "a_server_that_loads_is_not_ready_and_has_not_failed",
        |subject| async move { loads(&subject).await },
    );
    let load = subject.needs("load");
    list.add_if(
        &load,
        "a_server_says_how_busy_it_is",
        |subject| async move { busy(&subject).await },
    );
    list.add_if(
        &load,
        "no_page_of_metrics_makes_it_panic",
        |subject| async move { hostile(&subject, "load").await },
    );
}

async fn can_serve(subject: &Subject) -> Outcome {
    let case = asking(subject, "ready")?;
    let (answer, _) = answered(subject, &case, case.op.clone()).await?;
    let answer = answer.into_ready().map_err(|error| told(&error))?;
    ensure(answer.ready, || {
        "the fixture `ready` is to show a server that can serve".to_owned()
    })?;
    let probe = Probe::of(subject, case.reply()).await?;
    let checked = probe.built.backend.check(Check::Ready).await;
    checked.map(drop).map_err(|error| told(&error))
}

/// Its answer to any call.
async fn loads(subject: &Subject) -> Outcome {
    let loading = role(subject, "error_not_ready")?;
    let case = asking(subject, "ready")?;
    let (answer, _) = answered(subject, &loading, case.op.clone()).await?;
    let answer = answer.into_ready().map_err(|error| told(&error))?;
    ensure(!answer.ready && answer.detail.is_some(), || {
        format!("it is not ready yet, and says why: {answer:?}")
    })?;
    let probe = Probe::of(subject, loading.reply()).await?;
    let Err(error) = probe
        .call(trunkline_core::Call::new(loading.op.clone()))
        .await
    else {
        return Err("the answer of `error_not_ready` is read as a success".to_owned());
    };
    ensure(
        error.kind() == ErrorKind::NotReady && !error.is_endpoint_failure(),
        || told(&error),
    )
}

async fn busy(subject: &Subject) -> Outcome {
    let case = asking(subject, "load")?;
    let (answer, _) = answered(subject, &case, case.op.clone()).await?;
    let load = answer.into_load().map_err(|error| told(&error))?;
    let figures = [load.running, load.waiting];
    ensure(figures.iter().any(Option::is_some), || {
        "the fixture `load` is to tell how many requests run or wait".to_owned()
    })?;
    let all = figures
        .into_iter()
        .chain([load.cache, load.input_tokens, load.output_tokens]);
    let sound = all
        .flatten()
        .all(|figure| figure.is_finite() && figure >= 0.0);
    ensure(sound, || format!("the figures are {load:?}"))?;
    ensure(load.cache.is_none_or(|share| share <= 1.0), || {
        format!("`cache` is a share, from 0 to 1, and is {:?}", load.cache)
    })
}
