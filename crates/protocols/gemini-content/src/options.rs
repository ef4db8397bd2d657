//! What only Google takes, in the words of its wire.

use serde::Serialize;
use trunkline_core::Json;

/// Declares settings: each field is optional, and has a setter of its name. What was not set is not
/// sent. On the wire their names are written `inThisWay`.
#[doc(hidden)]
#[macro_export]
macro_rules! settings {
    (
        $(#[$doc:meta])*
        pub struct $name:ident {
            $($(#[$field_doc:meta])+ $field:ident: $type:ty,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])+
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $field: Option<$type>,)+
        }

        impl $name {
            /// Nothing set.
            pub fn new() -> Self {
                Self::default()
            }

            $($(#[$field_doc])+
            #[must_use]
            pub fn $field(mut self, $field: impl Into<$type>) -> Self {
                self.$field = Some($field.into());
                self
            })+
        }
    };
}

settings! {
    /// How an answer is made, beyond what all providers share.
    ///
    /// <https://ai.google.dev/api/generate-content#generationconfig>
    pub struct Settings {
        /// How thoughts are shown.
        thinking_config: Thinking,
        /// How closely pictures and films are looked at: `MEDIA_RESOLUTION_LOW`, `_MEDIUM`, `_HIGH`.
        media_resolution: String,
        /// Voices of an answer in sound.
        ///
        /// <https://ai.google.dev/gemini-api/docs/speech-generation>
        speech_config: Json,
        /// The form of a picture.
        image_config: ImageSettings,
    }
}

settings! {
    /// How thoughts are shown. How much to think is a setting that all providers share.
    ///
    /// <https://ai.google.dev/gemini-api/docs/thinking>
    pub struct Thinking {
        /// Whether they come along. They do where the request says how much to think.
        include_thoughts: bool,
    }
}

settings! {
    /// The form of a picture.
    ///
    /// <https://ai.google.dev/gemini-api/docs/image-generation>
    pub struct ImageSettings {
        /// Width to height: `16:9`.
        aspect_ratio: String,
        /// `1K`, `2K` or `4K`.
        image_size: String,
    }
}

settings! {
    /// How tools are used, beyond what all providers share.
    ///
    /// <https://ai.google.dev/api/caching#ToolConfig>
    pub struct ToolSettings {
        /// Whether the provider's own calls and their answers come along. They do where functions
        /// stand beside tools that the provider runs.
        include_server_side_tool_invocations: bool,
        /// From where searches are made.
        retrieval_config: Retrieval,
    }
}

settings! {
    /// From where searches are made.
    pub struct Retrieval {
        /// `{"latitude":59.91,"longitude":10.75}`.
        lat_lng: Json,
        /// `nb_NO`.
        language_code: String,
    }
}

/// From which degree on content of one kind is blocked.
///
/// <https://ai.google.dev/gemini-api/docs/safety-settings>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SafetySetting {
    /// What kind.
    pub category: Harm,
    /// From which degree on.
    pub threshold: Threshold,
}

impl SafetySetting {
    /// Content of this kind is blocked from this degree on.
    pub const fn new(category: Harm, threshold: Threshold) -> Self {
        Self {
            category,
            threshold,
        }
    }
}

/// A kind of harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum Harm {
    /// Harassment.
    #[serde(rename = "HARM_CATEGORY_HARASSMENT")]
    Harassment,
    /// Hate.
    #[serde(rename = "HARM_CATEGORY_HATE_SPEECH")]
    HateSpeech,
    /// Sexual content.
    #[serde(rename = "HARM_CATEGORY_SEXUALLY_EXPLICIT")]
    SexuallyExplicit,
    /// What is dangerous to others.
    #[serde(rename = "HARM_CATEGORY_DANGEROUS_CONTENT")]
    DangerousContent,
    /// Attempts to get round the rules.
    #[serde(rename = "HARM_CATEGORY_JAILBREAK")]
    Jailbreak,
}

/// A degree of harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Threshold {
    /// Low, and all above.
    BlockLowAndAbove,
    /// Medium, and high.
    BlockMediumAndAbove,
    /// High.
    BlockOnlyHigh,
    /// None: it is rated, and not blocked.
    BlockNone,
    /// None, and it is not rated either.
    Off,
}
