//! Secrets that must be nowhere: what is searched for, and where.

use std::{
    collections::BTreeSet,
    error::Error as _,
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose};
use memchr::memmem;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};
use trunkline_core::Error;

/// The part of every key that no encoding but the ones below can hide.
const KEY: &str = "CanaryKey7e4f";
/// The same of every prompt.
const PROMPT: &str = "CanaryPrompt9c2e";

/// Keys with characters that JSON, URLs and logs write differently.
pub(crate) fn keys(count: usize) -> Vec<String> {
    (1..=count)
        .map(|n| format!(r#"sk-{n}-{KEY}+/="\{n}"#))
        .collect()
}

/// What is asked: the canary, and words to fill it up to `bytes`.
pub(crate) fn prompt(bytes: usize) -> String {
    let mut prompt = format!(r#"{PROMPT} "in" \ words?"#);
    let missing = bytes.saturating_sub(prompt.len());
    prompt.extend(std::iter::repeat_n('p', missing));
    prompt
}

/// Everything that was written down so far, and what of it was a secret.
#[derive(Clone, Default)]
pub(crate) struct Canary(Arc<Mutex<Ledger>>);

#[derive(Default)]
struct Ledger {
    /// Not searched yet.
    logs: String,
    /// The warnings of the run.
    warnings: Vec<String>,
    sinks: BTreeSet<String>,
    bytes: usize,
    hits: Vec<String>,
    total_hits: usize,
}

/// Records are searched, and forgotten, by this many bytes.
const BATCH: usize = 256 << 10;

/// So many warnings are kept of a run.
const MOST_WARNINGS: usize = 64;

impl Canary {
    /// Captures all that this process logs from here on: spans, events and the records of `log`.
    pub(crate) fn install() -> Result<Self> {
        let canary = Self::default();
        tracing_log::LogTracer::init().context("another logger is set already")?;
        let subscriber = tracing_subscriber::registry().with(canary.clone());
        tracing::subscriber::set_global_default(subscriber)
            .context("another subscriber is set already")?;
        Ok(canary)
    }

    /// Another place where a secret may be seen.
    pub(crate) fn sink(&self, name: &str, text: &str) {
        self.ledger().search(name, text, &[KEY, PROMPT]);
    }

    /// A place that shows what a peer said, which may be the prompt.
    pub(crate) fn quoting_sink(&self, name: &str, text: &str) {
        self.ledger().search(name, text, &[KEY]);
    }

    /// All that an error shows.
    pub(crate) fn error(&self, error: &Error, quotes: bool) {
        let mut texts = vec![
            ("Display of Error", error.to_string()),
            ("Debug of Error", format!("{error:?}")),
            ("Debug of attempts", format!("{:?}", error.attempts())),
            (
                "code and type of Error",
                format!(
                    "{:?} {:?} {:?}",
                    error.code(),
                    error.error_type(),
                    error.param()
                ),
            ),
            (
                "body of Error",
                String::from_utf8_lossy(error.body().unwrap_or_default()).into_owned(),
            ),
        ];
        let mut cause = error.source();
        while let Some(inner) = cause {
            texts.push(("source of Error", format!("{inner} {inner:?}")));
            cause = inner.source();
        }
        for (name, text) in &texts {
            if quotes {
                self.quoting_sink(name, text);
            } else {
                self.sink(name, text);
            }
        }
    }

    /// Whether a warning of this run says so.
    pub(crate) fn warned(&self, of: &str) -> bool {
        self.ledger()
            .warnings
            .iter()
            .any(|warning| warning.contains(of))
    }

    /// Where a secret was found since the last time, each place once.
    pub(crate) fn hits(&self) -> Vec<String> {
        let mut ledger = self.ledger();
        ledger.search_logs();
        ledger.warnings.clear();
        let mut hits = std::mem::take(&mut ledger.hits);
        hits.dedup();
        hits
    }

    /// `canary: 41 sinks, 1234567 bytes searched, 0 hits`
    pub(crate) fn summary(&self) -> String {
        let mut ledger = self.ledger();
        ledger.search_logs();
        format!(
            "canary: {} sinks, {} bytes searched, {} hits",
            ledger.sinks.len(),
            ledger.bytes,
            ledger.total_hits
        )
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, metadata: &Metadata<'_>, write: impl FnOnce(&mut String)) {
        let mut ledger = self.ledger();
        if !ledger.sinks.contains(metadata.target()) {
            ledger.sinks.insert(metadata.target().to_owned());
        }
        let begin = ledger.logs.len();
        ledger.logs.push_str(metadata.target());
        write(&mut ledger.logs);
        if *metadata.level() == tracing::Level::WARN && ledger.warnings.len() < MOST_WARNINGS {
            let warning = ledger.logs.get(begin..).unwrap_or_default().to_owned();
            ledger.warnings.push(warning);
        }
        ledger.logs.push('\n');
        if ledger.logs.len() > BATCH {
            ledger.search_logs();
        }
    }
}

impl Ledger {
    fn search_logs(&mut self) {
        let logs = std::mem::take(&mut self.logs);
        let before = self.total_hits;
        for line in found(&logs, &[KEY, PROMPT]).iter().take(8) {
            self.hits.push(format!("a log or span shows {line}"));
        }
        self.bytes += logs.len();
        self.total_hits = before + count(&logs, &[KEY, PROMPT]);
        self.logs = logs;
        self.logs.clear();
    }

    fn search(&mut self, name: &str, text: &str, cores: &[&str]) {
        if !self.sinks.contains(name) {
            self.sinks.insert(name.to_owned());
        }
        self.bytes += text.len();
        self.total_hits += count(text, cores);
        for found in found(text, cores).iter().take(4) {
            self.hits.push(format!("{name} shows {found}"));
        }
    }
}

fn count(text: &str, cores: &[&str]) -> usize {
    let forms = cores.iter().flat_map(|core| forms(core));
    forms
        .map(|(_, form)| memmem::find_iter(text.as_bytes(), &form).count())
        .sum()
}

/// Which canary in which form, with what stands before it.
fn found(text: &str, cores: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for core in cores {
        for (name, form) in forms(core) {
            found.extend(memmem::find(text.as_bytes(), &form).map(|at| {
                let before = text
                    .as_bytes()
                    .get(at.saturating_sub(80)..at)
                    .unwrap_or_default();
                format!("{core} {name} after {:?}", String::from_utf8_lossy(before))
            }));
        }
    }
    found
}

/// The forms in which a canary may leak. Its letters and digits stand unchanged in what is
/// escaped for JSON or for a URL, so the plain form finds these too.
fn forms(core: &str) -> Vec<(&'static str, Vec<u8>)> {
    let each = |write: fn(u8) -> String, between: &str| {
        core.bytes()
            .map(write)
            .collect::<Vec<_>>()
            .join(between)
            .into_bytes()
    };
    let mut forms = vec![
        ("as it is", core.as_bytes().to_vec()),
        ("in hex", each(|byte| format!("{byte:02x}"), "")),
        ("in upper hex", each(|byte| format!("{byte:02X}"), "")),
        ("percent-encoded", each(|byte| format!("%{byte:02X}"), "")),
        ("as bytes", each(|byte| byte.to_string(), ", ")),
    ];
    for shift in 0..3 {
        forms.push(("in base64", base64_inside(core, shift)));
    }
    forms
}

/// What stays the same in base64 whatever stands before and after `core`, `shift` bytes off.
fn base64_inside(core: &str, shift: usize) -> Vec<u8> {
    let padded = [&vec![b'-'; shift], core.as_bytes()].concat();
    let encoded = general_purpose::STANDARD_NO_PAD.encode(&padded);
    let first = (shift * 8).div_ceil(6);
    let whole = padded.len() * 8 / 6;
    encoded
        .as_bytes()
        .get(first..whole)
        .unwrap_or_default()
        .to_vec()
}

struct Writer<'a>(&'a mut String);

impl Visit for Writer<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let _ = write!(self.0, " {}={value}", field.name());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Canary {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        self.log(attributes.metadata(), |log| {
            attributes.record(&mut Writer(log));
        });
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        if let Some(metadata) = context.metadata(id) {
            self.log(metadata, |log| values.record(&mut Writer(log)));
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.log(event.metadata(), |log| event.record(&mut Writer(log)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_found_wherever_it_stands() {
        let key = keys(1).remove(0);
        let hex: String = key.bytes().map(|byte| format!("{byte:02x}")).collect();
        let url: String = key.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let mut leaks = vec![
            key.clone(),
            format!("{key:?}"),
            hex,
            url,
            format!("{:?}", key.as_bytes()),
        ];
        for before in ["", "a", "ab", "abc"] {
            leaks.push(general_purpose::STANDARD.encode(format!("{before}{key}")));
            leaks.push(general_purpose::URL_SAFE_NO_PAD.encode(format!("{before}{key} and more")));
        }
        for leak in leaks {
            let canary = Canary::default();
            canary.sink("a place", &format!("before {leak} after"));
            assert_eq!(canary.hits().len(), 1, "{leak}");
        }
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        let canary = Canary::default();
        canary.sink("a place", "sk-1-*** and a harmless prompt");
        assert!(canary.hits().is_empty());
        assert_eq!(
            canary.summary(),
            "canary: 1 sinks, 30 bytes searched, 0 hits"
        );
    }

    #[test]
    fn a_prompt_may_be_quoted_where_a_peer_quotes_it_and_a_key_never() {
        let canary = Canary::default();
        canary.quoting_sink("Display", &prompt(0));
        assert!(canary.hits().is_empty());
        canary.quoting_sink("Display", keys(1).join("").as_str());
        assert_eq!(canary.hits().len(), 1);
    }
}
