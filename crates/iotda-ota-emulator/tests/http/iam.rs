//! IAM: tokens, projects, temporary access keys.

use http::Method;
use iotda_ota_emulator::{Emulator, FixedClock};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::client::{Caller, DOCUMENTED_TIME, code, read};
use crate::signing::{Key, Scheme, signed};

const DAY: u64 = 24 * 60 * 60;
const LIST: &str = "/v5/iot/emulator-project/ota-upgrades/packages?package_type=firmwarePackage";

async fn at(seconds: u64) -> Caller {
    Caller::of(Emulator::builder().clock(FixedClock::at_unix_seconds(seconds)).start().await.unwrap())
}

pub(crate) fn password(caller: &Caller) -> Value {
    let emulator = &caller.emulator;
    json!({"auth": {
        "identity": {"methods": ["password"], "password": {"user": {
            "name": emulator.user(), "password": emulator.password(), "domain": {"name": emulator.domain()}
        }}},
        "scope": {"project": {"name": emulator.region()}}
    }})
}

async fn post(caller: &Caller, path: &str, body: &Value) -> reqwest::Response {
    let url = format!("{}{path}", caller.emulator.iam_endpoint());
    let response = caller.http.post(url).json(body).send().await.unwrap();
    assert!(response.headers().contains_key("x-iam-trace-id"));
    response
}

pub(crate) async fn new_token(caller: &Caller) -> String {
    let response = post(caller, "/v3/auth/tokens?nocatalog=true", &password(caller)).await;
    assert_eq!(response.status().as_u16(), 201);
    response.headers()["x-subject-token"].to_str().unwrap().to_owned()
}

async fn list(caller: &Caller, token: &str) -> (u16, Value) {
    let request = caller.http.get(format!("{}{LIST}", caller.emulator.endpoint()));
    read(request.header("X-Auth-Token", token).send().await.unwrap()).await
}

/// The refusal in the form of IAM.
fn refusal((status, body): &(u16, Value)) -> (u16, &str, &str) {
    let error = &body["error"];
    assert_eq!(error["code"], *status);
    (*status, error["title"].as_str().unwrap(), error["message"].as_str().unwrap())
}

#[tokio::test]
async fn gives_a_token_that_is_accepted() {
    let caller = at(DOCUMENTED_TIME).await;
    let response = post(&caller, "/v3/auth/tokens", &password(&caller)).await;
    let token = response.headers()["x-subject-token"].to_str().unwrap().to_owned();
    let (status, body) = read(response).await;
    let user_id = body["token"]["user"]["id"].clone();
    let domain = json!({"id": body["token"]["user"]["domain"]["id"].clone(), "name": "emulator-domain"});
    assert_eq!(user_id.as_str().unwrap().len(), 32);
    let expected = json!({"token": {
        "methods": ["password"],
        "issued_at": "2023-02-11T12:12:12.000000Z",
        "expires_at": "2023-02-12T12:12:12.000000Z",
        "user": {"domain": domain, "id": user_id, "name": "emulator-user", "password_expires_at": ""},
        "project": {"domain": domain, "id": "emulator-project", "name": "emulator-1"},
        "roles": [],
        "catalog": [],
    }});
    assert_eq!((status, body), (201, expected));
    assert_eq!(list(&caller, &token).await.0, 200);
}

#[tokio::test]
async fn leaves_the_catalog_out_when_told() {
    let caller = Caller::new().await;
    for (query, has_catalog) in [("?nocatalog=true", false), ("?nocatalog=", true), ("?other=1", true)] {
        let response = post(&caller, &format!("/v3/auth/tokens{query}"), &password(&caller)).await;
        let (_, body) = read(response).await;
        assert_eq!(body["token"].get("catalog").is_some(), has_catalog, "{query}");
    }
}

#[tokio::test]
async fn two_tokens_differ_and_both_are_valid() {
    let caller = at(DOCUMENTED_TIME).await;
    let (first, second) = (new_token(&caller).await, new_token(&caller).await);
    assert_ne!(first, second);
    assert_eq!(list(&caller, &first).await.0, 200);
    assert_eq!(list(&caller, &second).await.0, 200);
}

