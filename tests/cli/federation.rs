//! Temporary access keys that other identities are exchanged for, each through the command, and against an emulator
//! that checks what comes out.

use std::fs;

use iotda_ota_emulator::InstanceKind;
use serde_json::{Value, json};

use crate::emulator::Server;
use crate::harness::{Home, assert_picture, publish, sample};
use crate::instance::{Instance, TemporaryKey};
use crate::stub::{Answer, Stub};

const STATUS: [&str; 4] = ["auth", "status", "--format", "json"];
const OIDC: [(&str, &str); 3] = [
    ("HUAWEICLOUD_OIDC_PROVIDER_URN", "iam::fake-account:oidcProvider:ci"),
    ("HUAWEICLOUD_OIDC_AGENCY_URN", "iam::fake-account:agency:publisher"),
    ("HUAWEICLOUD_OIDC_ID_TOKEN", "planted-identity-token"),
];
const END: &str = "2099-01-01T00:00:00.000000Z";

/// A temporary key as STS, IAM and the pod agent give it.
fn credential(key: &TemporaryKey) -> Value {
    json!({"access": key.id, "secret": key.secret, "securitytoken": key.security_token, "expires_at": END})
}

/// The body of a request, if it was for this path.
fn body_of(request: &str, path: &str) -> Option<Value> {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    head.starts_with(&format!("POST {path} HTTP/1.1\r\n")).then(|| serde_json::from_str(body).unwrap())
}

/// Publishes, and looks at what `auth status` says; neither shows the identity token.
fn works(home: &Home, variables: &[(&str, &str)], source: &str) {
    let sample = sample();
    let run = home.run_with(&publish(&sample, &["--verbose"]), variables).succeeded();
    assert!(!run.stderr.contains("planted"), "{}", run.stderr);
    let run = home.run_with(&STATUS, variables).succeeded();
    assert!(!run.stdout.contains("planted"), "{}", run.stdout);
    let status = run.json();
    assert_eq!((&status["authenticated"], &status["source"]), (&true.into(), &source.into()));
    assert_eq!(status["expires_at"], "2099-01-01T00:00:00Z");
    assert!(status["credentials"].as_str().unwrap().starts_with("access key "), "{status}");
}

#[test]
fn the_token_of_an_oidc_provider_is_enough_to_publish() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let answer = json!({"credentials": credential(&instance.temporary_key())}).to_string();
    let sts = Stub::serving(move |_| Answer::json("200 OK", answer.clone()));
    let variables = [&instance.place()[..], &OIDC, &[("HUAWEICLOUD_SDK_STS_ENDPOINT", sts.endpoint.as_str())]].concat();
    works(&home, &variables, "oidc-sts");
    for request in sts.requests.try_iter() {
        let body = body_of(&request, "/v5/agencies/assume-with-oidc").unwrap();
        assert_eq!((&body["id_token"], &body["duration_seconds"]), (&"planted-identity-token".into(), &3600.into()));
        assert_eq!(body["agency_session_name"], "oidc-sts-session");
    }
}

#[test]
fn an_oidc_provider_that_is_half_configured_or_refused_is_explained() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let list = ["package", "list", "--type", "firmware"];
    let half = [&instance.and(&instance.pair())[..], &OIDC[..2]].concat();
    // The access key in the environment is not used by mistake.
    assert_picture!("federation_half_an_oidc_provider", home.run_with(&list, &half).failed(2));
    let no = r#"{"error_code":"STS5.1","error_msg":"planted-identity-token has expired"}"#;
    let sts = Stub::answering("403 Forbidden", "application/json", no);
    let refused = [&instance.place()[..], &OIDC, &[("HUAWEICLOUD_SDK_STS_ENDPOINT", sts.endpoint.as_str())]].concat();
    assert_picture!("federation_oidc_refused", home.run_with(&list, &refused).failed(3));
    let file = [&instance.place()[..], &OIDC[..2], &[("HUAWEICLOUD_OIDC_TOKEN_FILE", "missing")]].concat();
    assert_picture!("federation_oidc_without_file", home.run_with(&list, &file).failed(2));
}

/// IAM as an identity provider needs it: a token for the identity token, and a key for that.
fn iam(instance: &Instance) -> Stub {
    let token = instance.emulator.token().to_owned();
    let key = json!({"credential": credential(&instance.temporary_key())}).to_string();
    Stub::serving(move |request| {
        if let Some(body) = body_of(request, "/v3.0/OS-AUTH/id-token/tokens") {
            assert_eq!(body["auth"]["id_token"]["id"], "planted-identity-token");
            return Answer::json("201 Created", "{}").with_header("X-Subject-Token", &token);
        }
        match body_of(request, "/v3.0/OS-CREDENTIAL/securitytokens") {
            Some(body) if body["auth"]["identity"]["token"]["id"] == token.as_str() => {
                Answer::json("201 Created", key.clone())
            }
            _ => Answer::json("404 Not Found", "{}"),
        }
    })
}

