//! List: order, paging, filters, counts.

use iotda_ota_emulator::Emulator;
use serde_json::{Value, json};

use crate::client::{Caller, code, minimal};

/// An emulator with packages `V0` to `V{count - 1}`, the last one newest.
async fn with_packages(count: usize) -> Caller {
    let caller = Caller::of(Emulator::builder().check_objects(false).start().await.unwrap());
    for number in 0..count {
        let mut body = minimal("a.bin");
        body["version"] = json!(format!("V{number}"));
        assert_eq!(caller.create(&body).await.0, 201);
    }
    caller
}

fn versions(list: &Value) -> Vec<String> {
    let packages = list["packages"].as_array().unwrap();
    packages.iter().map(|package| package["version"].as_str().unwrap().to_owned()).collect()
}

async fn page(caller: &Caller, query: &str) -> Value {
    let (status, body) = caller.list(&format!("package_type=firmwarePackage&{query}")).await;
    assert_eq!(status, 200, "{query}: {body}");
    body
}

#[tokio::test]
async fn lists_the_newest_first_without_locations() {
    let caller = with_packages(12).await;
    let list = page(&caller, "").await;
    assert_eq!(versions(&list), ["V11", "V10", "V9", "V8", "V7", "V6", "V5", "V4", "V3", "V2"]);
    assert_eq!(list["page"]["count"], 12);
    assert_eq!(list["page"]["marker"].as_str().unwrap().len(), 24);
    assert!(list["packages"][0].get("file_location").is_none());
}

#[tokio::test]
async fn walks_all_pages_by_marker() {
    let caller = with_packages(7).await;
    let mut seen = Vec::new();
    let mut query = "limit=3".to_owned();
    loop {
        let list = page(&caller, &query).await;
        assert_eq!(list["page"]["count"], 7);
        let found = versions(&list);
        if found.is_empty() {
            assert!(list["page"].get("marker").is_none());
            break;
        }
        seen.extend(found);
        query = format!("limit=3&marker={}", list["page"]["marker"].as_str().unwrap());
    }
    assert_eq!(seen, ["V6", "V5", "V4", "V3", "V2", "V1", "V0"]);
}

#[tokio::test]
async fn an_offset_skips_from_the_marker_on() {
    let caller = with_packages(6).await;
    assert_eq!(versions(&page(&caller, "limit=2&offset=3").await), ["V2", "V1"]);
    let first = page(&caller, "limit=1").await;
    let marker = first["page"]["marker"].as_str().unwrap();
    let next = page(&caller, &format!("limit=2&offset=1&marker={}", marker.to_uppercase())).await;
    assert_eq!(versions(&next), ["V3", "V2"]);
    assert_eq!(versions(&page(&caller, "offset=500").await), [""; 0]);
    let oldest = page(&caller, &format!("marker={}", "0".repeat(24))).await;
    assert_eq!(versions(&oldest), [""; 0]);
}

#[tokio::test]
async fn a_marker_of_a_deleted_package_still_works() {
    let caller = with_packages(3).await;
    let first = page(&caller, "limit=1").await;
    let id = first["packages"][0]["package_id"].as_str().unwrap();
    assert_eq!(caller.delete(id).await.0, 204);
    let marker = first["page"]["marker"].as_str().unwrap();
    let rest = page(&caller, &format!("marker={marker}")).await;
    assert_eq!(versions(&rest), ["V1", "V0"]);
    assert_eq!(rest["page"]["count"], 2);
}

#[tokio::test]
async fn filters_combine_and_counts_follow() {
    let caller = with_packages(2).await;
    for (app, product) in [("app-2", "product-1"), ("app-1", "product-2")] {
        let mut body = minimal("a.bin");
        body["app_id"] = json!(app);
        body["product_id"] = json!(product);
        body["version"] = json!("V0");
        assert_eq!(caller.create(&body).await.0, 201);
    }
    let cases = [
        ("", 4),
        ("app_id=app-1", 3),
        ("product_id=product-1", 3),
        ("version=V0", 3),
        ("app_id=app-1&product_id=product-1", 2),
        ("app_id=app-1&version=V0", 2),
        ("product_id=product-1&version=V0", 2),
        ("app_id=app-1&product_id=product-1&version=V1", 1),
        ("app_id=unknown", 0),
    ];
    for (query, count) in cases {
        let list = page(&caller, query).await;
        assert_eq!(list["page"]["count"], count, "{query}");
        assert_eq!(versions(&list).len(), count, "{query}");
    }
    let (_, software) = caller.list("package_type=softwarePackage").await;
    assert_eq!(software, json!({"packages": [], "page": {"count": 0}}));
}

#[tokio::test]
async fn refuses_wrong_parameters() {
    let caller = Caller::new().await;
    let cases = [
        ("", "IOTDA.000006"),
        ("package_type=firmware", "IOTDA.000006"),
        ("package_type=firmwarePackage&limit=0", "IOTDA.000017"),
        ("package_type=firmwarePackage&limit=51", "IOTDA.000017"),
        ("package_type=firmwarePackage&offset=501", "IOTDA.000006"),
        ("package_type=firmwarePackage&marker=xyz", "IOTDA.000006"),
        ("package_type=firmwarePackage&app_id=a%20b", "IOTDA.000006"),
    ];
    for (query, expected) in cases {
        assert_eq!(code(&caller.list(query).await), (400, expected), "{query}");
    }
}
