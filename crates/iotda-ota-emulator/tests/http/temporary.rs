//! Temporary access keys, of IAM and of the metadata service, on both ports.

use http::Method;
use iotda_ota_emulator::{Emulator, FixedClock};
use serde_json::{Value, json};

use crate::client::{Answer, Caller, DOCUMENTED_TIME, code, read};
use crate::signing::{Key, Scheme, signed};

const LIST: &str = "/v5/iot/emulator-project/ota-upgrades/packages?package_type=firmwarePackage";
const EXCHANGE: &str = "/v3.0/OS-CREDENTIAL/securitytokens";

async fn at(seconds: u64) -> Caller {
    let builder = Emulator::builder().metadata(true).clock(FixedClock::at_unix_seconds(seconds));
    Caller::of(builder.start().await.unwrap())
}

async fn exchange(caller: &Caller, token: &Value) -> Answer {
    let body = json!({"auth": {"identity": {"methods": ["token"], "token": token}}});
    let url = format!("{}{EXCHANGE}", caller.emulator.iam_endpoint());
    read(caller.http.post(url).json(&body).send().await.unwrap()).await
}

pub(crate) async fn temporary_key(caller: &Caller) -> Key {
    let (status, body) = exchange(caller, &json!({"id": caller.emulator.token()})).await;
    assert_eq!(status, 201, "{body}");
    Key::in_answer(&body)
}

async fn list(caller: &Caller, key: &Key, scheme: Scheme) -> Answer {
    read(signed(caller, key, scheme, &Method::GET, LIST, "").send().await.unwrap()).await
}

/// The status of a HEAD of the bucket, signed for OBS.
async fn obs(caller: &Caller, key: &Key) -> (u16, String) {
    let response = caller.obs_as(key, Method::GET, "missing.bin").await;
    let status = response.status().as_u16();
    let body = response.text().await.unwrap();
    (status, body.split_once("<Code>").unwrap().1.split_once("</Code>").unwrap().0.to_owned())
}

#[tokio::test]
async fn a_token_is_exchanged_for_a_temporary_key() {
    let caller = at(DOCUMENTED_TIME).await;
    let (status, body) = exchange(&caller, &json!({"id": "emulator-token", "duration_seconds": 3600})).await;
    assert_eq!((status, &body["credential"]["expires_at"]), (201, &json!("2023-02-11T13:12:12.000000Z")));
    let key = Key::in_answer(&body);
    for scheme in [Scheme::Plain, Scheme::Derived] {
        let answer = list(&caller, &key, scheme).await;
        assert_eq!(answer.0, 200, "{answer:?}");
    }
    assert_eq!(obs(&caller, &key).await, (404, "NoSuchKey".to_owned()));
}

#[tokio::test]
async fn the_header_counts_more_than_the_token_in_the_body() {
    let caller = at(DOCUMENTED_TIME).await;
    let body = json!({"auth": {"identity": {"methods": ["token"], "token": {"id": "fake"}}}});
    let request = caller.http.post(format!("{}{EXCHANGE}", caller.emulator.iam_endpoint())).json(&body);
    let answer = read(request.header("X-Auth-Token", "emulator-token").send().await.unwrap()).await;
    assert_eq!((answer.0, &answer.1["credential"]["expires_at"]), (201, &json!("2023-02-11T12:27:12.000000Z")));
}

#[tokio::test]
async fn a_permanent_key_can_ask_for_a_temporary_one() {
    let caller = at(DOCUMENTED_TIME).await;
    let body = json!({"auth": {"identity": {"methods": ["token"]}}}).to_string();
    let request = signed(&caller, &Key::of(&caller), Scheme::Plain, &Method::POST, EXCHANGE, &body);
    assert_eq!(read(request.send().await.unwrap()).await.0, 201);
}

#[tokio::test]
async fn a_wrong_exchange_is_refused() {
    let caller = at(DOCUMENTED_TIME).await;
    let cases = [
        (json!({"id": "fake"}), 401),
        (json!({}), 401),
        (json!({"id": "emulator-token", "duration_seconds": 899}), 400),
        (json!({"id": "emulator-token", "duration_seconds": 86_401}), 400),
        (json!({"id": "emulator-token", "duration_seconds": i64::MIN}), 400),
        (json!({"id": "emulator-token", "duration_seconds": "900"}), 400),
    ];
    for (token, status) in cases {
        let answer = exchange(&caller, &token).await;
        assert_eq!((answer.0, &answer.1["error"]["code"]), (status, &json!(status)), "{token}");
    }
    let url = format!("{}{EXCHANGE}", caller.emulator.iam_endpoint());
    let body = json!({"auth": {"identity": {"methods": ["assume_role"]}}});
    assert_eq!(caller.http.post(url).json(&body).send().await.unwrap().status().as_u16(), 400);
}

