//! What an answer in words holds, and what stands beside it.

use std::sync::Arc;

use trunkline_core::{Call, ChatResponse, Role, chat::FinishKind};

use super::{
    super::{
        Subject,
        carried::carries_text,
        list::{List, Outcome, ensure},
        probe::{Probe, told},
        role::{Role as Fixture, expected_answer, role},
    },
    Wire, answers,
};

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let chat = subject.needs("chat");
    list.add_if(&chat, "an_answer_in_words_is_read", |subject| async move {
        words(&subject).await
    });
    list.add_if(
        &chat,
        "the_answer_s_id_and_model_are_the_provider_s",
        |subject| async move { identity(&subject).await },
    );
    list.add_if(&chat, "every_part_says_who_made_it", |subject| async move {
        origin(&subject).await
    });
    list.add_if(
        &chat,
        "status_headers_and_place_are_kept",
        |subject| async move { meta(&subject).await },
    );
    list.add_if(
        &chat,
        "the_body_is_kept_as_it_came_where_asked_for",
        |subject| async move { raw(&subject).await },
    );
    list.add_if(
        &chat,
        "an_answer_survives_being_stored",
        |subject| async move { stored(&subject).await },
    );
    let shown = chat.and_then(|()| {
        let raw = expected_answer(subject, "chat")?.finish.raw;
        let raw = raw.ok_or("the answer of `chat` has no `finish.raw`")?;
        match places(&Wire::of(&role(subject, "chat")?)?, &raw).is_empty() {
            true => Err(format!(
                "`{raw}` is no string of its own in the fixture `chat`"
            )),
            false => Ok(()),
        }
    });
    list.add_if(
        &shown,
        "an_unknown_reason_to_finish_is_kept",
        |subject| async move { unknown_finish(&subject).await },
    );
}

/// The answer to the fixture, and the fixture.
async fn answered(subject: &Subject) -> Outcome<(ChatResponse, Fixture)> {
    let case = role(subject, "chat")?;
    let probe = Probe::of(subject, case.reply()).await?;
    let answer = probe.chat(case.op.clone()).await;
    Ok((answer.map_err(|error| told(&error))?, case))
}

async fn words(subject: &Subject) -> Outcome {
    let (answer, case) = answered(subject).await?;
    ensure(answer.message.role == Role::Assistant, || {
        format!("the answer is of the role {:?}", answer.message.role)
    })?;
    ensure(carries_text(&case.body, &answer.text()), || {
        format!(
            "the fixture `chat` is to answer in words; `{}` was read",
            answer.text()
        )
    })?;
    ensure(
        matches!(
            answer.finish.kind,
            FinishKind::Stop | FinishKind::StopSequence(_)
        ),
        || {
            format!(
                "an answer that is whole finished with {:?}; map the provider's word to `Stop`",
                answer.finish
            )
        },
    )?;
    ensure(answer.finish.raw.is_some(), || {
        "the provider's own word for why it finished is lost; keep it with `Finish::raw`".to_owned()
    })
}

async fn identity(subject: &Subject) -> Outcome {
    let (answer, case) = answered(subject).await?;
    ensure(!answer.model.is_empty(), || {
        "the answer names no model; take the provider's word, or else the request's".to_owned()
    })?;
    if let Some(id) = &answer.id {
        ensure(carries_text(&case.body, id), || {
            format!("the id `{id}` is not the provider's")
        })?;
    }
    Ok(())
}

async fn origin(subject: &Subject) -> Outcome {
    let (answer, _) = answered(subject).await?;
    let id = subject.def.id;
    for part in &answer.message.parts {
        let maker = part.origin.as_ref().map(|origin| &*origin.provider);
        ensure(maker == Some(id), || {
            format!("a part is said to be made by {maker:?}, and was made by `{id}`")
        })?;
    }
    Ok(())
}

async fn meta(subject: &Subject) -> Outcome {
    let case = role(subject, "chat")?;
    let probe = Probe::of(subject, case.reply().header("x-conformance", "seen")).await?;
    let answer = probe.chat(case.op.clone()).await;
    let meta = answer.map_err(|error| told(&error))?.meta;
    let header = meta.headers.get("x-conformance");
    ensure(header.is_some_and(|value| value == "seen"), || {
        "a header of the answer is lost".to_owned()
    })?;
    ensure(
        meta.status.is_some_and(|status| status.is_success()),
        || format!("the status of the answer is told as {:?}", meta.status),
    )?;
    let place = probe.peer.addr().to_string();
    ensure(meta.endpoint.as_deref() == Some(place.as_str()), || {
        format!("the answer came from {place}, and says {:?}", meta.endpoint)
    })?;
    ensure(meta.provider.as_deref() == Some(subject.def.id), || {
        format!("the answer is said to be of {:?}", meta.provider)
    })
}

async fn raw(subject: &Subject) -> Outcome {
    let case = role(subject, "chat")?;
    for keep in [false, true] {
        let probe = Probe::of(subject, case.reply()).await?;
        let mut call = Call::new(case.op.clone());
        call.keep_raw = keep;
        let reply = probe
            .call(call)
            .await
            .and_then(trunkline_core::Reply::into_chat);
        let raw = reply.map_err(|error| told(&error))?.meta.raw;
        let expected = keep.then_some(&case.body);
        ensure(raw.as_ref() == expected, || {
            format!(
                "with keep_raw {keep} the body of the answer is {}",
                if raw.is_some() {
                    "kept, or not as it came"
                } else {
                    "not kept"
                }
            )
        })?;
    }
    Ok(())
}

async fn stored(subject: &Subject) -> Outcome {
    let (answer, _) = answered(subject).await?;
    let text = serde_json::to_string(&answer).map_err(|error| error.to_string())?;
    let again: ChatResponse = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    ensure(again == answer, || {
        format!("an answer that was stored is another when it is read: {text:.300}")
    })
}

/// Where a text stands as a string of its own.
fn places(wire: &Wire, text: &str) -> Vec<Vec<usize>> {
    let quoted = super::super::tree::quoted(text);
    let mut found = Vec::new();
    for (_, path) in wire.json.fields() {
        let mut json = wire.json.clone();
        if json.at_mut(&path) == Some(&mut super::super::tree::Tree::Leaf(quoted.clone())) {
            found.push(path);
        }
    }
    found
}

async fn unknown_finish(subject: &Subject) -> Outcome {
    const UNKNOWN: &str = "x_conformance_reason";
    let raw = expected_answer(subject, "chat")?
        .finish
        .raw
        .unwrap_or_default();
    let case = role(subject, "chat")?;
    let mut wire = Wire::of(&case)?;
    for path in places(&wire, &raw) {
        if let Some(leaf) = wire.json.at_mut(&path) {
            *leaf = super::super::tree::Tree::Leaf(format!("\"{UNKNOWN}\""));
        }
    }
    let read = answers(subject, &case, vec![wire.write()]).await?;
    let finish = match read.into_iter().next() {
        Some(Ok(answer)) => answer.get("finish").cloned().unwrap_or_default(),
        Some(Err((_, error))) => {
            return Err(format!(
                "a word for why an answer finished that is not known yet fails the call ({error}); \
                 read it as `FinishKind::Other`, and keep the word"
            ));
        }
        None => return Err("no answer".to_owned()),
    };
    ensure(
        finish.get("kind") == Some(&"other".into()) && finish.get("raw") == Some(&UNKNOWN.into()),
        || {
            format!(
                "a word for why an answer finished that is not known yet is read as {finish}; it \
                 is `Other`, with the word as `raw`"
            )
        },
    )
}
