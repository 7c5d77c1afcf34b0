//! How a call that did not succeed ended: done, not done, or not known.

use http::StatusCode;
use url::Url;

use super::{Answer, Operation, Sent};
use crate::endpoint;
use crate::error::hints::{self, Refused};
use crate::error::secrets::Secrets;
use crate::error::{Error, ErrorKind, Unclear};
use crate::model::Checksum;

/// Codes of a gateway that does not know the path.
const NO_SUCH_API: [&str; 2] = ["APIGW.0101", "APIG.0101"];

/// Codes of a gateway that waited for the service in vain, as far as they come with a status that would be a refusal. Users
/// report both meanings, a time-out and a request that is too large.
const GATEWAY_TIMEOUT: [&str; 2] = ["APIGW.0201", "APIG.0201"];

/// How the codes of a gateway begin.
const GATEWAYS: [&str; 2] = ["APIGW.", "APIG."];

/// The error for an answer that is no success, or a success that cannot be understood.
pub(super) fn of_answer(operation: Operation, sent: &Sent<'_>, answer: &Answer, secrets: &Secrets) -> Error {
    let service = answer.service_error(secrets);
    let code = service.error_code.as_deref().unwrap_or_default();
    let refused = |kind, message: &str| (kind, None, message.to_owned());
    let (kind, why, message) = match answer.status {
        status if status.is_success() && !matches!(code, "" | "0") => (
            ErrorKind::Rejected,
            Some(Unclear::Accepted),
            "the service reported an error, though with a status of success".to_owned(),
        ),
        status if status.is_success() => match answer.defect {
            Some(defect) if defect.passes() => (ErrorKind::Unavailable, Some(Unclear::Accepted), defect.to_string()),
            Some(defect) => (ErrorKind::Unintelligible, Some(Unclear::Accepted), defect.to_string()),
            None => {
                let message = "the answer is not one of this service".to_owned();
                (ErrorKind::Unintelligible, Some(Unclear::Accepted), message)
            }
        },
        status if operation.creates && status.is_client_error() && GATEWAY_TIMEOUT.contains(&code) => (
            ErrorKind::Unavailable,
            Some(Unclear::Late),
            "the gateway may have waited for the service in vain".to_owned(),
        ),
        StatusCode::UNAUTHORIZED => refused(ErrorKind::Unauthenticated, "not authenticated"),
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => refused(ErrorKind::Configuration, "refused by a proxy"),
        _ if service.is_throttled() => refused(ErrorKind::Unavailable, "too many requests"),
        StatusCode::FORBIDDEN => refused(ErrorKind::Denied, "not permitted"),
        StatusCode::NOT_FOUND if operation.names_one && !NO_SUCH_API.contains(&code) => {
            refused(ErrorKind::NotFound, "there is no such package")
        }
        StatusCode::INTERNAL_SERVER_ERROR | StatusCode::SERVICE_UNAVAILABLE if is_of_service(answer, code) => {
            (ErrorKind::Unavailable, Some(Unclear::Ended), "the service failed".to_owned())
        }
        // A gateway or proxy that lost the service or waited in vain says nothing about what became of the request, whatever
        // status it has for that; neither does one that calls the request late.
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            (ErrorKind::Unavailable, Some(Unclear::Late), "the service failed".to_owned())
        }
        status if status.is_redirection() => {
            refused(ErrorKind::Unintelligible, "redirected, which this service does not do")
        }
        _ => refused(ErrorKind::Rejected, "refused by the service"),
    };
    let kind = kind_of(operation, kind, why);
    let dedicated = endpoint::is_dedicated(sent.endpoint);
    let known =
        hints::of(&Refused { proof: sent.proof, dedicated, body: sent.body.map(Checksum::as_str), service: &service });
    let mut error = Error::new(kind, message).with_operation(operation.name).with_service(service);
    if let Some(hint) = known.or_else(|| hint(kind, answer.status, sent.endpoint)) {
        error = error.with_hint(hint);
    }
    match why {
        Some(why) => error.with_unclear(why),
        None => error,
    }
}