#[tokio::test]
async fn a_temporary_key_needs_its_own_security_token() {
    let caller = at(DOCUMENTED_TIME).await;
    let (key, other) = (temporary_key(&caller).await, temporary_key(&caller).await);
    let message = |answer: &Answer| answer.1["error_msg"].as_str().unwrap().to_owned();

    let without = Key { token: None, ..key.clone() };
    let answer = list(&caller, &without, Scheme::Plain).await;
    assert_eq!(code(&answer), (401, "APIGW.0301"));
    assert_eq!(message(&answer), format!("Incorrect IAM authentication information: ak {} not exist", key.id));
    assert_eq!(obs(&caller, &without).await, (403, "InvalidAccessKeyId".to_owned()));

    let permanent = Key::of(&caller);
    for wrong in [Key { token: other.token.clone(), ..key.clone() }, Key { token: other.token.clone(), ..permanent }] {
        let answer = list(&caller, &wrong, Scheme::Plain).await;
        assert_eq!(code(&answer), (401, "APIGW.0301"));
        assert!(message(&answer).contains("X-Security-Token does not belong to ak"), "{}", message(&answer));
        assert_eq!(obs(&caller, &wrong).await, (403, "EMULATOR.InvalidSecurityToken".to_owned()));
    }

    let forged = Key { secret: other.secret, ..key.clone() };
    let answer = list(&caller, &forged, Scheme::Plain).await;
    let text = message(&answer);
    assert!(text.contains("|x-security-token:***|") && !text.contains(&key.token.unwrap()), "{text}");
}

#[tokio::test]
async fn a_temporary_key_ends_at_its_time() {
    let key = temporary_key(&at(DOCUMENTED_TIME).await).await;
    let before = at(DOCUMENTED_TIME + 899).await;
    assert_eq!(list(&before, &key, Scheme::Derived).await.0, 200);
    assert_eq!(obs(&before, &key).await, (404, "NoSuchKey".to_owned()));
    let after = at(DOCUMENTED_TIME + 900).await;
    let answer = list(&after, &key, Scheme::Derived).await;
    assert_eq!(code(&answer), (401, "APIGW.0301"));
    assert!(answer.1["error_msg"].as_str().unwrap().ends_with("has expired"));
    assert_eq!(obs(&after, &key).await, (403, "EMULATOR.InvalidSecurityToken".to_owned()));
}

#[tokio::test]
async fn the_metadata_service_gives_keys_with_and_without_a_token() {
    let caller = at(DOCUMENTED_TIME).await;
    let base = caller.emulator.metadata_endpoint().unwrap();
    let put = |seconds: &'static str| {
        let request = caller.http.put(format!("{base}/meta-data/latest/api/token"));
        request.header("X-Metadata-Token-Ttl-Seconds", seconds).send()
    };
    for wrong in ["0", "21601", "soon"] {
        assert_eq!(put(wrong).await.unwrap().status().as_u16(), 400, "{wrong}");
    }
    let token = put("21600").await.unwrap().text().await.unwrap();

    let url = format!("{base}/openstack/latest/securitykey");
    for request in [caller.http.get(&url), caller.http.get(&url).header("X-Metadata-Token", &token)] {
        let (status, body) = read(request.send().await.unwrap()).await;
        assert_eq!((status, &body["credential"]["expires_at"]), (200, &json!("2023-02-11T13:12:12.000000Z")));
        assert_eq!(list(&caller, &Key::in_answer(&body), Scheme::Plain).await.0, 200);
    }
    let later = at(DOCUMENTED_TIME + 21_600).await;
    let url = format!("{}/openstack/latest/securitykey", later.emulator.endpoint());
    for wrong in ["fake", &token] {
        let request = later.http.get(&url).header("X-Metadata-Token", wrong);
        assert_eq!(request.send().await.unwrap().status().as_u16(), 401);
    }
}

#[tokio::test]
async fn there_is_no_metadata_service_unless_asked_for() {
    let caller = Caller::new().await;
    assert_eq!(caller.emulator.metadata_endpoint(), None);
    let url = format!("{}/openstack/latest/securitykey", caller.emulator.endpoint());
    assert_eq!(code(&read(caller.http.get(url).send().await.unwrap()).await), (404, "APIGW.0101"));
}
