//! What content filters found, as Azure tells it.
//!
//! <https://learn.microsoft.com/azure/foundry-classic/openai/concepts/content-filter-annotations>

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::{Ext, Json, chat::Category};

use crate::wire::Str;

/// `found` under the wire's own name, as what the provider adds.
pub(super) fn ext(provider: &'static str, name: &str, found: &str) -> Ext {
    let mut ext = Ext::default();
    if let Ok(json) = Json::parse(format!("{{\"{name}\":{found}}}")) {
        ext.insert(provider, json);
    }
    ext
}

/// What an answer was cut for, by the first of the filters that cut it.
pub(super) fn category(found: &str) -> Category {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Verdict {
        filtered: bool,
    }
    let found: BTreeMap<Str<'_>, &RawValue> = serde_json::from_str(found).unwrap_or_default();
    let cut = found.iter().find(|(_, verdict)| {
        serde_json::from_str::<Verdict>(verdict.get()).is_ok_and(|verdict| verdict.filtered)
    });
    let Some((Str(name), _)) = cut else {
        return Category::Unspecified;
    };
    match &**name {
        "hate" => Category::Hate,
        "sexual" => Category::Sexual,
        "violence" => Category::Violence,
        "self_harm" | "self-harm" => Category::SelfHarm,
        "jailbreak" | "indirect_attack" => Category::Jailbreak,
        "protected_material_text" | "protected_material_code" => Category::Copyright,
        "custom_blocklists" | "profanity" => Category::Blocklist,
        "personally_identifiable_information" => Category::PersonalData,
        other => Category::Other(other.into()),
    }
}
