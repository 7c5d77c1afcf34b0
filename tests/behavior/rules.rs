//! The library and the backend read the same rules, each on its own: what one accepts the other does.
//!
//! The fixtures are those of the wire suite. What the library rejects is sent around its rules, and the backend has to
//! refuse it too.

use std::path::PathBuf;

use iotda_ota::ErrorKind;
use serde_json::Value;
use support::{call, fixture, target_without_objects};

/// The fixtures of an operation whose names start like this, in the order of their names.
fn fixtures(operation: &str, start: &str) -> Vec<(String, Value)> {
    let folder = fixture::folder().join("packages").join(operation);
    let entries = std::fs::read_dir(folder).expect("there are fixtures");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("the folder can be read").path()).collect();
    paths.sort_unstable();
    let named = paths.iter().map(|path| (path.file_stem().and_then(|name| name.to_str()).unwrap_or_default(), path));
    let found: Vec<_> = named.filter(|(name, _)| name.starts_with(start)).collect();
    assert!(!found.is_empty(), "there are {start}* for {operation}");
    found.into_iter().map(|(name, path)| (name.to_owned(), fixture::load(path))).collect()
}

#[tokio::test]
async fn what_the_library_accepts_the_backend_accepts() {
    for operation in ["create", "list", "show", "delete"] {
        let target = target_without_objects(false).await;
        for (name, fixture) in fixtures(operation, "accept_") {
            // What goes around the rules may be anything.
            if fixture.get("send").is_some() {
                continue;
            }
            match call::send(operation, &fixture, target.builder()).await {
                Ok(_) => {}
                // The backend understood; it has no package with this id.
                Err(error) if error.is_not_found() && matches!(operation, "show" | "delete") => {}
                Err(error) => panic!("{operation} {name}: {error:?}"),
            }
        }
    }
}

#[tokio::test]
async fn what_the_library_rejects_the_backend_rejects() {
    for operation in ["create", "list", "show", "delete"] {
        let target = target_without_objects(true).await;
        for (name, mut fixture) in fixtures(operation, "reject_") {
            // Settings of the client have no way around the rules, and the wire suite shows which ids have none.
            let id = fixture["request"]["package_id"].as_str();
            if fixture.get("client").is_some() || matches!(id, Some("" | "..")) {
                continue;
            }
            fixture["send"] = "unchecked".into();
            let outcome = call::send(operation, &fixture, target.builder()).await;
            let error = outcome.expect_err(&name);
            assert_eq!((error.kind(), error.status()), (ErrorKind::Rejected, Some(400)), "{name}: {error:?}");
            let documented = error.error_code().is_some_and(|code| code.starts_with("IOTDA."));
            assert!(documented && error.request_id().is_some(), "{name}: {error:?}");
        }
    }
}
