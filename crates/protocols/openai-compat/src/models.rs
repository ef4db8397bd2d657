//! Lists of models.
//!
//! <https://platform.openai.com/docs/api-reference/models/list>

use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::{Error, Ext, ModelInfo, Result, models::ModelsPage};

use crate::{
    Dialect, decode, error,
    wire::{Str, count, object},
};

pub(crate) fn page(dialect: Dialect, body: &[u8]) -> Result<ModelsPage> {
    #[derive(Deserialize)]
    struct Wire<'a> {
        #[serde(borrow, default)]
        data: Option<Vec<&'a RawValue>>,
        /// llama.cpp has both.
        #[serde(borrow, default)]
        models: Option<Vec<&'a RawValue>>,
    }
    decode::check_depth(&String::from_utf8_lossy(body))?;
    // Together sends the list itself.
    let bare = serde_json::from_slice::<Vec<&RawValue>>(body).ok();
    let items = match bare {
        Some(items) => items,
        None => {
            let wire: Wire<'_> = serde_json::from_slice(body).map_err(|cause| {
                let place = format!(
                    "the answer is no list of models (line {}, column {})",
                    cause.line(),
                    cause.column()
                );
                Error::decode(place).with_source(cause)
            })?;
            let text = || String::from_utf8_lossy(body);
            wire.data
                .or(wire.models)
                .ok_or_else(|| match error::looks_like_one(&text()) {
                    true => error::in_band(dialect, &text()),
                    false => Error::decode("an answer without `data`"),
                })?
        }
    };
    Ok(ModelsPage::new(
        items
            .into_iter()
            .filter_map(|item| model(dialect, item))
            .collect(),
    ))
}

/// One model; what has no id cannot be asked for and is none.
fn model(dialect: Dialect, raw: &RawValue) -> Option<ModelInfo> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Wire<'a> {
        #[serde(borrow)]
        id: Option<Str<'a>>,
        #[serde(borrow)]
        name: Option<Str<'a>>,
        #[serde(borrow)]
        display_name: Option<Str<'a>>,
        #[serde(borrow)]
        created: Option<&'a RawValue>,
        #[serde(borrow)]
        owned_by: Option<Str<'a>>,
        /// Together.
        #[serde(borrow)]
        organization: Option<Str<'a>>,
        /// Groq; OpenRouter, Together and Venice; vLLM; Mistral.
        #[serde(borrow)]
        context_window: Option<&'a RawValue>,
        #[serde(borrow)]
        context_length: Option<&'a RawValue>,
        #[serde(borrow)]
        max_model_len: Option<&'a RawValue>,
        #[serde(borrow)]
        max_context_length: Option<&'a RawValue>,
        #[serde(borrow)]
        max_completion_tokens: Option<&'a RawValue>,
        /// OpenRouter's limit on output, which is its best upstream's.
        #[serde(borrow)]
        top_provider: Option<&'a RawValue>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Upstream<'a> {
        #[serde(borrow)]
        max_completion_tokens: Option<&'a RawValue>,
    }
    let wire: Wire<'_> = serde_json::from_str(raw.get()).ok()?;
    let owned = |text: &Option<Str<'_>>| text.as_ref().and_then(Str::non_empty).map(str::to_owned);
    let mut model = ModelInfo::new(owned(&wire.id)?);
    model.display_name = owned(&wire.display_name).or_else(|| owned(&wire.name));
    model.created = wire.created.and_then(count);
    model.owner = owned(&wire.owned_by).or_else(|| owned(&wire.organization));
    model.context_limit = [
        wire.context_window,
        wire.context_length,
        wire.max_model_len,
        wire.max_context_length,
    ]
    .into_iter()
    .flatten()
    .find_map(count);
    let upstream: Option<Upstream<'_>> = object(wire.top_provider).ok().flatten();
    model.output_limit = wire
        .max_completion_tokens
        .or_else(|| upstream?.max_completion_tokens)
        .and_then(count);
    let mut ext = Ext::default();
    ext.insert(dialect.provider, raw.into());
    model.ext = ext;
    Some(model)
}
