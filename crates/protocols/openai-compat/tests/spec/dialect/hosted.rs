//! Tools that the provider runs.

use trunkline_core::{
    ChatRequest, Json, Tool,
    chat::{ToolChoice, ToolKind},
};

use super::{PLAIN, encoded};

/// <https://openrouter.ai/docs/guides/features/server-tools/web-search>
#[test]
fn a_hosted_tool_is_forced_by_its_type() {
    let mut search = Tool::new("web_search", "", Json::parse("{}").unwrap());
    search.kind = ToolKind::Hosted("openrouter:web_search".into());
    let request = ChatRequest::from("hi")
        .tool(search)
        .tool_choice(ToolChoice::Named("web_search".into()));
    let (body, _) = encoded(PLAIN, request);
    let forced = r#""tool_choice":{"type":"openrouter:web_search"}"#;
    assert!(body.contains(forced), "{body}");
}
