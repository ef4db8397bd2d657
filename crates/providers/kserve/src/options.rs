//! What only servers of this protocol take.

use serde::Serialize;
use trunkline_core::chat::ProviderOptions;
use trunkline_open_inference::Encoding;

trunkline_core::options! {
    /// What only servers of this protocol take, beside what an [`InferRequest`] has. All but the
    /// encodings are Triton's, and go among the request's parameters.
    ///
    /// <https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_schedule_policy.md>,
    /// <https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_sequence.md>
    ///
    /// ```
    /// use trunkline_core::InferRequest;
    /// use trunkline_kserve::{Encoding, Options};
    ///
    /// let options = Options::new().encoding(Encoding::Binary).priority(1_u64);
    /// let request = InferRequest::new([]).option(options);
    /// assert_eq!(request.options["kserve"].get(), r#"{"encoding":"binary","priority":1}"#);
    /// ```
    ///
    /// [`InferRequest`]: trunkline_core::InferRequest
    pub struct Options {
        /// How tensors go; that of the account unless set.
        encoding: Encoding,
        /// How the outputs come; as the inputs went unless set. What was asked for as JSON comes as
        /// JSON, and the other way round.
        output_encoding: Encoding,
        /// How soon it is wanted: 1 before 2, 0 for the usual.
        priority: u64,
        /// How long it may wait at the server, in microseconds, before it is given up there.
        timeout: u64,
        /// The sequence that the request belongs to, for models that remember. It is not repeated
        /// where it may have been acted on.
        sequence_id: SequenceId,
        /// Whether it begins the sequence.
        sequence_start: bool,
        /// Whether it ends the sequence.
        sequence_end: bool,
    }
}

impl ProviderOptions for Options {
    const PROVIDER: &'static str = "kserve";

    fn has_effect(&self) -> bool {
        self.sequence_id.is_some()
    }
}

/// What a sequence is called: a number, or a name where the server takes those.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum SequenceId {
    /// A number other than 0.
    Number(u64),
    /// A name.
    Name(String),
}

impl From<u64> for SequenceId {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for SequenceId {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<String> for SequenceId {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}
