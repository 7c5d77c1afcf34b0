//! What is said when a caller is refused: every known cause, made to happen at the target.

use iotda_ota::{AccessKey, Client, ClientBuilder, Error, ErrorKind, PackageType, Password, Secret, SigningScheme};
use jiff::{SignedDuration, Timestamp};
use support::{
    Received, Refusal, Relay, Target, dedicated_target, refusing_target, shared_target, target, target_with_metadata,
};

use crate::{firmware, object};

/// What a client is told that lists.
async fn refused(client: &Client) -> Error {
    client.packages().list(PackageType::Firmware).send().await.expect_err("the call is refused")
}

fn assert_hint(error: &Error, status: u16, code: &str, words: &str) {
    assert_eq!((error.status(), error.error_code()), (Some(status), Some(code)), "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains(words)), "{error:?}");
}

/// The builder of a client with the right key at the target.
fn with_key(target: &Target) -> ClientBuilder {
    target.addresses().project_id(target.project_id()).access_key(target.access_key())
}

/// The same, reached through a relay.
fn through(relay: &Relay, target: &Target) -> Client {
    with_key(target).endpoint(relay.endpoint()).build().expect("the settings are valid")
}

/// The builder of a client that reaches the target under the name of a dedicated instance.
fn at_dedicated_address(target: &Target) -> ClientBuilder {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let host = format!("9bc34xxxxx.st1.iotda-app.{}.myhuaweicloud.com", target.region());
    let address = target.endpoint().strip_prefix("http://").expect("the target speaks plain http");
    let socket: std::net::SocketAddr = address.parse().expect("it listens on an address");
    let none = reqwest::redirect::Policy::none();
    let http = reqwest::Client::builder().no_proxy().redirect(none).resolve(&host, socket);
    let builder = with_key(target).endpoint(format!("http://{host}:{}", socket.port())).allow_plain_http();
    builder.http_client(http.build().expect("the HTTP client can be made"))
}

#[tokio::test]
async fn a_scheme_that_does_not_fit_is_explained_as_far_as_the_address_tells() {
    let target = dedicated_target().await;
    let dedicated = at_dedicated_address(&target);
    dedicated.clone().build().unwrap().packages().list(PackageType::Firmware).send().await.unwrap();
    let error = refused(&dedicated.signing_scheme(SigningScheme::Plain).build().unwrap()).await;
    assert_hint(&error, 401, "IOTDA.000002", "this is the address of a standard or enterprise instance");

    let other = with_key(&target).build().unwrap();
    assert_hint(&refused(&other).await, 401, "IOTDA.000002", "does not tell which kind of instance it is");

    let target = shared_target().await;
    let error = refused(&with_key(&target).signing_scheme(SigningScheme::Derived).build().unwrap()).await;
    assert_hint(&error, 400, "EMULATOR.TOKEN_HEADER_MISSING", "set plain request signing (--signing plain");
}

#[tokio::test]
async fn refusals_that_the_target_is_told_to_make_are_explained() {
    for (refusal, status, code, words) in [
        (
            Refusal::TokenHeaderMissing,
            400,
            "EMULATOR.TOKEN_HEADER_MISSING",
            "set the derived scheme with the region of the instance (--signing derived",
        ),
        (Refusal::NotSubscribed, 403, "IOTDA.000021", "not subscribed"),
        (Refusal::KeyLocked, 401, "APIGW.0301", "locked for five minutes"),
        (Refusal::BodyHash, 401, "APIGW.0301", "the body was changed after it was signed"),
    ] {
        let target = refusing_target(refusal).await;
        assert_hint(&refused(&with_key(&target).build().unwrap()).await, status, code, words);
    }
    let target = refusing_target(Refusal::TokenHeaderMissing).await;
    let dedicated = at_dedicated_address(&target);
    let error = refused(&dedicated.clone().signing_scheme(SigningScheme::Plain).build().unwrap()).await;
    assert_hint(&error, 400, "EMULATOR.TOKEN_HEADER_MISSING", "leave the signing scheme on auto");
    let error = refused(&dedicated.build().unwrap()).await;
    assert_hint(&error, 400, "EMULATOR.TOKEN_HEADER_MISSING", "removes or rewrites the Authorization header");
    let target = refusing_target(Refusal::NotSubscribed).await;
    let error = refused(&at_dedicated_address(&target).build().unwrap()).await;
    assert_hint(&error, 403, "IOTDA.000021", "--instance-id");
    let with_token = target.builder().build().unwrap();
    assert_hint(&refused(&with_token).await, 403, "IOTDA.000021", "not subscribed");
}

#[tokio::test]
async fn what_iotda_itself_refuses_is_explained_by_what_was_sent_and_where_to() {
    let target = target().await;
    target.faults().add("list_ota_packages:status:status=401,code=IOTDA.000002".parse().unwrap()).unwrap();
    let derived = |builder: ClientBuilder| builder.signing_scheme(SigningScheme::Derived).build().unwrap();
    let error = refused(&derived(at_dedicated_address(&target))).await;
    assert_hint(&error, 401, "IOTDA.000002", "the signing scheme fits this address");
    let error = refused(&derived(with_key(&target))).await;
    assert_hint(&error, 401, "IOTDA.000002", "set plain request signing (--signing plain");
    let error = refused(&target.builder().build().unwrap()).await;
    assert_hint(&error, 401, "IOTDA.000002", "get a new one for this project");
    assert!(error.hint().is_some_and(|hint| !hint.contains("sign")), "{error:?}");
}

#[tokio::test]
async fn a_derived_signature_for_another_region_is_explained_by_the_region() {
    let target = target().await;
    let elsewhere = with_key(&target).region("another-1").signing_scheme(SigningScheme::Derived).build().unwrap();
    let error = refused(&elsewhere).await;
    assert_hint(&error, 401, "APIGW.0301", "check that the region is that of the instance (--region");
    assert!(error.hint().is_some_and(|hint| hint.contains("secret") && hint.contains("proxy")), "{error:?}");
}

#[tokio::test]
async fn a_temporary_key_that_has_expired_is_explained() {
    let target = target_with_metadata().await;
    let source = target.addresses().credentials(target.metadata()).build().unwrap();
    let given = source.current_credentials().await.unwrap();
    let Secret::AccessKey(key) = given.secret().clone() else { panic!("the metadata service gives keys") };
    // Whoever was given only this one has nothing to replace it with.
    let client = target.addresses().project_id(target.project_id()).access_key(key).build().unwrap();
    client.packages().list(PackageType::Firmware).send().await.unwrap();
    target.faults().add("list_ota_packages:expire:times=1".parse().unwrap()).unwrap();
    assert_hint(&refused(&client).await, 401, "APIGW.0301", "the temporary access key has expired");
}

#[tokio::test]
async fn wrong_credentials_are_told_apart_by_what_is_wrong_about_them() {
    let target = target().await;
    let key = |id: &str| target.addresses().project_id(target.project_id()).access_key(AccessKey::new(id, "another"));
    for (scheme, words) in [
        (SigningScheme::Plain, "secret does not belong to the access key"),
        (SigningScheme::Derived, "that the secret belongs to the access key"),
    ] {
        let wrong_secret = key(target.access_key().id()).signing_scheme(scheme).build().unwrap();
        assert_hint(&refused(&wrong_secret).await, 401, "APIGW.0301", words);
        let unknown = key("UNKNOWN-ACCESS-KEY").signing_scheme(scheme).build().unwrap();
        assert_hint(&refused(&unknown).await, 401, "APIGW.0301", "the access key does not exist");
    }
    // The address of a dedicated instance names the region, which cannot be wrong then.
    let wrong_secret = AccessKey::new(target.access_key().id(), "another");
    let dedicated = at_dedicated_address(&target).access_key(wrong_secret).build().unwrap();
    assert_hint(&refused(&dedicated).await, 401, "APIGW.0301", "secret does not belong to the access key");
    let foreign = AccessKey::new("UNKNOWN-ACCESS-KEY", "another").security_token("another-fake-token");
    let foreign =
        refused(&target.addresses().project_id(target.project_id()).access_key(foreign).build().unwrap()).await;
    assert_hint(&foreign, 401, "APIGW.0301", "the security token is not that of this access key");
    let wrong_token = target.builder().token("another-fake-token").build().unwrap();
    assert_hint(&refused(&wrong_token).await, 401, "APIGW.0301", "the IAM token cannot be read");
}

#[tokio::test]
async fn a_path_that_the_gateway_does_not_know_is_explained() {
    let target = target().await;
    let client = target.builder().endpoint(format!("{}/wrong", target.endpoint())).build().unwrap();
    assert_hint(&refused(&client).await, 404, "APIGW.0101", "host and path of the endpoint");
}

#[tokio::test]
async fn a_request_that_is_changed_on_the_way_is_explained_by_what_was_changed() {
    let target = target().await;
    let location = object(&target, "ota/upgrade.bin").await;
    let relay = Relay::start(target.endpoint(), change_body, |_, _| None).await;
    let create = through(&relay, &target).packages().create(
        "my-app",
        "my-product",
        PackageType::Firmware,
        "2.0",
        location.clone(),
    );
    let error = create.send().await.unwrap_err();
    assert_hint(&error, 401, "APIGW.0301", "the body was changed after it was signed");

    let relay = Relay::start(target.endpoint(), |request| set(request, "x-project-id", "other"), |_, _| None).await;
    let error = refused(&through(&relay, &target)).await;
    assert_hint(&error, 401, "APIGW.0301", "or something on the way changed the request");

    let relay = Relay::start(target.endpoint(), |request| set(request, "authorization", "Bearer x"), |_, _| None).await;
    let error = refused(&through(&relay, &target)).await;
    assert_hint(&error, 401, "APIGW.0301", "something on the way changed the Authorization header");

    // What is not changed arrives.
    let relay = Relay::start(target.endpoint(), |_| {}, |_, _| None).await;
    through(&relay, &target).packages().list(PackageType::Firmware).send().await.unwrap();
    firmware(&target, "2.0", &location).send().await.unwrap();
}

/// Writes another version into the body, of the same length.
fn change_body(request: &mut Received) {
    let body = String::from_utf8_lossy(&request.body).replace("\"2.0\"", "\"2.1\"");
    request.body = body.into_bytes();
}

fn set(request: &mut Received, name: &str, value: &str) {
    for (found, old) in &mut request.headers {
        if found == name {
            *old = value.to_owned();
        }
    }
}

/// A relay behind which the time is another, by so much.
async fn other_time(endpoint: &str, off: SignedDuration) -> Relay {
    const HTTP: &str = "%a, %d %b %Y %H:%M:%S GMT";
    let shift = move |request: &mut Received| {
        let date = Timestamp::now() - off;
        set(request, "x-sdk-date", &date.strftime("%Y%m%dT%H%M%SZ").to_string());
        set(request, "date", &date.strftime(HTTP).to_string());
    };
    let answered =
        move |name: &str, _: &str| (name == "date").then(|| (Timestamp::now() + off).strftime(HTTP).to_string());
    Relay::start(endpoint, shift, answered).await
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_first_at_iotda_at_iam_and_at_obs() {
    let target = target().await;
    for (off, words) in [
        (SignedDuration::from_secs(3630), "clock is 60 minutes behind the service's"),
        (SignedDuration::from_secs(-7230), "clock is 120 minutes ahead of the service's"),
    ] {
        let relay = other_time(target.endpoint(), off).await;
        let error = refused(&through(&relay, &target)).await;
        assert_hint(&error, 401, "APIGW.0301", words);
        assert!(error.hint().unwrap().contains("too old when it arrived"), "{error:?}");

        let builder = target.addresses().iam_endpoint(relay.endpoint()).access_key(target.access_key());
        let error = refused(&builder.build().unwrap()).await;
        assert!(error.hint().is_some_and(|hint| hint.contains(words) && hint.contains("IAM")), "{error:?}");

        let relay = other_time(target.obs_endpoint(), off).await;
        let client = with_key(&target).obs_endpoint(relay.endpoint()).build().unwrap();
        let error = client.obs().unwrap().head(target.bucket(), "a.bin").await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Denied, Some(403)), "{error:?}");
        let hint = error.hint().unwrap();
        assert!(hint.starts_with("this machine's clock is") && hint.contains(words), "{hint}");
        assert!(hint.contains("check the access key"), "{hint}");
    }
}

