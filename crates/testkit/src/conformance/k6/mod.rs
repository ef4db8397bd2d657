//! K6: what is declared is sent, and what is not declared is not: it is warned of, or refused where
//! the caller is strict.

mod operations;
mod rows;

use std::sync::Arc;

use trunkline_core::{Capabilities, ErrorKind, Warning};

use self::rows::{ROWS, Row};
use super::{
    Subject,
    carried::carries,
    list::{List, Outcome, ensure},
    probe::{Sent, baseline, cut, refused, send, shown, told},
    suite::Test,
};

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let mut list = List::of(subject, "k6");
    list.add("every_capability_is_known_to_the_suite", |_| async {
        all_known()
    });
    for row in ROWS {
        let flag = row.flag;
        let talks = subject.talks();
        let declared = talks.clone().and_then(|()| subject.needs(flag));
        let undeclared = talks.and_then(|()| {
            ensure(!subject.can(flag), || {
                format!("the provider declares `{flag}`")
            })?;
            match row.of {
                Some(of) if !subject.can(of) => Err(format!(
                    "`{flag}` is nothing without `{of}`, which the provider does not declare"
                )),
                _ => Ok(()),
            }
        });
        list.add_if(
            &declared,
            &format!("{flag}_is_sent"),
            move |subject| async move { is_sent(&subject, row).await },
        );
        list.add_if(
            &undeclared,
            &format!("{flag}_is_left_out_and_warned_of"),
            move |subject| async move { is_left_out(&subject, row).await },
        );
        list.add_if(
            &undeclared,
            &format!("{flag}_is_refused_where_the_caller_is_strict"),
            move |subject| async move { is_refused(&subject, row).await },
        );
    }
    let talks = subject.talks();
    list.add_if(&talks, "no_two_settings_look_alike", |subject| async move {
        are_distinct(&subject).await
    });
    operations::add(&mut list, subject);
    list.done()
}

/// The flags that have no row because they are operations.
const OPERATIONS: [&str; 15] = [
    "chat",
    "stream",
    "embed",
    "rerank",
    "count_tokens",
    "tokenize",
    "detokenize",
    "infer",
    "object",
    "list_models",
    "ready",
    "load",
    "prefill",
    "dimensions",
    "precision",
];

fn all_known() -> Outcome {
    for (flag, _) in Capabilities::NONE.flags() {
        let known = OPERATIONS.contains(&flag) || ROWS.iter().any(|row| row.flag == flag);
        ensure(known, || {
            format!("the suite has no test of `{flag}`; add a row in trunkline-testkit")
        })?;
    }
    Ok(())
}

async fn is_sent(subject: &Subject, row: &Row) -> Outcome {
    let flag = row.flag;
    let base = (row.base)(baseline(subject)?.model(subject.model_for(flag)?));
    let without = send(subject, base.clone()).await?;
    let with = send(subject, (row.one)(base.clone())).await?;
    ensure(with.body() != without.body(), || {
        format!(
            "`{flag}` is declared, and a request that has it is sent as one that has not. Encode \
             it, or take the declaration back. Sent: {}",
            shown(&with.request)
        )
    })?;
    // Two that are rounded may be one.
    if let Some(other) = row.other
        && !subject.documented.contains_key(flag)
    {
        let other = send(subject, other(base)).await?;
        ensure(with.body() != other.body(), || {
            format!(
                "two different values of `{flag}` are sent alike; encode the value that was asked \
                 for. Sent: {}",
                shown(&with.request)
            )
        })?;
    }
    for trace in row.traces {
        ensure(carries(&with.request, trace), || {
            format!(
                "`{flag}` is declared, and `{trace}` of it does not arrive. Sent: {}",
                shown(&with.request)
            )
        })?;
    }
    let warnings = with.new_warnings(&without);
    match subject.documented.get(flag) {
        None => ensure(warnings.is_empty(), || {
            format!(
                "`{flag}` is declared, and a request that has it is warned of: {warnings:?}. Send it \
                 as it is asked for, or take the declaration back; if the provider takes only \
                 something near to it, say so with `Subject::warns({flag:?}, …)`; if another model \
                 takes it, with `Subject::model_for_flag({flag:?}, …)`"
            )
        }),
        Some(reason) => ensure(warnings.iter().any(|warning| names(warning, row)), || {
            format!(
                "a warning was announced ({reason}), and there is none that names `{flag}`; remove \
                 `Subject::warns({flag:?}, …)`"
            )
        }),
    }
}

async fn is_left_out(subject: &Subject, row: &Row) -> Outcome {
    let flag = row.flag;
    let base = (row.base)(baseline(subject)?.model(subject.model_for(flag)?));
    let without = send(subject, base.clone()).await?;
    for change in [Some(row.one), row.other].into_iter().flatten() {
        let with = send(subject, change(base.clone())).await?;
        ensure(is_absent(row, &with, &without), || {
            format!(
                "`{flag}` is not declared, and something of it is sent. Leave it out, or declare it. \
                 Sent: {} Without it: {}",
                shown(&with.request),
                shown(&without.request)
            )
        })?;
        let warnings = with.new_warnings(&without);
        ensure(
            !warnings.is_empty() && warnings.iter().all(|warning| names(warning, row)),
            || {
                format!(
                    "`{flag}` is left out, and the answer's warnings are to name it, and nothing else: \
                     push `Warning::unsupported({flag:?})` as the request is encoded. There are: \
                     {warnings:?}"
                )
            },
        )?;
    }
    Ok(())
}

async fn is_refused(subject: &Subject, row: &Row) -> Outcome {
    let flag = row.flag;
    let base = (row.base)(baseline(subject)?.model(subject.model_for(flag)?));
    let op = subject.op((row.one)(base).strict());
    let error = refused(subject, op).await?;
    ensure(error.kind() == ErrorKind::Unsupported, || {
        format!(
            "a strict request that asks for `{flag}` fails as {}, and is to fail as Unsupported",
            told(&error)
        )
    })?;
    let text = error.to_string();
    let named = text.contains(flag) || row.also.is_some_and(|also| text.contains(also));
    ensure(named, || {
        format!("the error is to name `{flag}`, and says: {}", cut(&text))
    })
}

/// Whether the request is as without the setting; of media, at least without their bytes, as some
/// wires write a sole text differently from one of several parts.
fn is_absent(row: &Row, with: &Sent, without: &Sent) -> bool {
    if with.body() == without.body() {
        return true;
    }
    let near = row.is_near && !row.traces.is_empty();
    near && !row.traces.iter().any(|trace| carries(&with.request, trace))
}

/// Whether a warning is about what the row asks for.
fn names(warning: &Warning, row: &Row) -> bool {
    let (Warning::Unsupported { feature } | Warning::Coerced { feature, .. }) = warning else {
        return false;
    };
    let is = |name: &str| {
        let rest = feature.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    is(row.flag) || row.also.is_some_and(is)
}

/// A field of another setting takes its value unseen by the golden body of one alone.
async fn are_distinct(subject: &Subject) -> Outcome {
    let mut seen: Vec<(&str, Sent)> = Vec::new();
    for row in ROWS.iter().filter(|row| subject.can(row.flag)) {
        let Some(same) = row.same else { continue };
        let sent = send(subject, same(baseline(subject)?)).await?;
        if let Some((other, _)) = seen.iter().find(|(_, other)| other.body() == sent.body()) {
            return Err(format!(
                "`{other}` and `{}` of one value are sent alike; each has a field of its own. Sent: {}",
                row.flag,
                shown(&sent.request)
            ));
        }
        seen.push((row.flag, sent));
    }
    Ok(())
}
