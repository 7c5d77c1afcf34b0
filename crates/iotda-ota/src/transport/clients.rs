//! HTTP clients, each made when it is first needed.
//!
//! Making one that can speak TLS reads all certificates of the platform, which takes longer than the rest of a start.
//! So an address with `http://` gets a client that trusts nobody, and nothing is made for addresses that are not asked.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::Proxy;
use url::Url;

use super::trust::Trust;
use super::{Options, proxies};
use crate::error::{Error, ErrorKind};

/// The clients of one [`Client`](crate::Client).
pub(crate) struct Clients {
    recipe: Recipe,
    /// The one that the program gave. It serves every address but those that no proxy may see.
    given: Option<reqwest::Client>,
    usual: Pair,
    direct: Pair,
}

/// A client without trust in anybody, and one with.
#[derive(Default)]
struct Pair {
    plain: OnceLock<reqwest::Client>,
    secure: OnceLock<reqwest::Client>,
}

/// What clients are made of. Everything that can be wrong about it is found when it is written down.
struct Recipe {
    connect_timeout: Duration,
    proxies: Vec<Proxy>,
    /// Whether even `http://` needs TLS, on the way to a proxy.
    secure_proxy: bool,
    trust: Trust,
}

impl Clients {
    /// Clients with these options, or the given one; `attempt` is the limit on one attempt of a call.
    pub(crate) fn new(options: &Options, attempt: Duration, given: Option<reqwest::Client>) -> Result<Self, Error> {
        let (proxies, secure_proxy) = match given.is_some() || options.no_proxy {
            true => (Vec::new(), false),
            false => proxies::of(|name| std::env::var(name).ok())?,
        };
        // A connection that is not there in time has to be told from a call that is not answered in time.
        let connect_timeout = options.connect_timeout.min(attempt.mul_f64(0.9));
        let trust = Trust::read(&options.ca_certificates)?;
        Ok(Self::made_of(Recipe { connect_timeout, proxies, secure_proxy, trust }, given))
    }

    /// The given client for everything but direct requests, which have usual limits.
    pub(crate) fn given(client: reqwest::Client) -> Self {
        let connect_timeout = Options::default().connect_timeout;
        let recipe = Recipe { connect_timeout, proxies: Vec::new(), secure_proxy: false, trust: Default::default() };
        Self::made_of(recipe, Some(client))
    }

    fn made_of(recipe: Recipe, given: Option<reqwest::Client>) -> Self {
        Self { recipe, given, usual: Pair::default(), direct: Pair::default() }
    }

    /// The client for an address.
    pub(crate) fn usual(&self, url: &Url) -> Result<&reqwest::Client, Error> {
        if let Some(given) = &self.given {
            return Ok(given);
        }
        let secure = self.recipe.secure_proxy || is_secure(url);
        self.usual.get(secure, || self.recipe.client(&self.recipe.proxies, secure))
    }

    /// The client for an address that no proxy may see, such as that of the metadata service.
    pub(crate) fn direct(&self, url: &Url) -> Result<&reqwest::Client, Error> {
        let secure = is_secure(url);
        self.direct.get(secure, || self.recipe.client(&[], secure))
    }
}

fn is_secure(url: &Url) -> bool {
    url.scheme() != "http"
}

impl Pair {
    fn get(
        &self,
        secure: bool,
        make: impl FnOnce() -> Result<reqwest::Client, Error>,
    ) -> Result<&reqwest::Client, Error> {
        let place = if secure { &self.secure } else { &self.plain };
        if let Some(client) = place.get() {
            return Ok(client);
        }
        // Two callers at once may both make one; the first that is kept serves both.
        let made = make()?;
        Ok(place.get_or_init(|| made))
    }
}

impl Recipe {
    fn client(&self, proxies: &[Proxy], secure: bool) -> Result<reqwest::Client, Error> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("iotda-ota/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            .no_proxy();
        for proxy in proxies {
            builder = builder.proxy(proxy.clone());
        }
        let made = self.trust.applied(builder, secure).build();
        made.map_err(|error| {
            Error::new(ErrorKind::Configuration, "the HTTP client cannot be made")
                .with_source(error)
                .with_hint("see that the certificates of this machine are installed, or give a CA file")
        })
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clients() -> Clients {
        Clients::new(&Options { no_proxy: true, ..Options::default() }, Duration::from_secs(1), None).unwrap()
    }

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn nothing_is_made_before_it_is_needed_and_each_only_once() {
        let clients = clients();
        let made = |pair: &Pair| (pair.plain.get().is_some(), pair.secure.get().is_some());
        assert_eq!((made(&clients.usual), made(&clients.direct)), ((false, false), (false, false)));
        let first: *const _ = clients.usual(&url("http://127.0.0.1:1")).unwrap();
        assert_eq!((made(&clients.usual), made(&clients.direct)), ((true, false), (false, false)));
        assert_eq!(clients.usual(&url("http://other.example")).unwrap() as *const _, first);
        clients.direct(&url("http://169.254.169.254")).unwrap();
        assert_eq!((made(&clients.usual), made(&clients.direct)), ((true, false), (true, false)));
    }

    #[cfg(feature = "rustls")]
    #[test]
    fn an_address_that_needs_certificates_gets_a_client_that_has_them() {
        let clients = clients();
        clients.usual(&url("https://iotda.example")).unwrap();
        assert!(clients.usual.secure.get().is_some() && clients.usual.plain.get().is_none());
    }

    #[test]
    fn a_given_client_serves_every_address_but_direct_ones() {
        #[cfg(feature = "rustls")]
        let _ = rustls::crypto::ring::default_provider().install_default();
        let clients = Clients::given(reqwest::Client::builder().no_proxy().build().unwrap());
        let one: *const _ = clients.usual(&url("http://127.0.0.1:1")).unwrap();
        assert_eq!(clients.usual(&url("https://iotda.example")).unwrap() as *const _, one);
        assert_ne!(clients.direct(&url("http://127.0.0.1:1")).unwrap() as *const _, one);
    }
}
