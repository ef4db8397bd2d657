//! Settings that only one provider knows.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{Json, json::merge_patch};

/// Settings that only one provider knows. They travel with the request as JSON, reach that provider
/// only, and are merged into its body, where they win over the neutral ones.
pub trait ProviderOptions: Serialize {
    /// The provider's id.
    const PROVIDER: &'static str;

    /// Whether a request with these does more than cost money when it is made twice: its answer is
    /// stored, or made though nobody waits. See [`ChatRequest::effect`](crate::ChatRequest::effect).
    fn has_effect(&self) -> bool {
        false
    }
}

/// Adds options to those that there are: of the same provider they stay, unless they are set again.
pub(crate) fn add<O: ProviderOptions>(all: &mut BTreeMap<String, Json>, options: &O) {
    // Options are plain structs of ours or of a provider crate: they always serialize.
    let Ok(new) = Json::of(options) else {
        return;
    };
    let merged = match all.get(O::PROVIDER) {
        Some(old) => merge_patch(old.get(), &new)
            .and_then(Json::parse)
            .unwrap_or(new),
        None => new,
    };
    all.insert(O::PROVIDER.to_owned(), merged);
}

/// Declares the options of a provider: each field is optional, readable, and has a setter of its
/// name. What was not set is not sent.
///
/// ```
/// trunkline_core::options! {
///     /// What only Example takes.
///     ///
///     /// <https://api.example.com/docs/chat>
///     pub struct Options for "example" {
///         /// `fast` or `thorough`.
///         mode: String,
///         /// How many pages to read, at most.
///         pages: u32,
///     }
/// }
///
/// let request = trunkline_core::ChatRequest::from("Hi").option(Options::new().mode("fast"));
/// assert_eq!(request.options["example"].get(), r#"{"mode":"fast"}"#);
/// ```
///
/// Without `for`, it is an object that one of them holds:
///
/// ```
/// trunkline_core::options! {
///     /// Which pages Example reads.
///     pub struct Pages {
///         /// Those of one language only.
///         language: String,
///     }
/// }
/// trunkline_core::options! {
///     /// What only Example takes.
///     pub struct Options for "example" {
///         /// Which pages it reads.
///         pages: Pages,
///     }
/// }
///
/// let options = Options::new().pages(Pages::new().language("da"));
/// let request = trunkline_core::ChatRequest::from("Hi").option(options);
/// assert_eq!(request.options["example"].get(), r#"{"pages":{"language":"da"}}"#);
/// ```
#[macro_export]
macro_rules! options {
    (
        $(#[$doc:meta])*
        pub struct $name:ident for $provider:tt {
            $($(#[$field_doc:meta])+ $field:ident: $type:ty,)+
        }
    ) => {
        $crate::options! {
            $(#[$doc])*
            pub struct $name {
                $($(#[$field_doc])+ $field: $type,)+
            }
        }

        impl $crate::chat::ProviderOptions for $name {
            const PROVIDER: &'static str = $provider;
        }
    };
    (
        $(#[$doc:meta])*
        pub struct $name:ident {
            $($(#[$field_doc:meta])+ $field:ident: $type:ty,)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])+ pub $field: Option<$type>,)+
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

        // By hand, so that the provider's crate needs no serde of its own.
        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                use $crate::__private::serde::ser::SerializeMap;
                let mut fields = serializer.serialize_map(None)?;
                $(if let Some(value) = &self.$field {
                    fields.serialize_entry(stringify!($field), value)?;
                })+
                fields.end()
            }
        }
    };
}
