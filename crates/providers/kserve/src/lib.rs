#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Capabilities, ErrorKind, ProviderDef, Result,
    account::{Provider, Settings},
};

mod options;

pub use options::{Options, SequenceId};
#[doc(no_inline)]
pub use trunkline_core::{
    infer::{Bf16, DataType, F16, Tensor},
    prelude,
};
use trunkline_open_inference::Fault;
#[doc(inline)]
pub use trunkline_open_inference::{
    Config, Dialect, DurationStat, Encoding, Index, IndexEntry, Live, LoadModel, Metadata,
    ModelMetadata, ModelStatistics, OpenInference, Server, ServerMetadata, Statistics,
    TensorMetadata, UnloadModel,
};

/// Any server of the Open Inference Protocol, as data.
///
/// Triton listens on port 8000, MLServer and KServe's runtimes on 8080; nobody else answers there
/// with an index of a repository.
///
/// <https://github.com/kserve/open-inference-protocol>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("kserve", "KSERVE")
    .base_url("http://127.0.0.1:8000")
    .optional_path("/v2")
    .key_optional()
    .settings(&["encoding"])
    .local_ports(&[8000, 8080])
    .capabilities(Capabilities::NONE.infer().ready().list_models());

/// The protocol as Triton and MLServer speak it.
pub const DIALECT: Dialect = Dialect::of(&PROVIDER).classify(classify);

/// All that Triton and MLServer say of a server that is not ready is a status, and it is this one.
fn classify(fault: &Fault<'_>) -> Option<ErrorKind> {
    (fault.status == 400 && fault.silent).then_some(ErrorKind::NotReady)
}

/// An account with a server of the Open Inference Protocol.
pub type Kserve = Account<Api>;

/// Servers of the Open Inference Protocol, as a type: what tells their [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = OpenInference;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(settings: &Settings) -> Result<OpenInference> {
        Ok(OpenInference(match settings.get("encoding") {
            Some(name) => DIALECT.encoding(Encoding::parse(name)?),
            None => DIALECT,
        }))
    }
}
