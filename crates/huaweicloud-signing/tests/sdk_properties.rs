//! What holds for every request that the gateway schemes sign, not only for those of the vectors.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use huaweicloud_signing::canonical::{self, Payload, Request, SignError, SignedHeaders, VerifyError};
use huaweicloud_signing::v11::{self, Key, Scope};
use huaweicloud_signing::{AccessKey, sdk_hmac};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

/// A request that can be signed, and what to sign it with.
#[derive(Debug, Clone)]
struct Signable {
    secret: String,
    region: String,
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Vec<u8>,
}

const ID: &str = "FAKEACCESSKEY";

impl Signable {
    fn key(&self) -> AccessKey<'_> {
        AccessKey { id: ID, secret: &self.secret }
    }

    fn scope(&self) -> Scope<'_> {
        Scope { region: &self.region, service: "iotdm" }
    }

    fn query(&self) -> String {
        canonical::query(self.query.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .expect("the query is made to be signable")
    }

    fn with_request<T>(&self, use_it: impl FnOnce(&Request<'_>) -> T) -> T {
        use_it(&Request {
            method: &self.method,
            path: &self.path,
            query: Some(&self.query()),
            headers: &self.headers,
            payload: Payload::Bytes(&self.body),
        })
    }

    /// The `Authorization` headers of both schemes.
    fn sign(&self) -> (HeaderValue, HeaderValue) {
        let signed = SignedHeaders::new(self.headers.keys()).expect("the names are made to be signable");
        self.with_request(|request| {
            (
                sdk_hmac::authorization(&self.key(), request, &signed).expect("the request is made to be signable"),
                v11::authorization(&self.key(), &self.scope(), request, &signed).expect("the same"),
            )
        })
    }

    /// What both schemes say about these `Authorization` headers.
    fn verify(&self, (plain, derived): &(HeaderValue, HeaderValue)) -> [Result<(), VerifyError>; 2] {
        let plain = sdk_hmac::parse_authorization(plain).expect("our own form");
        let derived = v11::parse_authorization(derived).expect("our own form");
        self.with_request(|request| {
            [sdk_hmac::verify(&self.secret, &plain, request), v11::verify(&self.secret, &derived, request)]
        })
    }
}

/// Whether the other request refuses the signatures made for this one.
fn refuses(signed: &Signable, other: &Signable) -> bool {
    other.verify(&signed.sign()).iter().all(|answer| matches!(answer, Err(VerifyError::Mismatch { .. })))
}

fn method() -> impl Strategy<Value = Method> {
    prop::sample::select(vec![Method::GET, Method::HEAD, Method::PUT, Method::POST, Method::DELETE])
}

/// Paths without a slash at the end, because that slash is not signed.
fn path() -> impl Strategy<Value = String> {
    "(/[A-Za-z0-9_~-][A-Za-z0-9._~!$&()*+,;=:@-]{0,12}){1,5}"
}

/// Queries with all sorts of characters, but without those on whose order the SDKs disagree.
fn query() -> impl Strategy<Value = Vec<(String, String)>> {
    vec(("[ -~äé中文]{0,8}", "[a-z \"#%&'+/:;=?éß中文]{0,12}"), 0..5)
}

fn header_value() -> impl Strategy<Value = HeaderValue> {
    "([!-~固件]([ -~固件]{0,18}[!-~固件])?)?"
        .prop_map(|value| HeaderValue::try_from(value.as_bytes()).expect("a header value"))
}

fn signable() -> impl Strategy<Value = Signable> {
    (
        // HMAC pads a short key with zero bytes, so secrets are made of other characters.
        "[!-~]{1,80}",
        "[a-z]{2}-[a-z]{4,9}-[0-9]{1,3}",
        method(),
        path(),
        query(),
        btree_map("x-custom-[a-z0-9-]{1,8}", header_value(), 0..4),
        vec(any::<u8>(), 0..200),
    )
        .prop_map(|(secret, region, method, path, query, custom, body)| {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("iotda.example.com"));
            headers.insert("x-sdk-date", HeaderValue::from_static("20230211T121212Z"));
            for (name, value) in custom {
                headers.insert(HeaderName::try_from(name).expect("made as a header name"), value);
            }
            Signable { secret, region, method, path, query, headers, body }
        })
}

