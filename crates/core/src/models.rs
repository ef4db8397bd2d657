//! The models that a provider serves, as it lists them itself.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Backend, Call, Error, Ext, Limit, Op, Result, chat::Meta};

/// A request for one page of models.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ModelsRequest {
    /// Where to go on, from [`ModelsPage::next`]; `None` begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

impl ModelsRequest {
    /// The page that `next` names.
    pub fn page(next: impl Into<String>) -> Self {
        Self {
            page: Some(next.into()),
        }
    }
}

/// One page of models.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ModelsPage {
    /// The models, in the provider's order.
    pub models: Vec<ModelInfo>,
    /// Where to go on; `None` at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The HTTP side of it. Not stored.
    #[serde(skip)]
    pub meta: Meta,
}

/// One model, as far as the provider tells.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ModelInfo {
    /// What it is called in requests.
    pub id: String,
    /// What it is called by people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Since when it exists, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<u64>,
    /// Who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// How many tokens fit in, question and answer together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context_limit: Option<u64>,
    /// How many tokens an answer may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_limit: Option<u64>,
    /// What it can do, in the provider's words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    /// All else that the provider says of it.
    #[serde(skip_serializing_if = "Ext::is_empty")]
    pub ext: Ext,
}

impl ModelInfo {
    /// A model of this name.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            ..Self::default()
        }
    }
}

impl ModelsPage {
    /// These models, and no page after them.
    pub fn new(models: Vec<ModelInfo>) -> Self {
        Self {
            models,
            ..Self::default()
        }
    }
}

/// The most pages that are asked for: a provider that names the same page for ever is not followed
/// for ever.
const MAX_PAGES: usize = 1_000;

pub(crate) async fn all(backend: &Backend) -> Result<Vec<ModelInfo>> {
    let mut models = Vec::new();
    let mut request = ModelsRequest::default();
    for _ in 0..MAX_PAGES {
        let page = backend
            .call(Call::new(Op::Models(Arc::new(request))))
            .await?
            .into_models()?;
        models.extend(page.models);
        match page.next {
            Some(next) => request = ModelsRequest::page(next),
            None => return Ok(models),
        }
    }
    Err(Error::limit_exceeded(
        Limit::Events,
        format!("the list of models has more than {MAX_PAGES} pages"),
    ))
}
