//! The HTTP clients underneath: TLS, proxies, time limits.
//!
//! [`Clients`] makes them; `proxies` reads the environment, `trust` certificates. Redirects are never followed, so
//! credentials go only where they were meant to. The limit on connecting is set here; the one on an IoTDA call is in
//! `call`, the one on silence of OBS in `obs::watch`: the HTTP client's own limit on reading would count the time of an
//! upload.

use std::time::Duration;

mod clients;
mod proxies;
mod trust;

pub(crate) use clients::Clients;

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