#[tokio::test]
async fn a_token_is_valid_for_a_day_and_survives_a_restart() {
    let token = new_token(&at(DOCUMENTED_TIME).await).await;
    assert_eq!(list(&at(DOCUMENTED_TIME + DAY - 1).await, &token).await.0, 200);
    let expired = list(&at(DOCUMENTED_TIME + DAY).await, &token).await;
    assert_eq!(code(&expired), (401, "APIGW.0301"));
    assert_eq!(
        expired.1["error_msg"],
        "Incorrect IAM authentication information: decrypt token fail, X-Auth-Token has expired"
    );
}

#[tokio::test]
async fn a_wrong_user_password_or_domain_is_refused_without_repeating_it() {
    let caller = Caller::new().await;
    for field in ["/name", "/password", "/domain/name"] {
        let mut body = password(&caller);
        *body.pointer_mut(&format!("/auth/identity/password/user{field}")).unwrap() = json!("planted-secret");
        let response = post(&caller, "/v3/auth/tokens", &body).await;
        assert!(!response.headers().contains_key("x-subject-token"));
        let answer = read(response).await;
        assert_eq!(refusal(&answer), (401, "Unauthorized", "The username or password is wrong."));
    }
}

#[tokio::test]
async fn an_unknown_project_or_method_is_refused() {
    let caller = Caller::new().await;
    let cases = [
        ("/auth/scope/project", json!({"name": "other"}), 401),
        ("/auth/scope/project", json!({"id": "other"}), 401),
        ("/auth/scope/project", json!({}), 400),
        ("/auth/scope", json!({"domain": {"name": "emulator-domain"}}), 400),
        ("/auth/scope", Value::Null, 400),
        ("/auth/identity/methods", json!(["token"]), 400),
        ("/auth/identity/methods", json!([]), 400),
        ("/auth/identity/password", Value::Null, 400),
        ("/auth/identity/password/user/password", json!(7_654_321), 400),
        ("/auth", json!("planted-secret"), 400),
    ];
    for (field, value, status) in cases {
        let mut body = password(&caller);
        *body.pointer_mut(field).unwrap() = value;
        let answer = read(post(&caller, "/v3/auth/tokens", &body).await).await;
        assert_eq!(refusal(&answer).0, status, "{body}");
        let text = answer.1.to_string();
        assert!(!text.contains("planted-secret") && !text.contains("7654321"), "{text}");
    }
}

#[tokio::test]
async fn a_token_can_be_asked_for_by_the_id_of_the_project() {
    let caller = Caller::new().await;
    let mut body = password(&caller);
    body["auth"]["scope"]["project"] = json!({"id": "emulator-project"});
    assert_eq!(post(&caller, "/v3/auth/tokens", &body).await.status().as_u16(), 201);
}

#[tokio::test]
async fn lists_projects_by_token_and_by_signature() {
    let caller = Caller::new().await;
    let key = Key::of(&caller);
    let by_token = caller.http.get(format!("{}/v3/projects?name=emulator-1", caller.emulator.iam_endpoint()));
    let by_token = read(by_token.header("X-Auth-Token", caller.emulator.token()).send().await.unwrap()).await;
    let path = "/v3/projects?name=emulator-1";
    let by_key = signed(&caller, &key, Scheme::Plain, &Method::GET, path, "").send().await.unwrap();
    assert!(by_key.headers().contains_key("x-iam-trace-id"));
    let by_key = read(by_key).await;
    assert_eq!(by_token, by_key);
    let url = format!("{}/v3/projects", caller.emulator.iam_endpoint());
    let domain_id = by_key.1["projects"][0]["domain_id"].clone();
    let expected = json!({
        "links": {"self": format!("{url}?name=emulator-1"), "previous": null, "next": null},
        "projects": [{
            "id": "emulator-project", "name": "emulator-1", "domain_id": domain_id, "parent_id": domain_id,
            "description": "", "enabled": true, "is_domain": false,
            "links": {"self": format!("{url}/emulator-project")},
        }],
    });
    assert_eq!(by_key, (200, expected));

    for (query, count) in [("", 1), ("?name=emulator%2D1", 1), ("?name=cn-north-4", 0), ("?enabled=true", 1)] {
        let request = caller.http.get(format!("{url}{query}")).header("X-Auth-Token", caller.emulator.token());
        let (_, body) = read(request.send().await.unwrap()).await;
        assert_eq!(body["projects"].as_array().unwrap().len(), count, "{query}");
    }
}

