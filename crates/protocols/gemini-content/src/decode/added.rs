//! What the provider adds to an answer beside its parts, and bytes in it.

use base64::{
    Engine,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use serde_json::value::RawValue;
use trunkline_core::{Error, Ext, Json, Result};

/// What the provider adds to an answer, as it came; the last of each counts.
#[derive(Debug, Default)]
pub(super) struct Added {
    pub(super) ratings: Option<Box<RawValue>>,
    pub(super) citations: Option<Box<RawValue>>,
    pub(super) grounding: Option<Box<RawValue>>,
    pub(super) pages: Option<Box<RawValue>>,
    pub(super) likelihood: Option<Box<RawValue>>,
}

impl Added {
    /// All of it under its own names; that of other answers than the first under their number.
    pub(super) fn ext(
        &self,
        index: u32,
        feedback: Option<&RawValue>,
        provider: &'static str,
    ) -> Ext {
        let fields = [
            ("promptFeedback", feedback),
            ("safetyRatings", self.ratings.as_deref()),
            ("citationMetadata", self.citations.as_deref()),
            ("groundingMetadata", self.grounding.as_deref()),
            ("urlContextMetadata", self.pages.as_deref()),
            ("avgLogprobs", self.likelihood.as_deref()),
        ];
        let fields = fields.iter();
        let fields =
            fields.filter_map(|(name, raw)| Some(format!("\"{name}\":{}", raw.as_ref()?.get())));
        let fields: Vec<_> = fields.collect();
        let mut ext = Ext::default();
        let object = format!("{{{}}}", fields.join(","));
        let object = match index {
            0 => object,
            index => format!("{{\"candidates\":{{\"{index}\":{object}}}}}"),
        };
        if let (false, Ok(json)) = (fields.is_empty(), Json::parse(object)) {
            ext.insert(provider, json);
        }
        ext
    }
}

/// Either alphabet, padded or not: both were seen.
pub(super) fn bytes_of(text: &str) -> Result<Bytes> {
    const ANY: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const USUAL: GeneralPurpose = GeneralPurpose::new(&STANDARD, ANY);
    const OTHER: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, ANY);
    let bytes = USUAL.decode(text).or_else(|_| OTHER.decode(text));
    bytes
        .map(Bytes::from)
        .map_err(|cause| Error::decode("media in the answer is no base64").with_source(cause))
}
