//! Every request that was signed by an official SDK is signed and verified here with the same result.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use huaweicloud_signing::AccessKey;
use huaweicloud_signing::obs::{Resource, authorization, parse_authorization, string_to_sign, verify};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    ak: String,
    sk: String,
    method: String,
    bucket: String,
    key: String,
    sub_resources: BTreeMap<String, Option<String>>,
    headers: BTreeMap<String, String>,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    string_to_sign: String,
    authorization: String,
}

fn vectors() -> Vec<Vector> {
    let file: File = serde_json::from_str(include_str!("vectors/obs.json")).expect("valid vectors");
    assert!(!file.vectors.is_empty());
    file.vectors
}

/// Calls `check` with the parts of each request as the crate takes them.
fn for_each(check: impl Fn(&Vector, &Method, &Resource<'_>, &HeaderMap)) {
    for vector in &vectors() {
        let method: Method = vector.method.parse().expect("a method");
        let headers: HeaderMap = vector
            .headers
            .iter()
            .map(|(name, value)| {
                let name: HeaderName = name.parse().expect("a header name");
                (name, HeaderValue::try_from(value).expect("a header value"))
            })
            .collect();
        // Sub-resources are given in the wrong order, because sorting them is part of the work.
        let query: Vec<_> =
            vector.sub_resources.iter().rev().map(|(name, value)| (name.as_str(), value.as_deref())).collect();
        let resource = Resource { bucket: Some(&vector.bucket), key: Some(&vector.key), query: &query };
        check(vector, &method, &resource, &headers);
    }
}

#[test]
fn the_string_to_sign_is_that_of_the_official_sdk() {
    for_each(|vector, method, resource, headers| {
        assert_eq!(
            string_to_sign(method, resource, headers).as_ref(),
            Ok(&vector.expected.string_to_sign),
            "{}",
            vector.name
        );
    });
}

#[test]
fn the_authorization_is_that_of_the_official_sdk() {
    for_each(|vector, method, resource, headers| {
        let key = AccessKey { id: &vector.ak, secret: &vector.sk };
        let value = authorization(&key, method, resource, headers).expect("a signature");
        assert_eq!(value.to_str().ok(), Some(vector.expected.authorization.as_str()), "{}", vector.name);
    });
}

#[test]
fn a_signature_of_the_official_sdk_verifies() {
    for_each(|vector, method, resource, headers| {
        let value = HeaderValue::try_from(&vector.expected.authorization).expect("a header value");
        let claim = parse_authorization(&value).expect("a claim");
        assert_eq!(claim.access_key_id(), vector.ak, "{}", vector.name);
        assert_eq!(verify(&vector.sk, &claim, method, resource, headers), Ok(()), "{}", vector.name);
    });
}
