//! The OIDC source against a stub.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::auth::Secret;
use crate::auth::exchange::stub::{Reply, Stub, http};

const KEY: &str = r#"{"credentials":{"access_key_id":"FAKE-KEY","secret_access_key":"fake-secret","security_token":"fake-token","expiration":"2099-01-01T00:00:00.123Z"}}"#;

const ALL: [(&str, &str); 3] =
    [(PROVIDER_URN, "iam::1:oidcProvider:ci"), (AGENCY_URN, "iam::1:agency:ota"), (ID_TOKEN, "fake-id-token")];

async fn fetch(variables: &[(&str, &str)]) -> Result<Credentials, SourceError> {
    let oidc = Oidc::new(Variables::given(variables.iter().copied())).timeout(Duration::from_millis(300));
    oidc.fetch(&http()).await
}

async fn broken(variables: &[(&str, &str)]) -> String {
    match fetch(variables).await {
        Err(SourceError::Broken(text)) => quiet(text),
        other => panic!("{other:?}"),
    }
}

async fn failed(variables: &[(&str, &str)]) -> String {
    match fetch(variables).await {
        Err(SourceError::Refused(reason) | SourceError::Unavailable(reason) | SourceError::Unintelligible(reason)) => {
            quiet(reason.to_string())
        }
        other => panic!("{other:?}"),
    }
}

fn quiet(text: String) -> String {
    assert!(!text.contains("fake-"), "{text}");
    text
}

#[tokio::test]
async fn exchanges_a_token_for_a_temporary_key() {
    let stub = Stub::start(vec![Reply::json(200, KEY), Reply::json(200, KEY)]).await;
    let plain = [&ALL[..], &[(STS_ENDPOINT, &stub.address), (environment::PROJECT_ID, "project")]].concat();
    let credentials = fetch(&plain).await.unwrap();
    let Secret::AccessKey(key) = credentials.secret() else { panic!("a token") };
    assert_eq!((key.id(), key.secret(), key.token()), ("FAKE-KEY", "fake-secret", Some("fake-token")));
    assert_eq!(credentials.project_id().unwrap(), &"project");
    assert_eq!(credentials.expires_at(), Some("2099-01-01T00:00:00.123Z".parse().unwrap()));

    let more = [(SESSION_NAME, "ota"), (DURATION_SECONDS, "900"), (POLICY, "{}"), (POLICY_IDS, "one, two,")];
    fetch(&[&plain, &more[..]].concat()).await.unwrap();
    let heard = stub.heard();
    assert!(heard[0].starts_with("POST /v5/agencies/assume-with-oidc HTTP/1.1\r\n"));
    let bodies: Vec<Value> = heard.iter().map(|text| body(text)).collect();
    let mut wanted = json!({
        "provider_urn": "iam::1:oidcProvider:ci", "agency_urn": "iam::1:agency:ota", "id_token": "fake-id-token",
        "agency_session_name": "oidc-sts-session", "duration_seconds": 3600,
    });
    assert_eq!(bodies[0], wanted);
    wanted["agency_session_name"] = json!("ota");
    wanted["duration_seconds"] = json!(900);
    wanted["policy"] = json!("{}");
    wanted["policy_ids"] = json!(["one", "two"]);
    assert_eq!(bodies[1], wanted);
}