proptest! {
    #[test]
    fn what_is_signed_verifies(request in signable()) {
        let values = request.sign();
        prop_assert_eq!(request.verify(&values), [Ok(()), Ok(())]);
        let claim = v11::parse_authorization(&values.1).expect("our own form");
        prop_assert_eq!(claim.access_key_id(), ID);
        prop_assert_eq!(claim.scope(), request.scope());
        let key = Key::derive(&request.key(), &request.scope(), claim.day()).expect("a key");
        prop_assert_eq!(request.with_request(|request| key.verify(&claim, request)), Ok(()));
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
    fn another_path_is_refused(request in signable(), path in path()) {
        prop_assume!(path != request.path);
        let other = Signable { path, ..request.clone() };
        prop_assert!(refuses(&request, &other));
    }

    #[test]
    fn another_query_is_refused_and_another_order_is_not(request in signable(), query in query()) {
        let (mut sorted, mut other_sorted) = (request.query.clone(), query.clone());
        sorted.sort();
        other_sorted.sort();
        let reordered = Signable { query: sorted.clone(), ..request.clone() };
        prop_assert_eq!(reordered.sign(), request.sign());
        prop_assume!(sorted != other_sorted);
        let other = Signable { query, ..request.clone() };
        prop_assert!(refuses(&request, &other));
    }

    #[test]
    fn another_body_is_refused(request in signable(), body in vec(any::<u8>(), 0..200)) {
        prop_assume!(body != request.body);
        let other = Signable { body, ..request.clone() };
        prop_assert!(refuses(&request, &other));
    }

    #[test]
    fn a_changed_header_is_refused(request in signable(), value in header_value()) {
        for name in request.headers.keys().filter(|name| *name != "x-sdk-date") {
            if request.headers[name] != value {
                let mut other = request.clone();
                other.headers.insert(name, value.clone());
                prop_assert!(refuses(&request, &other));
            }
        }
    }

    #[test]
    fn another_time_is_refused(request in signable(), time in "T(0[0-9]|1[0-1])([0-5][0-9]){2}Z") {
        let mut other = request.clone();
        other.headers.insert("x-sdk-date", HeaderValue::try_from(format!("20230211{time}")).expect("a header value"));
        prop_assert!(refuses(&request, &other));
    }

    #[test]
    fn a_removed_header_is_refused(request in signable()) {
        let values = request.sign();
        for name in request.headers.keys().filter(|name| *name != "x-sdk-date") {
            let mut other = request.clone();
            other.headers.remove(name);
            let refused = VerifyError::NotSignable(SignError::MissingHeader(name.to_string()));
            prop_assert_eq!(other.verify(&values), [Err(refused.clone()), Err(refused)]);
        }
    }

    #[test]
    fn a_header_outside_the_signature_changes_nothing(request in signable(), value in header_value()) {
        let mut other = request.clone();
        other.headers.insert(http::header::USER_AGENT, value);
        prop_assert_eq!(other.verify(&request.sign()), [Ok(()), Ok(())]);
    }

    #[test]
    fn another_region_or_key_in_the_claim_is_refused(request in signable(), region in "[a-z]{2}-[a-z]{4,9}-[0-9]{1,3}") {
        prop_assume!(region != request.region);
        let (_, derived) = request.sign();
        let text = derived.to_str().expect("visible ASCII");
        for forged in [text.replacen(&request.region, &region, 1), text.replacen(ID, "OTHERACCESSKEY", 1)] {
            let value = HeaderValue::try_from(forged).expect("a header value");
            let claim = v11::parse_authorization(&value).expect("our own form");
            let answer = request.with_request(|parts| v11::verify(&request.secret, &claim, parts));
            let refused = matches!(answer, Err(VerifyError::Mismatch { .. }));
            prop_assert!(refused);
        }
    }

    #[test]
    fn the_canonical_query_is_a_fixed_point(query in query()) {
        let pairs = query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let Ok(text) = canonical::query(pairs) else { return Ok(()) };
        let mut headers = HeaderMap::new();
        headers.insert("x-sdk-date", HeaderValue::from_static("20230211T121212Z"));
        let payload = Payload::Bytes(b"");
        let request = Request { method: &Method::GET, path: "/", query: Some(&text), headers: &headers, payload };
        let canonical = request.canonical(&SignedHeaders::usual(&headers)).expect("it can be signed");
        prop_assert_eq!(canonical.split('\n').nth(2), Some(text.as_str()));
    }

    #[test]
    fn no_request_makes_it_panic(
        method in "[A-Za-z]{1,6}",
        path in "[/.%]{0,4}\\PC{0,20}",
        query in "([a&=+%]|\\PC){0,20}",
        date in prop_oneof![Just("20230211T121212Z".to_owned()), "[ -~]{0,17}", "[0-9]{8}T[0-9]{6}Z"],
        stated in prop_oneof!["[ -~]{0,66}", "[0-9a-f]{64}", Just("UNSIGNED-PAYLOAD".to_owned())],
        value in vec(any::<u8>(), 0..10),
        body in vec(any::<u8>(), 0..3),
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-sdk-date", date.as_bytes()),
            ("x-sdk-content-sha256", stated.as_bytes()),
            ("x-custom", &value),
        ] {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.insert(name, value);
            }
        }
        let method = method.parse().expect("letters are a method");
        let payload = Payload::Bytes(&body);
        let request = Request { method: &method, path: &path, query: Some(&query), headers: &headers, payload };
        let _ = request.canonical(&SignedHeaders::new(headers.keys()).expect("signable names"));
    }

    #[test]
    fn reading_an_authorization_never_panics(
        bytes in prop_oneof![
            vec(any::<u8>(), 0..80),
            "(SDK-HMAC-SHA256 Access=|V11-HMAC-SHA256 Credential=)[ -~]{0,20}(, SignedHeaders=[ -~]{0,20})?(, Signature=[0-9a-g]{63,65})?"
                .prop_map(String::into_bytes),
        ],
    ) {
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            let _ = sdk_hmac::parse_authorization(&value);
            let _ = v11::parse_authorization(&value);
        }
    }
}
