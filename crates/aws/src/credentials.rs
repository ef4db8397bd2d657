//! Credentials: fixed ones, or a chain of places to look for them.

use std::fmt;

use reqsign_aws_v4::{Credential, StaticCredentialProvider};
use reqsign_core::ProvideCredentialDyn;
use trunkline_core::{Error, HttpClient, Result, Secret, account::Settings};

use crate::Chain;

/// Where credentials come from.
#[derive(Debug)]
#[non_exhaustive]
pub enum Credentials {
    /// Always the same.
    Fixed(Fixed),
    /// Looked for in turn, and again before they end.
    Chain(Chain),
}

impl Credentials {
    /// Those of an account: an access key that was set (`access_key_id`, `secret_access_key` and, for a
    /// session, `session_token`), or the chain, with the `profile` that was set.
    ///
    /// # Errors
    ///
    /// [`Config`](trunkline_core::ErrorKind::Config): of a key only one half is set.
    pub fn of_settings(settings: &Settings, client: &HttpClient) -> Result<Self> {
        let pair = (
            settings.get("access_key_id"),
            settings.get("secret_access_key"),
        );
        match pair {
            (Some(id), Some(secret)) => {
                let fixed = Fixed::new(id, secret);
                Ok(match settings.get("session_token") {
                    Some(token) => fixed.session_token(token).into(),
                    None => fixed.into(),
                })
            }
            (None, None) => {
                let chain = Chain::new(client.clone());
                Ok(match settings.get("profile") {
                    Some(profile) => chain.profile(profile).into(),
                    None => chain.into(),
                })
            }
            _ => Err(Error::config(
                "an access key has an id and a secret, and one of them is not set: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY",
            )),
        }
    }
}

/// Credentials that stay the same: an access key's id and secret, or those of a session with its
/// token.
#[derive(Clone)]
pub struct Fixed {
    id: Secret,
    secret: Secret,
    token: Option<Secret>,
}

impl Fixed {
    /// An access key.
    pub fn new(id: impl Into<Secret>, secret: impl Into<Secret>) -> Self {
        Self {
            id: id.into(),
            secret: secret.into(),
            token: None,
        }
    }

    /// Sets the token of a session. It ends by itself, and nothing renews it.
    #[must_use]
    pub fn session_token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    pub(crate) fn provider(&self) -> StaticCredentialProvider {
        let provider = StaticCredentialProvider::new(self.id.expose(), self.secret.expose());
        match &self.token {
            Some(token) => provider.with_session_token(token.expose()),
            None => provider,
        }
    }
}

impl fmt::Debug for Fixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fixed(***)")
    }
}

impl From<Fixed> for Credentials {
    fn from(fixed: Fixed) -> Self {
        Self::Fixed(fixed)
    }
}

impl From<Chain> for Credentials {
    fn from(chain: Chain) -> Self {
        Self::Chain(chain)
    }
}

/// A place to look for credentials.
pub(crate) type Provider = Box<dyn ProvideCredentialDyn<Credential = Credential>>;
