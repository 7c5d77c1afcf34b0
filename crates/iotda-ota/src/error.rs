//! The error type: one opaque [`Error`] with a kind, and everything that the service said.
//!
//! Entry points: [`Error::kind`] and the predicates (`is_not_found` and the like), then the accessors for operation,
//! HTTP status, service code and message, request id, violations and hint. How an answer of any shape becomes an
//! error is in `service`, what an error tells about the course of its call in `course`.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::HeaderMap;
use jiff::SignedDuration;

use crate::retry;
use crate::validate::Violations;

mod course;
pub(crate) mod hints;
pub(crate) mod secrets;
pub(crate) mod service;

pub use course::Sought;
pub(crate) use course::Unclear;

use course::CourseOfError;
use service::ServiceError;

/// What went wrong, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The request breaks documented rules; nothing was sent.
    Invalid,
    /// The client lacks something, was given something that cannot be used, or goes through a proxy that refuses it (407):
    /// nothing was changed. Only an HTTP client of the program's own that follows redirects may have taken the
    /// request elsewhere; a create is then [`OutcomeUnknown`](Self::OutcomeUnknown).
    Configuration,
    /// The service does not know who is calling (401), or there are no credentials.
    Unauthenticated,
    /// The caller is known and may not do this (403).
    Denied,
    /// There is no such package or object (404).
    NotFound,
    /// It exists already, and the caller asked for that to be an error.
    AlreadyExists,
    /// The service understood and refused.
    Rejected,
    /// The answer is not one of this service.
    Unintelligible,
    /// The service cannot be reached, is overloaded or failed; repeating the call is safe.
    Unavailable,
    /// The request may or may not have been carried out.
    OutcomeUnknown,
    /// A package is deleted and its object is not, or not surely; repeating the call finds no package any more.
    Incomplete,
    /// What is stored or registered is not what it should be.
    Mismatch,
    /// Something else still needs what was to be deleted; nothing was done.
    InUse,
    /// Reading a local file failed on the way.
    Io,
}

