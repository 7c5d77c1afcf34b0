//! One call of an IoTDA operation, from credentials to a result.
//!
//! [`run`] makes its attempts (`attempts`). A [`Call`] is one of them, the [`Transport`] of one generated client:
//! `prepare` adds the credentials, `execute` only sends and keeps what was answered, bounded in size (`body`).
//! [`Call::finish`] then decides what happened from what was kept (`outcome`), so that status, headers and body survive
//! whatever the generated code made of them. An unchecked request goes the same way through [`Call::send_raw`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use iotda_ota_client::{BoxFuture, Inner, OperationInfo, Refusal, Transport};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use url::Url;

use crate::auth::Secret;
use crate::auth::keeper::Shared;
use crate::auth::scheme::{self, Scheme};
use crate::auth::session::Session;
use crate::auth::wiped;
use crate::client::Client;
use crate::endpoint;
use crate::error::hints::Proof;
use crate::error::secrets::Secrets;
use crate::error::service::{self, ServiceError};
use crate::error::{Error, ErrorKind};
use crate::model::{Checksum, ProjectId};
use crate::response::Response;
use crate::spans::{Course, Underway};

mod attempts;
mod body;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod options;
mod outcome;

pub(crate) use attempts::{Attempts, run};
pub(crate) use options::{CallOptions, call_options};
pub(crate) use outcome::redirected;

use body::{Defect, Left};

/// Everything but the unreserved characters of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

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

    /// Sends a request that the generated builders could not hold.
    pub(crate) async fn send_raw<T>(
        &self,
        client: &Client,
        method: Method,
        segments: &[&str],
        query: &[(&str, String)],
        body: Option<Vec<u8>>,
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<Response<T>, Error> {
        let mut request = reqwest::Request::new(method, self.url(segments, query)?);
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(instance) = client.instance_id() {
            let value = HeaderValue::from_str(instance.as_str())
                .map_err(|error| Error::new(ErrorKind::Invalid, "Instance-Id: no header value").with_source(error))?;
            request.headers_mut().insert("Instance-Id", value);
        }
        if let Some(body) = body {
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.into());
        }
        let info = OperationInfo { operation_id: self.operation.name };
        let sent = match self.prepare(&mut request, &info).await {
            Ok(()) => self.execute(&self.http, request, &info).await.map(|_| None),
            Err(_) => Ok(None),
        };
        self.conclude(sent, read)
    }

    fn url(&self, segments: &[&str], query: &[(&str, String)]) -> Result<Url, Error> {
        let mut text = endpoint::base(&self.endpoint).to_owned();
        for segment in segments {
            // Without this the address would be that of something else.
            if matches!(*segment, "" | "." | "..") {
                let message = format!("{segment:?} cannot be a part of an address");
                return Err(Error::new(ErrorKind::Invalid, message).with_operation(self.operation.name));
            }
            text.push('/');
            text.extend(utf8_percent_encode(segment, ENCODED));
        }
        let mut url = Url::parse(&text).map_err(|error| {
            Error::new(ErrorKind::Invalid, "the address of the request cannot be built").with_source(error)
        })?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// Adds the token or the signature.
    fn authenticate(&self, request: &mut reqwest::Request) -> Result<(), Error> {
        match self.credentials.secret() {
            Secret::AccessKey(key) => scheme::sign(self.session.scheme(), key, Some(self.project_id()), request),
            Secret::Token(token) => {
                let value = wiped::header(token.expose_secret()).ok_or_else(|| {
                    Error::new(ErrorKind::Configuration, "the IAM token is no header value")
                        .with_hint("copy it again; blanks and line ends do not belong to it")
                })?;
                request.headers_mut().insert("X-Auth-Token", value);
                Ok(())
            }
        }
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

impl Transport for Call {
    fn prepare<'a>(
        &'a self,
        request: &'a mut reqwest::Request,
        _operation: &'a OperationInfo,
    ) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async move {
            *request.timeout_mut() = Some(self.timeout);
            let result = self.authenticate(request);
            let authorization = request.headers().get(http::header::AUTHORIZATION);
            self.state().secrets = Secrets::of(self.credentials.secret()).and_signature(authorization);
            let Err(error) = result else {
                if self.proof() != Proof::Token {
                    let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
                    self.state().signed_body = Some(Sha256::digest(body).into());
                }
                return Ok(());
            };
            let refusal = Refusal::new(error.to_string());
            self.state().refused = Some(error);
            Err(refusal)
        })
    }

    fn execute<'a>(
        &'a self,
        client: &'a reqwest::Client,
        request: reqwest::Request,
        _operation: &'a OperationInfo,
    ) -> BoxFuture<'a, reqwest::Result<reqwest::Response>> {
        Box::pin(async move {
            let mut request = request;
            // What never left was not carried out, which is worth to know of what changes something.
            if self.operation.creates || *request.method() == Method::DELETE {
                self.left.watch(&mut request);
            }
            let url = request.url().clone();
            let (span, method) = (tracing::Span::current(), request.method().clone());
            let mut underway = Underway::new(span, self.operation.name, method, self.course.clone());
            let mut response = client.execute(request).await?;
            // The program's own client may follow redirects. What answers there was not asked.
            if *response.url() != url {
                self.state().refused = Some(redirected(self.operation, response.url()));
            }
            let (body, defect) = body::read(&mut response).await;
            let headers = std::mem::take(response.headers_mut());
            let answer = Answer { status: response.status(), headers, body, defect };
            if underway.is_heard() {
                let request_id = service::request_id(&answer.headers).map(|id| self.state().secrets.hide(&id));
                underway.answered(answer.status, request_id);
            }
            let again = rebuilt(&answer);
            self.state().answer = Some(answer);
            Ok(again)
        })
    }
}

/// A response for the generated code, made from what was read. It looks at no header.
fn rebuilt(answer: &Answer) -> reqwest::Response {
    let mut response = http::Response::new(answer.body.clone());
    *response.status_mut() = answer.status;
    response.into()
}

impl Answer {
    fn service_error(&self, secrets: &Secrets) -> ServiceError {
        ServiceError::read_without(secrets, self.status, &self.headers, &self.body)
    }
}
