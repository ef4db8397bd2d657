//! Requests for embeddings.
//!
//! <https://platform.openai.com/docs/api-reference/embeddings/create>

use serde::{Serialize, Serializer, ser::SerializeMap};
use trunkline_core::{
    EmbedRequest, Error, ErrorKind, Result, chat::Warnings, embed::EmbedInput,
    protocol::check_embed,
};

use super::List;
use crate::Dialect;

pub(crate) fn embed(
    dialect: Dialect,
    request: &EmbedRequest,
    warnings: &mut Warnings,
) -> Result<Vec<u8>> {
    check_embed(dialect.capabilities, request, warnings)?;
    if request
        .inputs
        .iter()
        .any(|input| matches!(input, EmbedInput::Media(_)))
    {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "only texts and tokens can be embedded here, no media",
        ));
    }
    let purpose = purpose(dialect, request);
    warnings.unsupported_if(request.purpose.is_some() && purpose.is_none(), "purpose");

    let mut bytes = Vec::new();
    let body = Body {
        dialect,
        request,
        purpose,
    };
    serde_json::to_writer(&mut bytes, &body).map_err(|error| {
        let what = "the request cannot be written as JSON";
        Error::new(ErrorKind::InvalidRequest, what).with_source(error)
    })?;
    let patches = [
        (dialect.embed_patch)(request),
        request.options.get(dialect.provider).cloned(),
    ];
    patches
        .into_iter()
        .flatten()
        .try_fold(bytes, |bytes, patch| super::merge(&bytes, &patch))
}

/// What the vectors are for, as a field and the provider's word.
fn purpose(dialect: Dialect, request: &EmbedRequest) -> Option<(&'static str, &'static str)> {
    let (field, words) = dialect.purpose?;
    let asked = request.purpose?;
    let (_, word) = words.iter().find(|(purpose, _)| *purpose == asked)?;
    Some((field, word))
}

struct Body<'a> {
    dialect: Dialect,
    request: &'a EmbedRequest,
    purpose: Option<(&'static str, &'static str)>,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            dialect,
            request,
            purpose,
        } = self;
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("model", &request.model)?;
        body.serialize_entry("input", &List(request.inputs.iter().map(Input)))?;
        if dialect.int8_embeddings {
            body.serialize_entry("encoding_format", "base64_int8")?;
        } else if dialect.base64_embeddings {
            body.serialize_entry("encoding_format", "base64")?;
        }
        if let (true, Some(dimensions)) = (dialect.capabilities.dimensions, request.dimensions) {
            body.serialize_entry("dimensions", &dimensions)?;
        }
        if let (true, Some(user)) = (dialect.capabilities.user, &request.user) {
            body.serialize_entry(dialect.user_field, user)?;
        }
        if let Some((field, word)) = purpose {
            body.serialize_entry(field, word)?;
        }
        body.end()
    }
}

struct Input<'a>(&'a EmbedInput);

impl Serialize for Input<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            EmbedInput::Text(text) => serializer.serialize_str(text),
            EmbedInput::Tokens(tokens) => tokens.serialize(serializer),
            _ => serializer.serialize_none(),
        }
    }
}