fn body(request: &str) -> Value {
    serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn reads_the_token_from_its_file_every_time() {
    let stub = Stub::start(vec![Reply::json(200, KEY), Reply::json(200, KEY)]).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    let variables = [ALL[0], ALL[1], (TOKEN_FILE, path), (STS_ENDPOINT, &stub.address)];
    for token in ["fake-one", "fake-two"] {
        std::fs::write(path, format!("{token}\n")).unwrap();
        fetch(&variables).await.unwrap();
    }
    let tokens: Vec<_> = stub.heard().iter().map(|text| body(text)["id_token"].clone()).collect();
    assert_eq!(tokens, ["fake-one", "fake-two"]);
}

#[tokio::test]
async fn nothing_is_absent_and_a_part_is_broken() {
    let SourceError::Absent(text) = fetch(&[]).await.unwrap_err() else { panic!("broken") };
    let names = [PROVIDER_URN, AGENCY_URN, "HUAWEICLOUD_OIDC_ID_TOKEN or HUAWEICLOUD_OIDC_TOKEN_FILE"].join(", ");
    assert_eq!(text, format!("not set: {names}"));
    for (left_out, (name, _)) in ALL.iter().enumerate() {
        let variables: Vec<_> = ALL.iter().copied().filter(|(found, _)| found != name).collect();
        let text = broken(&variables).await;
        assert!(
            text.starts_with(name) && text.contains("; set ") && text.contains(", or unset "),
            "{left_out}: {text}"
        );
    }
    let text = broken(&[(AGENCY_URN, "a"), (TOKEN_FILE, "f")]).await;
    assert_eq!(
        text,
        "HUAWEICLOUD_OIDC_PROVIDER_URN is missing although HUAWEICLOUD_OIDC_AGENCY_URN and HUAWEICLOUD_OIDC_TOKEN_FILE \
         are given; set HUAWEICLOUD_OIDC_PROVIDER_URN, or unset HUAWEICLOUD_OIDC_AGENCY_URN and \
         HUAWEICLOUD_OIDC_TOKEN_FILE"
    );
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_named() {
    for (name, value, wanted) in [
        (DURATION_SECONDS, "899", "DURATION_SECONDS must be a number from 900 to 43200"),
        (DURATION_SECONDS, "an hour", "DURATION_SECONDS must be a number from 900 to 43200"),
        (STS_ENDPOINT, "http://sts.example", "STS_ENDPOINT: must be an https:// address"),
        (STS_ENDPOINT, "sts.example", "STS_ENDPOINT: must be an address"),
        (ID_TOKEN, "fake-token\n", "ID_TOKEN holds a blank"),
        (ID_TOKEN, "fake-ключ", "ID_TOKEN holds a blank"),
    ] {
        let variables: Vec<_> = ALL.into_iter().filter(|(found, _)| *found != name).chain([(name, value)]).collect();
        assert!(broken(&variables).await.contains(wanted), "{name}={value}");
    }
    let file = [ALL[0], ALL[1], (TOKEN_FILE, "/nowhere/token")];
    assert!(
        broken(&file).await.starts_with("there is no file \"/nowhere/token\", which HUAWEICLOUD_OIDC_TOKEN_FILE names")
    );
}

#[tokio::test]
async fn an_exchange_that_fails_says_why() {
    let refused = r#"{"error_code":"STS5.0013","error_msg":"the token fake-id-token has expired","request_id":"r"}"#;
    for (reply, wanted) in [
        (Reply::Hang, "gave no answer within 0.3 s"),
        (Reply::json(403, refused), "refused with status 403 (STS5.0013: the token *** has expired)"),
        (Reply::json(200, "<html>"), "no JSON object"),
        (Reply::json(200, r#"{"credentials":{"#), "no JSON object"),
        (Reply::json(200, &KEY.replace("2099", "2001")), "expired at 2001"),
        (Reply::with_header(301, "location: http://127.0.0.1:1/", ""), "redirect"),
    ] {
        let stub = Stub::start(vec![reply]).await;
        let text = failed(&[&ALL[..], &[(STS_ENDPOINT, stub.address.as_str())]].concat()).await;
        assert!(text.starts_with("STS at http://127.0.0.1:") && text.contains(wanted), "{text}");
    }
}

proptest! {
    #[test]
    fn any_settings_make_a_body_that_says_the_same(
        provider in "\\PC{1,12}", agency in "\\PC{1,12}", token in "[!-~]{1,40}", policy in "\\PC{1,20}",
        ids in prop::collection::vec("[a-z\"é]{1,5}", 0..4), seconds in 900_u32..=43200,
    ) {
        let (seconds_text, list) = (seconds.to_string(), ids.join(" , "));
        let variables =
            [(SESSION_NAME, "s"), (DURATION_SECONDS, &seconds_text), (POLICY, &policy), (POLICY_IDS, &list)];
        let oidc = Oidc::new(Variables::given(variables));
        let id_token = Zeroizing::new(token.clone());
        let exchange = Exchange { provider_urn: provider.clone(), agency_urn: agency.clone(), id_token };
        let body = serde_json::to_value(oidc.body(&exchange).unwrap()).unwrap();
        prop_assert_eq!(&body["id_token"], &json!(token));
        prop_assert_eq!((&body["provider_urn"], &body["agency_urn"]), (&json!(provider), &json!(agency)));
        prop_assert_eq!((&body["duration_seconds"], &body["policy"]), (&json!(seconds), &json!(policy)));
        prop_assert_eq!(&body["policy_ids"], &if ids.is_empty() { Value::Null } else { json!(ids) });
    }

    #[test]
    fn no_duration_makes_it_panic(text in "\\PC{0,12}") {
        let _ = Oidc::new(Variables::given([(DURATION_SECONDS, text)])).duration_seconds();
    }
}

#[test]
fn known_regions_have_their_own_address() {
    assert_eq!(sts_of(Some("ap-southeast-3")), "https://sts.ap-southeast-3.myhuaweicloud.com");
    for region in [None, Some("cn-south-4"), Some("../x")] {
        assert_eq!(sts_of(region), "https://sts.cn-north-4.myhuaweicloud.com");
    }
}
