//! Prompts, in the forms that the server takes: a text, tokens, a mix of both, a text with media.

use bytes::Bytes;
use serde::{Serialize, Serializer, ser::SerializeMap};
use trunkline_core::chat::Base64;

/// A prompt as the model reads it, in no chat template.
///
/// ```
/// use trunkline_llamacpp::{Prompt, PromptPiece};
///
/// let mixed = Prompt::from([PromptPiece::from(1), "Once upon".into(), 42.into()]);
/// assert_eq!(serde_json::to_string(&mixed)?, r#"[1,"Once upon",42]"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Prompt {
    /// A text.
    Text(String),
    /// Tokens, by their numbers.
    Tokens(Vec<u32>),
    /// Texts and tokens.
    Mixed(Vec<PromptPiece>),
    /// A text with the server's [media marker](crate::ServerProps::media_marker) at each place where
    /// the next of the media stands; and these.
    Media {
        /// The text.
        text: String,
        /// Pictures and sounds, as they are in their files.
        media: Vec<Bytes>,
    },
}

/// A piece of a mixed prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum PromptPiece {
    /// A text.
    Text(String),
    /// A token.
    Token(u32),
}

impl Serialize for Prompt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Tokens(tokens) => tokens.serialize(serializer),
            Self::Mixed(pieces) => pieces.serialize(serializer),
            Self::Media { text, media } => {
                let media: Vec<_> = media.iter().map(|bytes| Base64(bytes)).collect();
                let mut prompt = serializer.serialize_map(Some(2))?;
                prompt.serialize_entry("prompt_string", text)?;
                prompt.serialize_entry("multimodal_data", &media)?;
                prompt.end()
            }
        }
    }
}

impl From<&str> for Prompt {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Prompt {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u32>> for Prompt {
    fn from(tokens: Vec<u32>) -> Self {
        Self::Tokens(tokens)
    }
}

impl<const N: usize> From<[PromptPiece; N]> for Prompt {
    fn from(pieces: [PromptPiece; N]) -> Self {
        Self::Mixed(pieces.into())
    }
}

impl From<&str> for PromptPiece {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for PromptPiece {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for PromptPiece {
    fn from(token: u32) -> Self {
        Self::Token(token)
    }
}
