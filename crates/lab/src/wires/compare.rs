//! Holds what the driver gave against what stands in the bytes.

use serde_json::Value;
use trunkline_core::{
    ChatResponse, Content, Op, ToolCall,
    chat::{Finish, FinishKind, Message},
    embed::Embedding,
};

use super::{
    corpus::Exchange,
    errors,
    format::{Format, Said},
    naive,
    replay::{Failure, Got},
};

/// What is wrong with `got`, as the answer of `exchange` to `op`: nothing, one hopes.
pub(crate) fn faults(exchange: &Exchange, format: &Format, op: &Op, got: &Got) -> Vec<String> {
    if exchange.status.is_success() {
        return success(exchange, format, op, got);
    }
    let Got::Failed(failure, _) = got else {
        return vec![format!(
            "status {} came back as {}",
            exchange.status.as_u16(),
            got.summary()
        )];
    };
    let mut faults = Vec::new();
    let (provider, code) = (exchange.provider.as_str(), failure.code.as_deref());
    if !errors::fits(provider, exchange.status, failure.kind, code) {
        faults.push(format!(
            "status {} came back as {failure}",
            exchange.status.as_u16()
        ));
    }
    let said = serde_json::from_slice(&exchange.body).unwrap_or_default();
    faults.extend(silent(failure, &said));
    faults
}

fn success(exchange: &Exchange, format: &Format, op: &Op, got: &Got) -> Vec<String> {
    let said = (format.read)(&exchange.body);
    let error = said.values().iter().find_map(format.error);
    match (error, got) {
        (Some(error), Got::Failed(failure, _)) if errors::fits_in_band(failure.kind) => {
            silent(failure, error)
                .into_iter()
                .chain(forgotten(failure, format, &said))
                .collect()
        }
        (_, Got::Failed(failure, _)) => vec![failure.to_string()],
        (Some(_), got) => vec![format!(
            "the error in the answer was passed over; it came back as {}",
            got.summary()
        )],
        (None, Got::Chat(response, _)) => {
            let answers = (format.chat)(&said);
            if answers.answers.is_empty() {
                return vec!["an answer came out of bytes in which there is none".to_owned()];
            }
            let mut faults = chat(&answers, response, format);
            faults.extend((format.also)(&said, response));
            faults
        }
        (None, Got::Embed(response)) => {
            let said = said
                .values()
                .first()
                .map(|answer| (format.vectors)(exchange, answer));
            let said = said.unwrap_or_default();
            let got: Vec<&[f32]> = response.vectors.iter().map(Embedding::as_slice).collect();
            lost("vectors", said == got, || {
                format!("{} of {} came back", got.len(), said.len())
            })
        }
        (None, Got::Rerank(response)) => {
            let said = said.values().first().map(format.places).unwrap_or_default();
            let got = response.results.iter();
            let got: Vec<_> = got.map(|place| (place.index, place.score)).collect();
            lost("places", said == got, || {
                format!("{got:?}, and not {said:?}")
            })
        }
        (None, Got::CountTokens(count)) => {
            let said = said.values().first().and_then(format.tokens);
            lost("tokens", said == Some(count.input), || {
                format!("{}, and not {said:?}", count.input)
            })
        }
        (None, Got::Models(page)) => {
            let said = said.values().first().map(format.models).unwrap_or_default();
            let got: Vec<&str> = page.models.iter().map(|model| model.id.as_str()).collect();
            lost("models", said == got, || {
                format!("{} of {} came back", got.len(), said.len())
            })
        }
    }
    .into_iter()
    .chain(unasked(op, got))
    .collect()
}

/// An error must say what the provider said, or at least something in its place.
fn silent(failure: &Failure, said: &Value) -> Option<String> {
    let words = naive::error_message(said)?;
    let message = &failure.message;
    let nothing = message.is_empty() || message.starts_with("the server answered");
    nothing.then(|| {
        format!(
            "lost: the error's message, {}; `{message}` came back",
            quoted(&words)
        )
    })
}

/// What came before an error is still the caller's.
fn forgotten(failure: &Failure, format: &Format, said: &Said) -> Vec<String> {
    if matches!(said, Said::Whole(_)) {
        return Vec::new();
    }
    let said = (format.chat)(said).answers.remove(&0).unwrap_or_default();
    let got = failure
        .partial
        .as_ref()
        .map(|partial| Words::of(&partial.message))
        .unwrap_or_default();
    differ("text", &said.text, &got.text)
        .into_iter()
        .chain(differ("reasoning", &said.reasoning, &got.reasoning))
        .collect()
}

/// A reply of another operation than was asked for.
fn unasked(op: &Op, got: &Got) -> Option<String> {
    let fits = matches!(
        (op, got),
        (_, Got::Failed(..))
            | (Op::Chat(_) | Op::ChatStream(_), Got::Chat(..))
            | (Op::Embed(_), Got::Embed(_))
            | (Op::Rerank(_), Got::Rerank(_))
            | (Op::CountTokens(_), Got::CountTokens(_))
            | (Op::Models(_), Got::Models(_))
    );
    (!fits).then(|| format!("{} came back to another operation", got.summary()))
}