#[tokio::test]
async fn refusals_of_iam_are_explained_by_the_same_table() {
    let target = target().await;
    let id = target.access_key().id().to_owned();
    for (id, words) in [(id.as_str(), "secret does not belong to the access key"), ("UNKNOWN-KEY", "does not exist")] {
        let client = target.addresses().access_key(AccessKey::new(id, "another-secret")).build().unwrap();
        let error = refused(&client).await;
        assert!(error.is_unauthenticated(), "{error:?}");
        let hint = error.hint().unwrap();
        assert!(hint.contains(words) && hint.contains("IAM that refused"), "{hint}");
    }
    let user = Password::new("emulator-user", "wrong-fake-password", "emulator-domain");
    let error = refused(&target.addresses().credentials(user).build().unwrap()).await;
    assert!(error.is_unauthenticated() && !format!("{error:?}").contains("wrong-fake-password"), "{error:?}");
    let hint = error.hint().unwrap();
    assert!(["user name", "password", "domain"].iter().all(|word| hint.contains(word)), "{hint}");
    let wrong_path = target.addresses().iam_endpoint(format!("{}/wrong", target.endpoint()));
    let error = refused(&wrong_path.access_key(target.access_key()).build().unwrap()).await;
    assert!(error.hint().is_some_and(|hint| hint.contains("check the IAM address")), "{error:?}");
}
