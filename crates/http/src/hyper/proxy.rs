//! Which proxy serves which target. Nothing is read from the environment unless asked.

use std::fmt;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::{TransportError, TransportErrorKind};

/// Proxies by the scheme of the target, and the hosts that are reached without one.
///
/// Every target is reached through a tunnel, so that no proxy sees a request or a key. The URL of
/// a proxy is `http://host:port`, `https://host:port` or, with feature `socks`,
/// `socks5://host:port`. A user name and a password may stand in it, percent-encoded; better give
/// them to [`credentials`](Self::credentials). Neither is ever shown.
///
/// ```
/// use trunkline_http::hyper::{HyperTransport, Proxy};
///
/// let proxy = Proxy::https("http://proxy.example:3128")?
///     .credentials("build", "hunter2")
///     .except("localhost, .internal.example, 10.0.0.0/8");
/// let transport = HyperTransport::builder().proxy(proxy).build()?;
/// # Ok::<(), trunkline_http::TransportError>(())
/// ```
#[derive(Clone, Default)]
pub struct Proxy {
    http: Option<Server>,
    https: Option<Server>,
    except: String,
}

#[derive(Clone)]
struct Server {
    /// Scheme with `://`, or nothing.
    scheme: String,
    /// Percent-encoded, with its `@`, or nothing.
    userinfo: String,
    authority: String,
}

impl Proxy {
    /// A proxy for `http` targets.
    ///
    /// # Errors
    ///
    /// [`Config`](TransportErrorKind::Config) if the URL is none of a proxy. It is not repeated in
    /// the message.
    pub fn http(url: &str) -> Result<Self, TransportError> {
        Ok(Self {
            http: Some(Server::parse(url, "the proxy's URL")?),
            ..Self::default()
        })
    }

    /// A proxy for `https` targets.
    ///
    /// # Errors
    ///
    /// As of [`http`](Self::http).
    pub fn https(url: &str) -> Result<Self, TransportError> {
        Ok(Self {
            https: Some(Server::parse(url, "the proxy's URL")?),
            ..Self::default()
        })
    }

    /// A proxy for every target.
    ///
    /// # Errors
    ///
    /// As of [`http`](Self::http).
    pub fn all(url: &str) -> Result<Self, TransportError> {
        let server = Server::parse(url, "the proxy's URL")?;
        Ok(Self {
            http: Some(server.clone()),
            https: Some(server),
            except: String::new(),
        })
    }

    /// Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, or the same in lower case.
    ///
    /// `vars` looks a name up: usually `|name| std::env::var(name).ok()`. Where
    /// `REQUEST_METHOD` is set, `HTTP_PROXY` is passed over: under CGI a client can set it.
    ///
    /// # Errors
    ///
    /// [`Config`](TransportErrorKind::Config) names the variable that holds no proxy's URL.
    pub fn from_env(vars: impl Fn(&str) -> Option<String>) -> Result<Self, TransportError> {
        let value = |upper: &'static str| {
            let cgi = upper == "HTTP_PROXY" && vars("REQUEST_METHOD").is_some();
            let set = |name: &str| vars(name).filter(|value| !value.trim().is_empty());
            let upper_value = if cgi { None } else { set(upper) };
            upper_value.or_else(|| set(&upper.to_ascii_lowercase()))
        };
        let server = |name: &'static str| {
            value(name)
                .map(|url| Server::parse(url.trim(), name))
                .transpose()
        };
        let all = server("ALL_PROXY")?;
        Ok(Self {
            http: server("HTTP_PROXY")?.or_else(|| all.clone()),
            https: server("HTTPS_PROXY")?.or(all),
            except: value("NO_PROXY").unwrap_or_default(),
        })
    }

    /// The name and password for the proxy, instead of those in its URL.
    #[must_use]
    pub fn credentials(mut self, user: &str, password: &str) -> Self {
        let userinfo = format!("{}:{}@", percent_encoded(user), percent_encoded(password));
        for server in [&mut self.http, &mut self.https].into_iter().flatten() {
            server.userinfo.clone_from(&userinfo);
        }
        self
    }

    /// Hosts that are reached without a proxy: names (with all below them), addresses and
    /// networks, separated by commas; `*` is every host.
    #[must_use]
    pub fn except(mut self, hosts: impl Into<String>) -> Self {
        self.except = hosts.into();
        self
    }

    pub(super) fn matcher(&self) -> Routes {
        let url = |server: &Option<Server>| server.as_ref().map(Server::url).unwrap_or_default();
        Routes(
            Matcher::builder()
                .http(url(&self.http))
                .https(url(&self.https))
                .no(self.except.as_str())
                .build(),
        )
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = |server: &Option<Server>| server.as_ref().map(|s| s.authority.clone());
        f.debug_struct("Proxy")
            .field("http", &authority(&self.http))
            .field("https", &authority(&self.https))
            .field("except", &self.except)
            .finish()
    }
}

impl Server {
    fn parse(url: &str, what: &str) -> Result<Self, TransportError> {
        let invalid = || {
            let schemes = if cfg!(feature = "socks") {
                "http, https or socks5"
            } else {
                "http or https"
            };
            TransportError::new(
                TransportErrorKind::Config,
                format!("{what} is not `scheme://host:port` with a scheme of {schemes}"),
            )
        };
        let uri = url.parse::<Uri>().map_err(|_| invalid())?;
        let scheme = match uri.scheme_str() {
            None => String::new(),
            Some(scheme @ ("http" | "https")) => format!("{scheme}://"),
            Some(scheme @ ("socks5" | "socks5h")) if cfg!(feature = "socks") => {
                format!("{scheme}://")
            }
            Some(_) => return Err(invalid()),
        };
        let authority = uri.authority().ok_or_else(invalid)?;
        let (userinfo, authority) = match authority.as_str().rsplit_once('@') {
            Some((userinfo, authority)) => (format!("{userinfo}@"), authority),
            None => (String::new(), authority.as_str()),
        };
        if uri.host().is_none_or(str::is_empty) {
            return Err(invalid());
        }
        Ok(Self {
            scheme,
            userinfo,
            authority: authority.to_owned(),
        })
    }

    fn url(&self) -> String {
        format!("{}{}{}", self.scheme, self.userinfo, self.authority)
    }
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// The proxies as one transport asks for them.
pub(super) struct Routes(Matcher);

/// The proxy for one target.
pub(super) struct Via(Intercept);

impl Routes {
    pub(super) fn via(&self, target: &Uri) -> Option<Via> {
        self.0.intercept(target).map(Via)
    }
}

impl Via {
    pub(super) fn uri(&self) -> &Uri {
        self.0.uri()
    }

    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.0.basic_auth()
    }

    #[cfg(feature = "socks")]
    pub(super) fn login(&self) -> Option<(&str, &str)> {
        self.0.raw_auth()
    }

    #[cfg(feature = "socks")]
    pub(super) fn is_socks(&self) -> bool {
        matches!(self.uri().scheme_str(), Some("socks5" | "socks5h"))
    }
}
