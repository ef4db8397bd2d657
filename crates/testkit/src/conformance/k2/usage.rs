//! What an answer cost: what the provider tells, and nothing that it does not.

use std::sync::Arc;

use trunkline_core::{ChatResponse, Usage, chat::Completeness};

use super::super::{
    Subject,
    list::{List, Outcome, ensure},
    probe::{Probe, told},
    role::{Role, expected_answer, role},
    tree::Tree,
};

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    let chat = subject.needs("chat");
    list.add_if(&chat, "usage_is_read_and_adds_up", |subject| async move {
        let answer = answer_to(&subject, |body| body).await?;
        whole(&answer.usage)
    });
    let told = chat.and_then(|()| {
        let stands = place(subject)?.is_some();
        ensure(stands, || {
            "`usage.raw` of `chat` does not stand in its body as it is".to_owned()
        })
    });
    list.add_if(
        &told,
        "usage_that_is_not_told_is_not_zero",
        |subject| async move {
            let place = place(&subject)?.ok_or("no usage")?;
            for nothing in place.without() {
                let answer = answer_to(&subject, |_| nothing.clone()).await?;
                absent(&answer.usage).map_err(|what| format!("the body is {nothing}: {what}"))?;
            }
            Ok(())
        },
    );
    let apart = told.and_then(|()| match place(subject)? {
        Some(Place::Apart { .. }) => Ok(()),
        _ => Err("usage stands among other fields, where any may be added".to_owned()),
    });
    list.add_if(
        &apart,
        "usage_that_is_unheard_of_is_kept",
        |subject| async move {
            let raw = raw(&subject)?;
            let more = raw.replacen('{', r#"{"x_conformance_tokens":4711,"#, 1);
            let answer = answer_to(&subject, |body| body.replace(&raw, &more)).await?;
            whole(&answer.usage)?;
            let kept = answer.usage.raw.is_some_and(|kept| kept.get() == more);
            ensure(kept, || {
                "the provider's own words on usage are to be kept whole in `usage.raw`".to_owned()
            })
        },
    );
}

/// Where the fixture's body has its usage.
enum Place {
    /// In an object of its own.
    Apart { body: String, raw: String },
    /// Its fields are among others of one object.
    Among { body: Tree, fields: Vec<String> },
}

impl Place {
    /// The body with nothing in the place of usage.
    fn without(&self) -> Vec<String> {
        match self {
            Self::Apart { body, raw } => ["null", "{}"].map(|none| body.replace(raw, none)).into(),
            Self::Among { body, fields } => {
                let (mut without, mut null) = (body.clone(), body.clone());
                without.each_mut(&mut |tree| {
                    if let Tree::Object(all) = tree {
                        all.retain(|(name, _)| !fields.contains(name));
                    }
                });
                null.each_mut(&mut |tree| {
                    if let Tree::Object(all) = tree {
                        for (_, value) in all.iter_mut().filter(|(name, _)| fields.contains(name)) {
                            *value = Tree::Leaf("null".to_owned());
                        }
                    }
                });
                vec![without.write(), null.write()]
            }
        }
    }
}

/// Where the usage of `chat` stands, if it does as it is.
fn place(subject: &Subject) -> Outcome<Option<Place>> {
    let (raw, body) = (raw(subject)?, body(&role(subject, "chat")?)?);
    if body.contains(&raw) {
        return Ok(Some(Place::Apart { body, raw }));
    }
    let Tree::Object(figures) = Tree::parse(&raw)? else {
        return Ok(None);
    };
    let body = Tree::parse(&body)?;
    let mut stands = false;
    body.clone().each_mut(&mut |tree| {
        if let Tree::Object(fields) = tree {
            stands |= figures.iter().all(|figure| fields.contains(figure));
        }
    });
    let fields = figures.into_iter().map(|(name, _)| name).collect();
    Ok(stands.then_some(Place::Among { body, fields }))
}

/// The provider's own words on usage in the fixture, in one line.
fn raw(subject: &Subject) -> Outcome<String> {
    let raw = expected_answer(subject, "chat")?.usage.raw;
    let raw = raw.ok_or("the answer of `chat` keeps no `usage.raw`")?;
    Ok(Tree::parse(raw.get())?.write())
}

/// The body of a case, in one line.
fn body(case: &Role) -> Outcome<String> {
    Ok(Tree::parse(&String::from_utf8_lossy(&case.body))?.write())
}

async fn answer_to(
    subject: &Subject,
    change: impl FnOnce(String) -> String,
) -> Outcome<ChatResponse> {
    let case = role(subject, "chat")?;
    let body = change(body(&case)?);
    let probe = Probe::of(subject, case.reply_of(body)).await?;
    let answer = probe.chat(case.op.clone()).await;
    answer.map_err(|error| format!("the answer is not read: {}", told(&error)))
}

fn whole(usage: &Usage) -> Outcome {
    ensure(usage.completeness == Completeness::Final, || {
        format!(
            "the fixture `chat` is to tell its usage, and it is read as {:?}",
            usage.completeness
        )
    })?;
    let (Some(input), Some(output)) = (usage.input.total, usage.output.total) else {
        return Err(format!(
            "the totals are to be read: input {:?}, output {:?}",
            usage.input.total, usage.output.total
        ));
    };
    ensure(usage.total() == Some(input + output), || {
        format!("{input} and {output} are {:?} together", usage.total())
    })?;
    let parts = [
        ("input.cache_read", usage.input.cache_read, input),
        ("input.cache_write", usage.input.cache_write, input),
        ("input.uncached", usage.input.uncached, input),
        ("output.reasoning", usage.output.reasoning, output),
        ("output.text", usage.output.text, output),
    ];
    for (name, part, total) in parts {
        ensure(part.is_none_or(|part| part <= total), || {
            format!(
                "`usage.{name}` is {part:?}, more than the total of {total}: totals include what was \
                 cached, written to a cache, and thought"
            )
        })?;
    }
    ensure(usage.raw.is_some(), || {
        "the provider's own words on usage are lost; keep them in `usage.raw`".to_owned()
    })
}

fn absent(usage: &Usage) -> Outcome {
    let figures = [
        usage.input.total,
        usage.input.uncached,
        usage.input.cache_read,
        usage.input.cache_write,
        usage.output.total,
        usage.output.text,
        usage.output.reasoning,
    ];
    ensure(figures.iter().all(Option::is_none), || {
        format!(
            "what the provider does not tell is None, never zero; read were {:?} and {:?}",
            usage.input, usage.output
        )
    })?;
    ensure(usage.total().is_none(), || {
        "there is a total of nothing".to_owned()
    })
}
