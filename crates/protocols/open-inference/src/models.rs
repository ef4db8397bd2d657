//! The models that are ready, by the repository's index.
//!
//! <https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_repository.md>

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use trunkline_core::{Ext, Json, ModelInfo, Result, models::ModelsPage, protocol::read};

use crate::{Dialect, IndexEntry};

/// Each model once, with what was said of each of its versions.
pub(crate) fn page(dialect: &Dialect, body: &[u8]) -> Result<ModelsPage> {
    let index: Vec<&RawValue> = read(body)?;
    let mut names: Vec<String> = Vec::new();
    let mut versions: BTreeMap<String, Vec<&RawValue>> = BTreeMap::new();
    for raw in index {
        // Another server's list is no list of models.
        let entry: IndexEntry = read(raw.get().as_bytes())?;
        let known = versions.entry(entry.name.clone()).or_default();
        if known.is_empty() {
            names.push(entry.name);
        }
        known.push(raw);
    }
    let models = names.into_iter().map(|name| {
        let mut ext = Ext::default();
        if let Some(said) = versions.get(&name).and_then(|said| Json::of(said).ok()) {
            ext.insert(dialect.provider, said);
        }
        let mut info = ModelInfo::new(name);
        info.ext = ext;
        info
    });
    Ok(ModelsPage::new(models.collect()))
}
