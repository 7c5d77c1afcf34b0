//! Who is calling: every kind of credentials on every kind of instance, and what is said when it does not work.

use std::sync::atomic::{AtomicUsize, Ordering};

use iotda_ota::{
    AccessKey, BoxFuture, Client, Credentials, CredentialsSource, Error, ErrorKind, PackageType, SigningScheme,
    SourceError, SourceHttp,
};
use support::{Answer, Stub, Target, dedicated_target, shared_target, target, target_with_metadata};

use crate::local_file;

/// Publishes, which needs both services, and lists what is there then.
async fn works(client: &Client, target: &Target) -> Result<(), Error> {
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let publish = client.publish(&path, "my-app", "my-product", PackageType::Firmware, "2.0").bucket(target.bucket());
    publish.send().await?;
    let page = client.packages().list(PackageType::Firmware).version("2.0").limit(3).send().await?;
    assert_eq!(page.count, Some(1));
    Ok(())
}

#[tokio::test]
async fn an_access_key_alone_publishes_with_plain_and_with_derived_signatures() {
    for scheme in [SigningScheme::Auto, SigningScheme::Plain, SigningScheme::Derived] {
        let target = target().await;
        let client = target.addresses().access_key(target.access_key()).signing_scheme(scheme).build().unwrap();
        works(&client, &target).await.unwrap_or_else(|error| panic!("{scheme:?}: {error:?}"));
    }
}

#[tokio::test]
async fn a_token_alone_publishes_because_it_is_exchanged_for_a_key() {
    let target = target().await;
    let client = target.addresses().project_id(target.project_id()).token(target.token()).build().unwrap();
    works(&client, &target).await.unwrap();
}

#[tokio::test]
async fn a_user_name_and_a_password_publish() {
    let target = target().await;
    let client = target.addresses().credentials(target.user()).build().unwrap();
    works(&client, &target).await.unwrap();
    let credentials = client.current_credentials().await.unwrap();
    assert!(credentials.expires_at().is_some());
    assert_eq!(credentials.project_id().map(|id| id.as_str()), Some(target.project_id()));
}

#[tokio::test]
async fn temporary_keys_of_the_metadata_service_publish() {
    let target = target_with_metadata().await;
    for scheme in [SigningScheme::Plain, SigningScheme::Derived] {
        let client = target.addresses().credentials(target.metadata()).signing_scheme(scheme).build().unwrap();
        works(&client, &target).await.unwrap_or_else(|error| panic!("{scheme:?}: {error:?}"));
    }
}

#[tokio::test]
async fn the_project_is_looked_up_by_the_name_of_the_region() {
    let target = target().await;
    let client = target.addresses().access_key(target.access_key()).build().unwrap();
    assert_eq!(client.project_id(), None);
    assert_eq!(client.find_project_id().await.unwrap(), target.project_id());
}

/// Lists with an access key, at a stub in place of IAM.
async fn list_with_iam(body: &str) -> Error {
    let (service, iam) = (Stub::always(Answer::new(500, "")).await, Stub::always(Answer::new(200, body)).await);
    let key = AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret");
    let client = Client::builder().region("cn-north-4").endpoint(service.endpoint()).iam_endpoint(iam.endpoint());
    let client = client.access_key(key).build().expect("the settings are valid");
    let error = client.packages().list(PackageType::Firmware).send().await.expect_err("no project can be found");
    assert!(service.received().is_empty());
    assert!(iam.received()[0].target.ends_with("/v3/projects?name=cn-north-4"), "{:?}", iam.received());
    assert!(iam.received()[0].header("authorization").is_some_and(|value| value.starts_with("SDK-HMAC-SHA256 ")));
    error
}

