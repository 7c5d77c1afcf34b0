//! One call of an IoTDA operation, from credentials to a result.
//!
//! [`run`] makes its attempts (`attempts`). A [`Call`] is one of them, the [`Transport`] of one generated client
//! (`sending`): `prepare` adds the credentials, `execute` only sends and keeps what was answered, bounded in size
//! (`body`). [`Call::finish`] then decides what happened from what was kept (`outcome`), so that status, headers and body
//! survive whatever the generated code made of them. An unchecked request goes the same way through [`Call::send_raw`]
//! (`unchecked`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use iotda_ota_client::{Inner, Transport};
use url::Url;

use crate::auth::Secret;
use crate::auth::keeper::Shared;
use crate::auth::scheme::Scheme;
use crate::auth::session::Session;
use crate::client::Client;
use crate::endpoint;
use crate::error::hints::Proof;
use crate::error::secrets::Secrets;
use crate::error::service::{self, ServiceError};
use crate::error::{Error, ErrorKind};
use crate::model::{Checksum, ProjectId};
use crate::response::Response;
use crate::spans::Course;

mod attempts;
mod body;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod options;
mod outcome;
mod sending;
mod unchecked;

pub(crate) use attempts::{Attempts, run};
pub(crate) use options::{CallOptions, call_options};
pub(crate) use outcome::redirected;

use body::{Defect, Left};

/// What the generated client reports.
type Generated<T> =
    Result<iotda_ota_client::ResponseValue<T>, iotda_ota_client::Error<iotda_ota_client::types::ApiError>>;

/// One operation, as far as errors speak of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    /// Whether repeating it makes a second thing, so that an unclear end leaves the outcome open.
    pub(crate) creates: bool,
    /// Whether it names one package, so that 404 means that package.
    pub(crate) names_one: bool,
}

/// The context of one call.
pub(crate) struct Call {
    operation: Operation,
    endpoint: Url,
    http: reqwest::Client,
    session: Arc<Session>,
    project_id: ProjectId,
    credentials: Shared,
    timeout: Duration,
    course: Course,
    left: Left,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    refused: Option<Error>,
    answer: Option<Answer>,
    secrets: Secrets,
    /// The SHA-256 of the body that was signed; written as digits only for an error.
    signed_body: Option<[u8; 32]>,
}

/// What was sent, as far as a refusal depends on it.
struct Sent<'a> {
    endpoint: &'a Url,
    proof: Proof,
    body: Option<&'a Checksum>,
}

/// What was answered, as far as it could be read.
pub(super) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    defect: Option<Defect>,
}

impl Call {
    fn new(
        client: &Client,
        http: reqwest::Client,
        (operation, course): (Operation, Course),
        project_id: ProjectId,
        credentials: Shared,
        timeout: Duration,
    ) -> Arc<Self> {
        Arc::new(Self {
            operation,
            endpoint: client.endpoint().clone(),
            http,
            session: Arc::clone(client.session()),
            project_id,
            credentials,
            timeout,
            course,
            left: Left::default(),
            state: Mutex::default(),
        })
    }

    /// The project of the call.
    pub(crate) fn project_id(&self) -> &str {
        self.project_id.as_str()
    }

    /// A generated client that sends through this call.
    pub(crate) fn generated(self: &Arc<Self>) -> iotda_ota_client::Client {
        let inner = Inner::new(Arc::clone(self) as Arc<dyn Transport>);
        iotda_ota_client::Client::new_with_client(endpoint::base(&self.endpoint), self.http.clone(), inner)
    }

    /// Decides what happened. `read` makes the value from the generated one, `rescue` from a body that
    /// neither accepted although the status says success.
    pub(crate) fn finish<G, T>(
        &self,
        generated: Generated<G>,
        read: impl FnOnce(G) -> Option<T>,
        rescue: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<Response<T>, Error> {
        let sent = match generated {
            Ok(value) => Ok(read(value.into_inner())),
            Err(iotda_ota_client::Error::CommunicationError(error)) => Err(error),
            // The document refused what the written rules let pass; the text names the field.
            Err(iotda_ota_client::Error::InvalidRequest(reason)) => {
                return Err(Error::new(ErrorKind::Invalid, reason).with_operation(self.operation.name));
            }
            Err(_) => Ok(None),
        };
        self.conclude(sent, rescue)
    }

    /// How the request says who is calling.
    fn proof(&self) -> Proof {
        match (self.credentials.secret(), self.session.scheme()) {
            (Secret::Token(_), _) => Proof::Token,
            (Secret::AccessKey(_), Scheme::Plain) => Proof::Plain,
            (Secret::AccessKey(_), Scheme::Derived { .. }) => Proof::Derived,
        }
    }

    /// Tells from what was kept how the call ended.
    fn conclude<T>(
        &self,
        sent: Result<Option<T>, reqwest::Error>,
        rescue: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<Response<T>, Error> {
        let State { refused, answer, secrets, signed_body } = std::mem::take(&mut *self.state());
        if let Some(error) = refused {
            return Err(error.with_operation(self.operation.name));
        }
        let Some(answer) = answer else {
            return Err(match sent {
                Err(error) => outcome::no_answer(self.operation, self.left.get(), &self.endpoint, error),
                Ok(_) => Error::new(ErrorKind::Configuration, "the request could not be built")
                    .with_operation(self.operation.name),
            });
        };
        let mut operation = self.operation;
        if answer.status.is_success() {
            // What was cut at the bound is not known to its end.
            let rescued = || answer.defect.is_none().then(|| rescue(&answer.body)).flatten();
            let value = sent.ok().flatten().or_else(rescued);
            let refused = service::has_error_code(&answer.body);
            match value {
                Some(value) if !refused => {
                    return Ok(Response::new(value, answer.status, answer.headers, &secrets));
                }
                // A value beside an error code leaves open which of the two is true.
                Some(_) => {}
                None => operation.creates &= !refused,
            }
        }
        let signed_body = signed_body.map(Checksum::from_digest);
        let sent = Sent { endpoint: &self.endpoint, proof: self.proof(), body: signed_body.as_ref() };
        Err(outcome::of_answer(operation, &sent, &answer, &secrets))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave this state half written.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answer {
    fn service_error(&self, secrets: &Secrets) -> ServiceError {
        ServiceError::read_without(secrets, self.status, &self.headers, &self.body)
    }
}
