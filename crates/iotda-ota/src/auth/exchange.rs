//! One request of a source: bounded in time and size, never redirected, and quiet about secrets.
//!
//! [`address`] reads where to. [`Asked`] says who is asked and how: [`Asked::send`] takes any answer and [`Asked::ask`]
//! only a yes, [`Asked::key`] also reads the key in it; [`Answer::refusal`] says why an answer is a no. What temporary keys
//! look like in JSON is in [`temporary`].

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use secrecy::zeroize::Zeroizing;
use serde::Serialize;
use tracing::Instrument;
use url::Url;

use super::scheme::Scheme;
use super::{Credentials, Reason, SourceError, SourceHttp, wiped};
use crate::clock;
use crate::endpoint;
use crate::error::hints::{self, Proof, Refused};
use crate::error::secrets::Secrets;
use crate::error::service::{self, ServiceError};
use crate::retry;
use crate::spans::{self, Course, Underway};
use crate::validate::Violations;

#[cfg(test)]
pub(super) mod stub;
pub(super) mod temporary;

/// The longest answer that is read; real ones have a few kilobytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The longest word of a service's message that is shown. Secrets are longer than any word.
const LONGEST_WORD: usize = 24;

/// Who is asked, for what, and how.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// What messages call the one who is asked.
    pub(super) name: &'a str,
    /// What logs call the request.
    pub(super) operation: &'static str,
    /// How long the answer may take.
    pub(super) limit: Duration,
    /// What goes along and is kept out of messages and logs, should the service repeat it.
    pub(super) secret: &'a str,
    /// How the request says who is calling.
    pub(super) proof: Proof,
    /// The attempt that needs the answer.
    pub(super) course: &'a Course,
}

/// Why there is no answer. The texts are phrases that follow the name of who was asked: `gave no answer within 3 s`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// It may pass.
    Passing(String),
    /// What came is no answer, and would come again.
    Odd(String),
    /// The request or the HTTP client cannot be used.
    Unfit(String),
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Passing(phrase) | Self::Odd(phrase) | Self::Unfit(phrase)) = self;
        f.write_str(phrase)
    }
}

/// An answer as it was read.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Zeroizing<Vec<u8>>,
}