fn chat(said: &naive::Chat, got: &ChatResponse, format: &Format) -> Vec<String> {
    let mut faults = Vec::new();
    let first = [(0, &got.message, &got.finish)];
    let others = got
        .candidates
        .iter()
        .map(|other| (u64::from(other.index), &other.message, &other.finish));
    let mut answers: Vec<(u64, &Message, &Finish)> = first.into_iter().chain(others).collect();
    for (index, said) in &said.answers {
        let place = answers.iter().position(|(number, ..)| number == index);
        let Some((_, message, finish)) = place.map(|place| answers.swap_remove(place)) else {
            faults.push(format!("lost: answer {index}"));
            continue;
        };
        faults.extend(answer(said, message, finish, format));
    }

    let same = |said: Option<u64>, got: Option<u64>| said.is_none() || said == got;
    faults.extend(lost(
        "input tokens",
        same(said.input, got.usage.input.total),
        || format!("{:?}, and not {:?}", got.usage.input.total, said.input),
    ));
    faults.extend(lost(
        "output tokens",
        same(said.output, got.usage.output.total),
        || format!("{:?}, and not {:?}", got.usage.output.total, said.output),
    ));
    let named = said.models.is_empty() || said.models.contains(&got.model);
    faults.extend(lost("model", named, || {
        format!("{:?}, and not {:?}", got.model, said.models)
    }));
    let id = got.id.as_deref().unwrap_or_default();
    let known = said.ids.is_empty() || said.ids.contains(id);
    faults.extend(lost("id", known, || {
        format!("{:?}, and not {:?}", got.id, said.ids)
    }));
    faults
}

fn answer(
    said: &naive::Answer,
    message: &Message,
    finish: &Finish,
    format: &Format,
) -> Vec<String> {
    let got = Words::of(message);
    let mut faults = Vec::new();
    // A dialect may tell thoughts from text where the provider writes both as text.
    let told_apart = said.without_tags().is_some_and(|(words, thought)| {
        words.trim() == got.text.trim() && thought.trim() == got.reasoning.trim()
    });
    if !told_apart {
        faults.extend(differ("text", &said.text, &got.text));
        faults.extend(differ("reasoning", &said.reasoning, &got.reasoning));
    }
    faults.extend(differ("refusal", &said.refusal, &got.refusal));

    let calls: Vec<&ToolCall> = message.tool_calls().collect();
    let kept = calls.len() == said.calls.len()
        && said
            .calls
            .iter()
            .zip(&calls)
            .all(|(said, got)| same_call(said, got, &finish.kind));
    faults.extend(lost("tool calls", kept, || {
        format!("{calls:?}, and not {:?}", said.calls)
    }));

    let right = said
        .finish
        .as_deref()
        .is_none_or(|word| (format.means)(word, &finish.kind));
    faults.extend(lost("finish", right, || {
        format!("{finish:?}, and not {:?}", said.finish)
    }));
    faults
}

/// All that a message says in words, by what it is.
#[derive(Default)]
struct Words {
    text: String,
    reasoning: String,
    refusal: String,
}

impl Words {
    fn of(message: &Message) -> Self {
        let mut words = Self::default();
        for part in &message.parts {
            match &part.content {
                Content::Text(text) => words.text.push_str(&text.text),
                Content::Reasoning(reasoning) => words
                    .reasoning
                    .push_str(reasoning.text.as_deref().unwrap_or_default()),
                Content::Refusal(refusal) => words.refusal.push_str(&refusal.text),
                _ => {}
            }
        }
        words
    }
}

/// A call that came without an id has one that was made up.
fn same_call(said: &naive::Call, got: &ToolCall, finish: &FinishKind) -> bool {
    let id = if said.id.is_empty() {
        got.synthetic_id
    } else {
        got.id.as_str() == said.id
    };
    // Of arguments that were cut before their first byte nothing can be made.
    let cut = said.arguments.is_empty() && *finish == FinishKind::MaxTokens && !got.is_complete();
    id && said.name == got.name && (cut || same_arguments(&said.arguments, got.arguments()))
}

/// Nothing means the empty object; space around JSON means nothing.
fn same_arguments(said: &str, got: &str) -> bool {
    let said = said.trim();
    got.trim() == if said.is_empty() { "{}" } else { said }
        || json(said).is_some_and(|said| json(got) == Some(said))
}

fn json(text: &str) -> Option<Value> {
    serde_json::from_str(text).ok()
}

fn lost(what: &str, kept: bool, difference: impl FnOnce() -> String) -> Vec<String> {
    if kept {
        Vec::new()
    } else {
        vec![format!("lost: {what}: {}", difference())]
    }
}

fn differ(what: &str, said: &str, got: &str) -> Option<String> {
    let from = said
        .bytes()
        .zip(got.bytes())
        .take_while(|(said, got)| said == got)
        .count();
    (said != got).then(|| {
        let tail = |text: &str| {
            quoted(&String::from_utf8_lossy(
                text.as_bytes().get(from..).unwrap_or_default(),
            ))
        };
        format!(
            "lost: {what}: from byte {from}, {}, and not {}",
            tail(got),
            tail(said)
        )
    })
}

/// The beginning of `text`.
fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    let more = if text.chars().nth(SHOWN).is_some() {
        "…"
    } else {
        ""
    };
    format!("{:?}{more}", text.chars().take(SHOWN).collect::<String>())
}

#[cfg(test)]
mod tests;
