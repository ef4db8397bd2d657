//! JSON that stays the text it was: no key is reordered, no number rounded.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::{Error, ErrorKind, Result};

pub(crate) mod base64;
mod fields;
mod patch;

pub use fields::Fields;
pub(crate) use patch::merge_patch;

/// A JSON value as text. Equal by its text, so that what came in can go out unchanged.
///
/// ```
/// use trunkline_core::Json;
///
/// let json: Json = serde_json::from_str(r#"{"b":1.0,"a":12345678901234567890}"#)?;
/// assert_eq!(json.get(), r#"{"b":1.0,"a":12345678901234567890}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// It can be read and written by `serde_json` only, since other formats have no raw JSON.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Json {
    /// The value of anything that serializes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] where `serde_json` refuses: a map with keys that are no
    /// strings, say.
    pub fn of(value: &(impl Serialize + ?Sized)) -> Result<Self> {
        serde_json::value::to_raw_value(value)
            .map(Self)
            .map_err(|cause| {
                Error::new(
                    ErrorKind::InvalidRequest,
                    "a value cannot be written as JSON",
                )
                .with_source(cause)
            })
    }

    /// Takes `text` if it is one JSON value.
    ///
    /// # Errors
    ///
    /// What `serde_json` found wrong.
    pub fn parse(text: impl Into<String>) -> serde_json::Result<Self> {
        RawValue::from_string(text.into()).map(Self)
    }

    /// The empty object.
    pub fn empty_object() -> Self {
        Self::raw("{}")
    }

    /// `null`.
    pub fn null() -> Self {
        Self::raw("null")
    }

    /// The text.
    pub fn get(&self) -> &str {
        self.0.get()
    }

    /// Reads it into a type.
    ///
    /// # Errors
    ///
    /// It does not fit.
    pub fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.get())
    }

    /// `target`, which is JSON, with this merged in as a JSON merge patch (RFC 7396). What this does
    /// not name stays byte for byte.
    ///
    /// # Errors
    ///
    /// `target` is no JSON.
    pub fn merge_into(&self, target: &str) -> serde_json::Result<String> {
        merge_patch(target, self)
    }

    /// Text that is known to be JSON.
    fn raw(text: &'static str) -> Self {
        // The two callers pass literals; `null` stands in for what cannot happen.
        Self(RawValue::from_string(text.to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for Json {}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get())
    }
}

impl From<Box<RawValue>> for Json {
    fn from(raw: Box<RawValue>) -> Self {
        Self(raw)
    }
}

impl From<&RawValue> for Json {
    fn from(raw: &RawValue) -> Self {
        Self(raw.to_owned())
    }
}

impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        Self(RawValue::from_string(value.to_string()).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }
}

/// Reads a field that is there, though its value be `null`.
pub(crate) fn present<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

/// What a provider adds that has no name here: JSON by provider id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ext(BTreeMap<Box<str>, Json>);

impl Ext {
    /// What `provider` added.
    pub fn get(&self, provider: &str) -> Option<&Json> {
        self.0.get(provider)
    }

    /// Sets what `provider` adds.
    pub fn insert(&mut self, provider: impl Into<Box<str>>, value: Json) {
        self.0.insert(provider.into(), value);
    }

    /// Adds what `provider` adds later: the fields of objects are joined, all else replaces.
    pub(crate) fn add(&mut self, provider: &str, value: &Json) {
        let is_object = |json: &Json| json.get().starts_with('{');
        let joined = self
            .get(provider)
            .filter(|ours| is_object(ours) && is_object(value))
            .and_then(|ours| value.merge_into(ours.get()).ok())
            .and_then(|joined| Json::parse(joined).ok());
        self.insert(provider, joined.unwrap_or_else(|| value.clone()));
    }

    /// Whether nobody added anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of it, by provider id.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(provider, value)| (&**provider, value))
    }
}

/// Reads an internally tagged enum without passing through serde's buffer, which would lose raw
/// JSON: the `type` first, then the same text into the variant's struct.
macro_rules! tagged {
    ($(#[$meta:meta])* pub enum $name:ident { $($variants:tt)+ }) => {
        $crate::json::tagged! { by "type" $(#[$meta])* pub enum $name { $($variants)+ } }
    };
    (by $by:literal $(#[$meta:meta])* pub enum $name:ident { $($(#[$vmeta:meta])* $tag:literal => $variant:ident($inner:ty),)+ }) => {
        $(#[$meta])*
        #[derive(serde::Serialize)]
        #[serde(tag = $by)]
        pub enum $name {
            $($(#[$vmeta])* #[serde(rename = $tag)] $variant($inner),)+
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                struct Tag<'a> {
                    #[serde(rename = $by, borrow)]
                    tag: std::borrow::Cow<'a, str>,
                }
                let raw = <Box<serde_json::value::RawValue>>::deserialize(deserializer)?;
                let tag: Tag<'_> = serde_json::from_str(raw.get()).map_err(serde::de::Error::custom)?;
                match &*tag.tag {
                    $($tag => serde_json::from_str(raw.get()).map(Self::$variant),)+
                    other => return Err(serde::de::Error::unknown_variant(other, &[$($tag),+])),
                }
                .map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use tagged;
