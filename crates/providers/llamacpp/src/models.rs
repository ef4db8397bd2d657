//! The models that the server has, most often one: `{"data":[{"id":"tiny","owned_by":"llamacpp",
//! "meta":{"n_ctx":4096,"n_ctx_train":131072, …}}],"models":[…]}`.
//!
//! <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>

use http::{header, response::Parts};
use serde::Deserialize;
use trunkline_core::{Error, Ext, Json, ModelInfo, Result, models::ModelsPage, protocol::read};

use crate::PROVIDER;

#[derive(Deserialize)]
struct List {
    data: Option<Vec<Json>>,
    /// The same models once more, as Ollama lists them.
    models: Option<Vec<Json>>,
}

#[derive(Deserialize)]
struct Model {
    id: String,
    owned_by: Option<String>,
    meta: Option<Meta>,
    /// A router's.
    architecture: Option<Architecture>,
}

#[derive(Deserialize)]
struct Meta {
    /// What fits into a slot.
    n_ctx: Option<u64>,
    /// What the model was made for: older servers tell this one only.
    n_ctx_train: Option<u64>,
}

#[derive(Deserialize)]
struct Architecture {
    input_modalities: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Described {
    model: Option<String>,
    capabilities: Option<Vec<String>>,
}

pub(crate) fn page(head: &Parts, body: &[u8]) -> Result<ModelsPage> {
    let list: List = read(body)?;
    let Some(data) = list.data else {
        return Err(Error::decode("an answer without `data`"));
    };
    let described = list.models.unwrap_or_default();
    let described: Vec<Described> = described
        .iter()
        .filter_map(|described| described.read().ok())
        .collect();
    let models: Vec<(Model, Json)> = data
        .into_iter()
        .filter_map(|raw| Some((raw.read().ok()?, raw)))
        .collect();
    if let Some(other) = other_server(head, &models) {
        let what = format!("another server answers there: its models are owned by `{other}`");
        return Err(Error::decode(what));
    }
    let infos = models.into_iter();
    Ok(ModelsPage::new(
        infos
            .map(|(model, raw)| info(model, raw, &described))
            .collect(),
    ))
}

/// Whom other servers say that their models are owned by.
const OTHERS: &[&str] = &["vllm", "sglang", "library"];

/// Whose list this is, where it is clearly not this server's. Proxies in front of it may say what
/// they like.
fn other_server<'a>(head: &Parts, models: &'a [(Model, Json)]) -> Option<&'a str> {
    if head
        .headers
        .get(header::SERVER)
        .is_some_and(|name| name == "llama.cpp")
    {
        return None;
    }
    let owners = models.iter().filter_map(|(model, _)| {
        let owner = model.owned_by.as_deref()?;
        // Text Generation Inference repeats the model's name.
        Some((owner, OTHERS.contains(&owner) || owner == model.id))
    });
    let ours = owners.clone().any(|(_, is_other)| !is_other);
    owners.map(|(owner, _)| owner).next().filter(|_| !ours)
}

/// When a model was made is not told: `created` is the time of the answer.
fn info(model: Model, raw: Json, described: &[Described]) -> ModelInfo {
    let mut info = ModelInfo::new(model.id);
    info.owner = model.owned_by;
    info.context_limit = model.meta.and_then(|meta| meta.n_ctx.or(meta.n_ctx_train));
    let same = |other: &&Described| other.model.as_ref() == Some(&info.id);
    let capabilities = described.iter().find(same);
    info.capabilities = capabilities
        .and_then(|described| described.capabilities.clone())
        .or(model.architecture.and_then(|it| it.input_modalities))
        .unwrap_or_default();
    let mut ext = Ext::default();
    ext.insert(PROVIDER.id, raw);
    info.ext = ext;
    info
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(server: Option<&str>, owner: &str) -> Result<ModelsPage> {
        let mut head = http::Response::builder();
        if let Some(server) = server {
            head = head.header("server", server);
        }
        let (head, ()) = head.body(()).unwrap().into_parts();
        let body = format!(r#"{{"data":[{{"id":"otter","owned_by":"{owner}"}},{{"no":1}}]}}"#);
        page(&head, body.as_bytes())
    }

    #[test]
    fn a_list_that_is_clearly_another_server_s_is_refused() {
        for (server, owner, is_ours) in [
            (None, "llamacpp", true),
            (None, "vllm", false),
            (None, "library", false),
            // Text Generation Inference.
            (None, "otter", false),
            (Some("uvicorn"), "the pond", true),
            (Some("llama.cpp"), "vllm", true),
        ] {
            assert_eq!(of(server, owner).is_ok(), is_ours, "{server:?} {owner}");
        }
    }
}
