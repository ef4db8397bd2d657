//! The stream law: chunks in order, that fold into the answer that comes whole.

use std::{collections::BTreeMap, sync::Arc};

use trunkline_core::{ChatResponse, StreamChunk};

use super::{OnStream, Running, Subject};
use crate::conformance::stage::{Answer, Memory, Recorded, Role, Stand, call, cut, same};

pub(super) const ALL: &[OnStream] = &[
    ("folds_into_the_whole_answer", folds),
    ("obeys_the_laws_of_streams", obeys),
    ("finishes_once", finishes),
    ("tells_one_total_of_what_it_cost", costs),
    ("keeps_its_id_and_model", keeps),
];

fn folds(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let Some(other) = &stream.role.same_answer_as else {
            // Nothing to compare with but what it expects of itself.
            return same::<ChatResponse>(&stream.answer, &stream.role.answer()?);
        };
        let whole = Role::read(&subject, other, "the same answer, whole")?;
        let wire = Memory::new([Answer::of(&whole)]);
        let read = call(&subject.over(wire.client())?.bare, &whole.op).await;
        same::<ChatResponse>(&stream.answer, read.answer()?).map_err(|how| {
            format!(
                "the decoder makes another answer of `{}` than `decode` makes of `{other}`: {how}",
                stream.role.name
            )
        })
    })
}

fn obeys(subject: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let stand = Stand::of(&subject)?;
        let read = stream.read(&stand, Answer::of(&stream.role)).await;
        match read.violations.first() {
            None => Ok(()),
            Some(violation) => Err(format!("mend the decoder: {violation}")),
        }
    })
}

fn finishes(_: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let mut finishes = BTreeMap::<u32, usize>::new();
        for chunk in &stream.chunks {
            if let StreamChunk::Finish { candidate, .. } = chunk {
                *finishes.entry(*candidate).or_default() += 1;
            }
        }
        let expected = 1 + stream.answer.candidates.len();
        if finishes.len() == expected && finishes.values().all(|count| *count == 1) {
            return Ok(());
        }
        Err(format!(
            "let the decoder give one Finish for each of the {expected} candidates; by candidate there were {finishes:?}"
        ))
    })
}

fn costs(_: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let told = stream.chunks.iter().filter_map(|chunk| match chunk {
            StreamChunk::Usage(usage)
            | StreamChunk::Finish {
                usage: Some(usage), ..
            } => Some(usage),
            _ => None,
        });
        let all: Vec<_> = told.collect();
        // Cumulative: figures only grow, and the last ones are the answer's.
        let totals = all.iter().filter_map(|usage| usage.output.total);
        if !totals.clone().is_sorted() {
            return Err(format!(
                "usage chunks are cumulative, so none is less than the one before: {:?}",
                totals.collect::<Vec<_>>()
            ));
        }
        let (usage, expected) = (&stream.answer.usage, stream.role.answer()?.usage);
        same(usage, &expected).map_err(|how| format!("usage is {how}"))?;
        match all.last() {
            Some(last) if last.output.total != usage.output.total => Err(cut(format!(
                "the answer's usage is not the last chunk's: {usage:?}, {last:?}"
            ))),
            _ => Ok(()),
        }
    })
}

fn keeps(_: Arc<Subject>, stream: Arc<Recorded>) -> Running {
    Box::pin(async move {
        let (mut id, mut model, mut created) = (None, None, None);
        for chunk in &stream.chunks {
            let StreamChunk::Meta(meta) = chunk else {
                continue;
            };
            let changed = changes(&mut id, meta.id.as_ref())
                || changes(&mut model, meta.model.as_ref())
                || changes(&mut created, meta.created.as_ref());
            if changed {
                return Err(cut(format!(
                    "id, model and time of an answer stay the same through its stream; they changed to {meta:?}"
                )));
            }
        }
        Ok(())
    })
}

fn changes<T: Clone + PartialEq>(known: &mut Option<T>, now: Option<&T>) -> bool {
    match (&known, now) {
        (Some(known), Some(now)) => known != now,
        (None, Some(now)) => {
            *known = Some(now.clone());
            false
        }
        (_, None) => false,
    }
}
