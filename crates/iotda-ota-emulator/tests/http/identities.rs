//! Users, access keys and projects from a file.

use std::path::PathBuf;

use http::Method;
use iotda_ota_emulator::{Emulator, StartError};
use serde_json::json;

use crate::client::{Caller, code, read};
use crate::signing::{Key, Scheme, signed};

const TWO_USERS: &str = r#"
region = "cn-north-4"

[[user]]
name = "alice"
password = "fake-password-of-alice"
domain = "factory"

[[user]]
name = "bob"
password = "fake-password-of-bob"
domain = "factory"

[[access_key]]
id = "FAKEKEYOFBOB"
secret = "fake-secret-of-bob"
user = "bob"

[[access_key]]
id = "FAKEKEYOFALICE"
secret = "fake-secret-of-alice"
user = "alice"

[[project]]
id = "project-of-bob"
name = "cn-north-4"
user = "bob"

[[project]]
id = "project-of-alice"
name = "cn-north-4"
user = "alice"

[[project]]
id = "second-project-of-alice"
name = "cn-north-4"
user = "alice"
"#;

fn write(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identities.toml");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

async fn two_users() -> Caller {
    let (_folder, path) = write(TWO_USERS);
    Caller::of(Emulator::builder().identities(path).start().await.unwrap())
}

async fn list_as(caller: &Caller, key: &Key, project: &str) -> u16 {
    let path = format!("/v5/iot/{project}/ota-upgrades/packages?package_type=firmwarePackage");
    read(signed(caller, key, Scheme::Derived, &Method::GET, &path, "").send().await.unwrap()).await.0
}

#[tokio::test]
async fn the_accessors_name_the_first_user() {
    let caller = two_users().await;
    let emulator = &caller.emulator;
    let found = [
        emulator.region(),
        emulator.user(),
        emulator.password(),
        emulator.domain(),
        emulator.access_key_id(),
        emulator.secret_access_key(),
        emulator.project_id(),
    ];
    let expected = [
        "cn-north-4",
        "alice",
        "fake-password-of-alice",
        "factory",
        "FAKEKEYOFALICE",
        "fake-secret-of-alice",
        "project-of-alice",
    ];
    assert_eq!(found, expected);
    assert_eq!(caller.list("package_type=firmwarePackage").await.0, 200);
    caller.upload("a.bin", b"firmware").await;
}

#[tokio::test]
async fn everybody_may_use_the_own_projects() {
    let caller = two_users().await;
    let alice = Key::of(&caller);
    let bob = Key { id: "FAKEKEYOFBOB".to_owned(), secret: "fake-secret-of-bob".to_owned(), token: None };
    let cases = [
        (&alice, "project-of-alice", 200),
        (&alice, "second-project-of-alice", 200),
        (&alice, "project-of-bob", 403),
        (&bob, "project-of-bob", 200),
        (&bob, "project-of-alice", 403),
    ];
    for (key, project, status) in cases {
        assert_eq!(list_as(&caller, key, project).await, status, "{} {project}", key.id);
    }
    // A token is for one project only.
    let url = format!("{}/v5/iot/second-project-of-alice/ota-upgrades/packages", caller.emulator.endpoint());
    assert_eq!(code(&caller.send(caller.http.get(url)).await), (403, "EMULATOR.PROJECT_MISMATCH"));
}

#[tokio::test]
async fn several_projects_of_one_name_are_all_listed() {
    let caller = two_users().await;
    let path = "/v3/projects?name=cn-north-4";
    let request = signed(&caller, &Key::of(&caller), Scheme::Plain, &Method::GET, path, "");
    let (_, body) = read(request.send().await.unwrap()).await;
    let ids: Vec<_> = body["projects"].as_array().unwrap().iter().map(|project| project["id"].clone()).collect();
    assert_eq!(ids, [json!("project-of-alice"), json!("second-project-of-alice")]);
}

#[tokio::test]
async fn a_mistake_in_the_file_names_the_line_and_leaves_the_folder_alone() {
    let (folder, path) = write(&TWO_USERS.replacen("user = \"bob\"", "user = \"carol\"", 1));
    let data = folder.path().join("data");
    let error = Emulator::builder().identities(&path).data_dir(&data).start().await.unwrap_err();
    assert!(matches!(error, StartError::Identities { line: 17, .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("identities.toml, line 17: there is no [[user]] named \"carol\""), "{text}");
    assert!(text.contains("leave --identities away"), "{text}");
    assert!(!data.exists());
    let missing = Emulator::builder().identities(folder.path().join("missing.toml")).start().await.unwrap_err();
    assert!(matches!(missing, StartError::IdentitiesFile { .. }), "{missing:?}");
    let text = missing.to_string();
    assert!(text.contains("missing.toml; ") && text.contains("--identities"), "{text}");
}

#[tokio::test]
async fn no_secret_is_in_a_debug_output() {
    let (_folder, path) = write(TWO_USERS);
    let builder = Emulator::builder().identities(path);
    let shown = format!("{builder:?}");
    let emulator = builder.start().await.unwrap();
    let shown = format!("{shown}{emulator:?}");
    assert!(!shown.contains("fake-"), "{shown}");
}
