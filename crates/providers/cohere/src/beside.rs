//! What of an answer the vocabulary has no place for: it is in `ext`, under `cohere`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use trunkline_core::{Error, Ext, Json, Limit, Result};

use crate::PROVIDER;

/// Where thoughts stood that were no block of content.
const PLAN: &str = "tool_plan";
/// How many citations are kept that belong to no part.
const MOST: usize = 4_096;

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
    citations: Vec<Json>,
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

    /// Adds a citation of what is no text.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](trunkline_core::ErrorKind::LimitExceeded): there are too many.
    pub(crate) fn cite(&mut self, raw: &RawValue) -> Result<()> {
        if self.citations.len() >= MOST {
            let what = format!("the answer has more than {MOST} citations of what is no text");
            return Err(Error::limit_exceeded(Limit::Events, what));
        }
        self.citations.push(raw.into());
        Ok(())
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
