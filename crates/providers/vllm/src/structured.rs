//! What an answer is held to, beyond JSON.

use serde::Serialize;
use trunkline_core::Json;

/// What an answer is held to: one of JSON Schema, a regular expression, a choice, a grammar, any
/// JSON, or a structural tag.
///
/// Which blanks stand in JSON, and whether a schema allows what it does not name, is the server's to
/// say, by `--structured-outputs-config`: its requests have fields for that, and no backend reads them.
///
/// JSON of a schema is also what [`format`](trunkline_core::ChatRequest::format) says, for all
/// providers.
///
/// <https://docs.vllm.ai/en/latest/features/structured_outputs/>
///
/// ```
/// use trunkline_core::ChatRequest;
/// use trunkline_vllm::{Options, StructuredOutputs};
///
/// let request = ChatRequest::from("Is the sky blue?")
///     .option(Options::new().structured_outputs(StructuredOutputs::choice(["yes", "no"])));
/// assert_eq!(
///     request.options["vllm"].get(),
///     r#"{"structured_outputs":{"choice":["yes","no"]}}"#,
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct StructuredOutputs(Constraint);

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Constraint {
    Json(String),
    Regex(String),
    Choice(Vec<String>),
    Grammar(String),
    JsonObject(bool),
    StructuralTag(String),
}

impl StructuredOutputs {
    /// JSON of this schema.
    pub fn json(schema: impl Into<Json>) -> Self {
        // The server takes a schema as text as well; so the order of its keys stays.
        Self(Constraint::Json(schema.into().get().to_owned()))
    }

    /// JSON of any kind.
    pub const fn any_json() -> Self {
        Self(Constraint::JsonObject(true))
    }

    /// Text that the regular expression matches as a whole.
    pub fn regex(pattern: impl Into<String>) -> Self {
        Self(Constraint::Regex(pattern.into()))
    }

    /// One of these.
    pub fn choice<T: Into<String>>(choices: impl IntoIterator<Item = T>) -> Self {
        let choices = choices.into_iter().map(Into::into).collect();
        Self(Constraint::Choice(choices))
    }

    /// Text of this grammar, in EBNF or Lark's form, as the server's backend reads it.
    pub fn grammar(grammar: impl Into<String>) -> Self {
        Self(Constraint::Grammar(grammar.into()))
    }

    /// What stands between tags, as xgrammar describes it: a JSON object.
    ///
    /// <https://xgrammar.mlc.ai/docs/tutorials/structural_tag>
    pub fn structural_tag(tag: impl Into<Json>) -> Self {
        Self(Constraint::StructuralTag(tag.into().get().to_owned()))
    }
}
