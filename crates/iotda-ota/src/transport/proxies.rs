//! Proxies from the environment, in the way that curl and the official SDKs made usual.

use reqwest::{NoProxy, Proxy};

use crate::error::{Error, ErrorKind};

/// Hosts that a proxy never sees: this machine, and the metadata address of cloud servers.
const NEVER_PROXIED: &str = "localhost,127.0.0.0/8,::1,169.254.169.254";

/// The proxies that the variables name, and whether one of them is spoken to over TLS.
pub(super) fn of(variable: impl Fn(&str) -> Option<String>) -> Result<(Vec<Proxy>, bool), Error> {
    let first = |names: &[&str]| {
        let found = names.iter().find_map(|name| variable(name).map(|value| ((*name).to_owned(), value)));
        found.filter(|(_, value)| !value.trim().is_empty())
    };
    let exceptions = first(&["NO_PROXY", "no_proxy"]).map_or_else(String::new, |(_, value)| format!("{value},"));
    let exceptions = NoProxy::from_string(&format!("{exceptions}{NEVER_PROXIED}"));
    let mut secure = false;
    let mut proxy = |names: &[&str], make: fn(String) -> reqwest::Result<Proxy>| match first(names) {
        None => Ok(None),
        Some((name, value)) => {
            secure |= scheme(&value).is_some_and(|scheme| scheme == "https");
            match Some(value).filter(|value| is_proxy(value)).map(make) {
                Some(Ok(proxy)) => Ok(Some(proxy.no_proxy(exceptions.clone()))),
                // The value may hold a password, so the message does not show it.
                _ => Err(Error::new(ErrorKind::Configuration, format!("{name} does not hold the address of a proxy"))
                    .with_hint(format!("set {name} to an address such as http://proxy.example:3128, or unset it"))),
            }
        }
    };
    let https = proxy(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"], Proxy::https)?;
    // A web server may set HTTP_PROXY from a request's header, so only the lower-case name counts for plain http.
    let http = proxy(&["http_proxy", "ALL_PROXY", "all_proxy"], Proxy::http)?;
    Ok(([https, http].into_iter().flatten().collect(), secure))
}

/// True for the kinds of proxy that the HTTP client speaks; a bare host and port is a plain one.
fn is_proxy(value: &str) -> bool {
    const KNOWN: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];
    scheme(value).is_none_or(|scheme| KNOWN.contains(&scheme.as_str()))
}

/// What stands before `://`.
fn scheme(value: &str) -> Option<String> {
    value.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::super::trust::Trust;
    use super::*;

    /// Listens, answers one request with 204, and tells its first line.
    async fn listener() -> (String, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let heard = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 4096];
            let count = stream.read(&mut bytes).await.unwrap();
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            let text = String::from_utf8_lossy(&bytes[..count]).into_owned();
            text.lines().next().unwrap_or_default().to_owned()
        });
        (address, heard)
    }

    fn client_with(variables: &[(&str, &str)]) -> Result<reqwest::Client, Error> {
        let variable =
            |name: &str| variables.iter().find(|(found, _)| *found == name).map(|(_, value)| (*value).to_owned());
        let (proxies, _) = of(variable)?;
        let builder = Trust::default().applied(reqwest::Client::builder().no_proxy(), false);
        Ok(proxies.into_iter().fold(builder, reqwest::ClientBuilder::proxy).build().unwrap())
    }

    #[tokio::test]
    async fn a_proxy_is_used_for_other_hosts() {
        let (proxy, heard) = listener().await;
        let client = client_with(&[("http_proxy", &proxy)]).unwrap();
        client.get("http://device.invalid/path").send().await.unwrap();
        assert_eq!(heard.await.unwrap(), "GET http://device.invalid/path HTTP/1.1");
    }

    #[tokio::test]
    async fn a_proxy_never_sees_this_machine() {
        let (server, heard) = listener().await;
        let client = client_with(&[("http_proxy", "http://127.0.0.1:1"), ("ALL_PROXY", "http://127.0.0.1:1")]).unwrap();
        client.get(format!("{server}/path")).send().await.unwrap();
        assert_eq!(heard.await.unwrap(), "GET /path HTTP/1.1");
    }

    #[tokio::test]
    async fn exceptions_of_the_environment_are_kept() {
        let (proxy, heard) = listener().await;
        let client = client_with(&[("http_proxy", &proxy), ("NO_PROXY", "device.invalid")]).unwrap();
        assert!(client.get("http://device.invalid/").send().await.unwrap_err().is_connect());
        client.get("http://other.invalid/").send().await.unwrap();
        assert_eq!(heard.await.unwrap(), "GET http://other.invalid/ HTTP/1.1");
    }

    #[test]
    fn a_proxy_that_is_no_address_is_named_without_its_value() {
        let error = client_with(&[("HTTPS_PROXY", "http://user:fake-password@[")]).unwrap_err();
        assert!(error.to_string().contains("HTTPS_PROXY") && !format!("{error:?}").contains("fake-password"));
    }

    #[test]
    fn a_kind_of_proxy_that_cannot_be_spoken_is_refused_and_the_others_are_not() {
        assert!(client_with(&[("ALL_PROXY", "ftp://127.0.0.1:1")]).is_err());
        for value in ["127.0.0.1:1", "http://127.0.0.1:1", "socks5://127.0.0.1:1", "SOCKS5h://127.0.0.1:1"] {
            assert!(client_with(&[("ALL_PROXY", value)]).is_ok(), "{value}");
        }
    }

    #[test]
    fn a_proxy_that_is_spoken_to_over_tls_is_told_apart() {
        let of = |value: &'static str| of(|name| (name == "ALL_PROXY").then(|| value.to_owned())).unwrap();
        assert!(of("HTTPS://proxy.invalid:1").1 && !of("http://proxy.invalid:1").1 && !of("proxy.invalid:1").1);
        assert_eq!(of("http://proxy.invalid:1").0.len(), 2);
    }

    proptest! {
        #[test]
        fn any_variables_are_read_without_panic_and_never_shown(
            name in "(HTTPS_PROXY|https_proxy|ALL_PROXY|all_proxy|http_proxy|NO_PROXY|no_proxy)",
            value in "([a-z0-9]{1,6}://)?(\\PC|[@?#:/.%]){0,30}", exceptions in "\\PC{0,30}",
        ) {
            let hidden = format!("{value}planted-password");
            let found = of(|asked| match asked {
                _ if asked == name => Some(hidden.clone()),
                "NO_PROXY" => Some(exceptions.clone()),
                _ => None,
            });
            match found {
                Ok((proxies, _)) => prop_assert!(proxies.len() <= 2),
                Err(error) => prop_assert!(!format!("{error:?}").contains("planted"), "{:?}", error),
            }
        }
    }
}
