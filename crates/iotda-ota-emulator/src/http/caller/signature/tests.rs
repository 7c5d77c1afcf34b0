//! Which signatures are accepted, and what is said about the others.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request as HttpRequest};
use huaweicloud_signing::AccessKey;
use huaweicloud_signing::canonical::SignedHeaders;
use proptest::prelude::*;

use super::*;
use crate::identity::Identities;

const KEY: AccessKey<'_> = AccessKey { id: "EMULATOR-ACCESS-KEY", secret: "emulator-secret-key" };
const SCOPE: v11::Scope<'_> = v11::Scope { region: "emulator-1", service: "iotdm" };
const BODY: &[u8] = b"{\"app_id\":\"app-1\"}";

fn access(kind: InstanceKind, refusal: Option<Refusal>) -> Access {
    Access { identities: Arc::new(Identities::default()), kind, refusal }
}

/// A request that is not signed yet.
fn request() -> Parts {
    let mut parts = HttpRequest::builder()
        .method(Method::POST)
        .uri("/v5/iot/emulator-project/ota-upgrades/packages?a=1")
        .header("host", "127.0.0.1:8790")
        .header("content-type", "application/json")
        .header("x-sdk-date", compact_time(unix_seconds(SystemTime::now())))
        .body(())
        .unwrap()
        .into_parts()
        .0;
    parts.extensions.insert(Buffered(Bytes::from_static(BODY)));
    parts
}

fn sign(parts: &mut Parts, key: &AccessKey<'_>, scope: Option<v11::Scope<'_>>) {
    let request = Request::from_parts(parts, Payload::Bytes(BODY));
    let signed = SignedHeaders::usual(&parts.headers);
    let authorization = match scope {
        None => sdk_hmac::authorization(key, &request, &signed),
        Some(scope) => v11::authorization(key, &scope, &request, &signed),
    }
    .unwrap();
    parts.headers.insert(AUTHORIZATION, authorization);
}

fn signed(scope: Option<v11::Scope<'_>>) -> Parts {
    let mut parts = request();
    sign(&mut parts, &KEY, scope);
    parts
}

fn check(parts: &Parts) -> Result<Option<Caller>, Rejection> {
    signer(parts, &access(InstanceKind::Any, None), 0, Gate::Iotda)
}

/// The text of a refusal by the gateway.
fn refused(parts: &Parts) -> String {
    let rejection = check(parts).err().unwrap();
    assert_eq!(rejection.code, Code::Gateway);
    let problem = rejection.message.strip_prefix("Incorrect IAM authentication information: ").unwrap();
    assert!(!problem.contains(KEY.secret));
    problem.to_owned()
}

#[test]
fn accepts_both_schemes() {
    for scope in [None, Some(SCOPE)] {
        let caller = check(&signed(scope)).ok().flatten().unwrap();
        assert_eq!(caller.user.name, "emulator-user");
    }
    assert!(check(&request()).is_ok_and(|caller| caller.is_none()));
}

#[test]
fn a_wrong_secret_is_refused_with_what_was_computed() {
    let secret = "planted-secret";
    let mut parts = request();
    sign(&mut parts, &AccessKey { secret, ..KEY }, None);
    let text = refused(&parts);
    let date = parts.headers["x-sdk-date"].to_str().unwrap();
    let canonical = format!(
        "verify aksk signature fail, canonicalRequest:POST|/v5/iot/emulator-project/ota-upgrades/packages/|a=1|\
         content-type:application/json|host:127.0.0.1:8790|x-sdk-date:{date}||content-type;host;x-sdk-date|"
    );
    assert!(text.starts_with(&canonical), "{text}");
    assert!(text.contains(&format!(", stringToSign:SDK-HMAC-SHA256|{date}|")), "{text}");
    assert!(!text.contains(secret) && !text.contains('\n'), "{text}");
}

#[test]
fn every_changed_part_is_refused() {
    let changes: [fn(&mut Parts); 6] = [
        |parts| parts.method = Method::PUT,
        |parts| parts.uri = "/v5/iot/other/ota-upgrades/packages?a=1".parse().unwrap(),
        |parts| parts.uri = "/v5/iot/emulator-project/ota-upgrades/packages?a=2".parse().unwrap(),
        |parts| drop(parts.headers.insert("host", HeaderValue::from_static("localhost"))),
        |parts| drop(parts.headers.insert("content-type", HeaderValue::from_static("text/plain"))),
        |parts| drop(parts.extensions.insert(Buffered(Bytes::from_static(b"{}")))),
    ];
    for scope in [None, Some(SCOPE)] {
        for change in changes {
            let mut parts = signed(scope);
            change(&mut parts);
            let text = refused(&parts);
            assert!(text.starts_with("verify aksk signature fail, canonicalRequest:"), "{text}");
        }
    }
}

#[test]
fn a_header_that_was_added_later_does_no_harm() {
    let mut parts = signed(None);
    parts.headers.insert("user-agent", HeaderValue::from_static("test"));
    assert!(check(&parts).is_ok());
}

