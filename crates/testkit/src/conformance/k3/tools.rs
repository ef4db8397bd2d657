//! Calls of tools as they come in a stream.

use std::{collections::BTreeMap, sync::Arc};

use trunkline_core::{Content, Delta, StreamChunk};

use super::Subject;
use crate::conformance::{
    stage::{Answer, Memory, Role, call, cut},
    suite::Test,
};

const SHOWS: &str = "calls of two tools or more as a stream, their arguments in pieces";

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let whole = "k3::calls_of_tools_come_with_name_id_and_whole_arguments";
    let parallel = "k3::parallel_calls_of_tools_are_kept_apart";
    let can = subject.can;
    if !can.tools {
        let why = "`tools` is not declared";
        return vec![Test::skip(whole, why), Test::skip(parallel, why)];
    }
    let first = subject.clone();
    let mut tests = vec![Test::run(
        whole,
        move || async move { check(&first, 1).await },
    )];
    tests.push(if can.parallel_tools {
        let subject = subject.clone();
        Test::run(parallel, move || async move { check(&subject, 2).await })
    } else {
        Test::skip(parallel, "`parallel_tools` is not declared")
    });
    tests
}

async fn check(subject: &Subject, at_least: usize) -> Result<(), String> {
    let role = Role::read(subject, "stream_tools", SHOWS)?;
    let wire = Memory::new([Answer::of(&role)]);
    let read = call(&subject.over(wire.client())?.bare, &role.op).await;
    let answer = read.answer()?;
    let calls: Vec<_> = answer.tool_calls().collect();
    if calls.len() < at_least {
        return Err(format!(
            "{} calls of tools came out of `stream_tools`, which has {at_least} at least: {SHOWS}",
            calls.len()
        ));
    }
    let mut said = BTreeMap::<u32, String>::new();
    let mut named = BTreeMap::<u32, bool>::new();
    for chunk in &read.chunks {
        match chunk {
            StreamChunk::PartStart { ix, part, .. } => {
                if let Content::ToolCall(call) = &part.content {
                    named.insert(*ix, !call.name.is_empty());
                }
            }
            StreamChunk::Delta {
                ix,
                delta: Delta::ToolInput(piece),
            } => {
                said.entry(*ix).or_default().push_str(piece);
            }
            _ => {}
        }
    }
    if let Some((ix, _)) = named.iter().find(|(_, named)| !**named) {
        return Err(format!(
            "part {ix} is a call of a tool that begins without its name; hold PartStart back until the name is there"
        ));
    }
    let mut ids = Vec::new();
    for call in &calls {
        if call.name.is_empty() || call.id.as_str().is_empty() || ids.contains(&call.id.as_str()) {
            return Err(cut(format!(
                "each call has a name and an id of its own; one is `{}` with the id `{}`",
                call.name,
                call.id.as_str()
            )));
        }
        ids.push(call.id.as_str());
        if serde_json::from_str::<serde_json::Value>(call.arguments()).is_err() {
            return Err(cut(format!(
                "the arguments of `{}` are no JSON; are the pieces of two calls mixed up? {}",
                call.name,
                call.arguments()
            )));
        }
    }
    let broken = said
        .values()
        .find(|text| serde_json::from_str::<serde_json::Value>(text).is_err());
    match broken {
        Some(text) => Err(cut(format!(
            "the pieces of one part's arguments make no JSON: {text}"
        ))),
        None => Ok(()),
    }
}
