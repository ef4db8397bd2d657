//! To the wire: a request as the Responses API wants it. What it has no word for leaves a warning.

mod items;
mod pieces;
mod settings;
mod tools;

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;
use trunkline_core::{
    ChatRequest, Json, Result,
    chat::Warnings,
    protocol::{room, within, write},
};

use crate::{Dialect, dialect::fits, wire::Body};

/// What of the options goes elsewhere than its name says, or changes what else is sent. The rest is
/// merged into the body as it stands.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Own {
    include: Option<Vec<String>>,
    verbosity: Option<Json>,
    store: Option<bool>,
    background: Option<bool>,
    conversation: Option<Json>,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Answer,
    Stream,
    /// To be counted only: what is said about the answer is no part of it.
    Count,
}

/// The body of a request.
pub(crate) fn body(
    dialect: Dialect,
    request: &ChatRequest,
    purpose: Purpose,
    warnings: &mut Warnings,
) -> Result<Vec<u8>> {
    let request = within(dialect.capabilities, request, warnings)?;
    let options = request.options.get(dialect.provider);
    let own: Own = options
        .and_then(|options| options.read().ok())
        .unwrap_or_default();
    let reasoning = settings::reasoning(dialect, &request, warnings);
    let sampling = settings::sampling(dialect, &request, warnings);
    let store = match own.store {
        // What runs in the background is polled, which it has to be stored for.
        None if own.background == Some(true) => Some(true),
        // A conversation is a store, and says itself what becomes of its answers.
        None if own.conversation.is_some() => None,
        None => dialect.store,
        said => said,
    };
    let mut include: Vec<Cow<'_, str>> = Vec::new();
    if fits(dialect.reasoning_models, &request.model) {
        include.push("reasoning.encrypted_content".into());
    }
    if sampling.top_logprobs.is_some() {
        include.push("message.output_text.logprobs".into());
    }
    for asked in own.include.into_iter().flatten() {
        if !include.iter().any(|known| *known == asked) {
            include.push(asked.into());
        }
    }
    let mut user = BTreeMap::new();
    if let Some(pseudonym) = &request.user {
        user.insert(dialect.user_field, pseudonym.as_str());
    }
    let is_stored = store == Some(true);
    let mut body = Body {
        model: &request.model,
        input: items::of(dialect, &request, is_stored, warnings),
        max_output_tokens: request.max_output_tokens,
        temperature: sampling.temperature,
        top_p: sampling.top_p,
        top_logprobs: sampling.top_logprobs,
        tools: tools::definitions(dialect, &request.tools),
        tool_choice: tools::choice(&request),
        parallel_tool_calls: request.parallel_tools,
        text: settings::text(request.format.as_ref(), own.verbosity),
        reasoning,
        service_tier: request.service_tier.as_deref(),
        user,
        metadata: &request.metadata,
        include,
        store,
        stream: purpose == Purpose::Stream,
    };
    let rest = if purpose == Purpose::Count {
        body.for_counting();
        Some(options.and_then(counted).unwrap_or_else(Json::empty_object))
    } else {
        options.and_then(rest)
    };
    match rest {
        Some(rest) => {
            let rest = BTreeMap::from([(dialect.provider.to_owned(), rest)]);
            write(&body, dialect.provider, &rest, room(&request))
        }
        None => write(&body, dialect.provider, &request.options, room(&request)),
    }
}

impl Body<'_> {
    /// <https://platform.openai.com/docs/api-reference/responses/input-tokens>
    fn for_counting(&mut self) {
        const NOTHING: &BTreeMap<String, String> = &BTreeMap::new();
        (self.max_output_tokens, self.temperature, self.top_p) = (None, None, None);
        (self.top_logprobs, self.service_tier, self.store) = (None, None, None);
        self.user.clear();
        self.include.clear();
        self.metadata = NOTHING;
    }
}

/// Those of the options that a count takes.
fn counted(options: &Json) -> Option<Json> {
    const TAKEN: [&str; 5] = [
        "conversation",
        "previous_response_id",
        "instructions",
        "reasoning",
        "truncation",
    ];
    let mut fields: BTreeMap<String, Json> = options.read().ok()?;
    fields.retain(|name, _| TAKEN.contains(&name.as_str()));
    Json::of(&fields).ok()
}

/// The options without what was put elsewhere, where there is any of that.
fn rest(options: &Json) -> Option<Json> {
    let moved = r#"{"include":null,"verbosity":null}"#;
    let fields: BTreeMap<String, Json> = options.read().ok()?;
    if !fields.contains_key("include") && !fields.contains_key("verbosity") {
        return None;
    }
    let rest = Json::parse(moved).ok()?.merge_into(options.get()).ok()?;
    Json::parse(rest).ok()
}
