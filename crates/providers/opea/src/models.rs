//! What is at an address: OPEA has no list of models, and every service describes its paths.
//!
//! <https://fastapi.tiangolo.com/tutorial/first-steps/#openapi>

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::IgnoredAny};
use trunkline_core::{Error, Ext, Json, ModelInfo, Result, models::ModelsPage, protocol::read};

use crate::{
    PROVIDER,
    service::{Places, SERVICES, Speech},
};

/// Where a service of FastAPI describes itself.
pub(crate) const PATH: &str = "/openapi.json";

#[derive(Deserialize)]
struct Described {
    paths: Option<BTreeMap<String, Option<IgnoredAny>>>,
    info: Option<Info>,
}

#[derive(Deserialize)]
struct Info {
    title: Option<String>,
    description: Option<String>,
}

/// What is kept of a service.
#[derive(Serialize)]
struct Told<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

pub(crate) fn page(places: &Places, body: &[u8]) -> Result<ModelsPage> {
    let described: Described = read(body)?;
    let paths = described.paths.unwrap_or_default();
    let is_there = |path: &str| paths.get(path).is_some_and(Option::is_some);
    // Others are made with FastAPI as well, and have chat completions: vLLM.
    if !is_there(crate::health::READY) {
        return Err(Error::decode(
            "this is no service of OPEA: it has no health check of its own",
        ));
    }
    let info = described.info.as_ref();
    let description = info.and_then(|info| info.description.as_deref());
    let mut models = Vec::new();
    for known in SERVICES {
        let path = places.path(known);
        if !is_there(path) {
            continue;
        }
        let mut model = ModelInfo::new(known.name);
        model.display_name = info.and_then(|info| info.title.clone());
        model.capabilities = match known.speech {
            Speech::Gateway | Speech::Summary | Speech::Completions => vec!["chat", "stream"],
            Speech::Vectors => vec!["embed"],
            Speech::Ranks => vec!["rerank"],
        }
        .into_iter()
        .map(str::to_owned)
        .collect();
        let mut ext = Ext::default();
        ext.insert(PROVIDER.id, Json::of(&Told { path, description })?);
        model.ext = ext;
        models.push(model);
    }
    Ok(ModelsPage::new(models))
}
