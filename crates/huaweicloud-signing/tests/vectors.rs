//! Every request that was signed by an official SDK is signed and verified here with the same result.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use huaweicloud_signing::AccessKey;
use huaweicloud_signing::obs::{Dialect, Resource, authorization, parse_authorization, string_to_sign, verify};
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

const OBS: &str = include_str!("vectors/obs.json");
const AWS: &str = include_str!("vectors/obs_aws.json");

fn vectors(file: &str) -> Vec<Vector> {
    let file: File = serde_json::from_str(file).expect("valid vectors");
    assert!(!file.vectors.is_empty());
    file.vectors
}

/// Calls `check` with the parts of each request of a file as the crate takes them.
fn for_each(file: &str, check: impl Fn(&Vector, &Method, &Resource<'_>, &HeaderMap)) {
    for vector in &vectors(file) {
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
    for_each(OBS, |vector, method, resource, headers| {
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
    for_each(OBS, |vector, method, resource, headers| {
        let key = AccessKey { id: &vector.ak, secret: &vector.sk };
        let value = authorization(&key, method, resource, headers).expect("a signature");
        assert_eq!(value.to_str().ok(), Some(vector.expected.authorization.as_str()), "{}", vector.name);
    });
}

#[test]
fn a_signature_of_the_official_sdk_verifies() {
    for (file, dialect) in [(OBS, Dialect::Obs), (AWS, Dialect::Aws)] {
        for_each(file, |vector, method, resource, headers| {
            let value = HeaderValue::try_from(&vector.expected.authorization).expect("a header value");
            let claim = parse_authorization(&value).expect("a claim");
            assert_eq!((claim.access_key_id(), claim.dialect()), (vector.ak.as_str(), dialect), "{}", vector.name);
            assert_eq!(verify(&vector.sk, &claim, method, resource, headers), Ok(()), "{}", vector.name);
        });
    }
}

#[test]
fn a_signature_verifies_only_with_the_names_of_its_own_dialect() {
    for (file, prefix, other) in [(OBS, "OBS ", "AWS "), (AWS, "AWS ", "OBS ")] {
        for_each(file, |vector, method, resource, headers| {
            if !headers.keys().any(|name| name.as_str().starts_with("x-")) {
                return;
            }
            let value = HeaderValue::try_from(vector.expected.authorization.replacen(prefix, other, 1));
            let value = value.expect("a header value");
            let claim = parse_authorization(&value).expect("a claim");
            assert!(verify(&vector.sk, &claim, method, resource, headers).is_err(), "{}", vector.name);
        });
    }
}
