//! Signed requests to the IoTDA port.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Method};
use huaweicloud_signing::canonical::{Payload, Request, SignedHeaders};
use huaweicloud_signing::{AccessKey, sdk_hmac, v11};
use serde_json::Value;

use crate::client::Caller;

/// An access key, with its security token if it is a temporary one.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
}

/// How a request is signed.
#[derive(Clone, Copy)]
pub(crate) enum Scheme {
    Plain,
    Derived,
}

impl Key {
    /// The permanent key of the default user.
    pub(crate) fn of(caller: &Caller) -> Self {
        let emulator = &caller.emulator;
        Self { id: emulator.access_key_id().to_owned(), secret: emulator.secret_access_key().to_owned(), token: None }
    }

    /// The key in an answer of IAM or of the metadata service.
    pub(crate) fn in_answer(answer: &Value) -> Self {
        let text = |name: &str| answer["credential"][name].as_str().unwrap().to_owned();
        Self { id: text("access"), secret: text("secret"), token: Some(text("securitytoken")) }
    }
}

/// A signed request; `path` may have a query.
pub(crate) fn signed(
    caller: &Caller,
    key: &Key,
    scheme: Scheme,
    method: &Method,
    path: &str,
    body: &str,
) -> reqwest::RequestBuilder {
    let endpoint = caller.emulator.endpoint();
    let mut headers = HeaderMap::new();
    let host = HeaderValue::from_str(endpoint.strip_prefix("http://").unwrap()).unwrap();
    headers.insert(HOST, host);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let date = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    headers.insert("x-sdk-date", HeaderValue::try_from(date).unwrap());
    if let Some(token) = &key.token {
        headers.insert("x-security-token", HeaderValue::try_from(token).unwrap());
    }
    let (bare, query) = path.split_once('?').map_or((path, None), |(bare, query)| (bare, Some(query)));
    let request = Request { method, path: bare, query, headers: &headers, payload: Payload::Bytes(body.as_bytes()) };
    let access_key = AccessKey { id: &key.id, secret: &key.secret };
    let covered = SignedHeaders::usual(&headers);
    let authorization = match scheme {
        Scheme::Plain => sdk_hmac::authorization(&access_key, &request, &covered),
        Scheme::Derived => {
            let scope = v11::Scope { region: caller.emulator.region(), service: "iotdm" };
            v11::authorization(&access_key, &scope, &request, &covered)
        }
    };
    headers.insert(AUTHORIZATION, authorization.unwrap());
    caller.http.request(method.clone(), format!("{endpoint}{path}")).headers(headers).body(body.to_owned())
}
