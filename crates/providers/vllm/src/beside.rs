//! What of an answer chat completions have no word for: it is in `ext`, under `vllm`.
//!
//! `ChatCompletionResponse` and `ChatCompletionStreamResponse` in
//! `vllm/entrypoints/openai/chat_completion/protocol.py` have it, most of it `null`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use trunkline_core::{
    ChatResponse, Error, Ext, Json, Limit, Result,
    chat::{Finish, FinishKind},
};

use crate::PROVIDER;

/// Of the whole answer, in the order in which it is told.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Told<'a> {
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    prompt_logprobs: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    prompt_token_ids: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    prompt_text: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    kv_transfer_params: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    ec_transfer_params: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    metrics: Option<&'a RawValue>,
    #[serde(borrow, skip_serializing)]
    choices: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Choice<'a> {
    #[serde(borrow)]
    index: Option<&'a RawValue>,
    #[serde(borrow)]
    stop_reason: Option<&'a RawValue>,
    #[serde(borrow)]
    token_ids: Option<&'a RawValue>,
    #[serde(borrow)]
    routed_experts: Option<&'a RawValue>,
}

/// The names of all these, of which one has to have a value for a second look to be worth it.
const NAMES: [&str; 9] = [
    "\"token_ids\"",
    "\"stop_reason\"",
    "\"prompt_token_ids\"",
    "\"prompt_logprobs\"",
    "\"prompt_text\"",
    "\"kv_transfer_params\"",
    "\"ec_transfer_params\"",
    "\"metrics\"",
    "\"routed_experts\"",
];

/// Whether `text` may say anything of it. A word of the model's that looks like it costs a look.
fn is_told(text: &str) -> bool {
    NAMES.iter().any(|name| {
        text.match_indices(name).any(|(at, _)| {
            let rest = text.get(at + name.len()..).unwrap_or_default();
            let value = rest.trim_start().strip_prefix(':').map(str::trim_start);
            value.is_some_and(|value| !value.starts_with("null"))
        })
    })
}

/// What is told of one of the answers, as far as it has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Of {
    index: u32,
    stop_reason: Option<Box<RawValue>>,
    routed_experts: Option<Box<RawValue>>,
    /// Numbers, joined by commas.
    token_ids: Option<String>,
}

/// How many bytes of tokens are kept of one answer: a million tokens and more.
const MOST: usize = 8 << 20;
/// How many answers; the wire's own limit is lower.
const ANSWERS: usize = 128;

#[derive(Clone, Debug, Default)]
pub(crate) struct Choices(Vec<Of>);

impl Choices {
    /// Takes what `text`, an event or an answer, tells; gives what it tells of the whole.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](trunkline_core::ErrorKind::LimitExceeded): there is too much of it.
    pub(crate) fn take(&mut self, text: &str) -> Result<Option<Ext>> {
        if !is_told(text) {
            return Ok(None);
        }
        // What is no such object was judged by those who read it first.
        let told: Told<'_> = serde_json::from_str(text).unwrap_or_default();
        let choices = told.choices.map(RawValue::get).unwrap_or("[]");
        let choices: Vec<&RawValue> = serde_json::from_str(choices).unwrap_or_default();
        for raw in choices {
            self.choice(serde_json::from_str(raw.get()).unwrap_or_default())?;
        }
        Ok(ext_of(&told))
    }

    fn choice(&mut self, choice: Choice<'_>) -> Result<()> {
        let Choice {
            index,
            stop_reason,
            token_ids,
            routed_experts,
        } = choice;
        if stop_reason.is_none() && token_ids.is_none() && routed_experts.is_none() {
            return Ok(());
        }
        let index = index.and_then(|raw| raw.get().parse().ok()).unwrap_or(0);
        let at = self.0.iter().position(|of| of.index == index);
        let at = match at {
            Some(at) => at,
            None if self.0.len() >= ANSWERS => return Err(too_much()),
            None => {
                self.0.push(Of {
                    index,
                    ..Of::default()
                });
                self.0.len() - 1
            }
        };
        let Some(of) = self.0.get_mut(at) else {
            return Ok(());
        };
        of.stop_reason = stop_reason.map(ToOwned::to_owned).or(of.stop_reason.take());
        of.routed_experts = routed_experts
            .map(ToOwned::to_owned)
            .or(of.routed_experts.take());
        let inner = token_ids.and_then(|raw| raw.get().strip_prefix('[')?.strip_suffix(']'));
        if let Some(inner) = inner {
            let ids = of.token_ids.get_or_insert_default();
            if ids.len() + inner.len() > MOST {
                return Err(too_much());
            }
            if !ids.is_empty() && !inner.trim().is_empty() {
                ids.push(',');
            }
            ids.push_str(inner.trim());
        }
        Ok(())
    }

