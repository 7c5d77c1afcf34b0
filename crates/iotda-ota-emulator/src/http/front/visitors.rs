//! Which requests come from programs and which from a web page that a browser shows: the latter are refused.
//!
//! Anybody's page can make a browser send requests to a loopback address. Two headers that pages cannot forge tell:
//!
//! - `Host` is the name in the address. A page that points a name of its own at the loopback address (DNS rebinding) shows
//!   that name here, so only names that nobody else can own are accepted.
//! - `Origin` is the page's own address, and `Sec-Fetch-Site` says whether the page is from elsewhere.

use std::net::{IpAddr, Ipv6Addr};

use http::header::{HOST, ORIGIN};
use http::request::Parts;

use crate::rejection::{Code, Rejection};

/// The names of the service itself, for those who let them point at the emulator.
const OFFICIAL: [&str; 2] = ["myhuaweicloud.com", "huaweicloud.com"];

/// Refuses a request whose host is not one of the emulator's names, or that a page from elsewhere sends.
pub(super) fn check(parts: &Parts, allowed: &[String]) -> Result<(), Rejection> {
    for host in
        [parts.headers.get(HOST).map(|host| host.as_bytes()), parts.uri.authority().map(|a| a.as_str().as_bytes())]
            .into_iter()
            .flatten()
    {
        let host = String::from_utf8_lossy(host);
        if !is_own(name_of(&host), allowed) {
            return Err(Rejection::new(
                Code::UnknownHost,
                format!(
                    "The emulator does not answer requests for the host {host:?}, so that no web page can use it; if this \
                     is a name of it, allow it (--allow-host {})",
                    name_of(&host)
                ),
            ));
        }
    }
    let text = |name| parts.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let from_elsewhere = text(ORIGIN.as_str()).is_some_and(|origin| {
        let host = origin.split_once("://").map(|(_, host)| name_of(host));
        !host.is_some_and(|host| is_local(host) || is_listed(host, allowed))
    });
    if from_elsewhere || text("sec-fetch-site").is_some_and(|site| site.eq_ignore_ascii_case("cross-site")) {
        return Err(Rejection::new(
            Code::ForeignOrigin,
            "The request comes from a web page of another origin, and the emulator answers programs only",
        ));
    }
    Ok(())
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    if host.starts_with('[') {
        return host.split_inclusive(']').next().unwrap_or(host);
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// A name that cannot be somebody else's: an address cannot be pointed anywhere.
fn is_own(host: &str, allowed: &[String]) -> bool {
    address(host).is_some()
        || is_local(host)
        || OFFICIAL.iter().any(|name| is_at_or_below(host, name))
        || is_listed(host, allowed)
}

/// A name of this machine, or an address that is only reached from it.
fn is_local(host: &str) -> bool {
    address(host).is_some_and(|address| address.is_loopback()) || is_at_or_below(host, "localhost")
}

fn is_listed(host: &str, allowed: &[String]) -> bool {
    allowed.iter().any(|name| is_at_or_below(host, name))
}

fn address(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => host.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

fn is_at_or_below(host: &str, name: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).as_bytes();
    let name = name.as_bytes();
    let Some(rest) = host.len().checked_sub(name.len()) else { return false };
    host[rest..].eq_ignore_ascii_case(name) && (rest == 0 || host[rest - 1] == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(headers: &[(&str, &str)], uri: &str) -> Option<Code> {
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let parts = request.body(()).unwrap().into_parts().0;
        check(&parts, &["emulator.test".to_owned()]).err().map(|rejection| rejection.code)
    }

    #[test]
    fn hosts_of_its_own_are_answered() {
        for host in [
            "localhost",
            "LOCALHOST:8790",
            "localhost.:8790",
            "127.0.0.1:8790",
            "[::1]:8790",
            "[::1]",
            "192.0.2.7",
            "fw.localhost:8791",
            "emulator.test",
            "fw.emulator.test:8791",
            "fw.obs.cn-north-4.myhuaweicloud.com",
        ] {
            assert_eq!(code(&[("host", host)], "/"), None, "{host}");
        }
        assert_eq!(code(&[], "/"), None, "HTTP/1.0 has no host, and no browser speaks it");
    }

    #[test]
    fn names_that_others_can_own_are_refused() {
        for host in
            ["example.com", "localhost.example.com", "notlocalhost", "xemulator.test", "127.0.0.1.example.com", ""]
        {
            assert_eq!(code(&[("host", host)], "/"), Some(Code::UnknownHost), "{host}");
        }
        assert_eq!(code(&[("host", "localhost")], "http://example.com/"), Some(Code::UnknownHost));
    }

    #[test]
    fn pages_from_elsewhere_are_refused() {
        let with = |name, value| code(&[("host", "localhost"), (name, value)], "/");
        for origin in ["http://localhost:3000", "http://127.0.0.1", "http://[::1]:1", "https://emulator.test"] {
            assert_eq!(with("origin", origin), None, "{origin}");
        }
        for origin in ["https://example.com", "null", "", "http://192.0.2.7", "http://localhost.example.com:80"] {
            assert_eq!(with("origin", origin), Some(Code::ForeignOrigin), "{origin}");
        }
        assert_eq!(with("sec-fetch-site", "cross-site"), Some(Code::ForeignOrigin));
        assert_eq!(with("sec-fetch-site", "same-origin"), None);
    }
}
