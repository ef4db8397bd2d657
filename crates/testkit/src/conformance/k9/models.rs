//! The list of models.

use std::sync::Arc;

use trunkline_core::{Call, Check, ErrorKind, Op, models::ModelsRequest};

use super::super::{
    Subject,
    list::{List, Outcome, ensure},
    probe::{Probe, told},
    role::{expected, role},
};
use crate::peer::Script;

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let models = subject.needs("list_models");
    list.add_if(
        &models,
        "models_are_listed_by_their_ids",
        |subject| async move { listed(&subject).await },
    );
    list.add_if(
        &models,
        "a_wrong_key_fails_the_list_as_it_fails_a_call",
        |subject| async move { wrong_key(&subject).await },
    );
    list.add_if(&models, "the_check_lists_models", |subject| async move {
        check(&subject).await
    });
    let paged = models.and_then(|()| {
        let page = expected(subject, "models")?;
        ensure(page.get("next").is_some(), || {
            "the fixture `models` names no page after it".to_owned()
        })
    });
    list.add_if(
        &paged,
        "the_page_after_is_asked_for",
        |subject| async move { pages(&subject).await },
    );
}

fn op() -> Op {
    Op::Models(Arc::new(ModelsRequest::default()))
}

async fn listed(subject: &Subject) -> Outcome {
    let probe = Probe::of(subject, role(subject, "models")?.reply()).await?;
    let page = probe.call(Call::new(op())).await;
    let page = page.and_then(trunkline_core::Reply::into_models);
    let page = page.map_err(|error| told(&error))?;
    ensure(!page.models.is_empty(), || {
        "the fixture `models` is to list some models".to_owned()
    })?;
    for model in &page.models {
        ensure(!model.id.is_empty(), || {
            "a model without an id is listed; leave it out, it cannot be asked".to_owned()
        })?;
        let limits = [model.context_limit, model.output_limit];
        ensure(limits.iter().all(|limit| *limit != Some(0)), || {
            format!(
                "`{}` has a limit of 0 tokens; what is not told is None",
                model.id
            )
        })?;
    }
    let request = probe.request()?;
    ensure(request.method == "GET" || !request.body.is_empty(), || {
        format!("the list is asked for by {} without a body", request.method)
    })
}

async fn wrong_key(subject: &Subject) -> Outcome {
    let probe = Probe::of(subject, role(subject, "error_auth")?.reply()).await?;
    match probe.call(Call::new(op())).await {
        Err(error) if error.kind() == ErrorKind::Auth => Ok(()),
        Err(error) => Err(format!("a wrong key fails the list as {}", told(&error))),
        Ok(_) => Err("the answer to a wrong key is read as a list of models".to_owned()),
    }
}

async fn check(subject: &Subject) -> Outcome {
    let probe = Probe::of(subject, role(subject, "models")?.reply()).await?;
    let checked = probe.built.backend.check(Check::Authorized).await;
    let checked = checked.map_err(|error| told(&error))?;
    ensure(!checked.models.is_empty(), || {
        "the check finds no models".to_owned()
    })?;
    // Whatever it answers, it is there.
    let probe = Probe::of(subject, role(subject, "error_auth")?.reply()).await?;
    let checked = probe.built.backend.check(Check::Reachable).await;
    checked.map(|_| ()).map_err(|error| told(&error))
}

async fn pages(subject: &Subject) -> Outcome {
    let case = role(subject, "models")?;
    let next = expected(subject, "models")?;
    let next = next
        .get("next")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_default();
    let probe = Probe::of(subject, Script::new([case.reply(), case.reply()])).await?;
    let request = ModelsRequest::page(next);
    for op in [op(), Op::Models(Arc::new(request))] {
        probe
            .call(Call::new(op))
            .await
            .map_err(|error| told(&error))?;
    }
    let paths: Vec<String> = probe
        .peer
        .requests()
        .into_iter()
        .map(|one| one.path)
        .collect();
    ensure(paths.first() != paths.get(1), || {
        format!("the page after the first is asked for as the first is: {paths:?}")
    })
}
