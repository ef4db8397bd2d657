//! The models that the server has: `{"models":[{"name":"llama3.2:latest", …}]}`.
//!
//! <https://docs.ollama.com/api/tags>

use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::{
    Ext, ModelInfo, Result,
    models::ModelsPage,
    protocol::{read, seconds},
};

use crate::PROVIDER;

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    models: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Model {
    /// What requests call it; `name` is the same, and older.
    model: Option<String>,
    name: Option<String>,
    modified_at: Option<String>,
    details: Option<Details>,
    capabilities: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Details {
    context_length: Option<u64>,
}

pub(crate) fn page(body: &[u8]) -> Result<ModelsPage> {
    let list: List<'_> = read(body)?;
    // Go writes an empty list as `null`.
    let models = list.models.unwrap_or_default();
    Ok(ModelsPage::new(
        models.into_iter().filter_map(info).collect(),
    ))
}

fn info(raw: &RawValue) -> Option<ModelInfo> {
    let model: Model = serde_json::from_str(raw.get()).ok()?;
    let mut info = ModelInfo::new(model.model.or(model.name)?);
    info.created = model.modified_at.as_deref().and_then(seconds);
    info.context_limit = model.details.and_then(|details| details.context_length);
    info.capabilities = model.capabilities.unwrap_or_default();
    let mut ext = Ext::default();
    ext.insert(PROVIDER.id, raw.into());
    info.ext = ext;
    Some(info)
}
