//! `package verify`, `publish --verify-object` and `--if-exists replace`, and `package delete --with-object`.

use serde_json::json;

use crate::emulator::Server;
use crate::harness::{Home, PACKAGE, Run, assert_picture, publish, sample};
use crate::store;

/// Publishes a file, and gives the id of the package.
fn published(home: &Home, file: &str) -> String {
    id(&home.emulated(&publish(file, &["--format", "json"])).succeeded())
}

fn id(run: &Run) -> String {
    run.json()["package"]["package_id"].as_str().unwrap().to_owned()
}

#[test]
fn verify_names_the_one_that_differs() {
    let home = Home::new();
    let right = home.file("right.bin", "right").display().to_string();
    let wrong = home.file("wrong.bin", "wrong").display().to_string();
    let id = published(&home, &right);
    assert_picture!("verify_ok", home.emulated(&["package", "verify", &id, &right]).succeeded());
    let run = home.emulated(&["package", "verify", &id, "--format", "json"]).succeeded();
    assert_eq!(run.json()["ok"], true);
    assert_eq!(run.json()["checks"].as_array().unwrap().len(), 2);

    let run = home.emulated(&["package", "verify", &id, &wrong]);
    assert_eq!(run.code, Some(9));
    assert_picture!("verify_file_differs", run);
    let run = home.emulated(&["package", "verify", &id, &wrong, "--format", "json"]);
    assert_eq!((run.code, &run.json()["ok"]), (Some(9), &json!(false)));
    let checks: Vec<_> = run.json()["checks"].as_array().unwrap().iter().map(|check| check["ok"].clone()).collect();
    assert_eq!(checks, [true, true, false]);
    assert_eq!(run.error()["kind"], "mismatch");
}

#[test]
fn a_wrong_sign_is_found_and_an_object_stays_while_a_package_uses_it() {
    let home = Home::new();
    let file = home.file("right.bin", "right").display().to_string();
    let wrong = "ab".repeat(32);
    // The key that publish uses, with a sign that is not the file's.
    let key = "ota/my-app/my-product/firmwarePackage/2.0/right.bin";
    let create = ["package", "create", "--object-key", key, "--sign", &wrong, "--bucket", "emulator-bucket"];
    let first = published(&home, &file);
    let run = home.emulated(&[&create[..], &PACKAGE, &["--format", "json"]].concat()).succeeded();
    let second = run.json()["package_id"].as_str().unwrap().to_owned();
    let run = home.emulated(&["package", "verify", &second, &file]);
    assert_eq!(run.code, Some(9));
    assert_picture!("verify_sign_differs", run);

    // Both packages share the object, which therefore stays.
    let run = home.emulated(&["package", "delete", &first, "--with-object"]).failed(6);
    assert_picture!("delete_with_object_in_use", run);
    home.emulated(&["package", "delete", &second]).succeeded();
    let run = home.emulated(&["package", "delete", &first, "--with-object"]).succeeded();
    assert_picture!("delete_with_object", run);
}

#[test]
fn an_object_that_is_gone_is_missed_and_does_not_keep_its_package() {
    let home = Home::new();
    let server = Server::start(&home, &["--in-memory"]);
    let file = home.file("firmware.bin", "firmware").display().to_string();
    let id = id(&server.run(&home, &publish(&file, &["--format", "json"])).succeeded());
    let objects = store::objects(&server.variables);
    store::delete(&server.variables, &objects[0]);
    let run = server.run(&home, &["package", "verify", &id, &file]);
    assert_eq!(run.code, Some(9));
    assert_picture!("verify_object_missing", run);
    let run = server.run(&home, &["package", "delete", &id, "--with-object", "--format", "json"]).succeeded();
    assert_eq!(run.json()["deleted"], true);
    assert_eq!(run.json()["object"]["object_key"], objects[0]);
}

#[test]
fn a_package_that_is_deleted_without_its_object_is_told_apart_from_one_that_is_there() {
    let home = Home::new();
    let fault = "delete_object:status:status=503";
    let server = Server::start(&home, &["--in-memory", "--fault", fault]);
    let file = home.file("firmware.bin", "firmware").display().to_string();
    let id = id(&server.run(&home, &publish(&file, &["--format", "json"])).succeeded());
    let delete = ["package", "delete", &id, "--with-object", "--max-attempts", "1", "--format", "json"];
    let error = server.run(&home, &delete).failed(8).error();
    assert_eq!((&error["kind"], &error["operation"]), (&"incomplete".into(), &"obs_delete_object".into()));
    let object = &store::objects(&server.variables)[0];
    assert!(error["message"].as_str().unwrap().contains(object), "{error}");
    server.run(&home, &delete).failed(4);
}

#[test]
fn verify_refuses_what_is_no_firmware_and_no_package() {
    let home = Home::new();
    let run = home.emulated(&["package", "verify", "an id", "missing.bin"]).failed(2);
    assert_picture!("verify_invalid", run);
    home.emulated(&["package", "verify", "28f61af50fc9452aa0ed5ea25c3cc3d3"]).failed(4);
}

#[test]
fn a_stored_object_is_read_back_when_that_is_asked_for() {
    let home = Home::new();
    let flags = ["--verify-object", "--progress", "json"];
    let run = home.emulated(&publish(&sample(), &flags)).succeeded();
    let mut phases: Vec<_> = run.lines().iter().map(|line| line["phase"].as_str().unwrap().to_owned()).collect();
    phases.dedup();
    assert_eq!(phases, ["hash", "upload", "verify"]);
}

#[test]
fn another_file_replaces_the_package_and_leaves_its_object() {
    let home = Home::new();
    let server = Server::start(&home, &["--in-memory"]);
    let run = |more: &[&str]| server.run(&home, &publish("firmware.bin", more));
    home.file("firmware.bin", "one");
    let first = id(&run(&["--format", "json"]).succeeded());
    home.file("firmware.bin", "two");
    run(&[]).failed(9);
    let replaced = run(&["--if-exists", "replace"]).succeeded();
    assert_picture!("publish_replaced", replaced);
    server.run(&home, &["package", "show", &first]).failed(4);
    assert_eq!(store::objects(&server.variables).len(), 2);

    // The same again changes nothing.
    let again = run(&["--if-exists", "replace", "--format", "json"]).succeeded();
    assert_eq!(again.json()["outcome"], "verified");
    home.file("firmware.bin", "three");
    let third = run(&["--if-exists", "replace", "--format", "json", "--quiet"]).succeeded();
    assert_eq!(third.json()["outcome"], "replaced");
    assert_eq!(third.json()["replaced"], json!([id(&again)]));
    assert_eq!(third.stderr, "");
}

#[test]
fn requests_are_tried_as_often_as_the_flag_says() {
    let home = Home::new();
    let file = sample();
    let arguments = publish(&file, &["--max-attempts", "0"]);
    home.emulated(&arguments).failed(2);
    let run = home.run_with(&publish(&file, &["--dry-run"]), &[("IOTDA_OTA_MAX_ATTEMPTS", "many")]).failed(2);
    assert!(run.stderr.contains("IOTDA_OTA_MAX_ATTEMPTS"), "{}", run.stderr);
    home.emulated(&publish(&file, &["--max-attempts", "1"])).succeeded();
}
