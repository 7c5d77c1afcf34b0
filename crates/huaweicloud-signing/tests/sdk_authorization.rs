//! Access keys, derived keys and claims that the gateway schemes refuse, and what a mismatch tells.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use huaweicloud_signing::canonical::{Payload, Request, SignError, SignedHeaders, VerifyError};
use huaweicloud_signing::v11::{Key, Scope};
use huaweicloud_signing::{AccessKey, sdk_hmac, v11};

const TIME: &str = "20230211T121212Z";
const KEY: AccessKey<'static> = AccessKey { id: "FAKEACCESSKEY", secret: "fake-secret" };
const SCOPE: Scope<'static> = Scope { region: "cn-north-4", service: "iotdm" };
const EMPTY_HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// `X-Sdk-Date` and these headers.
fn headers(more: &[(&'static str, &'static str)]) -> HeaderMap {
    [("x-sdk-date", TIME)]
        .iter()
        .chain(more)
        .map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
        .collect()
}

fn request(headers: &HeaderMap) -> Request<'_> {
    Request { method: &Method::GET, path: "/v5/things", query: None, headers, payload: Payload::Bytes(b"") }
}

#[test]
fn refuses_an_access_key_or_scope_that_cannot_be_used() {
    let headers = headers(&[]);
    let (request, signed) = (request(&headers), SignedHeaders::usual(&headers));
    for text in ["", "A,B", "A/B", "A B", "A\n", "固件"] {
        let key = AccessKey { id: text, ..KEY };
        assert_eq!(sdk_hmac::authorization(&key, &request, &signed), Err(SignError::InvalidAccessKeyId));
        assert_eq!(v11::authorization(&key, &SCOPE, &request, &signed), Err(SignError::InvalidAccessKeyId));
        for scope in [Scope { region: text, ..SCOPE }, Scope { service: text, ..SCOPE }] {
            assert_eq!(v11::authorization(&KEY, &scope, &request, &signed), Err(SignError::InvalidScope));
            assert_eq!(v11::string_to_sign(&scope, &request, &signed), Err(SignError::InvalidScope));
        }
    }
    let key = AccessKey { secret: "", ..KEY };
    assert_eq!(sdk_hmac::authorization(&key, &request, &signed), Err(SignError::EmptySecret));
    assert_eq!(v11::authorization(&key, &SCOPE, &request, &signed), Err(SignError::EmptySecret));
}

#[test]
fn a_derived_key_is_good_for_its_day_only() {
    let (today, tomorrow) = (headers(&[]), {
        let mut headers = headers(&[]);
        headers.insert("x-sdk-date", HeaderValue::from_static("20230212T000000Z"));
        headers
    });
    let signed = SignedHeaders::usual(&today);
    let key = Key::derive(&KEY, &SCOPE, "20230211").expect("a key");
    assert_eq!((key.day(), key.credential()), ("20230211", "FAKEACCESSKEY/20230211/cn-north-4/iotdm"));
    let value = key.authorization(&request(&today), &signed).expect("a signature");
    assert_eq!(v11::authorization(&KEY, &SCOPE, &request(&today), &signed), Ok(value.clone()));
    assert_eq!(key.authorization(&request(&tomorrow), &signed), Err(SignError::KeyOfAnotherDay));

    let claim = v11::parse_authorization(&value).expect("a claim");
    assert_eq!(claim.credential(), key.credential());
    assert_eq!(key.verify(&claim, &request(&today)), Ok(()));
    assert_eq!(key.verify(&claim, &request(&tomorrow)), Err(VerifyError::OtherDay));
    assert_eq!(v11::verify(KEY.secret, &claim, &request(&tomorrow)), Err(VerifyError::OtherDay));
    let other = Key::derive(&KEY, &SCOPE, "20230212").expect("a key");
    assert_eq!(other.verify(&claim, &request(&today)), Err(VerifyError::OtherKey));

    for day in ["", "2023021", "20230229", TIME] {
        assert_eq!(Key::derive(&KEY, &SCOPE, day).err(), Some(SignError::InvalidDate), "{day}");
    }
}

/// Parses with the scheme that the text is for.
fn parse(text: &str) -> Option<VerifyError> {
    let value = HeaderValue::try_from(text).expect("a header value");
    if text.starts_with("SDK") {
        sdk_hmac::parse_authorization(&value).err()
    } else {
        v11::parse_authorization(&value).err()
    }
}

#[test]
fn refuses_another_scheme() {
    for text in
        ["", "SDK-HMAC-SHA256", "sdk-hmac-sha256 Access=A", "V11-HMAC-SHA256 Credential=A", "SDK-HMAC-SM3 Access=A"]
    {
        let value = HeaderValue::from_static(text);
        assert_eq!(sdk_hmac::parse_authorization(&value), Err(VerifyError::OtherScheme("SDK-HMAC-SHA256")), "{text}");
    }
    for text in ["", "V11-HMAC-SHA256", "SDK-HMAC-SHA256 Access=A", "OBS A:B"] {
        let value = HeaderValue::from_static(text);
        assert_eq!(v11::parse_authorization(&value), Err(VerifyError::OtherScheme("V11-HMAC-SHA256")), "{text}");
    }
}

