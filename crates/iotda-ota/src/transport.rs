//! The HTTP client underneath: TLS, proxies, time limits.
//!
//! Redirects are never followed, so credentials go only where they were meant to. The limit on connecting is set here;
//! the one on an IoTDA call is in `call`, the one on silence of OBS in `obs::watch`: the HTTP client's own limit on
//! reading would count the time of an upload.

use std::time::Duration;

use reqwest::{NoProxy, Proxy};

use crate::error::{Error, ErrorKind};

/// Hosts that a proxy never sees: this machine, and the metadata address of cloud servers.
const NEVER_PROXIED: &str = "localhost,127.0.0.0/8,::1,169.254.169.254";

/// How connections are made.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) ca_certificates: Vec<Vec<u8>>,
    pub(crate) no_proxy: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            ca_certificates: Vec::new(),
            no_proxy: false,
        }
    }
}

/// Makes the client; `attempt` is the limit on one attempt of a call.
pub(crate) fn client(options: &Options, attempt: Duration) -> Result<reqwest::Client, Error> {
    // A connection that is not there in time has to be told from a call that is not answered in time.
    let connect_timeout = options.connect_timeout.min(attempt.mul_f64(0.9));
    let builder = reqwest::Client::builder()
        .user_agent(concat!("iotda-ota/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(connect_timeout);
    let builder = proxies(builder, |name| std::env::var(name).ok().filter(|_| !options.no_proxy))?;
    let builder = trust(builder, &options.ca_certificates)?;
    builder
        .build()
        .map_err(|error| Error::new(ErrorKind::Configuration, "the HTTP client cannot be made").with_source(error))
}

/// Takes the proxies from the environment, in the way that curl and the official SDKs made usual.
fn proxies(
    mut builder: reqwest::ClientBuilder,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<reqwest::ClientBuilder, Error> {
    let first = |names: &[&str]| {
        let found = names.iter().find_map(|name| variable(name).map(|value| ((*name).to_owned(), value)));
        found.filter(|(_, value)| !value.trim().is_empty())
    };
    let exceptions = first(&["NO_PROXY", "no_proxy"]).map_or_else(String::new, |(_, value)| format!("{value},"));
    let exceptions = NoProxy::from_string(&format!("{exceptions}{NEVER_PROXIED}"));
    builder = builder.no_proxy();
    let proxy = |names: &[&str], make: fn(String) -> reqwest::Result<Proxy>| match first(names) {
        None => Ok(None),
        Some((name, value)) => match Some(value).filter(|value| is_proxy(value)).map(make) {
            Some(Ok(proxy)) => Ok(Some(proxy.no_proxy(exceptions.clone()))),
            // The value may hold a password, so the message does not show it.
            _ => Err(Error::new(ErrorKind::Configuration, format!("{name} does not hold the address of a proxy"))
                .with_hint(format!("set {name} to an address such as http://proxy.example:3128, or unset it"))),
        },
    };
    let https = proxy(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"], Proxy::https)?;
    // A web server may set HTTP_PROXY from a request's header, so only the lower-case name counts for plain http.
    let http = proxy(&["http_proxy", "ALL_PROXY", "all_proxy"], Proxy::http)?;
    for proxy in [https, http].into_iter().flatten() {
        builder = builder.proxy(proxy);
    }
    Ok(builder)
}

/// True for the kinds of proxy that the HTTP client speaks; a bare host and port is a plain one.
fn is_proxy(value: &str) -> bool {
    value.split_once("://").is_none_or(|(scheme, _)| {
        ["http", "https", "socks4", "socks4a", "socks5", "socks5h"].contains(&scheme.to_ascii_lowercase().as_str())
    })
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn trust(mut builder: reqwest::ClientBuilder, pem: &[Vec<u8>]) -> Result<reqwest::ClientBuilder, Error> {
    // Only the first call in a process sets the provider; a program that chose its own keeps it.
    #[cfg(feature = "rustls")]
    let _ = rustls::crypto::ring::default_provider().install_default();
    for pem in pem {
        let certificates = reqwest::Certificate::from_pem_bundle(pem).ok().filter(|found| !found.is_empty());
        let certificates = certificates.ok_or_else(|| {
            Error::new(ErrorKind::Configuration, "the CA file holds no certificate in PEM form")
                .with_hint("give a file that holds -----BEGIN CERTIFICATE----- lines")
        })?;
        builder = builder.tls_certs_merge(certificates);
    }
    Ok(builder)
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn trust(builder: reqwest::ClientBuilder, pem: &[Vec<u8>]) -> Result<reqwest::ClientBuilder, Error> {
    if pem.is_empty() {
        return Ok(builder);
    }
    Err(Error::new(ErrorKind::Configuration, "this build has no TLS, so it can use no certificates")
        .with_hint("enable the feature rustls or native-tls of the crate iotda-ota"))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

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
        let builder = trust(reqwest::Client::builder(), &[])?;
        proxies(builder, variable).map(|builder| builder.build().unwrap())
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
    fn a_ca_file_without_a_certificate_is_refused() {
        for text in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let options = Options { ca_certificates: vec![text.as_bytes().to_vec()], ..Options::default() };
            let error = client(&options, Duration::from_secs(1)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration, "{text}");
        }
    }
}
