//! Tools: functions, and those that the provider runs.
//!
//! <https://ai.google.dev/api/caching#Tool>, <https://ai.google.dev/gemini-api/docs/function-calling>

use std::borrow::Cow;

use trunkline_core::{
    ChatRequest, Json, Warning,
    chat::{ToolChoice, ToolKind, Warnings},
};

use super::schema;
use crate::{
    Dialect,
    dialect::has_levels,
    wire::{Calling, Function, Tool, ToolConfig},
};

pub(super) fn tools<'a>(
    dialect: Dialect,
    request: &'a ChatRequest,
    warnings: &mut Warnings,
) -> (Vec<Tool<'a>>, Option<ToolConfig<'a>>) {
    let (mut functions, mut hosted) = (Vec::new(), Vec::new());
    let mut strict = false;
    for tool in &request.tools {
        match &tool.kind {
            ToolKind::Function => {
                strict |= tool.strict == Some(true);
                functions.push(Function {
                    name: &tool.name,
                    description: &tool.description,
                    parameters_json_schema: tool.schema.as_ref().map(schema::known),
                });
            }
            ToolKind::Hosted(name) => {
                let settings = tool.ext.get(dialect.provider).map(Cow::Borrowed);
                let settings = settings.unwrap_or_else(|| Cow::Owned(Json::empty_object()));
                hosted.push(Tool::Hosted([(name_of(name), settings)].into()));
            }
            _ => warnings.push(Warning::unsupported("tools.kind")),
        }
    }
    let calling = calling(request, strict).filter(|_| !functions.is_empty());
    // Together they are taken since the third generation only, and only if one says so.
    let both = !functions.is_empty() && !hosted.is_empty() && has_levels(&request.model);
    let config = (both || calling.is_some()).then_some(ToolConfig {
        function_calling_config: calling,
        include_server_side_tool_invocations: both,
    });
    let functions = (!functions.is_empty()).then_some(Tool::Functions {
        function_declarations: functions,
    });
    (functions.into_iter().chain(hosted).collect(), config)
}

/// The name of a tool on the wire: `google_search` is `googleSearch` there. A search of the web is
/// what others call it.
fn name_of(name: &str) -> String {
    let name = match name {
        "web_search" => "google_search",
        name => name,
    };
    let mut words = name.split('_');
    let mut joined = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        joined.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        joined.push_str(letters.as_str());
    }
    joined
}

/// `VALIDATED` lets the model speak or call, and holds calls to their schemas.
fn calling(request: &ChatRequest, strict: bool) -> Option<Calling<'_>> {
    let (mode, allowed): (_, &[String]) = match request.tool_choice.as_ref() {
        None if strict => ("VALIDATED", &[]),
        None => return None,
        Some(ToolChoice::None) => ("NONE", &[]),
        Some(ToolChoice::Required) => ("ANY", &[]),
        Some(ToolChoice::Named(name)) => ("ANY", std::slice::from_ref(name)),
        Some(ToolChoice::Allowed(names)) => ("VALIDATED", names),
        Some(_) if strict => ("VALIDATED", &[]),
        Some(_) => ("AUTO", &[]),
    };
    Some(Calling {
        mode,
        allowed_function_names: allowed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tools_are_written_in_the_wire_s_way() {
        for (name, expected) in [
            ("google_search", "googleSearch"),
            ("web_search", "googleSearch"),
            ("code_execution", "codeExecution"),
            ("urlContext", "urlContext"),
            ("x", "x"),
        ] {
            assert_eq!(name_of(name), expected);
        }
    }
}