    /// Takes what is known of an answer that is over: why it ended goes into `finish`, and the rest
    /// comes back.
    pub(crate) fn end(&mut self, index: u32, finish: &mut Finish) -> Option<Ext> {
        let at = self.0.iter().position(|of| of.index == index)?;
        let mut of = self.0.swap_remove(at);
        let stopped = of.stop_reason.take();
        match stopped.as_deref().map(RawValue::get) {
            Some(text) if text.starts_with('"') && finish.kind == FinishKind::Stop => {
                finish.kind = FinishKind::StopSequence(serde_json::from_str(text).ok());
            }
            _ => of.stop_reason = stopped,
        }
        of.into_ext()
    }

    /// The answers that something is told of.
    fn indices(&self) -> Vec<u32> {
        self.0.iter().map(|of| of.index).collect()
    }
}

impl Of {
    fn into_ext(self) -> Option<Ext> {
        #[derive(Serialize)]
        struct Out {
            #[serde(skip_serializing_if = "Option::is_none")]
            token_ids: Option<Box<RawValue>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            stop_reason: Option<Box<RawValue>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            routed_experts: Option<Box<RawValue>>,
        }
        let ids = self.token_ids.map(|ids| format!("[{ids}]"));
        let out = Out {
            token_ids: ids.and_then(|ids| RawValue::from_string(ids).ok()),
            stop_reason: self.stop_reason,
            routed_experts: self.routed_experts,
        };
        if out.token_ids.is_none() && out.stop_reason.is_none() && out.routed_experts.is_none() {
            return None;
        }
        let out = Json::of(&out).ok()?;
        let index = self.index;
        let json = Json::parse(format!(r#"{{"choices":{{"{index}":{}}}}}"#, out.get())).ok()?;
        let mut ext = Ext::default();
        ext.insert(PROVIDER.id, json);
        Some(ext)
    }
}

fn too_much() -> Error {
    let what = "the answer has more tokens by number than are kept";
    Error::limit_exceeded(Limit::Events, what)
}

fn ext_of(told: &Told<'_>) -> Option<Ext> {
    let json = Json::of(told).ok().filter(|json| json.get() != "{}")?;
    let mut ext = Ext::default();
    ext.insert(PROVIDER.id, json);
    Some(ext)
}

/// Adds to a whole answer what its body tells beside it.
pub(crate) fn add(mut answer: ChatResponse, body: &[u8]) -> ChatResponse {
    let Ok(text) = std::str::from_utf8(body) else {
        return answer;
    };
    let mut choices = Choices::default();
    // A whole answer is bounded by its body.
    let Ok(told) = choices.take(text) else {
        return answer;
    };
    join(&mut answer.ext, told);
    for index in choices.indices() {
        let mut others = answer.candidates.iter_mut();
        let finish = match index {
            0 => Some(&mut answer.finish),
            _ => others
                .find(|candidate| candidate.index == index)
                .map(|candidate| &mut candidate.finish),
        };
        let more = finish.and_then(|finish| choices.end(index, finish));
        join(&mut answer.ext, more);
    }
    answer
}

/// Joins `more` to what is there.
pub(crate) fn join(ext: &mut Ext, more: Option<Ext>) {
    let Some(more) = more.as_ref().and_then(|more| more.get(PROVIDER.id)) else {
        return;
    };
    let joined = ext.get(PROVIDER.id).and_then(|ours| {
        let text = more.merge_into(ours.get()).ok()?;
        Json::parse(text).ok()
    });
    ext.insert(PROVIDER.id, joined.unwrap_or_else(|| more.clone()));
}
