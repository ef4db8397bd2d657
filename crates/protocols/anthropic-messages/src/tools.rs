//! Tools that the provider runs, and what it wants to know of documents.

use serde::Serialize;
use trunkline_core::{Ext, Json, Part, Tool};

use crate::ORIGIN;

macro_rules! server_tool {
    ($name:ident, $kind:literal) => {
        impl From<$name> for Tool {
            fn from(settings: $name) -> Self {
                hosted($kind, &settings)
            }
        }
    };
}

trunkline_core::options! {
    /// The model searches the web. Its answers cite what they stand on.
    ///
    /// ```
    /// use trunkline_anthropic_messages::WebSearch;
    /// use trunkline_core::ChatRequest;
    ///
    /// let search = WebSearch::new().max_uses(3_u32).blocked_domains(vec!["example.com".to_owned()]);
    /// let request = ChatRequest::from("What is new in Rust?").tool(search.into());
    /// assert_eq!(request.tools[0].name, "web_search");
    /// ```
    ///
    /// <https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool>
    pub struct WebSearch {
        /// How often, at most.
        max_uses: u32,
        /// Nowhere else.
        allowed_domains: Vec<String>,
        /// Anywhere else.
        blocked_domains: Vec<String>,
        /// Where the user is.
        user_location: UserLocation,
    }
}

trunkline_core::options! {
    /// About where the user is, for what a search finds.
    pub struct UserLocation {
        /// The city.
        city: String,
        /// The region.
        region: String,
        /// The country, by its two letters.
        country: String,
        /// The time zone, by its IANA name.
        timezone: String,
    }
}

trunkline_core::options! {
    /// The model reads pages and PDFs by their addresses.
    ///
    /// <https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-fetch-tool>
    pub struct WebFetch {
        /// How often, at most.
        max_uses: u32,
        /// Nowhere else.
        allowed_domains: Vec<String>,
        /// Anywhere else.
        blocked_domains: Vec<String>,
        /// `{"enabled":true}` has it cite what it read.
        citations: Json,
        /// How much of a page is read, in tokens.
        max_content_tokens: u32,
    }
}

trunkline_core::options! {
    /// The model runs programs in a container of the provider's.
    ///
    /// <https://platform.claude.com/docs/en/agents-and-tools/tool-use/code-execution-tool>
    pub struct CodeExecution {
        /// Who may call it: `direct`, or another tool by its type.
        allowed_callers: Vec<String>,
    }
}

impl From<WebSearch> for Tool {
    fn from(settings: WebSearch) -> Self {
        let mut tool = hosted("web_search_20250305", &settings);
        if settings.user_location.is_some() {
            // The only kind of place that there is, and it has to be said.
            let kind = json(r#"{"user_location":{"type":"approximate"}}"#);
            tool.ext = ext(patched(tool.ext.get(ORIGIN).unwrap_or(&kind), &kind));
        }
        tool
    }
}
server_tool!(WebFetch, "web_fetch_20250910");
server_tool!(CodeExecution, "code_execution_20250825");

/// A tool of this type. Its settings are the provider's own and travel beside it.
fn hosted(kind: &str, settings: &impl Serialize) -> Tool {
    let mut tool = Tool::hosted(kind);
    tool.name = name_of(kind).to_owned();
    // Plain structs of ours: they always serialize.
    tool.ext = ext(Json::of(settings).unwrap_or_else(|_| Json::empty_object()));
    tool
}

/// Text that is known to be JSON.
pub(crate) fn json(text: impl Into<String>) -> Json {
    Json::parse(text).unwrap_or_else(|_| Json::empty_object())
}

/// An object with the fields of another over its own.
pub(crate) fn patched(object: &Json, patch: &Json) -> Json {
    patch
        .merge_into(object.get())
        .map_or_else(|_| object.clone(), json)
}

fn ext(settings: Json) -> Ext {
    let mut ext = Ext::default();
    ext.insert(ORIGIN, settings);
    ext
}

/// Has the model cite a document, which says nothing else of it.
///
/// ```
/// use trunkline_anthropic_messages::cited;
/// use trunkline_core::Part;
///
/// let report = cited(Part::document("text/plain", "report.txt", "Sales rose by 4 %."));
/// assert_eq!(report.ext.get("anthropic").unwrap().get(), r#"{"citations":{"enabled":true}}"#);
/// ```
///
/// <https://platform.claude.com/docs/en/build-with-claude/citations>
#[must_use]
pub fn cited(mut document: Part) -> Part {
    document.ext = ext(json(r#"{"citations":{"enabled":true}}"#));
    document
}

/// The type of a tool that was named without its date: the first one that everybody may use.
pub(crate) fn type_of(name: &str) -> &str {
    match name {
        "web_search" => "web_search_20250305",
        "web_fetch" => "web_fetch_20250910",
        "code_execution" => "code_execution_20250825",
        "tool_search_tool_regex" => "tool_search_tool_regex_20251119",
        "tool_search_tool_bm25" => "tool_search_tool_bm25_20251119",
        "bash" => "bash_20250124",
        "memory" => "memory_20250818",
        "text_editor" | "str_replace_based_edit_tool" => "text_editor_20250728",
        dated => dated,
    }
}

/// What the model calls a tool of this type.
pub(crate) fn name_of(kind: &str) -> &str {
    match kind.rsplit_once('_') {
        Some(("text_editor", date)) if date >= "20250429" => "str_replace_based_edit_tool",
        Some(("text_editor", _)) => "str_replace_editor",
        Some((name, date)) if date.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_has_a_type_with_a_date_and_a_name_without() {
        for (asked, kind, name) in [
            ("web_search", "web_search_20250305", "web_search"),
            ("web_search_20260318", "web_search_20260318", "web_search"),
            (
                "text_editor",
                "text_editor_20250728",
                "str_replace_based_edit_tool",
            ),
            (
                "tool_search_tool_bm25",
                "tool_search_tool_bm25_20251119",
                "tool_search_tool_bm25",
            ),
            ("something_new", "something_new", "something_new"),
        ] {
            assert_eq!(type_of(asked), kind);
            assert_eq!(name_of(type_of(asked)), name);
        }
    }
}
