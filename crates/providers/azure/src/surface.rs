//! Chat completions at Azure's addresses: of a version, with the deployment in the path, or of none.

use bytes::Bytes;
use http::{Request, Uri, response::Parts, uri::PathAndQuery};
use trunkline_core::{
    Error, ErrorKind, Op, Reply, Result,
    chat::Warnings,
    protocol::{Protocol, Target, segment},
};
use trunkline_openai_compat::{ChunkDecoder, OpenAiCompat};

use crate::DIALECT;

const INNER: OpenAiCompat = OpenAiCompat(DIALECT);

/// Which of Azure's two surfaces is spoken: `/openai/v1`, or `/openai/deployments/…` of a version.
///
/// <https://github.com/MicrosoftDocs/azure-ai-docs/blob/main/articles/foundry/openai/includes/api-version-lifecycle-content.md>
#[derive(Clone, Debug, Default)]
pub struct Surface {
    version: Option<String>,
}

impl Surface {
    pub(crate) fn of(version: Option<&str>) -> Result<Self> {
        let usual = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '.');
        match version {
            Some(version) if version.is_empty() || !version.chars().all(usual) => Err(
                Error::config("`api_version` is no version, such as 2024-10-21"),
            ),
            version => Ok(Self {
                version: version.map(str::to_owned),
            }),
        }
    }

    /// The path of an operation on `base`, which may name the surface already, as Microsoft's pages
    /// give it.
    fn path(&self, op: &Op, base: &str, operation: &str) -> Result<String> {
        let base = ["/openai/v1", "/openai"]
            .iter()
            .find_map(|surface| base.strip_suffix(surface))
            .unwrap_or(base);
        let deployment = match op {
            Op::Chat(request) | Op::ChatStream(request) => Some(segment(&request.model)?),
            Op::Embed(request) => Some(segment(&request.model)?),
            _ => None,
        };
        Ok(match (&self.version, deployment) {
            (None, _) => format!("{base}/openai/v1{operation}"),
            (Some(version), None) => format!("{base}/openai{operation}?api-version={version}"),
            (Some(version), Some(deployment)) => {
                format!("{base}/openai/deployments/{deployment}{operation}?api-version={version}")
            }
        })
    }
}

impl Protocol for Surface {
    type Decoder = ChunkDecoder;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        let mut request = INNER.encode(op, target, warnings)?;
        let path = request.uri().path();
        let operation = ["/chat/completions", "/embeddings", "/models"]
            .into_iter()
            .find(|operation| path.ends_with(operation))
            .unwrap_or_default();
        let base = path.strip_suffix(operation).unwrap_or(path);
        let invalid = || Error::new(ErrorKind::InvalidRequest, "the path is no path");
        let path: PathAndQuery = self
            .path(op, base, operation)?
            .parse()
            .map_err(|cause| invalid().with_source(cause))?;
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = Some(path);
        *request.uri_mut() =
            Uri::from_parts(parts).map_err(|cause| invalid().with_source(cause))?;
        Ok(request)
    }

    fn decode(&self, op: &Op, head: &Parts, body: Bytes) -> Result<Reply> {
        INNER.decode(op, head, body)
    }

    fn decoder(&self, op: &Op, head: &Parts) -> ChunkDecoder {
        INNER.decoder(op, head)
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        INNER.error(head, body)
    }
}
