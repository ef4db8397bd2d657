//! Lists of models: `{"models":[{"name":"command-a-03-2025"}]}`.

use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::{Ext, ModelInfo, Result, models::ModelsPage, protocol::read};

use crate::PROVIDER;

pub(crate) fn page(body: &[u8]) -> Result<ModelsPage> {
    #[derive(Deserialize)]
    struct List<'a> {
        #[serde(borrow)]
        models: Vec<&'a RawValue>,
    }
    #[derive(Deserialize)]
    struct Model {
        name: String,
    }
    let list: List<'_> = read(body)?;
    let models = list.models.into_iter().filter_map(|raw| {
        let model: Model = serde_json::from_str(raw.get()).ok()?;
        let mut info = ModelInfo::new(model.name);
        let mut ext = Ext::default();
        ext.insert(PROVIDER.id, raw.into());
        info.ext = ext;
        Some(info)
    });
    Ok(ModelsPage::new(models.collect()))
}