/// Whether the service itself says that it failed: in an error object that came to its end, and with a code that is none of
/// a gateway's. The pages of proxies have the same statuses.
fn is_of_service(answer: &Answer, code: &str) -> bool {
    let is_json = answer.body.trim_ascii_start().starts_with(b"{");
    is_json && answer.defect.is_none() && !code.is_empty() && !GATEWAYS.iter().any(|begin| code.starts_with(begin))
}

/// The error for a request that was not answered at all; `sent` says whether any of it may have left.
pub(super) fn no_answer(operation: Operation, sent: bool, endpoint: &Url, error: reqwest::Error) -> Error {
    // Without a connection nothing was sent, whatever the reason.
    let (kind, why, message) = if error.is_connect() {
        (ErrorKind::Unavailable, None, format!("no connection to {endpoint}"))
    } else if error.is_builder() {
        (ErrorKind::Configuration, None, "the request cannot be built".to_owned())
    } else if error.is_timeout() {
        let message = format!("no answer from {endpoint} within the time limit");
        (ErrorKind::Unavailable, Some(Unclear::Late), message)
    } else {
        let message = format!("the connection to {endpoint} broke before the answer");
        (ErrorKind::Unavailable, Some(Unclear::Late), message)
    };
    let why = why.filter(|_| sent);
    let kind = kind_of(operation, kind, why);
    let text = match kind {
        ErrorKind::Unavailable if error.is_timeout() && !error.is_connect() => {
            Some("try again, or allow one attempt more time (--timeout)".to_owned())
        }
        ErrorKind::Unavailable => Some(format!(
            "check that {endpoint} is the right address, that it can be reached from here, and the proxy variables"
        )),
        _ => None,
    };
    let mut result = Error::new(kind, message).with_operation(operation.name).with_source(error.without_url());
    if let Some(text) = text {
        result = result.with_hint(text);
    }
    match why {
        Some(why) => result.with_unclear(why),
        None => result,
    }
}

/// The error for an HTTP client of the program's own that went where it was redirected to.
pub(crate) fn redirected(operation: Operation, to: &Url) -> Error {
    let host = to.host_str().unwrap_or_default();
    let message = format!("the HTTP client followed a redirect to {host}, where the credentials may have gone, too");
    let kind = kind_of(operation, ErrorKind::Configuration, Some(Unclear::Accepted));
    let error = Error::new(kind, message).with_hint(
        "build it with redirect(reqwest::redirect::Policy::none()), check the endpoint, and replace the credentials if \
         that address is not to be trusted",
    );
    error.with_unclear(Unclear::Accepted)
}

/// What an unclear end means: only of what may be repeated is nothing lost.
fn kind_of(operation: Operation, kind: ErrorKind, why: Option<Unclear>) -> ErrorKind {
    if operation.creates && why.is_some() { ErrorKind::OutcomeUnknown } else { kind }
}

fn hint(kind: ErrorKind, status: StatusCode, endpoint: &Url) -> Option<String> {
    let text = match kind {
        ErrorKind::Unauthenticated => "check the credentials: a token lasts 24 hours and is for one project; a key has to exist, and its secret to fit"
                .to_owned(),
        ErrorKind::Denied => "check the IAM permissions of the caller, the project id, and that the endpoint is the \
             address of your own instance"
            .to_owned(),
        ErrorKind::Unavailable => "wait a little and try again".to_owned(),
        ErrorKind::Unintelligible => {
            format!("check that {endpoint} is the address of IoTDA and that no proxy answers in its place")
        }
        ErrorKind::Configuration => {
            "the proxy wants a user name and password: put them into the proxy variable, or exempt the host with \
             NO_PROXY"
                .to_owned()
        }
        ErrorKind::NotFound => "list the packages to see which there are".to_owned(),
        ErrorKind::Rejected if status == StatusCode::NOT_FOUND => {
            format!("check that {endpoint} is the address of IoTDA, without a path")
        }
        ErrorKind::Rejected => "change what the message names; when it names nothing, give the service's support the \
             request id"
            .to_owned(),
        _ => return None,
    };
    Some(text)
}
