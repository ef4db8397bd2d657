//! To the wire: a request as Ollama's JSON. What Ollama has no word for leaves a warning.

use std::borrow::Cow;

use trunkline_core::{
    ChatRequest, Json, Result, Warning,
    chat::{Effort, Format, ReasoningSetting, ToolChoice, Warnings},
    protocol::{functions, room, within, write},
};

use crate::{
    PROVIDER,
    options::{ModelOptions, Think, json},
    wire::{Ask, Definition, Tool},
};

mod turns;

/// The body of a request.
pub(crate) fn body(
    request: &ChatRequest,
    stream: bool,
    warnings: &mut Warnings,
) -> Result<Vec<u8>> {
    let choice = request.tool_choice.as_ref();
    let mut asked = Cow::Borrowed(request);
    if choice.is_some_and(is_carried) {
        asked.to_mut().tool_choice = None;
    }
    let within = within(PROVIDER.capabilities, &asked, warnings)?;
    let ask = Ask {
        model: &within.model,
        messages: turns::of(&within.messages, warnings),
        tools: tools(request, warnings),
        format: format(&within, warnings),
        think: think(&within, warnings),
        logprobs: within.logprobs.map(|_| true),
        top_logprobs: within.logprobs.filter(|others| *others > 0),
        options: sampling(&within),
        stream,
    };
    write(&ask, PROVIDER.id, &within.options, room(&within))
}

/// The settings that all providers share, under Ollama's names.
fn sampling(request: &ChatRequest) -> Option<ModelOptions> {
    let most = |tokens| i64::try_from(tokens).unwrap_or(i64::MAX);
    let mut options = ModelOptions::new();
    options.num_predict = request.max_output_tokens.map(most);
    options.temperature = request.temperature;
    options.top_p = request.top_p;
    options.top_k = request.top_k;
    options.min_p = request.min_p;
    options.frequency_penalty = request.frequency_penalty;
    options.presence_penalty = request.presence_penalty;
    options.seed = request.seed;
    options.stop = Some(request.stop.clone()).filter(|stop| !stop.is_empty());
    Some(options).filter(|options| *options != ModelOptions::default())
}

/// Whether a choice can be told by the tools alone: Ollama has no word for it.
fn is_carried(choice: &ToolChoice) -> bool {
    matches!(
        choice,
        ToolChoice::Auto | ToolChoice::None | ToolChoice::Allowed(_)
    )
}

/// The tools. None are told where none may be called.
fn tools<'a>(request: &'a ChatRequest, warnings: &mut Warnings) -> Vec<Tool<'a>> {
    if request.tool_choice == Some(ToolChoice::None) {
        return Vec::new();
    }
    let tool = |tool: &'a trunkline_core::Tool| Tool {
        r#type: "function",
        function: Definition {
            name: &tool.name,
            description: &tool.description,
            parameters: match &tool.schema {
                Some(schema) => Cow::Borrowed(schema),
                None => Cow::Owned(nothing()),
            },
        },
    };
    functions(request, warnings).into_iter().map(tool).collect()
}

/// The schema of a tool without arguments: Ollama wants one.
fn nothing() -> Json {
    Json::parse(r#"{"type":"object","properties":{}}"#).unwrap_or_else(|_| Json::empty_object())
}

/// A schema goes as it is: Ollama makes a grammar of it, to which the model is always held. Its name
/// has no place.
///
/// <https://docs.ollama.com/capabilities/structured-outputs>
fn format<'a>(request: &'a ChatRequest, warnings: &mut Warnings) -> Option<Cow<'a, Json>> {
    match request.format.as_ref()? {
        Format::Json => Some(Cow::Owned(json())),
        Format::Schema { schema, strict, .. } => {
            if !strict {
                warnings.push(Warning::coerced("schema.strict", "false", "true"));
            }
            Some(Cow::Borrowed(schema))
        }
        _ => None,
    }
}

/// How much to think. Degrees beyond Ollama's become its nearest, as its own compatible endpoint
/// has it.
fn think(request: &ChatRequest, warnings: &mut Warnings) -> Option<Think> {
    let effort = match request.reasoning? {
        ReasoningSetting::Effort(effort) => effort,
        ReasoningSetting::Budget(0) => Effort::None,
        _ => {
            warnings.push(Warning::unsupported("reasoning.budget"));
            return None;
        }
    };
    let nearest = match effort {
        Effort::None => return Some(Think::No),
        Effort::Minimal => Effort::Low,
        Effort::XHigh => Effort::Max,
        known => known,
    };
    if nearest != effort {
        let (from, to) = (effort.as_str(), nearest.as_str());
        warnings.push(Warning::coerced("reasoning", from, to));
    }
    Some(Think::Level(nearest.as_str().to_owned()))
}
