//! What an account identifies itself with where it has no key.

use std::fmt;

use crate::{
    middleware::{TokenSource, pool::KeyPart},
    protocol::{Auth, Authorize},
};

use super::builder::Key;

/// What an account identifies itself with where no key was given: what a provider's crate makes of
/// the account's settings. See [`Provider::credentials`](super::Provider::credentials).
pub struct Credentials(pub(super) Kind);

pub(super) enum Kind {
    Tokens(Key),
    Signed(Auth),
}

impl Credentials {
    /// Tokens that end by themselves, sent as a key is.
    pub fn tokens(source: impl TokenSource) -> Self {
        Self(Kind::Tokens(Key::Fetched(KeyPart::tokens(source, 1))))
    }

    /// What is made for each request: a signature.
    pub fn signed(authorize: impl Authorize) -> Self {
        Self(Kind::Signed(Auth::custom(authorize)))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Tokens(_) => "Credentials::Tokens",
            Kind::Signed(_) => "Credentials::Signed",
        })
    }
}