impl Asked<'_> {
    /// Sends a request and reads its answer, all of it within the time limit.
    pub(super) async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, NoAnswer> {
        let (client, request) = request.build_split();
        let request = request.map_err(|error| NoAnswer::Unfit(format!("cannot be asked ({})", cause(&error))))?;
        let (method, url) = (request.method().clone(), request.url().clone());
        let call = spans::call(self.operation);
        let attempt = call.in_scope(|| spans::attempt(self.operation, self.course, scheme(self.proof)));
        let mut underway = Underway::new(attempt.clone(), self.operation, method, self.course.clone());
        let exchange = async {
            let response = client.execute(request).await.map_err(|error| match error.is_timeout() {
                true => self.late(),
                false => NoAnswer::Passing(format!("cannot be reached ({})", cause(&error))),
            })?;
            // The program's own client may follow redirects. What answers there was not asked.
            if *response.url() != url {
                let phrase = "sent the request on to another address, and the HTTP client followed; give one that \
                              follows no redirects";
                return Err(NoAnswer::Unfit(phrase.to_owned()));
            }
            self.read(response).await
        };
        let exchange = exchange.instrument(attempt).instrument(call);
        let result = tokio::time::timeout(self.limit, exchange).await.unwrap_or_else(|_| Err(self.late()));
        if let Ok(answer) = &result {
            let request_id = service::request_id(&answer.headers).map(|id| without_secrets(&id, self.secret));
            underway.answered(answer.status, request_id);
        }
        result
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Answer, NoAnswer> {
        let (status, headers) = (response.status(), response.headers().clone());
        // All the room at once: a vector that grows would leave copies of secrets behind.
        let mut body = Zeroizing::new(Vec::with_capacity(LONGEST_ANSWER));
        loop {
            match response.chunk().await {
                Ok(None) => return Ok(Answer { status, headers, body }),
                Ok(Some(chunk)) if body.len() + chunk.len() > LONGEST_ANSWER => {
                    return Err(NoAnswer::Odd(format!("gave an answer longer than {LONGEST_ANSWER} bytes")));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Err(error) if error.is_timeout() => return Err(self.late()),
                Err(_) => return Err(NoAnswer::Passing("gave an answer that was cut off".to_owned())),
            }
        }
    }

    fn late(&self) -> NoAnswer {
        NoAnswer::Passing(format!("gave no answer within {} s", self.limit.as_secs_f64()))
    }

    /// Asks a service that was configured, so that whatever is no success is an error.
    pub(super) async fn ask(&self, request: reqwest::RequestBuilder) -> Result<Answer, SourceError> {
        let named = |phrase: &str| format!("{} {phrase}", self.name);
        let answer = self.send(request).await.map_err(|no_answer| match no_answer {
            NoAnswer::Passing(phrase) => SourceError::Unavailable(named(&phrase).into()),
            NoAnswer::Odd(phrase) => SourceError::Unintelligible(named(&phrase).into()),
            NoAnswer::Unfit(phrase) => SourceError::Broken(named(&phrase)),
        })?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let service = ServiceError::read(answer.status, &answer.headers, &answer.body);
        // Who was asked has no address of an instance, and the body is none that a signature covers.
        let hint = hints::of(&Refused { proof: self.proof, dedicated: false, body: None, service: &service });
        let mut reason = Reason::new(named(&answer.refusal(self.secret)))
            .with_status(answer.status.as_u16())
            .with_retry_after(retry::asked_for(&answer.headers));
        if let Some(hint) = hint {
            reason = reason.with_hint(hint);
        }
        // Throttling comes with 403, too, and 408 says nothing about who is calling. Asking again would not change a
        // refusal, nor where a redirect leads.
        let passes = answer.status.is_server_error() || answer.status == StatusCode::REQUEST_TIMEOUT;
        Err(match passes || service.is_throttled() {
            true => SourceError::Unavailable(reason),
            false => SourceError::Refused(reason),
        })
    }

    /// Asks such a service for a temporary key.
    pub(super) async fn key(&self, request: reqwest::RequestBuilder) -> Result<Credentials, SourceError> {
        let answer = self.ask(request).await?;
        temporary::read(&answer.body).map_err(|unfit| {
            let reason = Reason::new(format!("{} {unfit}", self.name));
            SourceError::Unintelligible(match answer.clock_hint() {
                Some(hint) => reason.with_hint(hint),
                None => reason,
            })
        })
    }
}

/// Puts a value into a request as JSON, which is wiped when it was sent.
pub(super) fn with_json(
    request: reqwest::RequestBuilder,
    value: &impl Serialize,
) -> Result<reqwest::RequestBuilder, SourceError> {
    let body = wiped::body(value)
        .map_err(|error| SourceError::Broken(format!("the request cannot be written as JSON: {error}")))?;
    Ok(request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body))
}

/// What logs call a way to say who is calling.
fn scheme(proof: Proof) -> Option<&'static str> {
    match proof {
        Proof::Plain => Some(Scheme::Plain.name()),
        Proof::Token => Some("token"),
        Proof::Password => Some("password"),
        // Nobody who is asked here takes a derived signature.
        Proof::Derived | Proof::Other => None,
    }
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
    /// What to do about this machine's clock, if the answer shows that it is far off.
    pub(super) fn clock_hint(&self) -> Option<String> {
        hints::clock(clock::difference(&self.headers)?)
    }

    /// Why the answer is a no, as a phrase: `refused with status 403 (STS5.1: not allowed; request id 1)`.
    ///
    /// What was sent as `secret` is taken out, should the service have repeated it.
    pub(super) fn refusal(&self, secret: &str) -> String {
        let status = self.status.as_u16();
        if self.status.is_redirection() {
            return format!("answered with a redirect (status {status}), and credentials are never sent on");
        }
        // Before anything is cut, so that no part of a secret stays.
        let secrets = Secrets::of_text(secret);
        let said = ServiceError::read_without(&secrets, self.status, &self.headers, &self.body);
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
    let text = Secrets::of_text(secret).hide(text);
    let words = text.split_whitespace();
    // A request id is a word of 32 hexadecimal digits.
    let is_id = |word: &str| word.len() <= 36 && word.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let shown = words.map(|word| if word.chars().count() > LONGEST_WORD && !is_id(word) { "…" } else { word });
    shown.collect::<Vec<_>>().join(" ")
}

