//! Signed calls of the package operations: schemes, kinds of instances, refusals.

use http::Method;
use iotda_ota_emulator::{Builder, Emulator, InstanceKind, Refusal};
use serde_json::Value;

use crate::client::{Answer, Caller, code, minimal, read};
use crate::signing::{Key, Scheme, signed};

const PACKAGES: &str = "/v5/iot/emulator-project/ota-upgrades/packages";
const LIST: &str = "/v5/iot/emulator-project/ota-upgrades/packages?package_type=firmwarePackage";

async fn caller(builder: Builder) -> Caller {
    Caller::of(builder.start().await.unwrap())
}

async fn list(caller: &Caller, key: &Key, scheme: Scheme) -> Answer {
    read(signed(caller, key, scheme, &Method::GET, LIST, "").send().await.unwrap()).await
}

fn message(answer: &Answer) -> &str {
    answer.1["error_msg"].as_str().unwrap()
}

#[tokio::test]
async fn both_schemes_may_do_everything() {
    let caller = Caller::new().await;
    caller.upload("a.bin", b"firmware").await;
    let body = minimal("a.bin").to_string();
    let key = Key::of(&caller);
    for scheme in [Scheme::Plain, Scheme::Derived] {
        let created = signed(&caller, &key, scheme, &Method::POST, PACKAGES, &body).send().await.unwrap();
        let (status, created) = read(created).await;
        assert_eq!(status, 201, "{created}");
        let path = format!("{PACKAGES}/{}", created["package_id"].as_str().unwrap());
        for (method, status) in [(Method::GET, 200), (Method::DELETE, 204)] {
            let answer = signed(&caller, &key, scheme, &method, &path, "").send().await.unwrap();
            assert_eq!(read(answer).await.0, status, "{method}");
        }
    }
}

#[tokio::test]
async fn a_body_that_was_changed_is_refused() {
    let caller = Caller::new().await;
    let request = signed(&caller, &Key::of(&caller), Scheme::Plain, &Method::POST, PACKAGES, "{}");
    let answer = read(request.body("{} ").send().await.unwrap()).await;
    assert_eq!(code(&answer), (401, "APIGW.0301"));
    let text = message(&answer);
    assert!(text.contains("verify aksk signature fail, canonicalRequest:POST|"), "{text}");
}

#[tokio::test]
async fn a_refusal_of_the_gateway_has_the_request_id_and_no_secret() {
    let caller = Caller::new().await;
    let key = Key { secret: "planted-secret".to_owned(), ..Key::of(&caller) };
    let response = signed(&caller, &key, Scheme::Derived, &Method::GET, LIST, "").send().await.unwrap();
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let text = response.text().await.unwrap();
    assert!(!text.contains("planted-secret") && !text.contains("emulator-secret-key"), "{text}");
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(body["request_id"], id);
}

#[tokio::test]
async fn an_access_key_is_for_the_projects_of_its_user() {
    let caller = Caller::new().await;
    let path = LIST.replace("emulator-project", "other");
    let request = signed(&caller, &Key::of(&caller), Scheme::Plain, &Method::GET, &path, "");
    assert_eq!(code(&read(request.send().await.unwrap()).await), (403, "EMULATOR.PROJECT_MISMATCH"));
}

#[tokio::test]
async fn an_instance_of_its_own_address_refuses_plain_signatures() {
    let caller = caller(Emulator::builder().signing(InstanceKind::Dedicated)).await;
    let key = Key::of(&caller);
    assert_eq!(code(&list(&caller, &key, Scheme::Plain).await), (401, "IOTDA.000002"));
    assert_eq!(list(&caller, &key, Scheme::Derived).await.0, 200);
    assert_eq!(caller.list("package_type=firmwarePackage").await.0, 200);
}

#[tokio::test]
async fn the_shared_address_refuses_derived_signatures() {
    let caller = caller(Emulator::builder().signing(InstanceKind::Shared)).await;
    let key = Key::of(&caller);
    assert_eq!(list(&caller, &key, Scheme::Plain).await.0, 200);
    let refused = list(&caller, &key, Scheme::Derived).await;
    assert_eq!(code(&refused), (400, "EMULATOR.TOKEN_HEADER_MISSING"));
    assert_eq!(message(&refused), "missing request header X-Auth-Token");
}

#[tokio::test]
async fn a_told_refusal_is_given_to_every_scheme() {
    let missing = caller(Emulator::builder().refuse_with(Refusal::TokenHeaderMissing)).await;
    let not_subscribed = caller(Emulator::builder().refuse_with(Refusal::NotSubscribed)).await;
    for scheme in [Scheme::Plain, Scheme::Derived] {
        let answer = list(&missing, &Key::of(&missing), scheme).await;
        assert_eq!(code(&answer), (400, "EMULATOR.TOKEN_HEADER_MISSING"));
        let answer = list(&not_subscribed, &Key::of(&not_subscribed), scheme).await;
        assert_eq!(code(&answer), (403, "IOTDA.000021"));
    }
    assert_eq!(missing.list("package_type=firmwarePackage").await.0, 200);
    let with_token = not_subscribed.list("package_type=firmwarePackage").await;
    assert_eq!(code(&with_token), (403, "IOTDA.000021"));
}
