//! Documents for ChatQnA to answer from: what the dataprep microservice takes in.
//!
//! <https://github.com/opea-project/GenAIComps/blob/main/comps/dataprep/src/README_redis.md>

use bytes::Bytes;
use http::response::Parts;
use serde::Deserialize;
use trunkline_core::{
    Class, Error, ErrorKind, Json, Operation, Result, protocol::read, raw::RawRequest,
};

use crate::{files::File, multipart::Form};

/// Takes files, or what is at links, into the store that ChatQnA answers from. It answers when all of
/// them are there: give the call time.
///
/// Files and links do not go together, and of several files the services of 1.4 and later keep one:
/// ask once for each.
///
/// ```no_run
/// use trunkline_opea::{File, Ingest, Opea, prelude::*};
///
/// # async fn ingest() -> Result<()> {
/// let dataprep = Opea::builder().client(HttpClient::shared());
/// let dataprep = dataprep.endpoint("http://127.0.0.1:6007").build()?;
/// let tides = File::new("tides.txt", "text/plain", "High water is at six.");
/// dataprep.backend().ask(Ingest::file(tides).chunk_size(1_500)).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ingest {
    /// Files.
    pub files: Vec<File>,
    /// Addresses of pages.
    pub links: Vec<String>,
    /// How many characters a piece of a document has at most; 1,500 by default.
    pub chunk_size: Option<u32>,
    /// How many characters two pieces have in common; 100 by default.
    pub chunk_overlap: Option<u32>,
    /// Whether tables of a PDF are read.
    pub process_table: Option<bool>,
    /// How: `fast`, `hq` or `llm`.
    pub table_strategy: Option<String>,
    /// Into which index; only the service over Redis has several.
    pub index_name: Option<String>,
    /// Where the service is, below the base URL: `/v1/dataprep/ingest`, and `/v1/dataprep` before 1.2.
    pub path: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Ingested {
    /// In words.
    pub message: Option<String>,
    /// The status, as the service says it.
    pub status: Option<Json>,
}

impl Ingest {
    /// Of this file.
    pub fn file(file: File) -> Self {
        Self {
            files: vec![file],
            ..Self::default()
        }
    }

    /// Of the pages at these addresses, which the service fetches.
    pub fn links<L: Into<String>>(links: impl IntoIterator<Item = L>) -> Self {
        Self {
            links: links.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Sets how many characters a piece of a document has at most.
    #[must_use]
    pub fn chunk_size(mut self, characters: u32) -> Self {
        self.chunk_size = Some(characters);
        self
    }

    /// Sets how many characters two pieces have in common.
    #[must_use]
    pub fn chunk_overlap(mut self, characters: u32) -> Self {
        self.chunk_overlap = Some(characters);
        self
    }

    /// Reads tables of a PDF: `fast`, `hq` or `llm`.
    #[must_use]
    pub fn tables(mut self, strategy: impl Into<String>) -> Self {
        self.process_table = Some(true);
        self.table_strategy = Some(strategy.into());
        self
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

impl Operation for Ingest {
    type Output = Ingested;
    const NAME: &'static str = "opea.ingest";
    const CLASS: Class = Class::Effect;

    fn encode(&self) -> Result<RawRequest> {
        if self.files.is_empty() == self.links.is_empty() {
            let what = "either files or links are taken in, and there has to be one";
            return Err(Error::new(ErrorKind::InvalidRequest, what));
        }
        let mut form = Form::default();
        for file in &self.files {
            form.file("files", file);
        }
        if !self.links.is_empty() {
            form.text("link_list", Json::of(&self.links)?);
        }
        form.maybe("chunk_size", self.chunk_size);
        form.maybe("chunk_overlap", self.chunk_overlap);
        form.maybe("process_table", self.process_table);
        form.maybe("table_strategy", self.table_strategy.as_ref());
        form.maybe("index_name", self.index_name.as_ref());
        let path = self.path.as_deref().unwrap_or("/v1/dataprep/ingest");
        form.post(path, Self::CLASS)
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Ingested> {
        read(&body)
    }
}
