//! One request of a source: bounded in time and size, never redirected, and quiet about secrets.
//!
//! [`address`] reads where to, [`send`] takes any answer and [`ask`] only a yes, [`key`] also reads the key in it;
//! [`Answer::refusal`] says why an answer is a no. What temporary keys look like in JSON is in [`temporary`].

use std::error::Error as _;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use secrecy::zeroize::Zeroizing;
use url::{Host, Url};

use super::{Credentials, SourceError};
use crate::error::service::ServiceError;

#[cfg(test)]
pub(super) mod stub;
pub(super) mod temporary;

/// The longest answer that is read; real ones have a few kilobytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The longest word of a service's message that is shown. Secrets are longer than any word.
const LONGEST_WORD: usize = 24;

/// An answer as it was read.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Zeroizing<Vec<u8>>,
}

/// Sends a request and reads its answer, all of it within the time limit.
///
/// The error is a phrase that follows the name of who was asked: `gave no answer within 3 s`.
pub(super) async fn send(request: reqwest::RequestBuilder, timeout: Duration) -> Result<Answer, String> {
    let late = || format!("gave no answer within {} s", timeout.as_secs_f64());
    let exchange = async {
        let mut response = request.send().await.map_err(|error| match error.is_timeout() {
            true => late(),
            false => format!("cannot be reached ({})", cause(&error)),
        })?;
        let (status, headers) = (response.status(), response.headers().clone());
        // All the room at once: a vector that grows would leave copies of secrets behind.
        let mut body = Zeroizing::new(Vec::with_capacity(LONGEST_ANSWER));
        loop {
            match response.chunk().await {
                Ok(None) => return Ok(Answer { status, headers, body }),
                Ok(Some(chunk)) if body.len() + chunk.len() > LONGEST_ANSWER => {
                    return Err(format!("gave an answer longer than {LONGEST_ANSWER} bytes"));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Err(error) if error.is_timeout() => return Err(late()),
                Err(_) => return Err("gave an answer that was cut off".to_owned()),
            }
        }
    };
    tokio::time::timeout(timeout, exchange).await.unwrap_or_else(|_| Err(late()))
}

/// Asks a service that was configured, so that whatever is no success is an error.
///
/// `name` is what messages call the service. The secret that goes along is kept out of them.
pub(super) async fn ask(
    name: &str,
    request: reqwest::RequestBuilder,
    timeout: Duration,
    secret: &str,
) -> Result<Answer, SourceError> {
    let answer = send(request, timeout).await.map_err(|text| SourceError::Unavailable(format!("{name} {text}")))?;
    if answer.status.is_success() {
        return Ok(answer);
    }
    let text = format!("{name} {}", answer.refusal(secret));
    Err(match answer.status.is_client_error() && answer.status != StatusCode::TOO_MANY_REQUESTS {
        true => SourceError::Refused(text),
        false => SourceError::Unavailable(text),
    })
}

/// Asks such a service for a temporary key.
pub(super) async fn key(
    name: &str,
    request: reqwest::RequestBuilder,
    timeout: Duration,
    secret: &str,
) -> Result<Credentials, SourceError> {
    let answer = ask(name, request, timeout, secret).await?;
    temporary::read(&answer.body).map_err(|unfit| SourceError::Unavailable(format!("{name} {unfit}")))
}

/// The innermost cause of a failure, which says most and holds no address.
fn cause(error: &reqwest::Error) -> String {
    let mut innermost = error.source();
    while let Some(next) = innermost.and_then(|error| error.source()) {
        innermost = Some(next);
    }
    innermost.map_or_else(|| "no cause is known".to_owned(), ToString::to_string)
}

impl Answer {
    /// Why the answer is a no, as a phrase: `refused with status 403 (STS5.1: not allowed; request id 1)`.
    ///
    /// What was sent as `secret` is taken out, should the service have repeated it.
    pub(super) fn refusal(&self, secret: &str) -> String {
        let status = self.status.as_u16();
        if self.status.is_redirection() {
            return format!("answered with a redirect (status {status}), and credentials are never sent on");
        }
        let said = ServiceError::read(self.status, &self.headers, &self.body);
        let message = said.error_msg.map(|message| without_secrets(&message, secret));
        let code = said.error_code.map(|code| without_secrets(&code, secret));
        let mut details = [code, message].into_iter().flatten().collect::<Vec<_>>().join(": ");
        if let Some(id) = said.request_id {
            let separator = if details.is_empty() { "" } else { "; " };
            details = format!("{details}{separator}request id {}", without_secrets(&id, secret));
        }
        match details.is_empty() {
            true => format!("refused with status {status}"),
            false => format!("refused with status {status} ({details})"),
        }
    }
}

/// A text on one line without the secret and without words that are long enough to be one.
fn without_secrets(text: &str, secret: &str) -> String {
    let text = if secret.is_empty() { text.to_owned() } else { text.replace(secret, "…") };
    let words = text.split_whitespace();
    // A request id is a word of 32 hexadecimal digits.
    let is_id = |word: &str| word.len() <= 36 && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let shown = words.map(|word| if word.chars().count() > LONGEST_WORD && !is_id(word) { "…" } else { word });
    shown.collect::<Vec<_>>().join(" ")
}

/// Reads an address that credentials are sent to; `name` is what the message calls it.
///
/// Plain `http` is for this machine and for link-local addresses, which no router passes on.
pub(super) fn address(name: &str, text: &str) -> Result<Url, String> {
    // What stands before an @ may be a password.
    if text.contains('@') {
        return Err(format!("{name} must be an address without a user name; leave the part before @ out"));
    }
    let wanted = format!("{name} must be an address such as https://host");
    let url = Url::parse(text).map_err(|_| wanted.clone())?;
    match url.scheme() {
        "https" if url.has_host() => Ok(url),
        "http" if is_near(&url) => Ok(url),
        "http" => Err(format!(
            "{name} must be an https:// address: plain http would show the credentials to everybody on the way to {}",
            url.host_str().unwrap_or_default()
        )),
        _ => Err(wanted),
    }
}

/// True for this machine and for link-local addresses.
fn is_near(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_link_local(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unicast_link_local(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::stub::{Reply, Stub, http};
    use super::*;

    async fn ask(reply: Reply) -> Result<Answer, String> {
        let stub = Stub::start(vec![reply]).await;
        send(http().direct.get(&stub.address), Duration::from_millis(300)).await
    }

    #[test]
    fn plain_http_is_for_near_addresses_only() {
        for text in
            ["https://sts.example", "http://127.0.0.1:1", "http://[::1]/", "http://169.254.1.2/v1", "http://localhost"]
        {
            assert!(address("X", text).is_ok(), "{text}");
        }
        for text in ["http://sts.example", "http://10.0.0.1", "http://[fd00::1]", "ftp://h", "h:1", "", "https://u:p@h"]
        {
            let error = address("X", text).unwrap_err();
            assert!(error.starts_with("X must be") && !error.contains("u:p"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_refusal_shows_code_and_message_without_the_secret() {
        let body =
            r#"{"error_code":"STS5.1","error_msg":"bad token fake-token, also 0123456789x0123456789x0123456789"}"#;
        let answer = ask(Reply::json(403, body)).await.unwrap();
        assert_eq!(answer.refusal("fake-token"), "refused with status 403 (STS5.1: bad token …, also …)");
        let answer = ask(Reply::json(302, "")).await.unwrap();
        assert!(answer.refusal("").contains("redirect"));
    }

    #[tokio::test]
    async fn what_hangs_is_cut_off_or_too_long_is_an_error() {
        let late = ask(Reply::Hang).await.err();
        assert_eq!(late.as_deref(), Some("gave no answer within 0.3 s"));
        let cut = ask(Reply::Raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".into())).await.err();
        assert_eq!(cut.as_deref(), Some("gave an answer that was cut off"));
        let long = ask(Reply::json(200, &"x".repeat(LONGEST_ANSWER + 1))).await.err();
        assert!(long.unwrap().contains("longer than"));
        let absent = send(http().direct.get("http://127.0.0.1:1"), Duration::from_secs(1)).await.err();
        assert!(absent.unwrap().starts_with("cannot be reached ("));
    }
}
