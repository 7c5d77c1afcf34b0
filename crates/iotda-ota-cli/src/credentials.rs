//! Sources of credentials around the library's chain: one that remembers what the user should know, and one for
//! what sources have said already.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use iotda_ota::{BoxFuture, Chain, Credentials, CredentialsSource, SourceError, SourceHttp};

/// What the user should know about the credentials that are used, each thing once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notices(Arc<Mutex<Vec<String>>>);

impl Notices {
    pub(crate) fn add(&self, credentials: &Credentials) {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for text in credentials.warnings() {
            if !texts.contains(text) {
                texts.push(text.clone());
            }
        }
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A chain whose warnings are remembered.
#[derive(Debug)]
pub(crate) struct Watched {
    chain: Chain,
    notices: Notices,
}

impl Watched {
    pub(crate) fn new(chain: Chain, notices: Notices) -> Self {
        Self { chain, notices }
    }
}

impl CredentialsSource for Watched {
    fn name(&self) -> &str {
        self.chain.name()
    }

    fn fetch<'a>(&'a self, http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(async move {
            let credentials = self.chain.fetch(http).await?;
            self.notices.add(&credentials);
            Ok(credentials)
        })
    }

    fn refresh_ahead(&self) -> Duration {
        self.chain.refresh_ahead()
    }
}

/// What sources gave a moment ago, so that they need not be asked again.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) source: String,
    pub(crate) result: Result<Credentials, SourceError>,
}

impl CredentialsSource for Found {
    fn name(&self) -> &str {
        &self.source
    }

    fn fetch<'a>(&'a self, _http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(async move { self.result.clone() })
    }
}
