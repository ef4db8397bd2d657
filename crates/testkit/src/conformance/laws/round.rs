//! The answer of every fixture goes back to the same provider: states, items, ids and arguments byte
//! for byte, those of a kind in their order.

use trunkline_core::{
    ChatResponse, Content, Message, Part, Warning,
    chat::{Executor, Replay},
};

use super::{
    super::{
        Subject,
        carried::{carries, carries_json},
        list::{List, Outcome},
        probe::{send, shown},
        stage::{Answer, Stand, cut},
    },
    read,
};
use crate::peer::Received;

pub(super) fn add(list: &mut List, name: &str) {
    let one = name.to_owned();
    list.add(
        &format!("the_answer_of_{name}_goes_back"),
        move |subject| async move { round(&subject, &one).await },
    );
}

async fn round(subject: &Subject, name: &str) -> Outcome {
    let role = read(subject, name)?;
    let stand = Stand::of(subject)?;
    let read = stand.call(&role.op, Answer::of(&role)).await;
    let answer = read.answer()?;
    let mut request = (*role.request()?).clone();
    (request.strict, request.patch) = (false, None);
    let base = send(subject, request.clone()).await?;
    request.messages.push(Message::assistant(answer));
    let mut is_called = false;
    for call in answer.tool_calls() {
        is_called = true;
        request = request.message(Message::tool_result(call, "the-result-of-it"));
    }
    if !is_called {
        request = request.user("Go on.");
    }
    let sent = send(subject, request).await?;
    for part in &answer.message.parts {
        part_goes_back(&sent.request, part)?;
    }
    in_order(&sent.request, answer)?;
    let dropped = sent.new_warnings(&base).into_iter().find(
        |warning| matches!(warning, Warning::StateDropped { kind } if goes_back(answer, kind)),
    );
    match dropped {
        None => Ok(()),
        Some(warning) => Err(format!(
            "what the provider gave goes back to it, and is warned of as dropped: {warning:?}"
        )),
    }
}

/// Whether the answer holds something of this kind that is to go back.
fn goes_back(answer: &ChatResponse, kind: &str) -> bool {
    answer.message.parts.iter().any(|part| {
        let state = part.state.iter().map(|state| (&state.kind, state.replay));
        let item = match &part.content {
            Content::Opaque(item) => Some((&item.kind, item.replay)),
            _ => None,
        };
        let mut all = state.chain(item);
        all.any(|(own, replay)| **own == *kind && replay != Replay::Never)
    })
}

fn part_goes_back(sent: &Received, part: &Part) -> Outcome {
    let lost = |what: &str, text: &str| {
        Err(cut(format!(
            "{what} does not go back byte for byte: {text:.80}. Sent: {}",
            shown(sent)
        )))
    };
    if let Some(state) = part.state.as_ref().filter(|it| it.replay != Replay::Never)
        && !carries_json(sent, &state.data)
        && !carries(sent, &state.data)
    {
        return lost("a state", &state.data);
    }
    match &part.content {
        Content::Text(text) if !carries(sent, &text.text) => lost("a text", &text.text),
        Content::Opaque(item) if item.replay != Replay::Never => {
            match carries_json(sent, item.payload.get()) {
                true => Ok(()),
                false => lost("an item", item.payload.get()),
            }
        }
        Content::ToolCall(call) if call.executor == Executor::Client => {
            let id = call.id.as_str();
            if !call.synthetic_id && !carries(sent, id) {
                return lost("the id of a call", id);
            }
            if !carries(sent, &call.name) {
                return lost("the name of a tool", &call.name);
            }
            match call.is_complete() && !carries_json(sent, call.arguments()) {
                true => lost("the arguments of a call", call.arguments()),
                false => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// Those of one kind stand in the order in which they came.
fn in_order(sent: &Received, answer: &ChatResponse) -> Outcome {
    let parts = &answer.message.parts;
    let items = parts.iter().filter_map(|part| match &part.content {
        Content::Opaque(item) if item.replay != Replay::Never => Some(item.payload.get()),
        _ => None,
    });
    let calls = parts.iter().filter_map(|part| match &part.content {
        Content::ToolCall(call) if !call.synthetic_id => Some(call.id.as_str()),
        _ => None,
    });
    let states = parts.iter().filter_map(|part| part.state.as_ref());
    let states = states
        .filter(|state| state.replay != Replay::Never && is_plain(&state.data))
        .map(|state| state.data.as_str());
    for texts in [items.collect::<Vec<_>>(), calls.collect(), states.collect()] {
        let body = sent.text();
        let mut rest = body.as_str();
        for text in texts {
            match rest.split_once(text) {
                Some((_, after)) => rest = after,
                // In another form, where the order cannot be seen.
                None if !body.contains(text) => {}
                None => {
                    return Err(cut(format!(
                        "{text:.80} goes back in another order than it came. Sent: {}",
                        shown(sent)
                    )));
                }
            }
        }
    }
    Ok(())
}

/// Whether JSON writes a text as it is.
fn is_plain(text: &str) -> bool {
    !text.contains(['"', '\\', '\n'])
}