#[tokio::test]
async fn no_project_or_several_of_that_name_are_an_error_that_names_them() {
    let none = list_with_iam(r#"{"projects":[]}"#).await;
    assert_eq!(none.kind(), ErrorKind::Configuration);
    let two =
        list_with_iam(r#"{"projects":[{"id":"one","name":"cn-north-4"},{"id":"two","name":"cn-north-4"}]}"#).await;
    assert!(two.to_string().contains("one") && two.to_string().contains("two"), "{two}");
    for body in ["<html>", "{}", r#"{"projects":{}}"#] {
        assert!(list_with_iam(body).await.hint().is_some(), "{body}");
    }
}

#[tokio::test]
async fn each_kind_of_instance_takes_its_scheme() {
    for (target, scheme) in
        [(dedicated_target().await, SigningScheme::Derived), (shared_target().await, SigningScheme::Plain)]
    {
        let client = target.addresses().access_key(target.access_key()).signing_scheme(scheme).build().unwrap();
        works(&client, &target).await.unwrap_or_else(|error| panic!("{scheme:?}: {error:?}"));
    }
}

/// Gives a refused token first and then a good one. They expire some time, or nobody knows when.
struct Renewing {
    good: String,
    end: Option<&'static str>,
    asked: AtomicUsize,
}

impl Renewing {
    fn new(good: &str, end: Option<&'static str>) -> Self {
        Self { good: good.to_owned(), end, asked: AtomicUsize::new(0) }
    }
}

impl CredentialsSource for Renewing {
    fn name(&self) -> &str {
        "renewing"
    }

    fn fetch<'a>(&'a self, _http: &'a SourceHttp) -> BoxFuture<'a, Result<Credentials, SourceError>> {
        let first = self.asked.fetch_add(1, Ordering::SeqCst) == 0;
        let token = if first { "a-revoked-fake-token" } else { &self.good };
        let credentials = Credentials::token(token);
        let credentials = match self.end {
            Some(end) => credentials.with_expires_at(end.parse().expect("the time is valid")),
            None => credentials,
        };
        Box::pin(async move { Ok(credentials) })
    }
}

#[tokio::test]
async fn refused_credentials_are_fetched_anew_once_whether_they_expire_or_not() {
    for end in [Some("2099-01-01T00:00:00Z"), None] {
        let target = target().await;
        let source = Renewing::new(target.token(), end);
        let client = target.addresses().project_id(target.project_id()).credentials(source).build().unwrap();
        works(&client, &target).await.unwrap();

        let refusal = r#"{"error_code":"APIGW.0301","error_msg":"decrypt token fail"}"#;
        let stub = Stub::always(Answer::new(401, refusal)).await;
        let source = Renewing::new("still-a-fake-token", end);
        let builder = Client::builder().endpoint(stub.endpoint()).project_id("fake-project").credentials(source);
        let error = builder.build().unwrap().packages().list(PackageType::Firmware).send().await.unwrap_err();
        assert!(error.is_unauthenticated());
        assert_eq!(stub.received().len(), 2);
    }
}

#[tokio::test]
async fn credentials_that_iam_refuses_are_fetched_anew_once_for_the_look_up_of_the_project() {
    let target = target().await;
    for end in [Some("2099-01-01T00:00:00Z"), None] {
        let client = target.addresses().credentials(Renewing::new(target.token(), end)).build().unwrap();
        assert_eq!(client.find_project_id().await.unwrap(), target.project_id());
        works(&client, &target).await.unwrap();
        let client = target.addresses().credentials(Renewing::new("still-a-fake-token", end)).build().unwrap();
        assert!(client.find_project_id().await.unwrap_err().is_unauthenticated());
    }
}

#[test]
fn plain_http_to_another_machine_needs_to_be_allowed() {
    let builder = || Client::builder().endpoint("http://iotda.example").project_id("fake-project").token("fake-token");
    let error = builder().build().unwrap_err();
    assert!(error.is_invalid() && error.to_string().contains("https://"), "{error}");
    assert!(builder().allow_plain_http().build().is_ok());
}

#[test]
fn the_scheme_follows_the_address_and_derived_needs_a_region() {
    let dedicated = "https://9bc34xxxxx.st1.iotda-app.cn-north-4.myhuaweicloud.com";
    let scheme = |endpoint: &str, wanted| {
        let builder = Client::builder().endpoint(endpoint).project_id("fake-project").signing_scheme(wanted);
        builder.build().map(|client| client.signing_scheme())
    };
    assert_eq!(scheme(dedicated, SigningScheme::Auto).unwrap(), "V11-HMAC-SHA256");
    assert_eq!(scheme(dedicated, SigningScheme::Plain).unwrap(), "SDK-HMAC-SHA256");
    assert_eq!(scheme("https://iotda.cn-north-4.myhuaweicloud.com", SigningScheme::Auto).unwrap(), "SDK-HMAC-SHA256");
    assert!(scheme("https://iotda.example", SigningScheme::Derived).unwrap_err().is_invalid());
}

#[test]
fn a_dedicated_address_names_its_region_whatever_the_domain_is() {
    for domain in ["myhuaweicloud.com", "myhuaweicloud.eu", "example"] {
        let endpoint = format!("https://9bc34xxxxx.st1.iotda-app.eu-west-101.{domain}");
        let key = AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret");
        let builder = Client::builder().endpoint(endpoint).project_id("fake-project").access_key(key);
        let (client, wanted) = (builder.clone().build().unwrap(), ("V11-HMAC-SHA256", Some("eu-west-101")));
        assert_eq!((client.signing_scheme(), client.source_http().region.as_deref()), wanted);
        let error = builder.region("cn-north-4").build().unwrap_err();
        let told = error.violations().to_string();
        assert!(told.contains("region: must be the one in the endpoint") && told.contains("eu-west-101"), "{told}");
    }
}

#[test]
fn an_id_that_no_access_key_has_is_refused_before_anything_is_signed() {
    for id in ["FAKE,ID", "FAKE/ID", "FAKE:ID", "FAKE ID", "FAKÉ", ""] {
        let client = Client::builder().region("cn-north-4").access_key(AccessKey::new(id, "fake-secret")).build();
        let error = client.unwrap_err();
        let fields: Vec<_> = error.violations().iter().map(|violation| violation.field.as_str()).collect();
        assert!(error.is_invalid() && fields == ["access_key.id"], "{id:?}: {error:?}");
        assert!(id.is_empty() || !error.violations().to_string().contains(id), "{error:?}");
    }
    // A secret may hold anything that is visible.
    let key = AccessKey::new("FAKE-ACCESS-KEY-ID", "fake/secret:with,+=");
    Client::builder().region("cn-north-4").access_key(key).build().unwrap();
}
