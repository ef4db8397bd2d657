//! What a server says of itself and of its model.
//!
//! `/info` of <https://huggingface.github.io/text-embeddings-inference/>

use std::collections::BTreeMap;

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Deserializer};
use trunkline_core::{
    Class, Error, Ext, Json, ModelInfo, Operation, Result, models::ModelsPage, protocol::read,
    raw::RawRequest,
};

use crate::PROVIDER;

/// What a server says of itself: `backend.ask(Info)`.
///
/// ```no_run
/// use trunkline_tei::{Info, Tei, prelude::*};
///
/// # async fn limit() -> Result<()> {
/// let told = Tei::from_env()?.backend().ask(Info).await?;
/// // The limit that only the server knows, for an account that goes by it.
/// let most = told.max_client_batch_size.unwrap_or(32);
/// let tei = Tei::builder()
///     .client(HttpClient::shared())
///     .setting("max_batch", most.to_string())
///     .build()?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Info;

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ServerInfo {
    /// The model, by its name on the Hub, or its folder.
    pub model_id: String,
    /// Which revision of it.
    #[serde(default)]
    pub model_sha: Option<String>,
    /// In which numbers it computes: `float16`.
    #[serde(default)]
    pub model_dtype: Option<String>,
    /// What the compatible routes call it.
    #[serde(default)]
    pub served_model_name: Option<String>,
    /// What it is for.
    pub model_type: ModelType,
    /// How many inputs it works on or keeps waiting; more are
    /// [`Overloaded`](trunkline_core::ErrorKind::Overloaded).
    #[serde(default)]
    pub max_concurrent_requests: Option<usize>,
    /// How many tokens an input may have.
    #[serde(default)]
    pub max_input_length: Option<u64>,
    /// How many tokens it works on at once.
    #[serde(default)]
    pub max_batch_tokens: Option<u64>,
    /// How many inputs it works on at once, where that is bounded too.
    #[serde(default)]
    pub max_batch_requests: Option<usize>,
    /// How many inputs one request may have.
    #[serde(default)]
    pub max_client_batch_size: Option<usize>,
    /// Whether longer inputs are cut unless a request says otherwise.
    #[serde(default)]
    pub auto_truncate: Option<bool>,
    /// How many threads make tokens.
    #[serde(default)]
    pub tokenization_workers: Option<usize>,
    /// Its version: `1.9.3`.
    #[serde(default)]
    pub version: Option<String>,
    /// The commit that it was built of.
    #[serde(default)]
    pub sha: Option<String>,
    /// The container that it runs in.
    #[serde(default)]
    pub docker_label: Option<String>,
}

/// What a model is for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelType {
    /// Vectors.
    Embedding {
        /// How one vector comes of those of all tokens: `cls`, `mean`, `splade`, `last_token`.
        pooling: String,
    },
    /// Orders of documents.
    Reranker(Labels),
    /// Classes.
    Classifier(Labels),
    /// What nobody knew of when this was written, by its name.
    Other(String),
}

/// What a model's outputs are called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Labels {
    /// The label of each output, by its number.
    pub id2label: BTreeMap<String, String>,
    /// The number of each label.
    pub label2id: BTreeMap<String, u64>,
}

impl ModelType {
    /// Its name: `embedding`.
    pub fn name(&self) -> &str {
        match self {
            Self::Embedding { .. } => "embedding",
            Self::Reranker(_) => "reranker",
            Self::Classifier(_) => "classifier",
            Self::Other(name) => name,
        }
    }

    /// The routes that serve it: `embed`, `rerank`.
    pub fn routes(&self) -> &'static [&'static str] {
        match self {
            Self::Embedding { pooling } if pooling == "splade" => &["embed_sparse", "tokenize"],
            Self::Embedding { .. } => &["embed", "embed_all", "similarity", "tokenize"],
            Self::Reranker(_) => &["rerank", "predict", "tokenize"],
            Self::Classifier(_) => &["predict", "tokenize"],
            Self::Other(_) => &[],
        }
    }
}

/// `{"embedding":{"pooling":"cls"}}`: its name, and what is to be known of it.
impl<'de> Deserialize<'de> for ModelType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let told = Json::deserialize(deserializer)?;
        if let Ok(name) = told.read::<String>() {
            return Ok(Self::of(name, None));
        }
        let fields = told.read::<BTreeMap<String, Json>>();
        match fields.ok().and_then(|fields| fields.into_iter().next()) {
            Some((name, of)) => Ok(Self::of(name, Some(&of))),
            None => Err(serde::de::Error::custom("no type of model")),
        }
    }
}

impl ModelType {
    fn of(name: String, of: Option<&Json>) -> Self {
        #[derive(Default, Deserialize)]
        struct Pooled {
            pooling: String,
        }
        let labels = || of.and_then(|of| of.read().ok()).unwrap_or_default();
        match &*name {
            "embedding" => {
                let pooled: Option<Pooled> = of.and_then(|of| of.read().ok());
                let pooling = pooled.unwrap_or_default().pooling;
                Self::Embedding { pooling }
            }
            "reranker" => Self::Reranker(labels()),
            "classifier" => Self::Classifier(labels()),
            _ => Self::Other(name),
        }
    }
}

impl Operation for Info {
    type Output = ServerInfo;
    const NAME: &'static str = "tei.info";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::get("/info"))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<ServerInfo> {
        told(&body)
    }
}

/// Text Generation Inference has the same path, and much of the same; it tells no type of model.
fn told(body: &[u8]) -> Result<ServerInfo> {
    read(body).map_err(|error| {
        Error::decode(
            "the server does not say of itself what Text Embeddings Inference does; it is another",
        )
        .with_source(error)
    })
}

/// The one model that there is.
pub(crate) fn page(body: &[u8]) -> Result<ModelsPage> {
    let told = told(body)?;
    let name = told.served_model_name.filter(|name| !name.is_empty());
    let mut info = ModelInfo::new(name.unwrap_or_else(|| told.model_id.clone()));
    info.display_name = Some(told.model_id).filter(|id| *id != info.id);
    info.context_limit = told.max_input_length.filter(|limit| *limit > 0);
    let routes = told.model_type.routes().iter();
    info.capabilities = match &told.model_type {
        ModelType::Other(name) => vec![name.clone()],
        _ => routes.map(|route| (*route).to_owned()).collect(),
    };
    let mut ext = Ext::default();
    ext.insert(PROVIDER.id, read::<Json>(body)?);
    info.ext = ext;
    Ok(ModelsPage::new(vec![info]))
}
