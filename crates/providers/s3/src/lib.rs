#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Capabilities, Error, HttpClient, ProviderDef, Result,
    account::{Credentials, Provider, Settings},
};

mod decode;
mod encode;
mod error;
mod info;
mod protocol;
mod xml;

pub use protocol::Rest;
#[cfg(feature = "sigv4")]
#[doc(no_inline)]
pub use trunkline_aws as aws;
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// S3 and the stores that speak as it does, as data.
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("s3", "S3")
    .variables(&[
        ("BASE_URL", "AWS_ENDPOINT_URL_S3"),
        ("BASE_URL", "AWS_ENDPOINT_URL"),
        ("REGION", "AWS_REGION"),
        ("REGION", "AWS_DEFAULT_REGION"),
        ("PROFILE", "AWS_PROFILE"),
        ("ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"),
        ("SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"),
        ("SESSION_TOKEN", "AWS_SESSION_TOKEN"),
    ])
    .settings(&[
        "region",
        "bucket",
        "profile",
        "access_key_id",
        "secret_access_key",
        "session_token",
        "anonymous",
        "checksums",
        "unsigned_bodies",
    ])
    .key_optional()
    .response_headers(&[("x-amz-request-id", "x-request-id")])
    .capabilities(Capabilities::NONE.object().ready());

/// An account with S3, or with a store that speaks as it does.
pub type S3 = Account<Api>;

/// S3, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = Rest;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(settings: &Settings) -> Result<Rest> {
        let rest = match bucket(settings)? {
            Some(bucket) => Rest::of_bucket(bucket),
            None => Rest::new(),
        };
        Ok(match flag(settings, "checksums")? {
            Some(false) => rest.without_checksums(),
            _ => rest,
        })
    }

    /// `https://s3.eu-central-1.amazonaws.com`, of the setting `region`; with the bucket's name before
    /// it where there is the setting `bucket`.
    ///
    /// <https://docs.aws.amazon.com/general/latest/gr/s3.html>
    fn base_url(settings: &Settings) -> Result<Option<String>> {
        let region = region(settings)?;
        let domain = match region.split('-').next() {
            Some("cn") => "amazonaws.com.cn",
            Some("eusc") => "amazonaws.eu",
            _ => "amazonaws.com",
        };
        let host = format!("s3.{region}.{domain}");
        Ok(Some(match bucket(settings)? {
            None => format!("https://{host}"),
            // No certificate covers a bucket's name with dots before the host's.
            Some(bucket) if bucket.contains('.') => format!("https://{host}/{bucket}"),
            Some(bucket) => format!("https://{bucket}.{host}"),
        }))
    }

    #[cfg(feature = "sigv4")]
    fn credentials(settings: &Settings, client: &HttpClient) -> Result<Option<Credentials>> {
        let region = region(settings)?;
        if flag(settings, "anonymous")? == Some(true) {
            return Ok(None);
        }
        let from = aws::Credentials::of_settings(settings, client)?;
        let signer = match flag(settings, "unsigned_bodies")? {
            Some(true) => aws::SigV4::of_unsigned_bodies(region, from),
            _ => aws::SigV4::new("s3", region, from),
        };
        Ok(Some(Credentials::signed(signer)))
    }

    /// Without signatures there are stores that let everybody in, and those that take a token.
    #[cfg(not(feature = "sigv4"))]
    fn credentials(settings: &Settings, _: &HttpClient) -> Result<Option<Credentials>> {
        let to_sign_with = ["access_key_id", "secret_access_key", "profile"];
        let is_set = to_sign_with.iter().any(|name| settings.get(name).is_some());
        if is_set && flag(settings, "anonymous")? != Some(true) {
            return Err(Error::config(
                "an access key is set, and this build of trunkline-s3 signs nothing; turn on its feature `sigv4`",
            ));
        }
        Ok(None)
    }
}

/// Where nobody says another one: stores outside of AWS take it, or any.
const USUAL_REGION: &str = "us-east-1";

/// The region, which becomes a part of a host's name.
fn region(settings: &Settings) -> Result<&str> {
    let region = settings.get("region").unwrap_or(USUAL_REGION);
    let is_usual = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if region.is_empty() || !region.bytes().all(is_usual) {
        return Err(Error::config(
            "the region is none; write it as AWS does: `eu-central-1`",
        ));
    }
    Ok(region)
}

/// The bucket that every base URL is of. It may become a part of a host's name.
///
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn bucket(settings: &Settings) -> Result<Option<&str>> {
    let Some(bucket) = settings.get("bucket") else {
        return Ok(None);
    };
    let is_usual = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.'
    };
    let has_room = (3..=63).contains(&bucket.len());
    if !has_room || !bucket.bytes().all(is_usual) || bucket.contains("..") {
        return Err(Error::config(
            "the setting `bucket` is no bucket's name: 3 to 63 of a-z, 0-9, `-` and `.`",
        ));
    }
    Ok(Some(bucket))
}

fn flag(settings: &Settings, name: &str) -> Result<Option<bool>> {
    match settings.get(name) {
        None => Ok(None),
        Some("true" | "on" | "1") => Ok(Some(true)),
        Some("false" | "off" | "0") => Ok(Some(false)),
        Some(_) => Err(Error::config(format!(
            "the setting `{name}` is `true` or `false`"
        ))),
    }
}

#[cfg(all(test, not(feature = "sigv4")))]
mod tests {
    use trunkline_core::{
        Body,
        http_transport::{Transport, TransportError},
    };

    use super::*;

    #[test]
    fn a_build_that_cannot_sign_says_so_instead_of_sending_unsigned() {
        let account = |settings: &[(&str, &str)]| {
            let builder = S3::builder().client(HttpClient::new(Nowhere));
            let set = settings.iter();
            set.fold(builder, |builder, (name, value)| {
                builder.setting(*name, *value)
            })
            .build()
        };
        let keys = [("access_key_id", "id"), ("secret_access_key", "canary")];
        let error = account(&keys).unwrap_err().to_string();
        assert!(
            error.contains("`sigv4`") && !error.contains("canary"),
            "{error}"
        );
        assert!(account(&[]).is_ok());
    }

    struct Nowhere;

    impl Transport for Nowhere {
        fn send(
            &self,
            _: http::Request<Body>,
        ) -> impl Future<Output = std::result::Result<http::Response<Body>, TransportError>>
        + Send
        + 'static {
            std::future::pending()
        }
    }
}
