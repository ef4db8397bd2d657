//! What the whole answer stands on: pages, with titles or without.

use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::{Part, chat::SourceRef};

use super::candidate::Candidate;
use crate::wire::{self, Str};

/// The most pages that are kept of one answer.
const MAX: usize = 1_024;

impl Candidate {
    /// Bare addresses; `false` if there are none.
    pub(super) fn addresses(&mut self, raw: &RawValue) -> bool {
        let urls = serde_json::from_str::<Vec<Str<'_>>>(raw.get()).unwrap_or_default();
        let urls = urls.iter().filter_map(Str::non_empty).take(MAX);
        self.sources.extend(urls.map(|url| {
            let mut source = SourceRef::default();
            source.url = Some(url.to_owned());
            Part::new(source)
        }));
        !self.sources.is_empty()
    }

    /// The results of a search, in place of what was known before; `false` if there are none. What
    /// they say beyond address and title is kept as it came.
    ///
    /// <https://docs.perplexity.ai/docs/sonar/openai-compatibility>
    pub(super) fn results(&mut self, raw: &RawValue) -> bool {
        let provider = self.provider;
        let results = wire::items(Some(raw)).unwrap_or_default();
        let results = results.into_iter().filter_map(|raw| result(provider, raw));
        let sources: Vec<Part> = results.take(MAX).collect();
        let any = !sources.is_empty();
        if any {
            self.sources = sources;
        }
        any
    }
}

fn result(provider: &'static str, raw: &RawValue) -> Option<Part> {
    #[derive(Deserialize)]
    struct Found<'a> {
        #[serde(borrow)]
        url: Str<'a>,
        #[serde(borrow, default)]
        title: Option<Str<'a>>,
    }
    let Found { url, title } = serde_json::from_str(raw.get()).ok()?;
    let mut source = SourceRef::default();
    source.url = Some(url.non_empty()?.to_owned());
    source.title = title.as_ref().and_then(Str::non_empty).map(str::to_owned);
    let mut part = Part::new(source);
    part.ext.insert(provider, raw.into());
    Some(part)
}
