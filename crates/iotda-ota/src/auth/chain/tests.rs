//! Chains of sources whose answers are given, and the official one without any of its own sources.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use super::*;
use crate::auth::exchange::stub::{Reply, Stub, http};
use crate::auth::{AccessKey, Secret};

type Said = Result<&'static str, SourceError>;

/// A source that says one thing after the other, and counts.
struct Given {
    name: &'static str,
    said: Mutex<VecDeque<Said>>,
    asked: Arc<Mutex<usize>>,
}

impl CredentialsSource for Given {
    fn name(&self) -> &str {
        self.name
    }

    fn fetch<'a>(&'a self, _http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        *self.asked.lock().unwrap() += 1;
        let said = self.said.lock().unwrap().pop_front().unwrap();
        Box::pin(async move { said.map(|id| Credentials::access_key(AccessKey::new(id, "fake-secret"))) })
    }

    fn refresh_ahead(&self) -> Duration {
        Duration::from_secs(7)
    }
}

fn source(name: &'static str, said: &[Said]) -> (Box<dyn CredentialsSource>, Arc<Mutex<usize>>) {
    let asked = Arc::new(Mutex::new(0));
    (Box::new(Given { name, said: Mutex::new(said.iter().cloned().collect()), asked: asked.clone() }), asked)
}

fn absent(text: &str) -> Said {
    Err(SourceError::Absent(text.to_owned()))
}

fn broken(text: &str) -> Said {
    Err(SourceError::Broken(text.to_owned()))
}

fn id(credentials: &Credentials) -> &str {
    match credentials.secret() {
        Secret::AccessKey(key) => key.id(),
        Secret::Token(_) => panic!("a token"),
    }
}

#[tokio::test]
async fn the_first_that_has_credentials_wins_and_is_asked_alone_afterwards() {
    let (first, first_asked) = source("first", &[absent("nothing"), Ok("NEVER")]);
    let (second, _) = source("second", &[Ok("ONE"), Ok("TWO"), absent("gone"), broken("odd")]);
    let (third, third_asked) = source("third", &[]);
    let chain = Chain::new(vec![first, second, third]);
    assert_eq!(chain.refresh_ahead(), Duration::from_secs(600));
    assert_eq!(id(&chain.fetch(&http()).await.unwrap()), "ONE");
    assert_eq!((chain.winner(), chain.refresh_ahead()), (Some("second"), Duration::from_secs(7)));
    assert_eq!(id(&chain.fetch(&http()).await.unwrap()), "TWO");
    let error = chain.fetch(&http()).await.unwrap_err();
    assert!(matches!(&error, SourceError::Refused(reason) if reason.hint().is_some()), "{error:?}");
    assert_eq!(error.to_string(), "second had credentials before and has none now: gone");
    assert_eq!(chain.fetch(&http()).await.unwrap_err(), SourceError::Broken("second: odd".into()));
    assert_eq!((*first_asked.lock().unwrap(), *third_asked.lock().unwrap()), (1, 0));
}

#[tokio::test]
async fn a_broken_source_stops_the_chain() {
    let (first, _) = source("first", &[absent("nothing")]);
    let (second, _) = source("second", &[broken("half a key")]);
    let (third, asked) = source("third", &[Ok("NEVER")]);
    let chain = Chain::new(vec![first, second, third]);
    assert_eq!(chain.fetch(&http()).await.unwrap_err(), SourceError::Broken("second: half a key".into()));
    assert_eq!((*asked.lock().unwrap(), chain.winner()), (0, None));
}

#[tokio::test]
async fn without_any_credentials_every_source_is_heard() {
    let (first, _) = source("first", &[absent("nothing here")]);
    let (second, _) = source("second", &[absent("nor here")]);
    let error = Chain::new(vec![first, second]).fetch(&http()).await.unwrap_err();
    let text = "no source has credentials\nfirst: nothing here\nsecond: nor here";
    assert_eq!(error, SourceError::Absent(text.into()));
    assert!(matches!(Chain::new(Vec::new()).fetch(&http()).await, Err(SourceError::Absent(_))));
}

#[tokio::test]
async fn a_metadata_service_that_hangs_is_passed_over() {
    let stub = Stub::start(vec![Reply::Hang]).await;
    let metadata = Metadata::at(&stub.address).timeout(Duration::from_millis(200));
    let (next, _) = source("next", &[Ok("NEXT")]);
    let chain = Chain::new(vec![Box::new(metadata), next]);
    assert_eq!(id(&chain.fetch(&http()).await.unwrap()), "NEXT");
}

