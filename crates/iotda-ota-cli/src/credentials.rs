//! Sources of credentials around the library's chain: one that remembers what the user should know, and one that also
//! keeps what each source said.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use iotda_ota::{BoxFuture, Chain, Credentials, CredentialsSource, Finding, SourceError, SourceHttp};

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

/// A chain that keeps what each of its sources said when it was last explored.
#[derive(Debug)]
pub(crate) struct Explored {
    chain: Chain,
    findings: Findings,
    notices: Notices,
}

/// What each source of a chain said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings(Arc<Mutex<Vec<Finding>>>);

impl Findings {
    pub(crate) fn all(&self) -> Vec<Finding> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Explored {
    pub(crate) fn new(chain: Chain, findings: Findings, notices: Notices) -> Self {
        Self { chain, findings, notices }
    }
}

impl CredentialsSource for Explored {
    fn name(&self) -> &str {
        self.chain.name()
    }

    fn fetch<'a>(&'a self, http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        Box::pin(async move {
            // Whoever had credentials is asked alone from then on.
            if self.chain.winner().is_some() {
                return self.chain.fetch(http).await;
            }
            let findings = self.chain.explore(http).await;
            findings.clone_into(&mut self.findings.0.lock().unwrap_or_else(PoisonError::into_inner));
            let credentials = Chain::conclude(findings)?;
            self.notices.add(&credentials);
            Ok(credentials)
        })
    }

    fn refresh_ahead(&self) -> Duration {
        self.chain.refresh_ahead()
    }
}