#[tokio::test]
async fn projects_need_credentials() {
    let caller = Caller::new().await;
    let url = format!("{}/v3/projects", caller.emulator.iam_endpoint());
    let none = read(caller.http.get(&url).send().await.unwrap()).await;
    assert_eq!(refusal(&none).0, 401);
    let wrong = read(caller.http.get(&url).header("X-Auth-Token", "fake").send().await.unwrap()).await;
    assert_eq!(refusal(&wrong), (401, "Unauthorized", "The X-Auth-Token is invalid!"));
    let key = Key { secret: "planted-secret".to_owned(), ..Key::of(&caller) };
    let forged = signed(&caller, &key, Scheme::Plain, &Method::GET, "/v3/projects", "").send().await.unwrap();
    assert!(forged.headers().contains_key("x-iam-trace-id"));
    assert_eq!(code(&read(forged).await), (401, "APIGW.0301"));
    let derived = signed(&caller, &Key::of(&caller), Scheme::Derived, &Method::GET, "/v3/projects", "");
    assert_eq!(code(&read(derived.send().await.unwrap()).await), (401, "APIGW.0301"));
}

#[tokio::test]
async fn iam_answers_unknown_methods_like_every_path() {
    let caller = Caller::new().await;
    let request = caller.http.get(format!("{}/v3/auth/tokens", caller.emulator.iam_endpoint()));
    assert_eq!(code(&read(request.send().await.unwrap()).await), (405, "EMULATOR.METHOD_NOT_ALLOWED"));
}

/// Bodies that are nearly right: something of them is taken out, cut off or put in the place of something else.
fn nearly(body: Value) -> impl Strategy<Value = Vec<u8>> {
    let text = body.to_string();
    let odd = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..20),
        prop::sample::select(vec!["null", "[]", "{}", "\"\"", "-1", "1e400", "18446744073709551616", "\"é\""])
            .prop_map(|text| text.as_bytes().to_vec()),
    ];
    (any::<prop::sample::Index>(), any::<prop::sample::Index>(), odd).prop_map(move |(from, to, odd)| {
        let (from, to) = (from.index(text.len() + 1), to.index(text.len() + 1));
        let (from, to) = (from.min(to), from.max(to));
        [&text.as_bytes()[..from], &odd, &text.as_bytes()[to..]].concat()
    })
}

#[test]
fn any_body_is_answered_without_a_fault_and_never_repeated() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let caller = runtime.block_on(at(DOCUMENTED_TIME));
    let identity = json!({"methods": ["token"], "token": {"id": "planted-token", "duration_seconds": 900}});
    let token = json!({"auth": {"identity": identity}});
    let bodies = [("/v3/auth/tokens", password(&caller)), ("/v3.0/OS-CREDENTIAL/securitytokens", token)];
    for (path, body) in bodies {
        let url = format!("{}{path}", caller.emulator.iam_endpoint());
        let mut runner = TestRunner::default();
        let outcome = runner.run(&nearly(body), |body| {
            let response = runtime.block_on(caller.http.post(&url).body(body).send()).unwrap();
            let status = response.status().as_u16();
            let said = runtime.block_on(response.text()).unwrap();
            prop_assert!(matches!(status, 201 | 400 | 401), "{} {}", status, said);
            prop_assert!(!said.contains("planted") && !said.contains("emulator-password"), "{}", said);
            Ok(())
        });
        outcome.unwrap();
    }
}
