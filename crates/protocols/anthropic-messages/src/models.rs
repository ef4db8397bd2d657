//! Lists of models.
//!
//! <https://platform.claude.com/docs/en/api/models/list>

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use trunkline_core::{
    Ext, Json, ModelInfo, Result,
    models::ModelsPage,
    protocol::{read, seconds},
};

use crate::ORIGIN;

#[derive(Deserialize)]
struct List {
    data: Vec<Json>,
    #[serde(default)]
    has_more: Option<bool>,
    last_id: Option<String>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
    display_name: Option<String>,
    created_at: Option<String>,
    max_input_tokens: Option<u64>,
    max_tokens: Option<u64>,
    capabilities: Option<BTreeMap<String, Value>>,
}

pub(crate) fn page(body: &[u8]) -> Result<ModelsPage> {
    let list: List = read(body)?;
    let models = list.data.into_iter().filter_map(|raw| {
        let model: Model = raw.read().ok()?;
        let mut info = ModelInfo::new(model.id);
        info.display_name = model.display_name;
        info.created = model.created_at.as_deref().and_then(seconds);
        // One that is not told is 1970 itself.
        info.created = info.created.filter(|told| *told > 0);
        info.context_limit = model.max_input_tokens;
        info.output_limit = model.max_tokens;
        let can = model.capabilities.unwrap_or_default().into_iter();
        let can = can.filter(|(_, told)| told.get("supported") == Some(&Value::Bool(true)));
        info.capabilities = can.map(|(name, _)| name).collect();
        let mut ext = Ext::default();
        ext.insert(ORIGIN, raw);
        info.ext = ext;
        Some(info)
    });
    let mut page = ModelsPage::new(models.collect());
    page.next = list.last_id.filter(|_| list.has_more == Some(true));
    Ok(page)
}
