//! What of an answer the vocabulary has no place for: it is in `ext`, under `cohere`.

use serde::{Deserialize, Serialize};
use trunkline_core::{Ext, Json};

use crate::PROVIDER;

/// Where thoughts stood that were no block of content.
const PLAN: &str = "tool_plan";

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Beside {
    /// Of thoughts: their place on the wire, to which they go back.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    /// Of an answer: a warning that came with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
    /// Of an answer: citations of what is no text.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) citations: Vec<Json>,
}

impl Beside {
    /// Marks thoughts as the plan that stands before calls.
    pub(crate) fn plan() -> Self {
        Self {
            place: Some(PLAN.to_owned()),
            ..Self::default()
        }
    }

    pub(crate) fn warning(warning: Option<String>) -> Self {
        Self {
            warning,
            ..Self::default()
        }
    }

    /// Whether thoughts that have this `ext` are a plan.
    pub(crate) fn is_plan(ext: &Ext) -> bool {
        let ours = ext.get(PROVIDER.id).and_then(|own| own.read::<Self>().ok());
        ours.is_some_and(|ours| ours.place.as_deref() == Some(PLAN))
    }

    /// As it is kept; nothing where there is nothing to tell.
    pub(crate) fn into_ext(self) -> Ext {
        let mut ext = Ext::default();
        let told = self.place.is_some() || self.warning.is_some() || !self.citations.is_empty();
        if let Some(json) = told.then(|| Json::of(&self).ok()).flatten() {
            ext.insert(PROVIDER.id, json);
        }
        ext
    }
}