/// Any failure of this crate.
///
/// ```
/// # async fn example(client: iotda_ota::Client) -> Result<(), iotda_ota::Error> {
/// match client.packages().show("28f61af50fc9452aa0ed5ea25c3cc3d3").send().await {
///     Ok(package) => println!("version {}", package.version),
///     Err(error) if error.is_not_found() => println!("no such package"),
///     Err(error) => {
///         eprintln!("{error}; request id {:?}", error.request_id());
///         return Err(error);
///     }
/// }
/// # Ok(()) }
/// ```
///
/// `Display` is one line with everything but the cause; the causes follow through
/// [`source`](std::error::Error::source).
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    operation: Option<&'static str>,
    service: ServiceError,
    violations: Violations,
    hint: Option<String>,
    course: CourseOfError,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            operation: None,
            service: ServiceError::default(),
            violations: Violations::default(),
            hint: None,
            course: CourseOfError::default(),
            source: None,
        }))
    }

    /// The error for a request that breaks rules.
    pub(crate) fn invalid(violations: Violations) -> Self {
        Self::broken("the request", violations)
    }

    /// The error for settings of a client that break rules.
    pub(crate) fn invalid_settings(violations: Violations) -> Self {
        Self::broken("the client's configuration", violations)
    }

    fn broken(what: &str, violations: Violations) -> Self {
        let message = match violations.len() {
            1 => format!("{what} breaks a rule"),
            count => format!("{what} breaks {count} rules"),
        };
        let mut error = Self::new(ErrorKind::Invalid, message);
        error.0.violations = violations;
        error
    }

    pub(crate) fn with_operation(mut self, operation: &'static str) -> Self {
        self.0.operation = Some(operation);
        self
    }

    pub(crate) fn with_service(mut self, service: ServiceError) -> Self {
        self.0.service = service;
        self
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What went wrong, in one word.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The operation that failed, as the OpenAPI document names it, such as `create_ota_package`; operations of OBS
    /// begin with `obs_`.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation
    }

    /// The HTTP status of the answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        self.0.service.status
    }

    /// The headers of the answer; empty if there was none.
    pub fn headers(&self) -> &HeaderMap {
        &self.0.service.headers
    }

    /// How long the service, or IAM when credentials were to be had, asks to wait before the call is repeated
    /// (`Retry-After`), if it does and the value can be understood.
    pub fn retry_after(&self) -> Option<Duration> {
        self.asked_elsewhere().or_else(|| retry::asked_for(self.headers()))
    }

    /// How far this machine's clock is ahead of the service's, as the answer's date tells; negative if it is behind.
    pub fn clock_difference(&self) -> Option<SignedDuration> {
        self.0.service.clock_difference
    }

    /// The service's code, such as `IOTDA.000006`. An open set: never compare with a closed list.
    pub fn error_code(&self) -> Option<&str> {
        self.0.service.error_code.as_deref()
    }

    /// The service's message, or the beginning of an answer that was no error object.
    pub fn error_msg(&self) -> Option<&str> {
        self.0.service.error_msg.as_deref()
    }

    /// The request id of the answer; quote it to the service's support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.service.request_id.as_deref()
    }

    /// Every broken rule, for [`ErrorKind::Invalid`].
    pub fn violations(&self) -> &Violations {
        &self.0.violations
    }

    /// What to try next, where that is known.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// True if the request breaks documented rules; nothing was sent.
    ///
    /// Usually a name with a character that is not allowed, or a text that is too long: mend every entry of
    /// [`violations`](Self::violations). Where a rule is wrong and not the request, `send_unchecked` leaves the
    /// decision to the service.
    pub fn is_invalid(&self) -> bool {
        self.kind() == ErrorKind::Invalid
    }

    /// True if credentials are missing, wrong or expired.
    ///
    /// Usually a token for another project or of more than a day ago, a secret of another access key, a wrong clock, or
    /// request signing in a scheme that the address does not take. The causes ([`source`](std::error::Error::source))
    /// say what each source of credentials said, [`hint`](Self::hint) what the service's answer points to,
    /// [`clock_difference`](Self::clock_difference) how wrong the clock is.
    pub fn is_unauthenticated(&self) -> bool {
        self.kind() == ErrorKind::Unauthenticated
    }

    /// True if the caller is known and may not do this.
    ///
    /// Usually a missing IAM permission, another project's id or another instance's address: grant the permission for
    /// the [`operation`](Self::operation), and compare project and endpoint with what the console shows.
    pub fn is_denied(&self) -> bool {
        self.kind() == ErrorKind::Denied
    }

    /// True if there is no such package or object.
    ///
    /// Usually deleted already, or in another project, instance or bucket: [`list`](crate::Packages::list) shows which
    /// packages there are.
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// True if the package or object exists already.
    ///
    /// Usually the version was published before and [`IfExists::Fail`](crate::IfExists::Fail) asks for that to be an
    /// error, or another file lies under the object's key: raise the version, choose another
    /// [`IfExists`](crate::IfExists), or give another [`object_key`](crate::Publish::object_key).
    pub fn is_already_exists(&self) -> bool {
        self.kind() == ErrorKind::AlreadyExists
    }

    /// True if the same call may succeed later and repeating it is safe: nothing was done, or doing it twice comes to
    /// the same.
    ///
    /// Usually the address cannot be reached, or the service is overloaded or fails; the attempts that the
    /// [`RetryPolicy`](crate::RetryPolicy) allows were made already. Check address and proxy, wait for
    /// [`retry_after`](Self::retry_after) if it is given, or allow more attempts and time.
    pub fn is_retryable(&self) -> bool {
        self.kind() == ErrorKind::Unavailable
    }

    /// True if the request may or may not have been carried out.
    ///
    /// Usually the connection broke or time ran out after a create was sent, and looking the package up did not settle
    /// it. Look for what [`sought`](Self::sought) names before trying again, or publish the same file again, which
    /// looks by itself.
    pub fn is_outcome_unknown(&self) -> bool {
        self.kind() == ErrorKind::OutcomeUnknown
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.0.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(&self.0.message)?;
        let service = &self.0.service;
        if let Some(status) = service.status {
            write!(f, " (HTTP {status}")?;
            if let Some(code) = &service.error_code {
                write!(f, ", {code}")?;
            }
            if let Some(message) = &service.error_msg {
                write!(f, ": {message}")?;
            }
            f.write_str(")")?;
        }
        if let Some(note) = self.note() {
            write!(f, "; {note}")?;
        }
        for (index, violation) in self.0.violations.iter().enumerate() {
            let separator = if index == 0 { ":" } else { " |" };
            write!(f, "{separator} {violation}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("operation", &self.0.operation)
            .field("service", &self.0.service)
            .field("violations", &self.0.violations)
            .field("hint", &self.0.hint)
            .field("course", &self.0.course)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<Violations> for Error {
    fn from(violations: Violations) -> Self {
        Self::invalid(violations)
    }
}
