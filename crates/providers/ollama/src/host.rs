//! Where the server is, as Ollama's own variable says it.

use std::net::IpAddr;

use trunkline_core::{Error, Result};

/// The base URL of the server that `OLLAMA_HOST` names, in any of the forms that Ollama takes: a
/// host, a port behind it, a scheme before it. Where it tells the server to listen everywhere, it
/// is asked on this machine.
///
/// <https://docs.ollama.com/faq>
///
/// # Errors
///
/// [`Config`](trunkline_core::ErrorKind::Config): it names another scheme than `http` or `https`,
/// or a port that is none.
///
/// ```
/// use trunkline_ollama::base_url;
///
/// assert_eq!(base_url("0.0.0.0")?, "http://127.0.0.1:11434/api");
/// assert_eq!(base_url("gpu.local:9000")?, "http://gpu.local:9000/api");
/// assert_eq!(base_url("https://ollama.com")?, "https://ollama.com/api");
/// # Ok::<(), trunkline_core::Error>(())
/// ```
pub fn base_url(host: &str) -> Result<String> {
    let host = host.trim();
    let (scheme, rest) = match host.split_once("://") {
        Some((scheme @ ("http" | "https"), rest)) => (scheme, rest),
        Some(_) => {
            return Err(Error::config("the host's scheme is neither http nor https"));
        }
        // Ollama's cloud has no other way in.
        None if host == "ollama.com" => return Ok("https://ollama.com/api".to_owned()),
        None => ("http", host),
    };
    let has_scheme = rest.len() < host.len();
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (name, port) = parts(authority);
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(Error::config("the host's port is none"));
    }
    let name = match name.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) if ip.is_unspecified() => "127.0.0.1".to_owned(),
        Ok(IpAddr::V6(ip)) if ip.is_unspecified() => "[::1]".to_owned(),
        Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
        _ if name.is_empty() => "127.0.0.1".to_owned(),
        _ => name.to_owned(),
    };
    // Where a scheme was given, its own port is meant.
    let port = port.or((!has_scheme).then_some("11434"));
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    let path = path.trim_matches('/');
    let between = if path.is_empty() { "" } else { "/" };
    Ok(format!("{scheme}://{name}{port}{between}{path}/api"))
}

/// A host and its port. An address with colons in it may stand in brackets, and without a port need
/// not.
fn parts(authority: &str) -> (&str, Option<&str>) {
    if let Some(rest) = authority.strip_prefix('[') {
        let (name, port) = rest.split_once(']').unwrap_or((rest, ""));
        return (name, port.strip_prefix(':'));
    }
    match authority.split_once(':') {
        Some((name, port)) if !port.contains(':') => (name, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_variable_is_a_base_url() {
        for (host, expected) in [
            ("", "http://127.0.0.1:11434/api"),
            ("example.com", "http://example.com:11434/api"),
            ("example.com:80", "http://example.com:80/api"),
            (":1234", "http://127.0.0.1:1234/api"),
            ("0.0.0.0:1234", "http://127.0.0.1:1234/api"),
            ("http://example.com", "http://example.com/api"),
            ("https://example.com/", "https://example.com/api"),
            (
                "https://example.com:8443/a/b/",
                "https://example.com:8443/a/b/api",
            ),
            ("::", "http://[::1]:11434/api"),
            ("[::1]:99", "http://[::1]:99/api"),
            ("fd00::7", "http://[fd00::7]:11434/api"),
            ("ollama.com", "https://ollama.com/api"),
        ] {
            assert_eq!(base_url(host).unwrap(), expected, "{host}");
        }
    }

    #[test]
    fn what_cannot_be_a_host_is_refused_without_being_shown() {
        for host in ["ftp://hunter2", "hunter2:port", "http://hunter2:99999"] {
            let error = base_url(host).unwrap_err();
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }
}
