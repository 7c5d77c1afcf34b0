//! `package create`, `list`, `show` and `delete`, on the emulator inside the process.

use serde_json::{Value, json};

use crate::harness::{Home, PACKAGE, assert_picture, publish, sample};

const KEY: &str = "ota/my-app/my-product/firmwarePackage/2.0/sample.bin";

/// The arguments of a create for the object that publishing the sample leaves in OBS.
fn create<'a>(version: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let package = PACKAGE.map(|word| if word == "2.0" { version } else { word });
    [&["package", "create", "--object-key", KEY], &package[..], more].concat()
}

#[test]
fn creates_lists_shows_and_deletes_and_a_second_delete_finds_nothing() {
    let home = Home::new();
    home.emulated(&publish(&sample(), &[])).succeeded();
    let sign = "ab".repeat(32);

    let run = home.emulated(&create("2.1", &["--sign", &sign, "--format", "json"])).succeeded();
    assert_picture!("create_json", run);
    let id = run.json()["package_id"].as_str().unwrap().to_owned();

    let list = ["package", "list", "--type", "firmware", "--format", "json"];
    let run = home.emulated(&list).succeeded();
    assert_picture!("list_json", run);
    assert_eq!(run.json()["packages"][0]["package_id"], json!(id));

    let shown = home.emulated(&["package", "show", &id, "--format", "json"]).succeeded().json();
    assert_eq!(shown["version"], "2.1");
    assert_eq!(shown["file_location"]["obs_location"]["sign"], json!(sign));

    let delete = ["package", "delete", &id, "--format", "json"];
    let deleted = home.emulated(&delete).succeeded().json();
    assert_eq!(deleted, json!({"package_id": id, "deleted": true}));

    let run = home.emulated(&delete).failed(4);
    let error = run.error();
    assert_eq!((&error["kind"], &error["status"]), (&json!("not_found"), &json!(404)));
    assert_eq!(error["operation"], "delete_ota_package");
    assert!(error["request_id"].is_string());
    assert_eq!(home.emulated(&list).succeeded().json()["page"], json!({"count": 1, "marker": null}));
}

#[test]
fn text_for_people_names_the_target() {
    let home = Home::new();
    home.emulated(&publish(&sample(), &[])).succeeded();
    let run = home.emulated(&create("2.1", &[])).succeeded();
    assert_picture!("create_text", run);
    let id = run.stdout.lines().next().unwrap().split_whitespace().last().unwrap().to_owned();
    assert_picture!("list_text", home.emulated(&["package", "list", "--type", "firmware"]).succeeded());
    assert_picture!("list_empty", home.emulated(&["package", "list", "--type", "software"]).succeeded());
    assert_picture!(
        "list_limited",
        home.emulated(&["package", "list", "--type", "firmware", "--limit", "1"]).succeeded()
    );
    assert_picture!("show_text", home.emulated(&["package", "show", &id]).succeeded());
    assert_picture!("delete_text", home.emulated(&["package", "delete", &id]).succeeded());
    assert_picture!("delete_again", home.emulated(&["package", "delete", &id]).failed(4));
}

#[test]
fn a_dry_run_of_create_prints_the_request() {
    let run = Home::new().emulated(&create("2.1", &["--dry-run", "--format", "json"])).succeeded();
    assert_eq!(run.json()["dry_run"], json!(true));
    assert_eq!(run.json()["request"]["file_location"]["obs_location"]["object_key"], KEY);
}

#[test]
fn an_object_that_is_not_in_the_bucket_is_rejected() {
    let home = Home::new();
    assert_picture!("create_without_object", home.emulated(&create("2.1", &[])).failed(6));
    let run = home.emulated(&create("2.1", &["--bucket", "other-bucket", "--format", "json"])).failed(6);
    assert_eq!(run.error()["error_code"], "EMULATOR.OBS_OBJECT_NOT_FOUND");
    let run = home.emulated(&publish(&sample(), &["--bucket", "other-bucket"])).failed(4);
    assert_picture!("publish_without_bucket", run);
}

#[test]
fn the_limit_counts_over_all_pages() {
    let home = Home::new();
    let server = crate::emulator::Server::start(&home, &["--in-memory"]);
    server.run(&home, &publish(&sample(), &[])).succeeded();
    // More than two pages of the service; the packages all share one object.
    let versions: Vec<_> = (0..104).map(|number| format!("3.{number}")).collect();
    server.create_all(KEY, &versions);
    let list = |more: &[&str]| {
        let arguments = [&["package", "list", "--type", "firmware", "--format", "json"], more].concat();
        server.run(&home, &arguments).succeeded().json()
    };
    let count = |answer: &Value| answer["packages"].as_array().unwrap().len();
    let all = list(&["--all"]);
    assert_eq!((count(&all), &all["page"]), (105, &json!({"count": 105, "marker": null})));
    assert_eq!(all["packages"][0]["version"], "3.103");
    let default = list(&[]);
    assert_eq!((count(&default), &default["page"]["count"]), (50, &json!(105)));
    let some = list(&["--limit", "102"]);
    assert_eq!(count(&some), 102);
    assert_eq!(some["packages"], json!(all["packages"].as_array().unwrap()[..102]));
    let exact = list(&["--limit", "105"]);
    assert_eq!(exact, all);
    assert_eq!(count(&list(&["--version", "3.7"])), 1);
    assert_eq!(count(&list(&["--app-id", "other-app"])), 0);
}
