//! How one model stands, by the API of TensorFlow Serving: servers before July 2026 have it.
//!
//! <https://docs.openvino.ai/2025/model-server/ovms_docs_rest_api_tfs.html#model-status-api>

use bytes::Bytes;
use http::response::Parts;
use serde::Deserialize;
use trunkline_core::{
    Class, Delivery, Error, ErrorKind, Operation, Result,
    protocol::{read, segment},
    raw::RawRequest,
};

use crate::config::{ModelStatus, VersionStatus};

/// How one model stands: `backend.ask(Status::of("resnet"))`. A server of July 2026 or later does not
/// say it here; [`ConfigStatus`](crate::ConfigStatus) tells the same of all models there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    model: String,
    version: Option<String>,
}

impl Status {
    /// Of this model, in all its versions.
    pub fn of(model: impl Into<String>) -> Self {
        let model = model.into();
        Self {
            model,
            version: None,
        }
    }

    /// Of this version of it.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }
}

/// Where a model is, in TensorFlow Serving's paths.
pub(crate) fn place(model: &str, version: Option<&str>) -> Result<String> {
    let model = segment(model)?;
    Ok(match version {
        Some(version) => format!("/v1/models/{model}/versions/{}", segment(version)?),
        None => format!("/v1/models/{model}"),
    })
}

impl Operation for Status {
    type Output = ModelStatus;
    const NAME: &'static str = "ovms.status";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::get(place(
            &self.model,
            self.version.as_deref(),
        )?))
    }

    fn decode(&self, _: &Parts, body: Bytes) -> Result<ModelStatus> {
        #[derive(Deserialize)]
        struct Answer {
            model_version_status: Option<Vec<VersionStatus>>,
        }
        match read::<Answer>(&body)?.model_version_status {
            Some(versions) => Ok(ModelStatus { versions }),
            // A later server has an entry of its list of models at this path.
            None => Err(Error::new(
                ErrorKind::Unsupported,
                "this server no longer has TensorFlow Serving's API; ask it for `ConfigStatus`",
            )
            .with_delivery(Delivery::Responded)),
        }
    }
}
