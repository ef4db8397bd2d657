//! What the dataprep microservice holds, and how it is taken out again.
//!
//! <https://github.com/opea-project/GenAIComps/blob/main/comps/dataprep/src/README_redis.md>

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{
    Class, Error, ErrorKind, Json, Operation, Result, protocol::read, raw::RawRequest,
};

/// What is in the store: `backend.ask(Files::new())`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Files {
    /// Of which index, `all` for every one; without it of the one that the service was started with.
    /// Only the service over Redis has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index_name: Option<String>,
    /// Where the service is, below the base URL: `/v1/dataprep/get`, and `/v1/dataprep/get_file` before
    /// 1.2.
    #[serde(skip)]
    pub path: Option<String>,
}

/// A file, or a page, in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Stored {
    /// Its name.
    pub name: String,
    /// What it is called where it is to be deleted.
    pub id: String,
    /// `File` or `Directory`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// What it is in, where it is in something.
    pub parent: Option<String>,
    /// Its index, of a service that has several.
    pub index_name: Option<String>,
    /// What is in it, of a directory.
    pub children: Option<Vec<Stored>>,
}

impl Files {
    /// Those that there are.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the index; `all` is every one.
    #[must_use]
    pub fn index(mut self, name: impl Into<String>) -> Self {
        self.index_name = Some(name.into());
        self
    }

    /// Sets where the service is, below the base URL.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }
}

impl Operation for Files {
    type Output = Vec<Stored>;
    const NAME: &'static str = "opea.files";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        let path = self.path.as_deref().unwrap_or("/v1/dataprep/get");
        Ok(RawRequest::post(path, &Json::of(self)?))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Vec<Stored>> {
        read(&body)
    }
}

/// Takes a file out of the store, or all of them: `backend.ask(DeleteFiles::new("tides.txt"))`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DeleteFiles {
    /// Which: its [`id`](Stored::id), or `all`.
    pub file_path: String,
    /// Out of which index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index_name: Option<String>,
    /// Where the service is, below the base URL: `/v1/dataprep/delete`, and `/v1/dataprep/delete_file`
    /// before 1.2.
    #[serde(skip)]
    pub path: Option<String>,
}

impl DeleteFiles {
    /// The one of this [`id`](Stored::id).
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            file_path: id.into(),
            index_name: None,
            path: None,
        }
    }

    /// All that there are.
    pub fn all() -> Self {
        Self::new("all")
    }

    /// Sets the index.
    #[must_use]
    pub fn index(mut self, name: impl Into<String>) -> Self {
        self.index_name = Some(name.into());
        self
    }

    /// Sets where the service is, below the base URL.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }
}

impl Operation for DeleteFiles {
    type Output = ();
    const NAME: &'static str = "opea.delete_files";
    const CLASS: Class = Class::Effect;

    fn encode(&self) -> Result<RawRequest> {
        if self.file_path.is_empty() {
            let what = "no file is named; `DeleteFiles::all()` deletes all";
            return Err(Error::new(ErrorKind::InvalidRequest, what));
        }
        let path = self.path.as_deref().unwrap_or("/v1/dataprep/delete");
        Ok(RawRequest::post(path, &Json::of(self)?))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<()> {
        #[derive(Deserialize)]
        struct Answer {
            status: Option<bool>,
        }
        match read::<Answer>(&body)?.status {
            Some(false) => Err(Error::new(ErrorKind::Server, "the service deleted nothing")),
            _ => Ok(()),
        }
    }
}

/// The indices that there are: `backend.ask(Indices)`. Only the service over Redis has several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Indices;

impl Operation for Indices {
    type Output = Vec<String>;
    const NAME: &'static str = "opea.indices";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::post(
            "/v1/dataprep/indices",
            &Json::parse("{}")
                .map_err(|cause| Error::decode("an empty object is no JSON").with_source(cause))?,
        ))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Vec<String>> {
        read(&body)
    }
}
