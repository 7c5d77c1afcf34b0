//! Publishing is several requests: which ones, in which order, and none at all when a rule is broken.

use std::path::{Path, PathBuf};

use iotda_ota::{Error, Publish, Published};
use serde_json::Value;
use support::call::{allowed, client, text};
use support::{Answer, Received, Stub, fixture};

use crate::{assert_wire, block_on, picture};

#[test]
fn publish_sends_what_the_fixtures_show() {
    insta::glob!("../fixtures/packages/publish", "*.json", |path| {
        let fixture = fixture::load(path);
        let folder = tempfile::tempdir().expect("there is room for a file");
        let file = write(folder.path(), &fixture["file"]);
        let (outcome, received) = block_on(async {
            let stub = stub(&fixture).await;
            let outcome = publish(&fixture, &file, &stub).await;
            (outcome, stub.received())
        });
        let name = path.file_name().and_then(|name| name.to_str()).expect("fixtures have plain names");
        let requests: Vec<_> = received.iter().map(picture::request).collect();
        let text = match &outcome {
            Ok(published) => {
                assert!(name.starts_with("accept_"), "{name} was published: {published:?}");
                requests.join("\n")
            }
            Err(error) => {
                assert!(name.starts_with("reject_"), "{name}: {error:?}");
                assert!(requests.is_empty(), "{name}: {requests:?}");
                // The folder is another one in every run.
                let folder = folder.path().display().to_string();
                picture::violations(error, &received).replace(&folder, "[folder]")
            }
        };
        assert_wire("publish", &text);
    });
}

fn write(folder: &Path, file: &Value) -> PathBuf {
    let path = folder.join(text(&file["name"]));
    std::fs::write(&path, text(&file["content"])).expect("the file can be written");
    path
}

async fn publish(fixture: &Value, file: &Path, stub: &Stub) -> Result<Published, Error> {
    let client = client(stub.builder(), fixture).build()?;
    let request = &fixture["request"];
    let (app_id, product_id) = (text(&request["app_id"]), text(&request["product_id"]));
    let mut publish =
        client.publish(file, app_id, product_id, text(&request["package_type"]), text(&request["version"]));
    if let Some(bucket) = fixture["bucket"].as_str() {
        publish = publish.bucket(bucket);
    }
    if let Some(key) = fixture["object_key"].as_str() {
        publish = publish.object_key(key);
    }
    if let Some(name) = request["module_name"].as_str() {
        publish = publish.module_name(name);
    }
    if let Some(versions) = request["support_source_versions"].as_array() {
        publish = publish.support_source_versions(versions.iter().map(text));
    }
    if let Some(description) = request["description"].as_str() {
        publish = publish.description(description);
    }
    if let Some(custom_info) = request["custom_info"].as_str() {
        publish = publish.custom_info(custom_info);
    }
    allowed(fixture).fold(publish, Publish::allow).send().await
}

/// No package and no object at first; afterwards there is what was uploaded and created.
async fn stub(fixture: &Value) -> Stub {
    let size = text(&fixture["file"]["content"]).len().to_string();
    let uploaded = std::sync::atomic::AtomicBool::new(false);
    let created = std::sync::Mutex::new(Value::Null);
    Stub::start(move |request: &Received| {
        let mut created = created.lock().expect("no test panics here");
        match request.method.as_str() {
            "PUT" => {
                uploaded.store(true, std::sync::atomic::Ordering::SeqCst);
                Answer::new(200, "")
            }
            "HEAD" if uploaded.load(std::sync::atomic::Ordering::SeqCst) => {
                Answer::new(200, "").header("content-length", &size)
            }
            "HEAD" => Answer::new(404, ""),
            "POST" => {
                *created = serde_json::from_slice(&request.body).expect("the body is JSON");
                created["package_id"] = "28f61af50fc9452aa0ed5ea25c3cc3d3".into();
                Answer::new(201, created.to_string())
            }
            _ if request.target.contains('?') => Answer::new(200, r#"{"packages":[],"page":{"count":0}}"#),
            _ => Answer::new(200, created.to_string()),
        }
    })
    .await
}
