//! Keys and tokens.

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

/// A key or a token: wiped when its last clone is dropped, never printed, never serialized, never
/// compared.
///
/// ```
/// let key = trunkline_core::Secret::from("sk-1234");
/// assert_eq!(format!("{key:?}"), "Secret(***)");
/// ```
///
/// What would show or compare it does not compile:
///
/// ```compile_fail,E0277
/// let key = trunkline_core::Secret::from("sk-1234");
/// println!("{key}");
/// ```
/// ```compile_fail,E0277
/// let key = trunkline_core::Secret::from("sk-1234");
/// serde_json::to_string(&key);
/// ```
/// ```compile_fail,E0369
/// let key = trunkline_core::Secret::from("sk-1234");
/// let same = key == key;
/// ```
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// The secret itself. Every caller of this is a place where it may leak.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self(Arc::new(Zeroizing::new(secret)))
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        secret.to_owned().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}
