//! Create, show and delete.

use iotda_ota_emulator::{Emulator, FixedClock};
use serde_json::json;

use crate::client::{Caller, DOCUMENTED_TIME, code, minimal};

#[tokio::test]
async fn creates_shows_and_deletes_a_package() {
    let clock = FixedClock::at_unix_seconds(DOCUMENTED_TIME);
    let caller = Caller::of(Emulator::builder().clock(clock).start().await.unwrap());
    let sign = caller.upload("bbb/upgrade.bin", b"firmware").await;

    let mut body = minimal("bbb/upgrade.bin");
    body["support_source_versions"] = json!(["V1.0", "V1.1"]);
    body["description"] = json!("package for version V1.0 and V1.1");
    body["custom_info"] = json!("更新了XX功能");
    body["file_location"]["obs_location"]["sign"] = json!(sign);
    let (status, created) = caller.create(&body).await;

    let mut expected = body;
    expected["package_id"] = json!("00000000000000000000000000000001");
    expected["create_time"] = json!("20230211T121212Z");
    assert_eq!((status, &created), (201, &expected));

    let id = created["package_id"].as_str().unwrap();
    assert_eq!(caller.show(id).await, (200, expected));
    assert_eq!(caller.delete(id).await, (204, json!(null)));
    assert_eq!(code(&caller.delete(id).await), (404, "EMULATOR.PACKAGE_NOT_FOUND"));
    assert_eq!(code(&caller.show(id).await), (404, "EMULATOR.PACKAGE_NOT_FOUND"));

    let object = caller.obs(http::Method::HEAD, "bbb/upgrade.bin", &[], "").await;
    assert_eq!(object.status().as_u16(), 200, "deleting a package keeps its object");
}

#[tokio::test]
async fn optional_fields_are_shown_only_when_given() {
    let caller = Caller::new().await;
    caller.upload("a.bin", b"firmware").await;
    let (_, created) = caller.create(&minimal("a.bin")).await;
    let mut names: Vec<&str> = created.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["app_id", "create_time", "file_location", "package_id", "package_type", "product_id", "version"]
    );
    let location = created["file_location"]["obs_location"].as_object().unwrap();
    assert_eq!(location.len(), 3);
}

#[tokio::test]
async fn creates_a_module_package() {
    let caller = Caller::new().await;
    caller.upload("a.bin", b"module").await;
    let mut body = minimal("a.bin");
    body["package_type"] = json!("modulePackage");
    body["module_name"] = json!("radio.v1");
    let (status, created) = caller.create(&body).await;
    assert_eq!((status, &created["module_name"]), (201, &json!("radio.v1")));
}

#[tokio::test]
async fn duplicate_versions_are_accepted() {
    let caller = Caller::new().await;
    caller.upload("a.bin", b"firmware").await;
    let (first, _) = caller.create(&minimal("a.bin")).await;
    let (second, _) = caller.create(&minimal("a.bin")).await;
    assert_eq!((first, second), (201, 201));
}

#[tokio::test]
async fn refuses_a_package_whose_object_is_missing() {
    let caller = Caller::new().await;
    let answer = caller.create(&minimal("missing.bin")).await;
    assert_eq!(code(&answer), (400, "EMULATOR.OBS_OBJECT_NOT_FOUND"));
    let message = answer.1["error_msg"].as_str().unwrap();
    assert!(message.contains("emulator-bucket") && message.contains("missing.bin"), "{message}");
    assert_eq!(caller.list("package_type=firmwarePackage").await.1["page"]["count"], 0);
}

#[tokio::test]
async fn the_check_of_the_object_can_be_switched_off() {
    let caller = Caller::of(Emulator::builder().check_objects(false).start().await.unwrap());
    assert_eq!(caller.create(&minimal("missing.bin")).await.0, 201);
}

#[tokio::test]
async fn reports_every_violation_at_once() {
    let caller = Caller::new().await;
    let mut body = minimal("a.bin");
    body["app_id"] = json!("a b");
    body["version"] = json!("v".repeat(257));
    body["file_location"]["obs_location"]["bucket_name"] = json!("A_");
    let answer = caller.create(&body).await;
    assert_eq!(code(&answer), (400, "IOTDA.000006"));
    assert_eq!(
        answer.1["error_msg"],
        "Invalid input data. app_id: must have only letters, digits, '_' and '-', not ' '; \
         version: must have 1 to 256 characters, not 257; \
         file_location.obs_location.bucket_name: must have 3 to 63 characters, not 2; \
         file_location.obs_location.bucket_name: must have only lower-case letters, digits, '-' and '.', not 'A'"
    );
}

#[tokio::test]
async fn counts_characters_and_not_bytes() {
    let caller = Caller::of(Emulator::builder().check_objects(false).start().await.unwrap());
    let mut body = minimal("a.bin");
    body["description"] = json!("升".repeat(1024));
    assert_eq!(caller.create(&body).await.0, 201);
    body["description"] = json!("升".repeat(1025));
    assert_eq!(code(&caller.create(&body).await), (400, "IOTDA.000006"));
}

#[tokio::test]
async fn refuses_a_malformed_package_id() {
    let caller = Caller::new().await;
    assert_eq!(code(&caller.show("a_b").await), (400, "IOTDA.000006"));
    assert_eq!(code(&caller.delete(&"a".repeat(37)).await), (400, "IOTDA.000006"));
    assert_eq!(code(&caller.show("%ff").await), (404, "APIGW.0101"));
}
