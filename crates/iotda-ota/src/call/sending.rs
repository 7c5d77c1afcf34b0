//! What a call does with the request of a generated client: credentials before it is sent, and what was answered after.

use http::Method;
use iotda_ota_client::{BoxFuture, OperationInfo, Refusal, Transport};
use reqwest::ResponseBuilderExt;
use secrecy::ExposeSecret;
use url::Url;

use super::{Answer, Call, body, redirected};
use crate::auth::{Secret, scheme, wiped};
use crate::error::secrets::Secrets;
use crate::error::{Error, ErrorKind, service};
use crate::spans::Underway;

impl Call {
    /// Adds the token or the signature; the SHA-256 of the body if that is signed.
    fn authenticate(&self, request: &mut reqwest::Request) -> Result<Option<[u8; 32]>, Error> {
        match self.credentials.secret() {
            Secret::AccessKey(key) => {
                scheme::sign(self.session.scheme(), key, Some(self.project_id()), request).map(Some)
            }
            Secret::Token(token) => {
                let value = wiped::header(token.expose_secret()).ok_or_else(|| {
                    Error::new(ErrorKind::Configuration, "the IAM token is no header value")
                        .with_hint("copy it again; blanks and line ends do not belong to it")
                })?;
                request.headers_mut().insert("X-Auth-Token", value);
                Ok(None)
            }
        }
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
            let mut state = self.state();
            state.secrets = Secrets::of(self.credentials.secret()).and_signature(authorization);
            match result {
                Ok(signed_body) => {
                    state.signed_body = signed_body;
                    Ok(())
                }
                Err(error) => {
                    let refusal = Refusal::new(error.to_string());
                    state.refused = Some(error);
                    Err(refusal)
                }
            }
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
            let again = rebuilt(&answer, url);
            self.state().answer = Some(answer);
            Ok(again)
        })
    }
}

/// A response for the generated code, made from what was read. It looks at no header.
fn rebuilt(answer: &Answer, url: Url) -> reqwest::Response {
    // Without an address one would be parsed for each answer; having one is nothing that could be refused.
    let mut response = http::Response::builder().url(url).body(answer.body.clone()).unwrap_or_default();
    *response.status_mut() = answer.status;
    response.into()
}