/// Reads a base address that credentials are sent to; `name` is what the message calls it.
pub(super) fn address(name: &str, text: &str, http: &SourceHttp) -> Result<Url, String> {
    let mut violations = Violations::default();
    let url = endpoint::secure(name, text, http.plain_http, &mut violations);
    url.ok_or_else(|| violations.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::stub::{Reply, Stub, http};
    use super::*;

    async fn ask_at(address: &str, limit: Duration) -> Result<Answer, NoAnswer> {
        let (http, url): (_, Url) = (http(), address.parse().unwrap());
        let asked =
            Asked { name: "X", operation: "test", limit, secret: "", proof: Proof::Other, course: &http.course };
        asked.send(http.direct(&url).unwrap().get(url)).await
    }

    async fn ask(reply: Reply) -> Result<Answer, NoAnswer> {
        let stub = Stub::start(vec![reply]).await;
        ask_at(&stub.address, Duration::from_millis(300)).await
    }

    #[test]
    fn credentials_go_to_other_machines_over_https_only_unless_that_is_allowed() {
        let http = http();
        for text in ["https://sts.example", "http://127.0.0.1:1", "http://[::1]/", "http://localhost"] {
            assert!(address("X", text, &http).is_ok(), "{text}");
        }
        let refused = ["http://sts.example", "http://10.0.0.1", "http://169.254.1.2", "http://[fd00::1]"];
        for text in ["ftp://h", "h:1", "", "https://u:p@h", "https://h/?q"].into_iter().chain(refused) {
            let error = address("X", text, &http).unwrap_err();
            assert!(error.starts_with("X: must be") && !error.contains("u:p"), "{error}");
        }
        let open = SourceHttp { plain_http: true, ..http };
        assert!(refused.into_iter().all(|text| address("X", text, &open).is_ok()));
    }

    #[tokio::test]
    async fn a_refusal_shows_code_and_message_without_the_secret() {
        let body =
            r#"{"error_code":"STS5.1","error_msg":"bad token fake-token, also 0123456789x0123456789x0123456789"}"#;
        let answer = ask(Reply::json(403, body)).await.unwrap();
        assert_eq!(answer.refusal("fake-token"), "refused with status 403 (STS5.1: bad token ***, also …)");
        let answer = ask(Reply::json(302, "")).await.unwrap();
        assert!(answer.refusal("").contains("redirect"));
    }

    proptest! {
        #[test]
        fn no_refusal_repeats_what_was_sent(
            status in 300_u16..600,
            start in "[A-Za-z0-9+/=_.\"\\\\ %&é密😀-]{0,30}", end in "[A-Za-z0-9+/=_.\"\\\\ %&é密😀-]{0,30}",
            before in "\\PC{0,40}", after in "\\PC{0,40}", quoted in 0_usize..3, spelling in 0_usize..4,
            field in prop::option::of("(error_msg|message|error_code|other)"),
        ) {
            let secret = format!("{start}planted{end}");
            let spelt = match spelling {
                0 => secret.clone(),
                1 => secret.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect(),
                2 => percent_encoding::utf8_percent_encode(&secret, percent_encoding::NON_ALPHANUMERIC).to_string(),
                _ => url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
            };
            let said = (0..quoted).fold(format!("{before}{spelt}{after}"), |said, _| serde_json::json!(said).to_string());
            let body = field.map_or_else(|| said.clone(), |field| serde_json::json!({ field: said }).to_string());
            let mut headers = HeaderMap::new();
            headers.insert("x-request-id", HeaderValue::from_bytes(secret.as_bytes()).unwrap());
            let status = StatusCode::from_u16(status).unwrap();
            let answer = Answer { status, headers, body: Zeroizing::new(body.into_bytes()) };
            let phrase = answer.refusal(&secret);
            prop_assert!(!phrase.contains("planted") && !phrase.contains("lanted"), "{}", phrase);
            prop_assert!(!phrase.contains(&spelt), "{}", phrase);
        }
    }

    #[tokio::test]
    async fn what_hangs_is_cut_off_or_too_long_is_an_error() {
        let late = ask(Reply::Hang).await.err();
        assert_eq!(late, Some(NoAnswer::Passing("gave no answer within 0.3 s".to_owned())));
        let cut = ask(Reply::Raw("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".into())).await.err();
        assert_eq!(cut, Some(NoAnswer::Passing("gave an answer that was cut off".to_owned())));
        let long = ask(Reply::json(200, &"x".repeat(LONGEST_ANSWER + 1))).await.err();
        assert!(matches!(&long, Some(NoAnswer::Odd(phrase)) if phrase.contains("longer than")), "{long:?}");
        let absent = ask_at("http://127.0.0.1:1", Duration::from_secs(1)).await.err();
        let phrase = absent.unwrap().to_string();
        assert!(phrase.starts_with("cannot be reached ("), "{phrase}");
    }
}
