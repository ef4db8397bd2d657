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

#[cfg(test)]
mod tests {
    use std::{fmt::Display, marker::PhantomData};

    use serde::Serialize;

    use super::*;

    /// Says whether `Secret` has a trait: an inherent constant stands over that of a trait, where
    /// its bound holds.
    macro_rules! has {
        ($bound:path) => {{
            struct Probe<T>(PhantomData<T>);
            #[allow(dead_code, reason = "only where the bound holds")]
            impl<T: $bound> Probe<T> {
                const HAS: bool = true;
            }
            trait Otherwise {
                const HAS: bool = false;
            }
            impl<T> Otherwise for Probe<T> {}
            let of_string = Probe::<String>::HAS;
            assert!(of_string, "the probe sees the trait where it is");
            Probe::<Secret>::HAS
        }};
    }

    #[test]
    fn f138_a_secret_is_not_shown_written_or_compared() {
        assert!(!has!(Display));
        assert!(!has!(Serialize));
        assert!(!has!(PartialEq));
        assert_eq!(format!("{:?}", Secret::from("hunter2")), "Secret(***)");
    }
}