#[test]
fn an_identity_provider_is_enough_to_publish_from_the_environment_and_from_the_file() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let iam = iam(&instance);
    let token = home.file("identity-token", "planted-identity-token\n").display().to_string();
    let mut variables = instance.place();
    variables.retain(|(name, _)| *name != "HUAWEICLOUD_SDK_IAM_ENDPOINT");
    let provider = [
        ("HUAWEICLOUD_SDK_IAM_ENDPOINT", iam.endpoint.as_str()),
        ("HUAWEICLOUD_SDK_IDP_ID", "my-idp"),
        ("HUAWEICLOUD_SDK_ID_TOKEN_FILE", &token),
    ];
    works(&home, &[&variables[..], &provider].concat(), "environment");
    let heads: Vec<String> = iam.requests.try_iter().map(|request| request.to_lowercase()).collect();
    assert!(heads.iter().any(|head| head.contains("\r\nx-idp-id: my-idp\r\n")), "{heads:?}");

    fs::create_dir(home.path(".huaweicloud")).unwrap();
    let endpoint = &iam.endpoint;
    let text = format!("[basic]\nidp_id = my-idp\nid_token_file = {token}\niam_endpoint = {endpoint}\n");
    let file = home.file(".huaweicloud/credentials", text);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    works(&home, &variables, "profile");
    let status = home.run_with(&STATUS, &variables).succeeded().json();
    assert_eq!(status["iam_endpoint"].as_str().map(|text| text.trim_end_matches('/')), Some(endpoint.as_str()));
    fs::write(file, "[basic]\nidp_id = my-idp\n").unwrap();
    let list = ["package", "list", "--type", "firmware"];
    assert_picture!("federation_half_an_identity_provider", home.run_with(&list, &variables).failed(2));
}

#[test]
fn the_identity_of_a_pod_is_enough_to_publish() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    let answer = json!({"credentials": credential(&instance.temporary_key())}).to_string();
    let agent = Stub::serving(move |_| Answer::json("200 OK", answer.clone()));
    let (uri, token) = (format!("{}/v1/credentials", agent.endpoint), home.file("pod-token", "planted-pod-token\n"));
    let token = token.display().to_string();
    let pod = [
        ("HC_CONTAINER_CREDENTIALS_FULL_URI", uri.as_str()),
        ("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", token.as_str()),
        // Nobody would get from a proxy to the agent.
        ("http_proxy", "http://127.0.0.1:9"),
    ];
    let variables = [&instance.place()[..], &pod].concat();
    works(&home, &variables, "pod-identity");
    let requests: Vec<String> = agent.requests.try_iter().collect();
    assert!(requests.iter().all(|request| request.starts_with("POST /v1/credentials HTTP/1.1\r\n")));
    assert!(requests.iter().all(|request| request.to_lowercase().contains("authorization: planted-pod-token\r\n")));

    let list = ["package", "list", "--type", "firmware"];
    let page = Stub::answering("200 OK", "text/html", "<html>Sign in</html>");
    let html =
        [&instance.place()[..], &[("HC_CONTAINER_CREDENTIALS_FULL_URI", page.endpoint.as_str()), pod[1]]].concat();
    assert_picture!("federation_pod_answers_html", home.run_with(&list, &html).failed(6));
    let half = [&instance.place()[..], &pod[..1]].concat();
    assert_picture!("federation_half_a_pod", home.run_with(&list, &half).failed(2));
}

#[test]
fn the_agency_of_a_server_is_enough_to_publish() {
    let home = Home::new();
    let mut server = Server::start(&home, &["--in-memory", "--metadata"]);
    for name in ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK", "IOTDA_OTA_TOKEN"] {
        server.variables.remove(name).unwrap();
    }
    // Nobody would get from a proxy to the service.
    server.variables.insert("http_proxy".to_owned(), "http://127.0.0.1:9".to_owned());
    server.run(&home, &publish(&sample(), &[])).succeeded();
    let status = server.run(&home, &STATUS).succeeded().json();
    assert_eq!((&status["authenticated"], &status["source"]), (&true.into(), &"metadata".into()));
    assert!(status["expires_at"].is_string() && status["sources"].as_array().unwrap().len() == 6, "{status}");
    server.variables.insert("IOTDA_OTA_METADATA".to_owned(), "http://192.0.2.1".to_owned());
    let run = server.run(&home, &["package", "list", "--type", "firmware"]);
    assert_picture!("federation_metadata_elsewhere", run.failed(2));
}

#[test]
fn the_metadata_service_is_left_out_when_it_is_switched_off_and_only_then() {
    let (home, instance) = (Home::new(), Instance::start(InstanceKind::Any));
    // Every test here has it off, because asking would leave this machine.
    let sources = home.run_with(&STATUS, &instance.place()).json()["sources"].clone();
    let metadata = sources.as_array().unwrap().iter().find(|source| source["source"] == "metadata").unwrap().clone();
    assert_eq!(metadata["message"], "not asked, because IOTDA_OTA_METADATA is off");
    let list = ["package", "list", "--type", "firmware"];
    let unclear = instance.and(&[("IOTDA_OTA_METADATA", "0")]);
    assert_picture!("federation_metadata_unclear", home.run_with(&list, &unclear).failed(2));
}
