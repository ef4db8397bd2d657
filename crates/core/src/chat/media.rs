//! Images, sounds, videos, documents.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use base64::{Engine, display::Base64Display, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An image, a sound, a video, a document; in or out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Media {
    /// What it is: `image/png`.
    pub media_type: MediaType,
    /// Where its bytes are.
    pub source: Source,
    /// The name of its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filename: Option<String>,
    /// How closely the model shall look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
    /// What is said in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
}

impl Media {
    /// Media of this type from there.
    pub fn new(media_type: impl Into<MediaType>, source: Source) -> Self {
        Self {
            media_type: media_type.into(),
            source,
            filename: None,
            detail: None,
            transcript: None,
        }
    }

    /// Sets the name of its file.
    #[must_use]
    pub fn filename(mut self, filename: impl Into<String>) -> Self {
        self.filename = Some(filename.into());
        self
    }

    /// Sets how closely the model shall look.
    #[must_use]
    pub fn detail(mut self, detail: Detail) -> Self {
        self.detail = Some(detail);
        self
    }

    /// The bytes as base64, if they are here: to be written into a body without a copy between.
    ///
    /// ```
    /// use trunkline_core::chat::{Media, MediaType, Source};
    ///
    /// let dot = Media::new(MediaType::PNG, Source::Bytes("dot".into()));
    /// assert_eq!(serde_json::to_string(&dot.base64()).unwrap(), r#""ZG90""#);
    /// ```
    pub fn base64(&self) -> Option<Base64<'_>> {
        match &self.source {
            Source::Bytes(bytes) => Some(Base64(bytes)),
            _ => None,
        }
    }

    /// The bytes as a `data:` URL, if they are here.
    pub fn data_url(&self) -> Option<String> {
        match &self.source {
            Source::Bytes(bytes) => {
                let mut url = format!("data:{};base64,", self.media_type);
                // Room for all of it: a string that grows is twice as large in the end.
                url.reserve_exact(bytes.len().div_ceil(3) * 4);
                STANDARD.encode_string(bytes, &mut url);
                Some(url)
            }
            _ => None,
        }
    }
}

/// Bytes that show, and serialize, as base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base64<'a>(pub &'a [u8]);

impl fmt::Display for Base64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Base64Display::new(self.0, &STANDARD).fmt(f)
    }
}

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A media type (RFC 6838): `image/png`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaType(Cow<'static, str>);

impl MediaType {
    /// Some image: its address or its bytes tell which.
    pub const ANY_IMAGE: Self = Self(Cow::Borrowed("image/*"));
    /// PNG.
    pub const PNG: Self = Self(Cow::Borrowed("image/png"));
    /// JPEG.
    pub const JPEG: Self = Self(Cow::Borrowed("image/jpeg"));
    /// PDF.
    pub const PDF: Self = Self(Cow::Borrowed("application/pdf"));
    /// Plain text.
    pub const TEXT: Self = Self(Cow::Borrowed("text/plain"));
    /// WAV.
    pub const WAV: Self = Self(Cow::Borrowed("audio/wav"));
    /// MP3.
    pub const MP3: Self = Self(Cow::Borrowed("audio/mpeg"));

    /// The type as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What comes before the slash: `image`.
    pub fn top_level(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }

    /// What comes after the slash, without parameters: `png`.
    pub fn subtype(&self) -> &str {
        let rest = self.0.split_once('/').map_or("", |(_, rest)| rest);
        rest.split(';').next().unwrap_or_default()
    }

    /// Whether it is an image.
    pub fn is_image(&self) -> bool {
        self.top_level() == "image"
    }

    /// Whether it is a sound.
    pub fn is_audio(&self) -> bool {
        self.top_level() == "audio"
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&'static str> for MediaType {
    fn from(media_type: &'static str) -> Self {
        Self(media_type.into())
    }
}

impl From<String> for MediaType {
    fn from(media_type: String) -> Self {
        Self(media_type.into())
    }
}

/// Where the bytes of media are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Source {
    /// Here. In JSON they are base64.
    #[serde(
        serialize_with = "bytes_to_base64",
        deserialize_with = "bytes_from_base64"
    )]
    Bytes(Bytes),
    /// On the web; the provider fetches them, this library never does.
    Url(String),
    /// With the provider: its id of the file, by provider id.
    File(BTreeMap<Box<str>, String>),
    /// They are text.
    Text(String),
}

/// How closely the model shall look at an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Detail {
    /// As the model likes.
    Auto,
    /// A glance, for few tokens.
    Low,
    /// Closely.
    High,
    /// At the image's own size.
    Original,
}

impl Detail {
    /// Its name on the wire of most providers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Low => "low",
            Self::High => "high",
            Self::Original => "original",
        }
    }
}

pub(crate) fn bytes_to_base64<S: Serializer>(
    bytes: &Bytes,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

pub(crate) fn bytes_from_base64<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Bytes, D::Error> {
    let text = <Cow<'de, str>>::deserialize(deserializer)?;
    STANDARD
        .decode(&*text)
        .map(Bytes::from)
        .map_err(de::Error::custom)
}
