//! What a client lends to its sources of credentials.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::SourceError;
use crate::error::Error;
use crate::model::ProjectId;
use crate::spans::Course;
use crate::transport::Clients;

/// What a client lends to its sources.
///
/// ```
/// use iotda_ota::SourceHttp;
///
/// # #[cfg(feature = "rustls")]
/// # let _ = rustls::crypto::ring::default_provider().install_default();
/// let http = SourceHttp::new(reqwest::Client::new());
/// let address = "https://vault.example".parse()?;
/// let request = http.client(&address)?.get(address);
/// # let _ = request; Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SourceHttp {
    pub(super) clients: Arc<Clients>,
    /// The address of IAM, if one was given.
    pub iam_endpoint: Option<Url>,
    /// The region of the client, if it is known.
    pub region: Option<String>,
    /// The project of the client, if it is known.
    pub project_id: Option<ProjectId>,
    /// How long one request may take.
    pub timeout: Duration,
    /// Whether credentials may go to other machines over plain `http`.
    pub plain_http: bool,
    /// The attempt for which credentials are fetched, so that what is told of the requests says which one it is.
    pub(super) course: Course,
}

impl SourceHttp {
    /// Lends this HTTP client and nothing else. One request may take a minute, and plain `http` is for this machine.
    pub fn new(client: reqwest::Client) -> Self {
        Self::of(Arc::new(Clients::given(client)), Duration::from_secs(60))
    }

    pub(crate) fn of(clients: Arc<Clients>, timeout: Duration) -> Self {
        let course = Course::first();
        Self { clients, iam_endpoint: None, region: None, project_id: None, timeout, plain_http: false, course }
    }

    /// The same for this attempt.
    pub(super) fn with_course(&self, course: Course) -> Self {
        Self { course, ..self.clone() }
    }

    /// The HTTP client for an address of the provider: proxies and certificates as configured.
    ///
    /// # Errors
    ///
    /// [`SourceError::Broken`] if there can be none, such as when the machine has no certificates.
    pub fn client(&self, url: &Url) -> Result<&reqwest::Client, SourceError> {
        self.clients.usual(url).map_err(broken)
    }

    /// The HTTP client for the metadata address and the like: never through a proxy.
    ///
    /// # Errors
    ///
    /// Those of [`client`](Self::client).
    pub fn direct(&self, url: &Url) -> Result<&reqwest::Client, SourceError> {
        self.clients.direct(url).map_err(broken)
    }
}

fn broken(error: Error) -> SourceError {
    let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
    SourceError::Broken(format!("{error}{hint}"))
}
