//! The messages of Ollama's API, as they stand on the wire. What is unknown there is ignored, and
//! what may be absent is an `Option`: a field that Ollama adds tomorrow breaks nobody.
//!
//! <https://docs.ollama.com/openapi.yaml>

use std::{borrow::Cow, time::Duration};

use serde::{Deserialize, Serialize};
use trunkline_core::{
    Json, Usage,
    chat::{Base64, Finish, FinishKind, Timing},
    protocol::Terminal,
};

use crate::options::{ModelOptions, Think};

/// The body of a chat.
#[derive(Serialize)]
pub(crate) struct Ask<'a> {
    pub(crate) model: &'a str,
    pub(crate) messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<Cow<'a, Json>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) think: Option<Think>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_logprobs: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) options: Option<ModelOptions>,
    /// Ollama streams unless it is told not to.
    pub(crate) stream: bool,
}

/// What one side says.
#[derive(Serialize)]
pub(crate) struct Turn<'a> {
    pub(crate) role: &'static str,
    pub(crate) content: Cow<'a, str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) thinking: Cow<'a, str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) images: Vec<Image<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tool_calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_call_id: Option<&'a str>,
}

/// A picture on its way out, in base64. Its media type has no place: the bytes tell it.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Image<'a> {
    Bytes(Base64<'a>),
    Written(&'a str),
    Unknown(&'a Json),
}

/// A call on its way out. One that was not understood goes back as it came.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Call<'a> {
    Known {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        function: Function<'a>,
    },
    Unknown(&'a Json),
}

#[derive(Serialize)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    pub(crate) arguments: Cow<'a, Json>,
}

#[derive(Serialize)]
pub(crate) struct Tool<'a> {
    pub(crate) r#type: &'static str,
    pub(crate) function: Definition<'a>,
}

#[derive(Serialize)]
pub(crate) struct Definition<'a> {
    pub(crate) name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) description: &'a str,
    pub(crate) parameters: Cow<'a, Json>,
}

/// A line of a chat's stream; a whole answer is one line.
#[derive(Deserialize)]
pub(crate) struct Line {
    pub(crate) model: Option<String>,
    pub(crate) created_at: Option<String>,
    pub(crate) remote_model: Option<String>,
    pub(crate) remote_host: Option<String>,
    pub(crate) message: Option<Said>,
    pub(crate) logprobs: Option<Json>,
    pub(crate) done: Option<bool>,
    pub(crate) done_reason: Option<String>,
    pub(crate) error: Option<Json>,
}

/// What the model says in a line.
#[derive(Deserialize)]
pub(crate) struct Said {
    pub(crate) thinking: Option<String>,
    pub(crate) content: Option<String>,
    pub(crate) images: Option<Vec<Json>>,
    pub(crate) tool_calls: Option<Vec<Json>>,
}

/// A call that comes in.
#[derive(Deserialize)]
pub(crate) struct Called {
    pub(crate) id: Option<String>,
    pub(crate) function: Option<CalledFunction>,
}

#[derive(Deserialize)]
pub(crate) struct CalledFunction {
    pub(crate) name: Option<String>,
    pub(crate) arguments: Option<Json>,
}

/// What the last line counts. Times are in nanoseconds. A count of zero is left out there.
///
/// <https://docs.ollama.com/api/usage>
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct Figures {
    #[serde(skip_serializing_if = "Option::is_none")]
    total_duration: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    load_duration: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_eval_count: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_eval_duration: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eval_count: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    eval_duration: Option<Json>,
}

impl Figures {
    /// The figures in our words; `None` if there are none.
    pub(crate) fn usage(&self) -> Option<Usage> {
        let raw = Json::of(self).ok().filter(|raw| raw.get() != "{}")?;
        let count = |figure: &Option<Json>| figure.as_ref()?.read::<u64>().ok();
        let time = |figure: &Option<Json>| count(figure).map(Duration::from_nanos);
        let mut timing = Timing::default();
        timing.load = time(&self.load_duration);
        timing.prompt = time(&self.prompt_eval_duration);
        timing.completion = time(&self.eval_duration);
        timing.total = time(&self.total_duration);
        let mut usage = Usage::told(count(&self.prompt_eval_count), count(&self.eval_count), raw);
        usage.timing = Some(Box::new(timing)).filter(|timing| **timing != Timing::default());
        Some(usage)
    }
}

/// Why it ended. Ollama has no word for calls: it says that it stopped.
pub(crate) fn finish(reason: Option<String>, called: bool) -> Finish {
    let kind = match reason.as_deref().unwrap_or_default() {
        "stop" | "" if called => FinishKind::ToolCalls,
        // Servers before 0.3 gave no reason.
        "stop" | "" => FinishKind::Stop,
        "length" => FinishKind::MaxTokens,
        "tool_calls" => FinishKind::ToolCalls,
        "load" | "unload" => FinishKind::Load,
        _ => FinishKind::Other,
    };
    match reason {
        Some(reason) => Finish::new(kind).raw(reason),
        None => Finish::new(kind),
    }
}

/// How far an answer is that says itself when it is done.
pub(crate) fn terminal(done: bool) -> Terminal {
    if done { Terminal::Last } else { Terminal::Open }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_are_none_are_not_counted() {
        let of = |json: &str| serde_json::from_str::<Figures>(json).unwrap().usage();
        assert_eq!(of(r#"{"eval_count":null}"#), None);
        let usage = of(r#"{"eval_count":"many","prompt_eval_count":3,"total_duration":1.5}"#);
        let usage = usage.unwrap();
        assert_eq!((usage.input.total, usage.output.total), (Some(3), None));
        assert_eq!(usage.timing, None);
    }
}
