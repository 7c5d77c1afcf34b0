//! What `--strict` adds.

use iotda_ota_emulator::Emulator;
use serde_json::json;

use crate::client::{Caller, code, minimal};

async fn strict() -> Caller {
    Caller::of(Emulator::builder().strict(true).start().await.unwrap())
}

#[tokio::test]
async fn the_sign_must_match_the_object() {
    let caller = strict().await;
    let sign = caller.upload("a.bin", b"firmware").await;
    let mut body = minimal("a.bin");
    body["file_location"]["obs_location"]["sign"] = json!("0".repeat(64));
    assert_eq!(code(&caller.create(&body).await), (400, "EMULATOR.SIGN_MISMATCH"));
    body["file_location"]["obs_location"]["sign"] = json!(sign.to_uppercase());
    assert_eq!(caller.create(&body).await.0, 201);
}

#[tokio::test]
async fn a_version_exists_once() {
    let caller = strict().await;
    caller.upload("a.bin", b"firmware").await;
    let mut body = minimal("a.bin");
    assert_eq!(caller.create(&body).await.0, 201);
    assert_eq!(code(&caller.create(&body).await), (409, "EMULATOR.DUPLICATE_VERSION"));

    body["package_type"] = json!("modulePackage");
    for (module, status) in [("m1", 201), ("m2", 201), ("m1", 409)] {
        body["module_name"] = json!(module);
        assert_eq!(caller.create(&body).await.0, status, "{module}");
    }
}

#[tokio::test]
async fn the_suffix_must_be_a_documented_one() {
    let caller = strict().await;
    caller.upload("a.txt", b"firmware").await;
    assert_eq!(code(&caller.create(&minimal("a.txt")).await), (400, "IOTDA.000006"));
}

#[tokio::test]
async fn a_quota_counts_all_types_of_an_app() {
    let emulator = Emulator::builder().limit_packages(2).start().await.unwrap();
    let caller = Caller::of(emulator);
    caller.upload("a.bin", b"firmware").await;
    let mut body = minimal("a.bin");
    let (_, first) = caller.create(&body).await;
    body["package_type"] = json!("softwarePackage");
    assert_eq!(caller.create(&body).await.0, 201);
    assert_eq!(code(&caller.create(&body).await), (403, "EMULATOR.PACKAGE_QUOTA"));

    body["app_id"] = json!("app-2");
    assert_eq!(caller.create(&body).await.0, 201, "another app has its own quota");
    body["app_id"] = json!("app-1");
    caller.delete(first["package_id"].as_str().unwrap()).await;
    assert_eq!(caller.create(&body).await.0, 201);
}
