//! The entry of the fuzz target `signature`, which the tests call with its saved inputs.

#[path = "../../../tests/fuzz/message.rs"]
mod message;
#[cfg(test)]
#[path = "../../../tests/fuzz/replay.rs"]
mod replay;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, Uri};

use crate::canonical::{Payload, Request, SignedHeaders};
use crate::{AccessKey, obs, sdk_hmac, v11};

const KEY: AccessKey<'_> = AccessKey { id: "FAKEACCESSKEY", secret: "fake-secret" };

/// Reads a request and verifies it in every way; signs it in every way in which it can be, and then it must be genuine.
pub fn signature(data: &[u8]) {
    let (first, mut headers, body) = message::split(data);
    let mut words = std::str::from_utf8(first).unwrap_or_default().split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return };
    let (Ok(method), Ok(uri)) = (method.parse::<Method>(), target.parse::<Uri>()) else { return };
    if let Some(value) = headers.remove(AUTHORIZATION) {
        verify(&value, &method, &uri, &headers, body);
    }
    sign(&method, &uri, &headers, body);
}

/// Whatever is claimed, nobody has its secret, and so it is never genuine.
fn verify(value: &HeaderValue, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) {
    let request = Request { method, path: uri.path(), query: uri.query(), headers, payload: Payload::Bytes(body) };
    if let Ok(claim) = sdk_hmac::parse_authorization(value) {
        assert!(!claim.access_key_id().is_empty());
        assert!(sdk_hmac::verify("a-secret-of-nobody", &claim, &request).is_err());
    }
    if let Ok(claim) = v11::parse_authorization(value) {
        assert!(!claim.access_key_id().is_empty());
        assert!(v11::verify("a-secret-of-nobody", &claim, &request).is_err());
    }
    if let Ok(claim) = obs::parse_authorization(value) {
        assert!(!claim.access_key_id().is_empty());
        with_resource(uri, |resource| {
            assert!(obs::verify("a-secret-of-nobody", &claim, method, resource, headers).is_err());
        });
    }
}

fn sign(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) {
    let request = Request { method, path: uri.path(), query: uri.query(), headers, payload: Payload::Bytes(body) };
    let signed = SignedHeaders::usual(headers);
    if let Ok(value) = sdk_hmac::authorization(&KEY, &request, &signed) {
        let claim = sdk_hmac::parse_authorization(&value).expect("it was written here");
        assert_eq!(sdk_hmac::verify(KEY.secret, &claim, &request), Ok(()));
    }
    let scope = v11::Scope { region: "emulator-1", service: "iotdm" };
    if let Ok(value) = v11::authorization(&KEY, &scope, &request, &signed) {
        let claim = v11::parse_authorization(&value).expect("it was written here");
        assert_eq!(v11::verify(KEY.secret, &claim, &request), Ok(()));
    }
    with_resource(uri, |resource| {
        if let Ok(value) = obs::authorization(&KEY, method, resource, headers) {
            let claim = obs::parse_authorization(&value).expect("it was written here");
            assert_eq!(obs::verify(KEY.secret, &claim, method, resource, headers), Ok(()));
        }
    });
}

/// What a path and a query name, taken as they stand.
fn with_resource(uri: &Uri, use_it: impl FnOnce(&obs::Resource<'_>)) {
    let path = uri.path().strip_prefix('/').unwrap_or(uri.path());
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let query: Vec<_> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|item| !item.is_empty())
        .map(|item| item.split_once('=').map_or((item, None), |(name, value)| (name, Some(value))))
        .collect();
    let bucket = Some(bucket).filter(|bucket| !bucket.is_empty());
    use_it(&obs::Resource { bucket, key: Some(key), query: &query });
}

#[cfg(test)]
#[test]
fn the_corpus_is_survived() {
    replay::corpus("signature", signature);
}
