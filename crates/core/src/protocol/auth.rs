//! Credentials on a request.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue, Request, header};
use zeroize::Zeroizing;

use crate::{Body, Error, ErrorKind, Result, Secret};

/// How a provider takes its key. Never in a URL: URLs are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthScheme {
    /// `Authorization: Bearer …`.
    Bearer,
    /// The key alone in a header of this name: `x-api-key`.
    Header(&'static str),
}

/// Adds credentials to one attempt. Async, because tokens expire and signatures are made for each
/// request.
pub trait Authorize: Send + Sync + 'static {
    /// Adds them to `request`. Headers that hold a secret are to be
    /// [marked](HeaderValue::set_sensitive): what is marked is taken out of what the provider answers
    /// to a refused request.
    fn authorize(&self, request: &mut Request<Body>) -> impl Future<Output = Result<()>> + Send;

    /// Adds credentials to the address of `request`, for somebody else to send it within so much time,
    /// with no header of ours. Such an address is a secret.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) unless the implementation has a way.
    fn presign(
        &self,
        request: &mut Request<Body>,
        lasts: Duration,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (request, lasts);
        std::future::ready(Err(no_addresses()))
    }
}

/// The credentials of an account.
#[derive(Clone)]
#[non_exhaustive]
pub enum Auth {
    /// None.
    None(AuthScheme),
    /// A header that does not change.
    Key(AuthScheme, HeaderName, HeaderValue),
    /// Made for each request.
    Custom(Custom),
}

/// An erased [`Authorize`].
#[derive(Clone)]
pub struct Custom(Arc<dyn Erased>);

impl Auth {
    /// A key as the scheme wants it.
    ///
    /// # Errors
    ///
    /// The key cannot be sent; see [`check_key`].
    pub(crate) fn of(scheme: AuthScheme, key: Option<&Secret>) -> Result<Self> {
        let Some(key) = key else {
            return Ok(Self::None(scheme));
        };
        let key = check_key(key.expose())?;
        let (name, text) = match scheme {
            AuthScheme::Bearer => (
                header::AUTHORIZATION,
                Zeroizing::new(format!("Bearer {key}")),
            ),
            AuthScheme::Header(name) => (
                HeaderName::from_static(name),
                Zeroizing::new(key.to_owned()),
            ),
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| unsendable())?;
        value.set_sensitive(true);
        Ok(Self::Key(scheme, name, value))
    }

    /// Credentials made for each request.
    pub fn custom(authorize: impl Authorize) -> Self {
        Self::Custom(Custom(Arc::new(authorize)))
    }

    /// Takes out of `error` what a provider repeated of these credentials, or of the call's own key.
    pub(crate) fn hide(&self, own: Option<&Secret>, error: &mut Error) {
        let own = own.map(|key| key.expose().trim_end());
        own.into_iter()
            .chain(self.secret())
            .for_each(|secret| error.redact(secret));
    }

    /// What was made for this request alone and a provider must not repeat to us: the headers that are
    /// marked as sensitive.
    pub(crate) fn made_for(&self, request: &Request<Body>) -> Vec<HeaderValue> {
        match self {
            Self::Custom(_) => {
                let values = request.headers().values();
                values
                    .filter(|value| value.is_sensitive())
                    .cloned()
                    .collect()
            }
            Self::None(_) | Self::Key(..) => Vec::new(),
        }
    }

    /// What a provider must not repeat to us.
    fn secret(&self) -> Option<&str> {
        match self {
            Self::Key(_, _, value) => value
                .to_str()
                .ok()
                .map(|value| value.strip_prefix("Bearer ").unwrap_or(value)),
            Self::None(_) | Self::Custom(_) => None,
        }
    }

    /// Puts them onto `request`; those of `key` instead, if there is one.
    pub(crate) async fn apply(
        &self,
        request: &mut Request<Body>,
        key: Option<&Secret>,
    ) -> Result<()> {
        let swapped = match (key, self) {
            (Some(key), Self::None(scheme) | Self::Key(scheme, ..)) => {
                Self::of(*scheme, Some(key))?
            }
            (Some(key), Self::Custom(_)) => Self::of(AuthScheme::Bearer, Some(key))?,
            (None, own) => return own.put(request).await,
        };
        swapped.put(request).await
    }

    /// Puts them into the address of `request`, for somebody else.
    pub(crate) async fn presign(
        &self,
        request: &mut Request<Body>,
        lasts: Duration,
        key: Option<&Secret>,
    ) -> Result<()> {
        match self {
            Self::Custom(custom) if key.is_none() => custom.0.presign(request, lasts).await,
            // A key in an address would be the key itself, for ever.
            _ => Err(no_addresses()),
        }
    }

    async fn put(&self, request: &mut Request<Body>) -> Result<()> {
        match self {
            Self::None(_) => {}
            Self::Key(_, name, value) => {
                request.headers_mut().insert(name.clone(), value.clone());
            }
            Self::Custom(custom) => custom.0.authorize(request).await?,
        }
        Ok(())
    }
}

/// What of `key` is sent: without the newline that a file or a shell leaves at its end.
///
/// # Errors
///
/// It is empty, or has characters that no header carries. The error does not hold it.
fn check_key(key: &str) -> Result<&str> {
    let key = key
        .strip_suffix('\n')
        .map_or(key, |key| key.strip_suffix('\r').unwrap_or(key));
    if key.is_empty() {
        return Err(Error::config("the key is empty; give one, or none at all"));
    }
    if key.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        Ok(key)
    } else {
        Err(unsendable())
    }
}

fn no_addresses() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "this account makes no addresses for others: it signs nothing",
    )
}

fn unsendable() -> Error {
    Error::config(
        "the key has line breaks, control characters or characters beyond ASCII; was it pasted whole?",
    )
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None(_) => "Auth::None",
            Self::Key(..) => "Auth::Key(***)",
            Self::Custom(_) => "Auth::Custom",
        })
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Custom")
    }
}

trait Erased: Send + Sync {
    fn authorize<'a>(
        &'a self,
        request: &'a mut Request<Body>,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

    fn presign<'a>(
        &'a self,
        request: &'a mut Request<Body>,
        lasts: Duration,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;
}

impl<A: Authorize> Erased for A {
    fn authorize<'a>(
        &'a self,
        request: &'a mut Request<Body>,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
        Box::pin(Authorize::authorize(self, request))
    }

    fn presign<'a>(
        &'a self,
        request: &'a mut Request<Body>,
        lasts: Duration,
    ) -> Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>> {
        Box::pin(Authorize::presign(self, request, lasts))
    }
}
