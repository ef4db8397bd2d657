//! Places to look for credentials, in turn.

use std::{collections::BTreeMap, fmt};

use reqsign_aws_v4::{
    AssumeRoleWithWebIdentityCredentialProvider, Credential, ECSCredentialProvider,
    EnvCredentialProvider, IMDSv2CredentialProvider, ProfileCredentialProvider,
    SSOCredentialProvider,
};
use reqsign_core::{Context, OsEnv, StaticEnv};
use trunkline_core::{Error, ErrorKind, HttpClient, Result};

use crate::{
    context::{Files, Http},
    credentials::Provider,
};

/// The places where AWS's own libraries look for credentials, in this order:
///
/// 1. the variables `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`;
/// 2. a profile in `~/.aws/credentials` and `~/.aws/config`, or where `AWS_SHARED_CREDENTIALS_FILE`
///    and `AWS_CONFIG_FILE` say: `AWS_PROFILE`, or `default`;
/// 3. a login by `aws sso login` that the profile names;
/// 4. a web identity, as in Kubernetes: `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`;
/// 5. the container's endpoint: `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `…_FULL_URI`;
/// 6. the instance's metadata (IMDSv2), unless `AWS_EC2_METADATA_DISABLED` is `true`.
///
/// Nothing is read before the first request is signed. What a `credential_process` prints is not
/// asked for: this library starts no programs.
///
/// <https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html>
#[derive(Clone)]
pub struct Chain {
    client: HttpClient,
    profile: Option<String>,
    vars: Option<BTreeMap<String, String>>,
}

impl Chain {
    /// The chain, with the process's variables. Services that give out credentials are reached
    /// through `client`.
    pub fn new(client: HttpClient) -> Self {
        Self {
            client,
            profile: None,
            vars: None,
        }
    }

    /// Sets the profile; that of `AWS_PROFILE` unless set.
    #[must_use]
    pub fn profile(mut self, name: impl Into<String>) -> Self {
        self.profile = Some(name.into());
        self
    }

    /// Sets what stands for the process's variables, `HOME` included: those of a test, of a tenant.
    #[must_use]
    pub fn vars<K: Into<String>, V: Into<String>>(
        mut self,
        vars: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let vars = vars.into_iter();
        self.vars = Some(
            vars.map(|(name, value)| (name.into(), value.into()))
                .collect(),
        );
        self
    }

    pub(crate) fn context(&self) -> Context {
        let context = Context::new()
            .with_file_read(Files)
            .with_http_send(Http(self.client.clone()));
        match &self.vars {
            Some(vars) => context.with_env(StaticEnv {
                home_dir: vars.get("HOME").map(Into::into),
                envs: vars.clone().into_iter().collect(),
            }),
            None => context.with_env(OsEnv),
        }
    }

    pub(crate) fn places(&self, region: &str) -> Vec<(&'static str, Provider)> {
        let web = AssumeRoleWithWebIdentityCredentialProvider::new();
        let web = web
            .with_region(region.to_owned())
            .with_regional_sts_endpoint();
        let (mut profile, mut sso) = (
            ProfileCredentialProvider::default(),
            SSOCredentialProvider::default(),
        );
        if let Some(name) = &self.profile {
            profile = profile.with_profile(name);
            sso = sso.with_profile(name);
        }
        vec![
            ("variables", Box::new(EnvCredentialProvider::new())),
            ("profile", Box::new(profile)),
            ("SSO", Box::new(sso)),
            ("web identity", Box::new(web)),
            ("container", Box::new(ECSCredentialProvider::new())),
            ("instance", Box::new(IMDSv2CredentialProvider::new())),
        ]
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chain")
    }
}

/// Looks in turn. A place that fails does not end the search, and is named if nothing is found. What
/// it says is left out: nobody knows what is in it.
pub(crate) async fn find(
    places: &[(&'static str, Provider)],
    context: &Context,
) -> Result<Credential> {
    let mut tried = Vec::with_capacity(places.len());
    for (name, place) in places {
        match place.provide_credential_dyn(context).await {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => tried.push(format!("{name}: none")),
            Err(error) => tried.push(format!("{name}: failed ({:?})", error.kind())),
        }
    }
    let what = format!("no AWS credentials were found. {}", tried.join("; "));
    Err(Error::new(ErrorKind::Auth, what))
}
