//! Which URLs are fetched at all, and where a redirect leads.

use std::net::{IpAddr, Ipv4Addr};

use http::{Uri, uri::Scheme};

use crate::{TransportError, TransportErrorKind};

/// A URL that may be fetched, as far as its text tells.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) uri: Uri,
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Target {
    /// `port_allowed` is asked for all ports but 443.
    pub(super) fn parse(
        url: &str,
        port_allowed: impl FnOnce(u16) -> bool,
    ) -> Result<Self, TransportError> {
        if scheme(url).is_none_or(|scheme| !scheme.eq_ignore_ascii_case("https")) {
            return Err(refused("only https URLs are fetched".to_owned()));
        }
        let uri = url.parse::<Uri>().ok();
        // What looks like a scheme may be a host to this parser: `https:8080`.
        let uri = uri.filter(|uri| uri.scheme() == Some(&Scheme::HTTPS));
        let uri = uri.ok_or_else(|| {
            let how = "a host is written in ASCII (punycode), all else percent-encoded";
            refused(format!("what should be fetched is no URL: {how}"))
        })?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        if authority.contains('@') {
            return Err(refused(
                "a URL with a name or password is not fetched".to_owned(),
            ));
        }
        let named = uri.host().unwrap_or_default();
        let bracketed = named
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = bracketed.unwrap_or(named).to_ascii_lowercase();
        let sound = match bracketed {
            Some(_) => host
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_ipv6()),
            None => is_name(&host) && (!ends_in_number(&host) || host.parse::<Ipv4Addr>().is_ok()),
        };
        if !sound {
            return Err(refused(
                "the URL's host is neither a name nor a plain address".to_owned(),
            ));
        }
        // An empty port, or one above 65535, is no port at all for `Uri`.
        let written = authority.strip_prefix(named).unwrap_or_default();
        let port = match written.strip_prefix(':') {
            None => Some(443),
            Some(port) => port.parse().ok(),
        };
        match port {
            Some(port) if port == 443 || port_allowed(port) => Ok(Self { uri, host, port }),
            _ => Err(refused(format!(
                "{host}: only port 443 is fetched from; allow others with `allow_port`"
            ))),
        }
    }

    /// Where `location` leads from here (RFC 3986 5.2). It is to be parsed like any other URL.
    pub(super) fn join(&self, location: &str) -> String {
        let location = location.split('#').next().unwrap_or_default();
        let authority = self
            .uri
            .authority()
            .map_or("", |authority| authority.as_str());
        let path = self.uri.path();
        if scheme(location).is_some() {
            location.to_owned()
        } else if location.starts_with("//") {
            format!("https:{location}")
        } else if location.starts_with('/') {
            format!("https://{authority}{}", without_dots(location))
        } else if location.is_empty() || location.starts_with('?') {
            format!("https://{authority}{path}{location}")
        } else {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let joined = format!("{folder}/{location}");
            format!("https://{authority}{}", without_dots(&joined))
        }
    }
}

/// What stands before a colon and looks like a scheme.
fn scheme(url: &str) -> Option<&str> {
    let (scheme, _) = url.split_once(':')?;
    let mut bytes = scheme.bytes();
    let begins = bytes.next()?.is_ascii_alphabetic();
    let goes_on = bytes.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    (begins && goes_on).then_some(scheme)
}

fn is_name(host: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !host.is_empty() && host.len() <= 253 && host.bytes().all(known)
}

/// Resolvers take `2130706433`, `0x7f.1` and `0177.0.0.1` for addresses; no name ends so.
fn ends_in_number(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_hex = last
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    is_hex || (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()))
}

fn without_dots(path_and_query: &str) -> String {
    let (path, query) = match path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path_and_query, None),
    };
    let mut kept: Vec<&str> = Vec::new();
    let mut ends_open = false;
    for segment in path.split('/').skip(1) {
        ends_open = matches!(segment, "." | "..");
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let mut clean: String = kept.iter().flat_map(|segment| ["/", segment]).collect();
    if ends_open || clean.is_empty() {
        clean.push('/');
    }
    if let Some(query) = query {
        clean.push('?');
        clean.push_str(query);
    }
    clean
}

/// Nothing was sent to anybody.
pub(super) fn refused(message: String) -> TransportError {
    TransportError::new(TransportErrorKind::Config, message)
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn a_redirect_leads_where_a_browser_would_go() {
        let base = Target::parse("https://a.example/b/c/d?q", |_| false).expect("a target");
        for (location, url) in [
            ("https://b.example/x#y", "https://b.example/x"),
            ("//b.example/x", "https://b.example/x"),
            ("/x/../y?../z", "https://a.example/y?../z"),
            ("g", "https://a.example/b/c/g"),
            ("./g/.", "https://a.example/b/c/g/"),
            ("../g", "https://a.example/b/g"),
            ("../../../../g", "https://a.example/g"),
            ("..", "https://a.example/b/"),
            ("?x", "https://a.example/b/c/d?x"),
            ("http://b.example/", "http://b.example/"),
            ("file:///etc/passwd", "file:///etc/passwd"),
            ("data:image/png,x", "data:image/png,x"),
        ] {
            assert_eq!(base.join(location), url, "{location}");
        }
    }
}
