//! How tensors go over the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trunkline_core::{Error, ErrorKind, Json, Result};

/// How tensors go over the wire.
///
/// The protocol itself has JSON only. Bytes after it are an extension, which a server that has it
/// names in its metadata: `binary_tensor_data`.
///
/// <https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Encoding {
    /// As numbers and strings in JSON, which every server takes. What has no form there, half floats,
    /// NaN, infinities, strings that are no UTF-8, is an error before anything is sent.
    Json,
    /// As the bytes that they are: exact, several times smaller, and quick. The outputs are asked for
    /// in the same way.
    Binary,
    /// As JSON where every input has a form there, else as bytes.
    #[default]
    Auto,
}

impl Encoding {
    /// The encoding of this name: `json`, `binary` or `auto`.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config): there is none of this name.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "json" => Ok(Self::Json),
            "binary" => Ok(Self::Binary),
            "auto" => Ok(Self::Auto),
            _ => Err(Error::config(
                "no such encoding of tensors; there are: json, binary, auto",
            )),
        }
    }
}

/// What a request says of its encoding, and what is left of its options: parameters.
pub(crate) struct Asked {
    pub(crate) inputs: Encoding,
    /// As the inputs went, unless said.
    pub(crate) outputs: Option<Encoding>,
    pub(crate) parameters: BTreeMap<String, Json>,
}

/// What a request's options say.
pub(crate) fn asked(options: Option<&Json>, usual: Encoding) -> Result<Asked> {
    let unread = |cause: serde_json::Error| {
        Error::new(
            ErrorKind::InvalidRequest,
            "the request's options are no object, or name no encoding that there is",
        )
        .with_source(cause)
    };
    let mut parameters: BTreeMap<String, Json> = match options {
        Some(options) => options.read().map_err(unread)?,
        None => BTreeMap::new(),
    };
    let mut take = |name| {
        let value = parameters.remove(name).map(|json: Json| json.read());
        value.transpose().map_err(unread)
    };
    Ok(Asked {
        inputs: take("encoding")?.unwrap_or(usual),
        outputs: take("output_encoding")?,
        parameters,
    })
}
