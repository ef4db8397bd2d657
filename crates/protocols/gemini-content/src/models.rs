//! Lists of models: `{"models":[{"name":"models/gemini-3.8-flash"}],"nextPageToken":"…"}`.
//!
//! <https://ai.google.dev/api/models>

use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::{Ext, ModelInfo, Result, models::ModelsPage, protocol::read};

use crate::Dialect;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    #[serde(borrow)]
    models: Option<Vec<&'a RawValue>>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Model {
    name: String,
    display_name: Option<String>,
    input_token_limit: Option<u64>,
    output_token_limit: Option<u64>,
    supported_generation_methods: Option<Vec<String>>,
    thinking: Option<bool>,
}

pub(crate) fn page(dialect: Dialect, body: &[u8]) -> Result<ModelsPage> {
    let list: List<'_> = read(body)?;
    let models = list.models.into_iter().flatten().filter_map(|raw| {
        let model: Model = serde_json::from_str(raw.get()).ok()?;
        let name = model.name.strip_prefix("models/").unwrap_or(&model.name);
        let mut info = ModelInfo::new(name);
        info.display_name = model.display_name;
        info.context_limit = model.input_token_limit;
        info.output_limit = model.output_token_limit;
        info.capabilities = model.supported_generation_methods.unwrap_or_default();
        let thinks = model.thinking == Some(true);
        info.capabilities
            .extend(thinks.then(|| "thinking".to_owned()));
        let mut ext = Ext::default();
        ext.insert(dialect.provider, raw.into());
        info.ext = ext;
        Some(info)
    });
    let mut page = ModelsPage::new(models.collect());
    page.next = list.next_page_token.filter(|token| !token.is_empty());
    Ok(page)
}
