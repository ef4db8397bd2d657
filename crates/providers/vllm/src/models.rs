//! Lists of models: the base models, and the adapters that are loaded.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;
use trunkline_core::{
    Error, ModelInfo, Op, Result,
    health::Readiness,
    models::{ModelsPage, ModelsRequest},
};

use crate::PROVIDER;

/// Other servers that list models on ports like ours, by what they say of who owns them. Whoever
/// stands in front of vLLM may say anything else.
///
/// `owned_by` in llama.cpp's `tools/server/server.cpp`, SGLang's
/// `entrypoints/openai/protocol.py`, LMDeploy's `serve/openai/protocol.py`, Ollama's
/// `openai/openai.go`, OpenVINO Model Server's `src/http_rest_api_handler.cpp`.
const OTHERS: [&str; 5] = ["llamacpp", "sglang", "lmdeploy", "library", "OVMS"];

/// The list, if it is not clearly another server's; an adapter has its base model's limit.
///
/// # Errors
///
/// [`Decode`](trunkline_core::ErrorKind::Decode): it is another server's.
pub(crate) fn ours(mut page: ModelsPage) -> Result<ModelsPage> {
    if let Some(other) = other(&page.models) {
        let what = format!("the models are those of another kind of server: `{other}`");
        return Err(Error::decode(what));
    }
    let limits: BTreeMap<String, u64> = page
        .models
        .iter()
        .filter_map(|model| Some((model.id.clone(), model.context_limit?)))
        .collect();
    for model in &mut page.models {
        if model.context_limit.is_none() {
            let base = parent(model).or_else(|| root(model));
            model.context_limit = base.and_then(|base| limits.get(&base).copied());
        }
    }
    Ok(page)
}

fn other(models: &[ModelInfo]) -> Option<&str> {
    let owners = || models.iter().filter_map(|model| model.owner.as_deref());
    if owners().any(|owner| owner == PROVIDER.id) {
        return None;
    }
    let named = owners().find(|owner| OTHERS.contains(owner));
    // Text Generation Inference says that a model owns itself.
    let itself = models
        .iter()
        .all(|model| model.owner.as_deref() == Some(model.id.as_str()));
    let first = models.first().filter(|_| itself);
    named.or_else(|| first.map(|model| model.id.as_str()))
}

#[derive(Deserialize)]
struct Card {
    parent: Option<String>,
    root: Option<String>,
}

fn parent(model: &ModelInfo) -> Option<String> {
    model.ext.get(PROVIDER.id)?.read::<Card>().ok()?.parent
}

fn root(model: &ModelInfo) -> Option<String> {
    model.ext.get(PROVIDER.id)?.read::<Card>().ok()?.root
}

/// The question for the list.
pub(crate) fn list() -> Op {
    Op::Models(Arc::new(ModelsRequest::default()))
}

/// Whether `model` is served: an adapter may be loaded yet.
pub(crate) fn serves(model: &str, page: &ModelsPage) -> Readiness {
    match page.models.iter().any(|served| served.id == model) {
        true => Readiness::ready(),
        false => Readiness::not_yet("it serves no model of this name"),
    }
}
