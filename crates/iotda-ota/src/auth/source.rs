//! What a source of credentials is, and why one gives nothing.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::{Credentials, SourceHttp};

/// A boxed future, as the methods of [`CredentialsSource`] return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where credentials come from.
///
/// The client asks a source once, shares what it gives among all calls, and asks again shortly before it expires, and
/// once when the service answered 401. Each time it is asked in a task of its own, which no call ends that gives up
/// waiting: it ends with the client, or when the source has given nothing within twice the time of an attempt and a
/// minute at least.
///
/// ```
/// use iotda_ota::{BoxFuture, Client, Credentials, CredentialsSource, SourceError, SourceHttp};
///
/// /// Reads an IAM token that another program keeps fresh in a file.
/// struct TokenFile(std::path::PathBuf);
///
/// impl CredentialsSource for TokenFile {
///     fn name(&self) -> &str {
///         "token file"
///     }
///
///     fn fetch<'a>(&'a self, _: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
///         Box::pin(async {
///             let token = std::fs::read_to_string(&self.0).map_err(|error| SourceError::Absent(error.to_string()))?;
///             Ok(Credentials::token(token.trim()))
///         })
///     }
/// }
/// # fn main() -> Result<(), iotda_ota::Error> {
/// let client = Client::builder().region("cn-north-4").credentials(TokenFile("/run/iotda/token".into())).build()?;
/// # let _ = client; Ok(()) }
/// ```
///
/// [`Password`](crate::Password) and [`Metadata`](crate::Metadata) are sources, and [`Chain`](crate::Chain) asks one
/// after the other.
pub trait CredentialsSource: Send + Sync + 'static {
    /// What messages call it, such as `environment`.
    fn name(&self) -> &str;

    /// Fetches credentials.
    ///
    /// # Errors
    ///
    /// [`SourceError::Absent`] if it has none, so that a chain asks the next one. Any other error ends a chain, so that
    /// nobody works with the credentials of another source by mistake.
    fn fetch<'a>(&'a self, http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>>;

    /// How long before they expire new ones are fetched.
    fn refresh_ahead(&self) -> Duration {
        Duration::from_secs(10 * 60)
    }
}

/// Why a source gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceError {
    /// It has no credentials; the text says what was looked for.
    Absent(String),
    /// It should have some but they cannot be used; the text says why and what to do.
    Broken(String),
    /// It asked a service, which refused.
    Refused(Reason),
    /// It asked a service, which could not be reached or failed; asking again may help.
    Unavailable(Reason),
    /// It asked a service, which answered something that is no use, such as a page of somebody else, and would again.
    Unintelligible(Reason),
}

/// What happened when a source asked a service.
///
/// ```
/// use iotda_ota::{Reason, SourceError};
///
/// let reason = Reason::new("the vault is sealed").with_hint("ask the keeper of the vault to open it");
/// assert_eq!(SourceError::Unavailable(reason).to_string(), "the vault is sealed");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    text: String,
    hint: Option<String>,
    status: Option<u16>,
    retry_after: Option<Duration>,
}

impl Reason {
    /// What happened, in words.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), hint: None, status: None, retry_after: None }
    }

    /// Adds what to do about it.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the HTTP status that the service answered with.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds how long the service asks to wait before it is asked again (`Retry-After`).
    pub fn with_retry_after(mut self, delay: impl Into<Option<Duration>>) -> Self {
        self.retry_after = delay.into();
        self
    }

    /// The same in other words.
    fn changed(self, change: impl FnOnce(String) -> String) -> Self {
        Self { text: change(self.text), ..self }
    }

    /// What to do about it, if that is known.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The HTTP status that the service answered with, if it did.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// How long the service asks to wait before it is asked again, if it does.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl SourceError {
    /// How long the service that was asked wants to be left alone, if it says so.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Absent(_) | Self::Broken(_) => None,
            Self::Refused(reason) | Self::Unavailable(reason) | Self::Unintelligible(reason) => reason.retry_after(),
        }
    }

    /// The same, beginning with the name of the source.
    pub(crate) fn of(self, source: &str) -> Self {
        let name = |text: String| format!("{source}: {text}");
        match self {
            Self::Absent(text) => Self::Absent(name(text)),
            Self::Broken(text) => Self::Broken(name(text)),
            Self::Refused(reason) => Self::Refused(reason.changed(name)),
            Self::Unavailable(reason) => Self::Unavailable(reason.changed(name)),
            Self::Unintelligible(reason) => Self::Unintelligible(reason.changed(name)),
        }
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(text) | Self::Broken(text) => f.write_str(text),
            Self::Refused(reason) | Self::Unavailable(reason) | Self::Unintelligible(reason) => reason.fmt(f),
        }
    }
}

impl std::error::Error for SourceError {}
