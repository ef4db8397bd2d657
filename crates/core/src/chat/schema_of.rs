//! Schemas from Rust types.

use schemars::{JsonSchema, generate::SchemaSettings};

use super::{Format, Tool};
use crate::{Json, Result};

impl Tool {
    /// A tool whose arguments are a `T`. Doc comments on its fields become their descriptions.
    ///
    /// ```
    /// use schemars::JsonSchema;
    /// use serde::Deserialize;
    /// use trunkline_core::Tool;
    ///
    /// #[derive(Deserialize, JsonSchema)]
    /// struct Weather {
    ///     /// The city, as the user named it.
    ///     city: String,
    /// }
    ///
    /// let tool = Tool::of::<Weather>("weather", "The weather now.");
    /// assert!(tool.schema.unwrap().get().contains("The city, as the user named it."));
    /// ```
    pub fn of<T: JsonSchema>(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self::new(name, description, schema_of::<T>())
    }
}

impl Format {
    /// JSON that reads into a `T`, held to the strict form of its schema.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) for a `T` that the strict form cannot
    /// express: an enum, a list or a tuple at its root, a map of free keys, `serde_json::Value`.
    pub fn of<T: JsonSchema>() -> Result<Self> {
        Ok(Self::Schema {
            name: name_of::<T>(),
            schema: super::schema::strict_of_type(&schema_of::<T>())?,
            strict: true,
        })
    }
}

fn schema_of<T: JsonSchema>() -> Json {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.meta_schema = None);
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    // The type's own name means nothing to a model, and strict providers refuse the annotation.
    schema.remove("title");
    schema.to_value().into()
}

/// The type's name, in the characters and the length that providers accept for a name.
fn name_of<T: JsonSchema>() -> String {
    let name: String = T::schema_name()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' || c == '-' {
                c
            } else {
                '_'
            }
        })
        .take(64)
        .collect();
    if name.is_empty() {
        "answer".to_owned()
    } else {
        name
    }
}