#[test]
fn an_unknown_access_key_and_another_scheme_are_named() {
    let mut parts = request();
    sign(&mut parts, &AccessKey { id: "FAKEKEY", ..KEY }, None);
    assert_eq!(refused(&parts), "ak FAKEKEY not exist");
    parts.headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer planted-secret"));
    let text = refused(&parts);
    assert!(
        text.starts_with("decrypt token fail, Authorization begins neither") && !text.contains("planted"),
        "{text}"
    );
}

#[test]
fn an_old_or_future_date_is_refused() {
    let now = unix_seconds(SystemTime::now());
    for (date, accepted) in [(now - 890, true), (now + 890, true), (now - 910, false), (now + 910, false)] {
        let mut parts = request();
        let date = compact_time(date);
        parts.headers.insert("x-sdk-date", HeaderValue::try_from(&date).unwrap());
        sign(&mut parts, &KEY, None);
        match check(&parts) {
            Ok(_) => assert!(accepted, "{date}"),
            Err(rejection) => {
                assert!(rejection.message.contains(&format!("signature expired, signature time:{date},server time:")));
                assert!(!accepted, "{date}");
            }
        }
    }
}

#[test]
fn a_derived_key_is_for_this_region_and_service() {
    for scope in [v11::Scope { region: "cn-north-4", ..SCOPE }, v11::Scope { service: "iotda", ..SCOPE }] {
        let text = refused(&signed(Some(scope)));
        let expected = format!(
            "verify aksk signature fail, the key is derived for {}/{}, and this is emulator-1/iotdm",
            scope.region, scope.service
        );
        assert_eq!(text, expected);
    }
}

#[test]
fn the_kind_of_instance_decides_on_the_scheme() {
    let code = |kind, refusal, scope| {
        signer(&signed(scope), &access(kind, refusal), 0, Gate::Iotda).err().map(|rejection| rejection.code)
    };
    let missing = Some(Refusal::TokenHeaderMissing);
    assert_eq!(code(InstanceKind::Dedicated, None, None), Some(Code::NotAuthenticated));
    assert_eq!(code(InstanceKind::Dedicated, None, Some(SCOPE)), None);
    assert_eq!(code(InstanceKind::Shared, None, None), None);
    assert_eq!(code(InstanceKind::Shared, None, Some(SCOPE)), Some(Code::TokenHeaderMissing));
    assert_eq!(code(InstanceKind::Dedicated, missing, None), Some(Code::TokenHeaderMissing));
}

#[test]
fn a_refusal_that_it_was_told_to_make_is_for_signatures_at_iotda_only() {
    for (refusal, words) in [(Refusal::KeyLocked, "reach the limit"), (Refusal::BodyHash, "hash of the body")] {
        let access = access(InstanceKind::Any, Some(refusal));
        let rejection = signer(&signed(None), &access, 0, Gate::Iotda).err().unwrap();
        assert!(rejection.code == Code::Gateway && rejection.message.contains(words), "{}", rejection.message);
        assert!(signer(&signed(None), &access, 0, Gate::Iam).is_ok());
    }
}

#[test]
fn iam_accepts_plain_signatures_whatever_the_instance() {
    let access = access(InstanceKind::Dedicated, Some(Refusal::TokenHeaderMissing));
    assert!(signer(&signed(None), &access, 0, Gate::Iam).is_ok());
    assert!(signer(&signed(Some(SCOPE)), &access, 0, Gate::Iam).is_err());
}

proptest! {
    #[test]
    fn any_authorization_is_refused_without_a_panic(
        authorization in prop_oneof![
            prop::collection::vec(any::<u8>().prop_filter("no line ends", |b| !matches!(b, 0..=31 | 127)), 0..80),
            "(SDK-HMAC-SHA256|V11-HMAC-SHA256) (Access|Credential)=[A-Z/=, ]{0,20}, SignedHeaders=[a-z;-]{0,20}, Signature=[0-9a-f]{0,65}"
                .prop_map(String::into_bytes),
        ],
        date in "[0-9TZ]{0,17}",
        token in "[!-~]{0,30}",
    ) {
        let mut parts = request();
        parts.headers.insert(AUTHORIZATION, HeaderValue::from_bytes(&authorization).unwrap());
        parts.headers.insert("x-sdk-date", HeaderValue::try_from(date).unwrap());
        parts.headers.insert("x-security-token", HeaderValue::try_from(token).unwrap());
        prop_assert!(check(&parts).is_err());
    }

    #[test]
    fn a_damaged_authorization_is_refused(index in any::<prop::sample::Index>(), replacement in "[ -~]?", derived: bool) {
        let mut parts = signed(derived.then_some(SCOPE));
        let text = parts.headers[AUTHORIZATION].to_str().unwrap().to_owned();
        let at = index.index(text.len());
        let damaged = format!("{}{replacement}{}", &text[..at], &text[at + 1..]);
        prop_assume!(damaged != text);
        parts.headers.insert(AUTHORIZATION, HeaderValue::try_from(damaged).unwrap());
        prop_assert!(check(&parts).is_err());
    }
}
