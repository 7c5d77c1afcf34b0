//! What holds for every request, not only for those of the vectors.

use http::header::{CONTENT_TYPE, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use huaweicloud_signing::AccessKey;
use huaweicloud_signing::obs::{Claim, Resource, VerifyError, authorization, parse_authorization, verify};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

/// A request that can be signed, and the secret to sign it with.
#[derive(Debug, Clone)]
struct Signable {
    secret: String,
    method: Method,
    bucket: String,
    key: String,
    part_number: Option<u16>,
    headers: HeaderMap,
}

const ID: &str = "FAKEACCESSKEY";

impl Signable {
    fn with_resource<T>(&self, use_it: impl FnOnce(&Resource<'_>) -> T) -> T {
        let number = self.part_number.map(|number| number.to_string());
        let query: Vec<_> = number
            .iter()
            .map(|number| ("partNumber", Some(number.as_str())))
            .chain([("prefix", Some("not signed"))])
            .collect();
        use_it(&Resource { bucket: Some(&self.bucket), key: Some(&self.key), query: &query })
    }

    fn sign(&self) -> HeaderValue {
        let key = AccessKey { id: ID, secret: &self.secret };
        self.with_resource(|resource| authorization(&key, &self.method, resource, &self.headers))
            .expect("the request is made to be signable")
    }

    fn verify(&self, claim: &Claim<'_>) -> Result<(), VerifyError> {
        self.with_resource(|resource| verify(&self.secret, claim, &self.method, resource, &self.headers))
    }
}

/// Whether the other request refuses a signature made for this one.
fn refuses(signed: &Signable, other: &Signable) -> bool {
    let value = signed.sign();
    let claim = parse_authorization(&value).expect("our own form");
    matches!(other.verify(&claim), Err(VerifyError::Mismatch { .. }))
}

fn method() -> impl Strategy<Value = Method> {
    prop::sample::select(vec![Method::GET, Method::HEAD, Method::PUT, Method::POST, Method::DELETE])
}

fn signable() -> impl Strategy<Value = Signable> {
    let obs_headers = btree_map("x-obs-meta-[a-z0-9]{1,8}", "[!-~]([ -~]{0,18}[!-~])?", 0..4);
    (
        // HMAC pads a short key with zero bytes, so secrets are made of other characters.
        "[!-~]{1,80}",
        method(),
        "[a-z0-9][a-z0-9.-]{1,20}[a-z0-9]",
        "\\PC{0,40}",
        proptest::option::of(1_u16..10_000),
        obs_headers,
    )
        .prop_map(|(secret, method, bucket, key, part_number, obs_headers)| {
            let mut headers = HeaderMap::new();
            headers.insert(DATE, HeaderValue::from_static("Sat, 11 Feb 2023 12:12:12 GMT"));
            for (name, value) in obs_headers {
                headers.insert(
                    HeaderName::try_from(name).expect("made as a header name"),
                    HeaderValue::try_from(value).expect("made as a header value"),
                );
            }
            Signable { secret, method, bucket, key, part_number, headers }
        })
}

proptest! {
    #[test]
    fn what_is_signed_verifies(request in signable()) {
        let value = request.sign();
        let claim = parse_authorization(&value).expect("our own form");
        prop_assert_eq!(claim.access_key_id(), ID);
        prop_assert_eq!(request.verify(&claim), Ok(()));
    }

    #[test]
    fn another_secret_is_refused(request in signable(), secret in "[!-~]{1,80}") {
        prop_assume!(secret != request.secret);
        let other = Signable { secret, ..request.clone() };
        prop_assert!(refuses(&request, &other));
    }

    #[test]
    fn another_method_is_refused(request in signable(), method in method()) {
        prop_assume!(method != request.method);
        let other = Signable { method, ..request.clone() };
        prop_assert!(refuses(&request, &other));
    }

    #[test]
    fn another_bucket_is_refused(request in signable(), bucket in "[a-z0-9.-]{3,20}") {
        prop_assume!(bucket != request.bucket);
        let other = Signable { bucket, ..request.clone() };
        prop_assert!(refuses(&request, &other));
    }

    #[test]
    fn another_key_is_refused(request in signable(), key in "\\PC{0,40}") {
        prop_assume!(key != request.key);
        let other = Signable { key, ..request.clone() };
        prop_assert!(refuses(&request, &other));
    }

    #[test]
    fn another_sub_resource_is_refused(
        request in signable(),
        part_number in proptest::option::of(1_u16..10_000),
    ) {
        prop_assume!(part_number != request.part_number);
        let other = Signable { part_number, ..request.clone() };
        prop_assert!(refuses(&request, &other));
    }

    #[test]
    fn a_changed_or_added_header_is_refused(
        request in signable(),
        name in prop_oneof![
            Just(CONTENT_TYPE),
            Just(DATE),
            Just(HeaderName::from_static("content-md5")),
            Just(HeaderName::from_static("x-obs-date")),
            Just(HeaderName::from_static("x-obs-security-token")),
        ],
        value in "[!-~]{1,20}",
    ) {
        let mut other = request.clone();
        other.headers.insert(name, HeaderValue::try_from(value).expect("made as a header value"));
        prop_assert!(refuses(&request, &other));
    }

    #[test]
    fn a_removed_header_is_refused(request in signable()) {
        for name in request.headers.keys().filter(|name| *name != DATE) {
            let mut other = request.clone();
            other.headers.remove(name);
            prop_assert!(refuses(&request, &other));
        }
    }

    #[test]
    fn a_header_outside_the_signature_changes_nothing(request in signable(), value in "[!-~]{1,20}") {
        let mut other = request.clone();
        other.headers.insert(
            http::header::USER_AGENT,
            HeaderValue::try_from(value).expect("made as a header value"),
        );
        prop_assert_eq!(request.sign(), other.sign());
    }

    #[test]
    fn reading_an_authorization_never_panics(
        bytes in prop_oneof![
            vec(any::<u8>(), 0..60),
            "(OBS |AWS |)[ -~]{0,20}:?[A-Za-z0-9+/]{0,30}=?".prop_map(String::into_bytes),
        ],
    ) {
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            let _ = parse_authorization(&value);
        }
    }
}