#[tokio::test]
async fn exploring_reports_up_to_the_winner() {
    let (first, _) = source("first", &[absent("nothing")]);
    let (second, _) = source("second", &[Ok("ONE"), Ok("TWO")]);
    let (third, _) = source("third", &[]);
    let chain = Chain::new(vec![first, second, third]);
    let findings = chain.explore(&http()).await;
    let names: Vec<_> = findings.iter().map(|finding| finding.source.as_str()).collect();
    assert_eq!(names, ["first", "second"]);
    assert!(findings[0].result.is_err() && id(findings[1].result.as_ref().unwrap()) == "ONE");
    assert!(!format!("{findings:?}").contains("fake-secret"));
    assert_eq!(id(&chain.fetch(&http()).await.unwrap()), "TWO");
}

#[tokio::test]
async fn the_official_chain_takes_the_environment_before_the_profile() {
    let chain = |variables: &[(&str, &str)]| Chain::official(Variables::given(variables.iter().copied()));
    let names = r#"["oidc-sts", "environment", "profile", "metadata", "pod-identity"]"#;
    assert!(format!("{:?}", chain(&[])).contains(names));
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[basic]\nak = FROM-FILE\nsk = fake-secret").unwrap();
    let profile = ("HUAWEICLOUD_SDK_CREDENTIALS_FILE", file.path().to_str().unwrap());
    let from_file = chain(&[profile]);
    assert_eq!(id(&from_file.fetch(&http()).await.unwrap()), "FROM-FILE");
    assert_eq!(from_file.winner(), Some("profile"));
    let key = [profile, ("HUAWEICLOUD_SDK_AK", "FROM-ENVIRONMENT"), ("HUAWEICLOUD_SDK_SK", "fake-secret")];
    assert_eq!(id(&chain(&key).fetch(&http()).await.unwrap()), "FROM-ENVIRONMENT");
    let half = [key[0], key[1]];
    let error = chain(&half).fetch(&http()).await.unwrap_err();
    assert!(error.to_string().starts_with("environment: HUAWEICLOUD_SDK_SK is missing"), "{error}");
    let oidc = [&key[..], &[("HUAWEICLOUD_OIDC_AGENCY_URN", "a")]].concat();
    assert!(
        chain(&oidc)
            .fetch(&http())
            .await
            .unwrap_err()
            .to_string()
            .starts_with("oidc-sts: HUAWEICLOUD_OIDC_PROVIDER_URN and ")
    );
}

/// A temporary key as the metadata service gives it.
const KEY: &str = r#"{"credential":{"access":"FAKE-KEY","secret":"fake-secret","securitytoken":"fake-token","expires_at":"2099-01-01T00:00:00.000000Z"}}"#;

#[tokio::test]
async fn a_login_that_expires_is_over_and_a_metadata_service_that_goes_may_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let login = Login::new(folder.path().join("login.json"));
    let token = |end: &str| Credentials::token("fake-token").with_expires_at(end.parse().unwrap());
    login.save(&token("2099-01-01T00:00:00Z"), None).unwrap();
    let chain = Chain::new(vec![Box::new(login.clone())]);
    chain.fetch(&http()).await.unwrap();
    login.save(&token("2001-01-01T00:00:00Z"), None).unwrap();
    let error = chain.fetch(&http()).await.unwrap_err();
    assert!(matches!(&error, SourceError::Refused(reason) if reason.to_string().contains("log in again")), "{error:?}");

    let stub = Stub::start(vec![Reply::json(404, ""), Reply::json(200, KEY), Reply::Hang]).await;
    let metadata = Metadata::at(&stub.address).timeout(Duration::from_millis(200));
    let chain = Chain::new(vec![Box::new(metadata)]);
    chain.fetch(&http()).await.unwrap();
    assert!(matches!(chain.fetch(&http()).await, Err(SourceError::Unavailable(_))));
}

#[tokio::test]
async fn another_metadata_service_is_asked_on_this_machine_only() {
    let said = async |value: &str| {
        let variables = Variables::given([("IOTDA_OTA_METADATA", value)]);
        Chain::standard(variables, None).fetch(&http()).await
    };
    let stub = Stub::start(vec![Reply::json(404, ""), Reply::json(200, KEY)]).await;
    assert_eq!(id(&said(&format!("{}/", stub.address)).await.unwrap()), "FAKE-KEY");
    assert!(stub.heard()[1].starts_with("GET /openstack/latest/securitykey "), "{:?}", stub.heard());
    for value in ["http://169.254.169.254", "http://metadata.example", "127.0.0.1:1", "no", "ftp://localhost"] {
        let error = said(value).await.unwrap_err();
        assert!(matches!(&error, SourceError::Broken(text) if text.contains("an address of this machine")), "{value}");
    }
}