#[test]
fn refuses_a_malformed_authorization() {
    let zeros = "0".repeat(64);
    let plain = |rest: &str| format!("SDK-HMAC-SHA256 {rest}");
    let derived = |credential: &str| {
        format!("V11-HMAC-SHA256 Credential={credential}, SignedHeaders=x-sdk-date, Signature={zeros}")
    };
    assert_eq!(parse(&plain(&format!("Access=A, SignedHeaders=host;x-sdk-date, Signature={zeros}"))), None);
    for rest in [
        String::new(),
        format!("Access=A,SignedHeaders=x-sdk-date,Signature={zeros}"),
        format!("Access=, SignedHeaders=x-sdk-date, Signature={zeros}"),
        format!("Access=A/B, SignedHeaders=x-sdk-date, Signature={zeros}"),
        format!(" Access=A, SignedHeaders=x-sdk-date, Signature={zeros}"),
        format!("Credential=A, SignedHeaders=x-sdk-date, Signature={zeros}"),
        format!("SignedHeaders=x-sdk-date, Access=A, Signature={zeros}"),
        format!("Access=A, SignedHeaders=, Signature={zeros}"),
        format!("Access=A, SignedHeaders=x-sdk-date;host, Signature={zeros}"),
        format!("Access=A, SignedHeaders=x-sdk-date;x-sdk-date, Signature={zeros}"),
        format!("Access=A, SignedHeaders=X-Sdk-Date, Signature={zeros}"),
        format!("Access=A, SignedHeaders=x-sdk-date;, Signature={zeros}"),
        format!("Access=A, SignedHeaders=x-sdk-date;x_y, Signature={zeros}"),
        format!("Access=A, SignedHeaders=authorization;x-sdk-date, Signature={zeros}"),
        format!("Access=A, SignedHeaders=x-sdk-date, Signature={}", &zeros[1..]),
        format!("Access=A, SignedHeaders=x-sdk-date, Signature={zeros} "),
        format!("Access=A, SignedHeaders=x-sdk-date, Signature={}", "A".repeat(64)),
    ] {
        assert_eq!(parse(&plain(&rest)), Some(VerifyError::Malformed("SDK-HMAC-SHA256")), "{rest}");
    }
    assert_eq!(parse(&derived("A/20230211/cn-north-4/iotdm")), None);
    for credential in [
        "A",
        "A/20230211/cn-north-4",
        "A/20230211/cn-north-4/iotdm/x",
        "A/20230229/r/s",
        "/20230211/r/s",
        "A/20230211//s",
        "A/20230211/r/",
    ] {
        assert_eq!(parse(&derived(credential)), Some(VerifyError::Malformed("V11-HMAC-SHA256")), "{credential}");
    }
    let bytes = HeaderValue::from_bytes(b"SDK-HMAC-SHA256 Access=\xff").expect("bytes above 127 are legal");
    assert_eq!(sdk_hmac::parse_authorization(&bytes), Err(VerifyError::Malformed("SDK-HMAC-SHA256")));
}

#[test]
fn refuses_a_claim_that_does_not_sign_the_time() {
    let text = format!("SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature={}", "0".repeat(64));
    assert_eq!(parse(&text), Some(VerifyError::DateNotSigned));
}

#[test]
fn a_mismatch_explains_itself_without_secrets() {
    let mut headers =
        headers(&[("x-security-token", "fake-token"), ("x-auth-token", "fake-auth"), ("host", "a.example.com")]);
    let mut custom = HeaderValue::from_static("fake-custom");
    custom.set_sensitive(true);
    headers.insert("x-custom", custom);
    let request = request(&headers);
    let signed = SignedHeaders::new(headers.keys()).expect("signable names");

    let plain = sdk_hmac::authorization(&KEY, &request, &signed).expect("a signature");
    let claim = sdk_hmac::parse_authorization(&plain).expect("a claim");
    let answer = sdk_hmac::verify("fake-other-secret", &claim, &request);
    let canonical_request = [
        "GET",
        "/v5/things/",
        "",
        "host:a.example.com",
        "x-auth-token:***",
        "x-custom:***",
        "x-sdk-date:20230211T121212Z",
        "x-security-token:***",
        "",
        "host;x-auth-token;x-custom;x-sdk-date;x-security-token",
        EMPTY_HASH,
    ]
    .join("\n");
    let string_to_sign = sdk_hmac::string_to_sign(&request, &signed).expect("a text");
    let expected = VerifyError::Mismatch { canonical_request: canonical_request.clone(), string_to_sign };
    assert_eq!(answer, Err(expected));
    assert!(!format!("{claim:?} {answer:?} {request:?}").contains("fake-"));

    let derived = v11::authorization(&KEY, &SCOPE, &request, &signed).expect("a signature");
    let claim = v11::parse_authorization(&derived).expect("a claim");
    let answer = v11::verify("fake-other-secret", &claim, &request);
    let string_to_sign = v11::string_to_sign(&SCOPE, &request, &signed).expect("a text");
    assert_eq!(answer, Err(VerifyError::Mismatch { canonical_request, string_to_sign }));
    let key = Key::derive(&KEY, &SCOPE, "20230211").expect("a key");
    assert!(!format!("{claim:?} {answer:?} {key:?}").contains("fake-"));
}

#[test]
fn a_request_that_cannot_be_signed_does_not_verify() {
    let signed = headers(&[]);
    let value = sdk_hmac::authorization(&KEY, &request(&signed), &SignedHeaders::usual(&signed)).expect("a signature");
    let claim = sdk_hmac::parse_authorization(&value).expect("a claim");
    let other = Request { path: "/v5/%74hings", ..request(&signed) };
    assert_eq!(
        sdk_hmac::verify(KEY.secret, &claim, &other),
        Err(VerifyError::NotSignable(SignError::UnclearPathCharacter('%')))
    );
    assert_eq!(sdk_hmac::verify("", &claim, &request(&signed)), Err(VerifyError::NotSignable(SignError::EmptySecret)));
}
