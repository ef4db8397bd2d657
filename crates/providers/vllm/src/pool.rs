//! What a pooling model gives, as it gives it.

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{Class, Error, Json, Operation, Result, raw::RawRequest};

use crate::{
    EmbedOptions,
    pooling::{post, told},
};

/// Asks for what a pooling model gives, as it gives it: a vector for each text, or for each of its
/// tokens.
///
/// <https://docs.vllm.ai/en/latest/models/pooling_models/>
///
/// ```no_run
/// use trunkline_vllm::{Pool, PoolingTask, Vectors, Vllm, prelude::*};
///
/// # async fn vectors() -> Result<()> {
/// let vllm = Vllm::from_env()?;
/// let question = Pool::new("jina-colbert-v2", ["Otters sleep afloat."]).task(PoolingTask::TokenEmbed);
/// for vectors in vllm.backend().ask(question).await?.data {
///     if let Vectors::Each(of_tokens) = vectors {
///         println!("{} tokens", of_tokens.len());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Pool {
    /// Which model.
    pub model: String,
    /// The texts.
    pub inputs: Vec<String>,
    /// What is wanted; what the server was started for without it.
    pub task: Option<PoolingTask>,
    /// What else it takes.
    pub options: EmbedOptions,
}

/// What a pooling model shall give. A server does one of them, or some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PoolingTask {
    /// A vector for each text.
    Embed,
    /// A vector for each token.
    TokenEmbed,
    /// Classes of each text.
    Classify,
    /// Classes of each token.
    TokenClassify,
}

impl Pool {
    /// What `model` gives of `inputs`.
    pub fn new<T: Into<String>>(
        model: impl Into<String>,
        inputs: impl IntoIterator<Item = T>,
    ) -> Self {
        Self {
            model: model.into(),
            inputs: inputs.into_iter().map(Into::into).collect(),
            task: None,
            options: EmbedOptions::new(),
        }
    }

    /// Sets what is wanted.
    #[must_use]
    pub const fn task(mut self, task: PoolingTask) -> Self {
        self.task = Some(task);
        self
    }

    /// Sets what else it takes.
    #[must_use]
    pub fn options(mut self, options: EmbedOptions) -> Self {
        self.options = options;
        self
    }
}

/// What a pooling model gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pooled {
    /// The server's id of it.
    pub id: Option<String>,
    /// The model, as the server calls it.
    pub model: String,
    /// Of each text, in their order.
    pub data: Vec<Vectors>,
    /// How many tokens went in.
    pub prompt_tokens: Option<u64>,
}

/// What came of one text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Vectors {
    /// Numbers for the whole text.
    One(Vec<f32>),
    /// Numbers for each token, of as many as the text has.
    Each(Vec<Vec<f32>>),
}

impl Operation for Pool {
    type Output = Pooled;
    const NAME: &'static str = "pooling";
    const CLASS: Class = Class::Billed;

    fn encode(&self) -> Result<RawRequest> {
        #[derive(Serialize)]
        struct Ask<'a> {
            model: &'a str,
            input: &'a [String],
            #[serde(skip_serializing_if = "Option::is_none")]
            task: Option<PoolingTask>,
        }
        let ask = Ask {
            model: &self.model,
            input: &self.inputs,
            task: self.task,
        };
        post("/pooling", &ask, &self.options)
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Pooled> {
        let told = told::<Item>(&body, self.inputs.len())?;
        let data = told.items.into_iter().map(|item| vectors(&item.data));
        Ok(Pooled {
            id: told.id,
            model: told.model,
            data: data.collect::<Result<_>>()?,
            prompt_tokens: told.prompt_tokens,
        })
    }
}

#[derive(Deserialize)]
struct Item {
    data: Json,
}

fn vectors(json: &Json) -> Result<Vectors> {
    let inner = json.get().strip_prefix('[').unwrap_or_default();
    let read = match inner.trim_start().starts_with('[') {
        true => json.read().map(Vectors::Each),
        false => json.read().map(Vectors::One),
    };
    read.map_err(|cause| Error::decode("what came of a text is no numbers").with_source(cause))
}
