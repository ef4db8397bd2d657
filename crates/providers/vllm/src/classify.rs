//! Which class texts are of.

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{Class, Operation, Result, raw::RawRequest};

use crate::{
    EmbedOptions,
    pooling::{post, told},
};

/// Asks which class texts are of.
///
/// <https://docs.vllm.ai/en/latest/models/pooling_models/classify/>
///
/// ```no_run
/// use trunkline_vllm::{Classify, Vllm, prelude::*};
///
/// # async fn moods() -> Result<()> {
/// let vllm = Vllm::from_env()?;
/// let answer = vllm.backend().ask(Classify::new("mood-1", ["Sun at last!", "Rain again."])).await?;
/// for verdict in answer.verdicts {
///     println!("{:?} {:?}", verdict.label, verdict.probs);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Classify {
    /// Which model.
    pub model: String,
    /// The texts.
    pub inputs: Vec<String>,
    /// What else it takes.
    pub options: EmbedOptions,
}

impl Classify {
    /// The classes of `inputs`.
    pub fn new<T: Into<String>>(
        model: impl Into<String>,
        inputs: impl IntoIterator<Item = T>,
    ) -> Self {
        Self {
            model: model.into(),
            inputs: inputs.into_iter().map(Into::into).collect(),
            options: EmbedOptions::new(),
        }
    }

    /// Sets what else it takes.
    #[must_use]
    pub fn options(mut self, options: EmbedOptions) -> Self {
        self.options = options;
        self
    }
}

/// The classes of texts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Classified {
    /// The server's id of it.
    pub id: Option<String>,
    /// The model, as the server calls it.
    pub model: String,
    /// Of each text, in their order.
    pub verdicts: Vec<Verdict>,
    /// How many tokens went in.
    pub prompt_tokens: Option<u64>,
}

/// The class of one text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Verdict {
    /// The likeliest class, where the model has names for them.
    pub label: Option<String>,
    /// How likely each class is, in the model's order.
    pub probs: Vec<f64>,
}

impl Operation for Classify {
    type Output = Classified;
    const NAME: &'static str = "classify";
    const CLASS: Class = Class::Billed;

    fn encode(&self) -> Result<RawRequest> {
        #[derive(Serialize)]
        struct Ask<'a> {
            model: &'a str,
            input: &'a [String],
        }
        let ask = Ask {
            model: &self.model,
            input: &self.inputs,
        };
        post("/classify", &ask, &self.options)
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Classified> {
        let told = told::<Verdict>(&body, self.inputs.len())?;
        Ok(Classified {
            id: told.id,
            model: told.model,
            verdicts: told.items,
            prompt_tokens: told.prompt_tokens,
        })
    }
}
