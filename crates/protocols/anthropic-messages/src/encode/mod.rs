//! To the wire: a request as the body of one. What Claude has no word for leaves a warning.

use std::collections::BTreeMap;

use trunkline_core::{
    ChatRequest, Result,
    chat::{Format, Warnings},
    protocol::{room, within, write},
};

use crate::{
    Dialect, ORIGIN,
    claude::Claude,
    options::{self, Beta},
    wire::{Ask, Metadata, OutputConfig, OutputFormat},
};

mod block;
mod marks;
mod sample;
mod think;
mod tool;
mod turns;

/// What a body is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Whole,
    Stream,
    /// Its tokens are counted, and nobody answers.
    Count,
}

/// The fields of options that are counted too. The counter refuses all others.
const COUNTED: [&str; 6] = [
    "cache_control",
    "context_management",
    "mcp_servers",
    "output_config",
    "speed",
    "thinking",
];

/// The body of a request, and the betas that go beside it.
pub(crate) fn body(
    dialect: Dialect,
    request: &ChatRequest,
    purpose: Purpose,
    warnings: &mut Warnings,
) -> Result<(Vec<u8>, Vec<String>)> {
    let request = within(dialect.capabilities, request, warnings)?;
    let (options, betas) = options::split(dialect, &request)?;
    let model = Claude::named(&request.model);
    let tools = tool::definitions(&request, warnings);
    let tools_marked = tools.marked;
    let turns = turns::Writer::new(dialect, model, warnings).write(&request, tools_marked);
    let max_tokens = request.max_output_tokens.unwrap_or(model.max_output());
    let tool_choice = tool::choice(&request, &tools.list);
    let asked = think::Asked {
        setting: request.reasoning,
        max_tokens,
        // A count is told of no limit.
        is_bounded: purpose != Purpose::Count && !betas.iter().any(is_interleaving),
        must_call: tool_choice.as_ref().is_some_and(tool::Choice::is_forced),
        turns: &turns.turns,
    };
    let thought = think::thought(model, &asked, warnings);
    let format = match &request.format {
        Some(Format::Schema { schema, strict, .. }) => {
            // There is no looser way.
            warnings.unsupported_if(!strict, "format.strict");
            Some(OutputFormat {
                kind: "json_schema",
                schema,
            })
        }
        _ => None,
    };
    let mut ask = Ask {
        anthropic_version: dialect.version,
        model: dialect.names_model(purpose).then_some(&*request.model),
        system: turns.system,
        messages: turns.turns,
        tool_choice,
        tools: tools.list,
        output_config: (thought.effort.is_some() || format.is_some()).then_some(OutputConfig {
            effort: thought.effort,
            format,
        }),
        ..Ask::default()
    };
    if purpose != Purpose::Count {
        ask.max_tokens = Some(max_tokens);
        ask.stop_sequences = &request.stop;
        ask.metadata = request.user.as_deref().map(|user_id| Metadata { user_id });
        ask.service_tier = request.service_tier.as_deref();
        ask.stream = purpose == Purpose::Stream;
        let sampling = sample::sampling(model, &request, thought.is_on(), warnings);
        ask.temperature = sampling.temperature;
        ask.top_p = sampling.top_p;
        ask.top_k = sampling.top_k;
    }
    ask.thinking = thought.thinking;
    let options = options.map(|mut fields| {
        if purpose == Purpose::Count {
            fields.keep(&COUNTED);
        }
        fields
    });
    let options = options.map(|fields| BTreeMap::from([(ORIGIN.to_owned(), fields.to_json())]));
    let body = write(&ask, ORIGIN, &options.unwrap_or_default(), room(&request))?;
    Ok((body, betas))
}

/// Whether a budget for thoughts is for all of a turn, beyond the limit on one answer.
fn is_interleaving(beta: &String) -> bool {
    beta == Beta::InterleavedThinking.as_str()
}
