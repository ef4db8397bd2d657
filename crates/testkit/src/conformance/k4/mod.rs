//! K4: tools are told to the model, its calls are read, and their results go back.

mod arguments;
mod choice;
mod results;

use std::sync::Arc;

use trunkline_core::{ChatRequest, ChatResponse, ToolCall, chat::FinishClass};

use super::{
    Subject,
    carried::carries_text,
    list::{List, Outcome, ensure},
    probe::{Probe, told},
    role::{question, role},
    suite::Test,
};

pub(super) fn tests(subject: &Arc<Subject>) -> Vec<Test> {
    let mut list = List::of(subject, "k4");
    let tools = subject.talks().and_then(|()| subject.needs("tools"));
    let both = tools.clone().and_then(|()| subject.needs("chat"));
    let streamed = both.clone().and_then(|()| subject.needs("stream"));
    list.add_if(&tools, "calls_are_read", |subject| async move {
        calls(&subject).await
    });
    list.add_if(
        &streamed,
        "streamed_calls_are_those_of_the_whole_answer",
        |subject| async move {
            let whole = answered(&subject, "tools").await?.1;
            let streamed = answered(&subject, "stream_tools").await?.1;
            ensure(told_calls(&whole) == told_calls(&streamed), || {
                format!(
                    "the calls of `stream_tools` are {:?}, and those of `tools` are {:?}",
                    told_calls(&streamed),
                    told_calls(&whole)
                )
            })
        },
    );
    choice::add(&mut list, subject, &tools);
    results::add(&mut list, &tools);
    arguments::add(&mut list, subject, &both);
    list.done()
}

/// The case that calls tools, in the way that the provider has.
fn case_of(subject: &Subject) -> &'static str {
    if subject.can("chat") {
        "tools"
    } else {
        "stream_tools"
    }
}

/// The question and the answer of a case.
async fn answered(subject: &Subject, name: &str) -> Outcome<(ChatRequest, ChatResponse)> {
    let case = role(subject, name)?;
    let probe = Probe::of(subject, case.reply()).await?;
    let answer = probe.chat(case.op.clone()).await;
    Ok((question(&case)?, answer.map_err(|error| told(&error))?))
}

fn told_calls(answer: &ChatResponse) -> Vec<(&str, &str, &str)> {
    answer
        .tool_calls()
        .map(|call| (call.id.as_str(), call.name.as_str(), call.arguments()))
        .collect()
}

async fn calls(subject: &Subject) -> Outcome {
    let name = case_of(subject);
    let (request, answer) = answered(subject, name).await?;
    let body = role(subject, name)?.body;
    let calls: Vec<&ToolCall> = answer.tool_calls().collect();
    ensure(!calls.is_empty(), || {
        format!("the fixture `{name}` is to call a tool, and no call is read of it")
    })?;
    for (at, call) in calls.iter().enumerate() {
        ensure(
            request.tools.iter().any(|tool| tool.name == call.name),
            || {
                format!(
                    "the tool `{}` is called, which the question of `{name}` does not have",
                    call.name
                )
            },
        )?;
        let id = call.id.as_str();
        ensure(call.synthetic_id || carries_text(&body, id), || {
            format!(
                "the id `{id}` is not the provider's; an id of ours says so with `synthetic_id`"
            )
        })?;
        ensure(call.is_complete(), || {
            format!(
                "the arguments of `{}` are no JSON: {:.100}",
                call.name,
                call.arguments()
            )
        })?;
        let others = calls.iter().skip(at + 1);
        ensure(
            !call.id.as_str().is_empty() && others.clone().all(|other| other.id != call.id),
            || {
                "each call needs an id of its own; where the wire has none, make one, and say so \
                 with `synthetic_id`"
                    .to_owned()
            },
        )?;
    }
    ensure(answer.finish.kind.class() == FinishClass::ToolCalls, || {
        format!(
            "an answer that calls tools finished with {:?}; where it has calls, it is `ToolCalls`",
            answer.finish
        )
    })?;
    ensure(!subject.can("parallel_tools") || calls.len() > 1, || {
        format!(
            "`parallel_tools` is declared, and the fixture `{name}` has one call; record one of two"
        )
    })
}
