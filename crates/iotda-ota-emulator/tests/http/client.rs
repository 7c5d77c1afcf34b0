//! A small client: requests to both ports of one emulator, signed where they must be.

use http::header::{AUTHORIZATION, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use huaweicloud_signing::{AccessKey, obs};
use iotda_ota_emulator::Emulator;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::signing::Key;

/// The second of the documented example, `20230211T121212Z`.
pub(crate) const DOCUMENTED_TIME: u64 = 1_676_117_532;

/// A client for plain HTTP.
pub(crate) fn http_client() -> Client {
    // Fails when another test was first, and then the provider is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

pub(crate) struct Caller {
    pub(crate) emulator: Emulator,
    pub(crate) http: Client,
}

/// A status and a JSON body; null when there is none.
pub(crate) type Answer = (u16, Value);

impl Caller {
    /// A caller of a fresh emulator.
    pub(crate) async fn new() -> Self {
        Self::of(Emulator::builder().start().await.unwrap())
    }

    pub(crate) fn of(emulator: Emulator) -> Self {
        Self { emulator, http: http_client() }
    }

    pub(crate) fn packages_url(&self) -> String {
        format!("{}/v5/iot/{}/ota-upgrades/packages", self.emulator.endpoint(), self.emulator.project_id())
    }

    pub(crate) async fn create(&self, body: &Value) -> Answer {
        let request = self.http.post(self.packages_url()).json(body);
        self.send(request).await
    }

    pub(crate) async fn list(&self, query: &str) -> Answer {
        let request = self.http.get(format!("{}?{query}", self.packages_url()));
        self.send(request).await
    }

    pub(crate) async fn show(&self, package_id: &str) -> Answer {
        let request = self.http.get(format!("{}/{package_id}", self.packages_url()));
        self.send(request).await
    }

    pub(crate) async fn delete(&self, package_id: &str) -> Answer {
        let request = self.http.delete(format!("{}/{package_id}", self.packages_url()));
        self.send(request).await
    }

    /// Sends with the token, and checks what every answer has.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = request.header("X-Auth-Token", self.emulator.token());
        read(request.send().await.unwrap()).await
    }

    /// Uploads an object and returns its SHA-256.
    pub(crate) async fn upload(&self, key: &str, bytes: &'static [u8]) -> String {
        let answer = self.obs(Method::PUT, key, &[], bytes).await;
        assert_eq!(answer.status().as_u16(), 200);
        Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Sends a signed request about an object of the emulator's bucket.
    pub(crate) async fn obs(
        &self,
        method: Method,
        key: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Response {
        self.obs_query(method, key, &[], headers, body).await
    }

    /// The same with a query; its names and values stand for themselves in an address.
    pub(crate) async fn obs_query(
        &self,
        method: Method,
        key: &str,
        query: &[(&str, Option<&str>)],
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Response {
        let resource = obs::Resource { bucket: Some(self.emulator.bucket()), key: Some(key), query };
        let headers = sign(&Key::of(self), &method, &resource, headers);
        let query: Vec<_> = query
            .iter()
            .map(|(name, value)| value.map_or_else(|| (*name).to_owned(), |value| format!("{name}={value}")))
            .collect();
        let mut url = format!("{}/{}/{key}", self.emulator.obs_endpoint(), self.emulator.bucket());
        if !query.is_empty() {
            url = format!("{url}?{}", query.join("&"));
        }
        self.http.request(method, url).headers(headers).body(body).send().await.unwrap()
    }

    /// Sends a request about an object, signed with another access key.
    pub(crate) async fn obs_as(&self, key: &Key, method: Method, object: &str) -> Response {
        let token = key.token.as_deref().map(|token| ("x-obs-security-token", token));
        let headers = self.signed_as(key, &method, object, token.as_slice());
        let url = format!("{}/{}/{object}", self.emulator.obs_endpoint(), self.emulator.bucket());
        self.http.request(method, url).headers(headers).send().await.unwrap()
    }

    /// The headers of a signed request; `Date` is now unless given.
    pub(crate) fn signed(&self, method: &Method, key: &str, headers: &[(&str, &str)]) -> HeaderMap {
        self.signed_as(&Key::of(self), method, key, headers)
    }

    fn signed_as(&self, access_key: &Key, method: &Method, key: &str, headers: &[(&str, &str)]) -> HeaderMap {
        let resource = obs::Resource { bucket: Some(self.emulator.bucket()), key: Some(key), query: &[] };
        sign(access_key, method, &resource, headers)
    }
}

/// The headers of a signed request; `Date` is now unless given.
pub(crate) fn sign(
    access_key: &Key,
    method: &Method,
    resource: &obs::Resource<'_>,
    headers: &[(&str, &str)],
) -> HeaderMap {
    let mut map = HeaderMap::new();
    map.insert(DATE, HeaderValue::try_from(now()).unwrap());
    for (name, value) in headers {
        map.insert(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let access_key = AccessKey { id: &access_key.id, secret: &access_key.secret };
    let authorization = obs::authorization(&access_key, method, resource, &map).unwrap();
    map.insert(AUTHORIZATION, authorization);
    map
}

/// The status and body of an answer of the IoTDA port.
pub(crate) async fn read(response: Response) -> Answer {
    let status = response.status().as_u16();
    assert!(response.headers().contains_key("x-request-id"));
    let text = response.text().await.unwrap();
    let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
    (status, body)
}

/// The least a create request needs.
pub(crate) fn minimal(key: &str) -> Value {
    json!({
        "app_id": "app-1",
        "package_type": "firmwarePackage",
        "product_id": "product-1",
        "version": "V1.0",
        "file_location": {"obs_location": {
            "region_name": "emulator-1", "bucket_name": "emulator-bucket", "object_key": key
        }}
    })
}

pub(crate) fn code(answer: &Answer) -> (u16, &str) {
    (answer.0, answer.1["error_code"].as_str().unwrap_or_default())
}

pub(crate) fn now() -> String {
    let now = jiff::Timestamp::now();
    now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
