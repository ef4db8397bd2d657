//! Lists of models.
//!
//! <https://platform.claude.com/docs/en/api/models/list>

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use trunkline_core::{Ext, Json, ModelInfo, Result, models::ModelsPage, protocol::read};

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

/// Seconds since 1970 of a date and time in UTC (RFC 3339). One that is not told is 1970 itself.
fn seconds(text: &str) -> Option<u64> {
    let (date, time) = text.split_once('T')?;
    let numbers = |text: &str, by: char| -> Option<[u64; 3]> {
        let mut numbers = text.split(by).map(|number| number.parse().ok());
        Some([numbers.next()??, numbers.next()??, numbers.next()??])
    };
    let [year, month, day] = numbers(date, '-')?;
    let [hours, minutes, seconds] = numbers(time.get(..8)?, ':')?;
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years begin in March, so that the odd day comes last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    let since_1970 = days.checked_sub(719_468)? * 86_400;
    Some(since_1970 + hours * 3_600 + minutes * 60 + seconds).filter(|told| *told > 0)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn a_moment_is_so_many_seconds_after_1970() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", None),
            ("1970-01-01T00:00:01Z", Some(1)),
            ("2000-02-29T12:00:00Z", Some(951_825_600)),
            ("2025-09-29T00:00:00Z", Some(1_759_104_000)),
            ("2025-13-29T00:00:00Z", None),
            ("yesterday", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
    }
}
