//! Lists of models.
//!
//! <https://docs.cohere.com/reference/list-models>

use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::{Ext, ModelInfo, Result, models::ModelsPage, protocol::read};

use crate::{PROVIDER, usage::count};

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    models: Vec<&'a RawValue>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Model {
    name: String,
    context_length: Option<f64>,
    endpoints: Option<Vec<String>>,
    features: Option<Vec<String>>,
}

pub(crate) fn page(body: &[u8]) -> Result<ModelsPage> {
    let list: List<'_> = read(body)?;
    let models = list.models.into_iter().filter_map(|raw| {
        let model: Model = serde_json::from_str(raw.get()).ok()?;
        let mut info = ModelInfo::new(model.name);
        info.context_limit = count(model.context_length);
        // Where it can be asked, and then what it can do there.
        let capabilities = [model.endpoints, model.features].into_iter().flatten();
        info.capabilities = capabilities.flatten().collect();
        let mut ext = Ext::default();
        ext.insert(PROVIDER.id, raw.into());
        info.ext = ext;
        Some(info)
    });
    let mut page = ModelsPage::new(models.collect());
    page.next = list.next_page_token.filter(|next| !next.is_empty());
    Ok(page)
}
