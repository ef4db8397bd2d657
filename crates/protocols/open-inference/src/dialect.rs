//! How one server differs from the protocol. Data, so that it can be read at a glance.

use trunkline_core::{Capabilities, ErrorKind, ProviderDef};

use crate::{Encoding, Fault};

/// How one server speaks the protocol.
///
/// ```
/// use trunkline_core::{Capabilities, ProviderDef};
/// use trunkline_open_inference::{Dialect, Encoding};
///
/// const PROVIDER: ProviderDef = ProviderDef::new("example", "EXAMPLE", |_, _| unreachable!())
///     .capabilities(Capabilities::NONE.infer().ready());
///
/// const DIALECT: Dialect = Dialect::of(&PROVIDER).encoding(Encoding::Binary);
/// # assert_eq!(DIALECT.provider, "example");
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Dialect {
    /// The provider's id, under which a request's options are looked for.
    pub provider: &'static str,
    /// What it can do.
    pub capabilities: Capabilities,
    /// How tensors go where a request does not say it.
    pub encoding: Encoding,
    /// What its own words for an error mean.
    pub classify: fn(&Fault<'_>) -> Option<ErrorKind>,
}

impl Dialect {
    /// The protocol as it is written, with the id and the capabilities of `provider`.
    pub const fn of(provider: &ProviderDef) -> Self {
        Self {
            provider: provider.id,
            capabilities: provider.capabilities,
            encoding: Encoding::Auto,
            classify: |_| None,
        }
    }

    /// Sets how tensors go where a request does not say it.
    #[must_use]
    pub const fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// Sets what its own words for an error mean, where the protocol's reading is another.
    #[must_use]
    pub const fn classify(mut self, classify: fn(&Fault<'_>) -> Option<ErrorKind>) -> Self {
        self.classify = classify;
        self
    }
}
