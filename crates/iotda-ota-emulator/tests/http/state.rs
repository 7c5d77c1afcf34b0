//! Everything that the emulator keeps as one file, and forgetting it.

use std::error::Error as _;
use std::fs;
use std::path::Path;

use http::Method;
use huaweicloud_signing::obs::Resource;
use iotda_ota_emulator::{Builder, Emulator, FixedClock, StartError};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::client::{Caller, DOCUMENTED_TIME, code, minimal, read, sign};
use crate::raw;
use crate::signing::Key;

fn fixed() -> Builder {
    Emulator::builder().clock(FixedClock::at_unix_seconds(DOCUMENTED_TIME))
}

async fn list(caller: &Caller) -> Value {
    caller.list("package_type=firmwarePackage&limit=50").await.1
}

/// An object of more than one line, and three packages, of which one is deleted.
async fn fill(caller: &Caller) {
    caller.upload("a.bin", &[0x5a; 100_000]).await;
    caller.obs(Method::PUT, "升级.bin", &[("content-type", "text/plain"), ("x-obs-meta-a", "b")], "一").await;
    let mut deleted = Value::Null;
    for version in ["V1", "V2", "V3"] {
        let mut body = minimal("a.bin");
        body["version"] = json!(version);
        body["description"] = json!("第一\n第二");
        body["support_source_versions"] = json!(["V0"]);
        deleted = caller.create(&body).await.1;
    }
    caller.delete(deleted["package_id"].as_str().unwrap()).await;
}

async fn same(one: &Caller, other: &Caller) {
    assert_eq!(list(one).await, list(other).await);
    for key in ["a.bin", "升级.bin"] {
        let (one, other) = (one.obs(Method::GET, key, &[], "").await, other.obs(Method::GET, key, &[], "").await);
        for name in ["content-type", "etag", "x-obs-meta-a"] {
            assert_eq!(one.headers().get(name), other.headers().get(name), "{key} {name}");
        }
        assert_eq!(one.bytes().await.unwrap(), other.bytes().await.unwrap());
    }
}

#[tokio::test]
async fn a_dump_makes_another_emulator_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dump.jsonl");
    let one = Caller::of(fixed().start().await.unwrap());
    fill(&one).await;
    one.emulator.dump(&file).await.unwrap();

    let other = Caller::of(Emulator::builder().start().await.unwrap());
    other.upload("gone.bin", b"gone").await;
    other.create(&minimal("gone.bin")).await;
    let loaded = other.emulator.load(&file).await.unwrap();
    assert_eq!((loaded.packages, loaded.objects), (2, 2));
    same(&one, &other).await;
    assert_eq!(other.obs(Method::GET, "gone.bin", &[], "").await.status(), 404);
    let again = folder.path().join("again.jsonl");
    other.emulator.dump(&again).await.unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), fs::read_to_string(&again).unwrap());

    // A new package comes after those of the dump.
    let (_, created) = other.create(&minimal("a.bin")).await;
    assert_eq!(list(&other).await["packages"][0]["package_id"], created["package_id"]);
}

/// A request about another bucket than the emulator's, or about an object in it.
async fn other_bucket(caller: &Caller, method: Method, key: Option<&str>, body: &'static str) -> reqwest::Response {
    let resource = Resource { bucket: Some("mine-1"), key, query: &[] };
    let headers = sign(&Key::of(caller), &method, &resource, &[]);
    let url = format!("{}/mine-1/{}", caller.emulator.obs_endpoint(), key.unwrap_or_default());
    caller.http.request(method, url).headers(headers).body(body).send().await.unwrap()
}

#[tokio::test]
async fn a_dump_has_other_buckets_and_objects_of_parts_whole_and_a_reset_leaves_neither() {
    let folder = tempfile::tempdir().unwrap();
    let (file, again) = (folder.path().join("dump.jsonl"), folder.path().join("again.jsonl"));
    let one = Caller::new().await;
    assert_eq!(other_bucket(&one, Method::PUT, None, "").await.status(), 200);
    assert_eq!(other_bucket(&one, Method::PUT, Some("b.bin"), "bytes").await.status(), 200);
    let id = one.create_upload("parts.bin").await;
    let mut parts = Vec::new();
    for (number, size) in [(1, 150_000), (2, 70_001)] {
        parts.push((number, one.put_part("parts.bin", &id, number, size).await));
    }
    assert_eq!(one.complete("parts.bin", &id, &parts).await.status(), 200);
    let unfinished = one.create_upload("unfinished.bin").await;
    one.put_part("unfinished.bin", &unfinished, 1, 5).await;
    one.emulator.dump(&file).await.unwrap();

    let other = Caller::new().await;
    let given_up = other.create_upload("unfinished.bin").await;
    other.put_part("unfinished.bin", &given_up, 1, 5).await;
    other.emulator.load(&file).await.unwrap();
    assert_eq!(other_bucket(&other, Method::GET, Some("b.bin"), "").await.text().await.unwrap(), "bytes");
    let (whole, copy) =
        (one.obs(Method::GET, "parts.bin", &[], "").await, other.obs(Method::GET, "parts.bin", &[], "").await);
    assert!(copy.headers()["etag"].to_str().unwrap().ends_with("-2\""), "{copy:?}");
    assert_eq!(whole.headers()["etag"], copy.headers()["etag"]);
    assert_eq!(whole.bytes().await.unwrap(), copy.bytes().await.unwrap());
    for id in [unfinished, given_up] {
        assert_eq!(other.abort("unfinished.bin", &id).await.status(), 404);
    }
    other.emulator.dump(&again).await.unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), fs::read_to_string(&again).unwrap());

    let before = other.create_upload("before.bin").await;
    other.emulator.reset().await.unwrap();
    assert_eq!(other_bucket(&other, Method::GET, Some("b.bin"), "").await.status(), 404);
    assert_eq!(other.obs(Method::HEAD, "", &[], "").await.status(), 200);
    assert_eq!(other.obs(Method::GET, "parts.bin", &[], "").await.status(), 404);
    assert_eq!(other.abort("before.bin", &before).await.status(), 404);
    assert_eq!(other_bucket(&other, Method::HEAD, None, "").await.status(), 404);
}

#[tokio::test]
async fn a_reset_removes_the_files_and_gives_their_room_back() {
    let folder = tempfile::tempdir().unwrap();
    let builder = fixed().data_dir(folder.path()).limit_storage(300_000);
    let caller = Caller::of(builder.start().await.unwrap());
    for _ in 0..2 {
        caller.upload("a.bin", &[0x5a; 200_000]).await;
        let id = caller.create_upload("b.bin").await;
        caller.put_part("b.bin", &id, 1, 90_000).await;
        caller.emulator.reset().await.unwrap();
        assert_eq!(fs::read_dir(folder.path().join("objects")).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn a_file_with_more_bytes_than_there_may_be_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("large.jsonl"));
    let builder = fixed().data_dir(&data).limit_storage(1_000);
    let caller = Caller::of(builder.clone().start().await.unwrap());
    caller.upload("a.bin", b"firmware").await;
    assert_eq!(caller.create(&minimal("a.bin")).await.0, 201);
    let before = list(&caller).await;
    let large = json!({"object": {"key": "b.bin", "text": "x".repeat(600)}});
    let more = json!({"object": {"key": "c.bin"}});
    let bytes = json!({"bytes": "AAAA".repeat(150)});
    let text = format!("{}\n{large}\n{more}\n{bytes}\n", json!({"package": minimal("b.bin")}));
    fs::write(&file, &text).unwrap();
    let url = format!("{}/emulator/load", caller.emulator.endpoint());
    let answer = read(caller.http.post(url).body(text).send().await.unwrap()).await;
    assert_eq!(code(&answer), (400, "EMULATOR.INVALID_CONTROL_CALL"));
    let problem = answer.1["error_msg"].as_str().unwrap();
    assert!(problem.contains("line 4: ") && problem.contains("1050 bytes") && problem.contains("1000"), "{problem}");
    assert_eq!(list(&caller).await, before);
    assert_eq!(caller.obs(Method::GET, "a.bin", &[], "").await.text().await.unwrap(), "firmware");
    caller.emulator.reset().await.unwrap();
    caller.emulator.shutdown().await;

    for _ in 0..2 {
        let error = builder.clone().load(&file).start().await.unwrap_err();
        assert!(matches!(error, StartError::Load { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_load_that_runs_out_of_room_leaves_nothing_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let caller = Caller::of(fixed().data_dir(folder.path()).limit_storage(1 << 20).start().await.unwrap());
    caller.upload("a.bin", b"firmware").await;
    // An upload that goes on takes the room that the file counts on.
    let headers = caller.signed(&Method::PUT, "slow.bin", &[]);
    let headers: String =
        headers.iter().map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap())).collect();
    let head =
        format!("PUT /emulator-bucket/slow.bin HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: 900000\r\n\r\n");
    let mut upload = raw::connect(caller.emulator.obs_endpoint()).await;
    upload.write_all(format!("{head}{}", "x".repeat(600_000)).as_bytes()).await.unwrap();
    let has_come = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().metadata().unwrap().len() > 300_000;
    while !fs::read_dir(folder.path().join("incoming")).unwrap().any(has_come) {
        tokio::task::yield_now().await;
    }
    let object = |key: &str, size| json!({"object": {"key": key, "text": "x".repeat(size)}});
    let text =
        format!("{}\n{}\n{}\n", json!({"bucket": {"name": "mine-1"}}), object("b.bin", 10), object("c.bin", 900_000));
    let url = format!("{}/emulator/load", caller.emulator.endpoint());
    let answer = read(caller.http.post(url).body(text).send().await.unwrap()).await;
    assert_eq!(answer.0, 500);
    let problem = answer.1["error_msg"].as_str().unwrap();
    assert!(problem.contains("nothing of the file is kept") && problem.contains("1048576 bytes"), "{problem}");
    for key in ["a.bin", "b.bin", "c.bin"] {
        assert_eq!(caller.obs(Method::GET, key, &[], "").await.status(), 404, "{key}");
    }
    assert_eq!(other_bucket(&caller, Method::HEAD, None, "").await.status(), 404);
}

#[tokio::test]
async fn the_control_calls_dump_load_and_reset() {
    let one = Caller::of(fixed().start().await.unwrap());
    fill(&one).await;
    let url = |caller: &Caller, call: &str| format!("{}/emulator/{call}", caller.emulator.endpoint());
    let dump = one.http.get(url(&one, "dump")).send().await.unwrap().text().await.unwrap();
    assert!(
        dump.starts_with("{\"dump\":{\"version\":1}}\n")
            && dump.ends_with("{\"end\":{\"packages\":2,\"objects\":2}}\n")
    );
    let other = Caller::new().await;
    let answer = read(other.http.post(url(&other, "load")).body(dump.clone()).send().await.unwrap()).await;
    assert_eq!(answer, (200, json!({"packages": 2, "objects": 2})));
    same(&one, &other).await;

    let half = dump.rsplit_once("{\"end\"").unwrap().0.to_owned();
    let answer = read(other.http.post(url(&other, "load")).body(half).send().await.unwrap()).await;
    assert_eq!(code(&answer), (400, "EMULATOR.INVALID_CONTROL_CALL"));
    assert!(answer.1["error_msg"].as_str().unwrap().contains("incomplete"), "{answer:?}");
    same(&one, &other).await;

    one.emulator.faults().add("obs:cut".parse().unwrap()).unwrap();
    assert_eq!(read(one.http.post(url(&one, "reset")).send().await.unwrap()).await.0, 204);
    assert_eq!(list(&one).await, json!({"packages": [], "page": {"count": 0}}));
    assert_eq!(one.obs(Method::GET, "a.bin", &[], "").await.status(), 404);
    assert!(one.emulator.faults().list().is_empty());
    assert_eq!(one.emulator.requests().first().map(|request| request.number), Some(1));
}

#[tokio::test]
async fn a_reset_makes_snapshots_repeatable() {
    let caller = Caller::of(fixed().start().await.unwrap());
    let mut lists = Vec::new();
    for _ in 0..2 {
        fill(&caller).await;
        lists.push(list(&caller).await);
        caller.emulator.reset().await.unwrap();
    }
    assert_eq!(lists[0], lists[1]);
}

#[tokio::test]
async fn a_file_written_by_hand_is_enough() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.jsonl");
    let lines = [
        json!({"object": {"key": "a.bin", "text": "firmware"}}),
        json!({"bucket": {"name": "mine-1"}}),
        json!({"object": {"bucket": "mine-1", "key": "b.bin"}}),
        json!({"package": minimal("a.bin")}),
    ];
    fs::write(&file, lines.map(|line| format!("{line}\n\n")).concat()).unwrap();
    let caller = Caller::of(fixed().load(&file).start().await.unwrap());
    let found = list(&caller).await;
    assert_eq!(found["packages"][0]["create_time"], "20230211T121212Z");
    assert_eq!(found["packages"][0]["package_id"], format!("{:032x}", 1));
    let object = caller.obs(Method::GET, "a.bin", &[], "").await;
    assert_eq!(object.text().await.unwrap(), "firmware");
    assert_eq!(other_bucket(&caller, Method::HEAD, Some("b.bin"), "").await.status(), 200);
}

#[tokio::test]
async fn a_folder_with_data_is_not_overwritten_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("seed.jsonl"));
    fs::write(&file, json!({"object": {"key": "a.bin", "text": "firmware"}}).to_string()).unwrap();
    let builder = fixed().data_dir(&data).load(&file);
    builder.clone().start().await.unwrap().shutdown().await;
    let error = builder.start().await.unwrap_err();
    assert!(matches!(error, StartError::NotEmpty { .. }), "{error}");
    fixed().data_dir(&data).start().await.unwrap();
}

async fn refusal(folder: &Path, text: &str) -> String {
    let file = folder.join("wrong.jsonl");
    fs::write(&file, text).unwrap();
    let error = fixed().load(&file).start().await.unwrap_err();
    assert!(matches!(error, StartError::Load { .. }));
    let text = error.to_string();
    assert!(text.contains("wrong.jsonl") && text.contains("--load"), "{text}");
    error.source().unwrap().to_string()
}

#[tokio::test]
async fn mistakes_are_named_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let package = |more: Value| {
        let mut package = minimal("a.bin");
        package.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"package": package}).to_string()
    };
    let with_id = |id: &str| package(json!({"record_id": id}));
    let two = format!("{}\n{}", with_id("000000010000000000000002"), with_id("000000010000000000000001"));
    let dump = |end: &str| format!("{{\"dump\":{{\"version\":1}}}}\n{end}");
    for (text, line, expected) in [
        ("{", 1, "EOF"),
        ("{\"packages\":{}}", 1, "unknown variant"),
        (&format!("\n{}", package(json!({"version": "a b"}))), 2, "version"),
        (&package(json!({"create_time": "today"})), 1, "20230211T121212Z"),
        (&package(json!({"package_id": "a/b"})), 1, "package_id"),
        (&with_id("1"), 1, "24 lower-case"),
        (&two, 2, "must grow"),
        (&format!("{}\n{}", with_id("000000010000000000000001"), package(json!({}))), 2, "or none"),
        (&[package(json!({"package_id": "x"})), package(json!({"package_id": "x"}))].join("\n"), 2, "same package_id"),
        ("{\"object\":{\"key\":\"\"}}", 1, "1 to 1,024"),
        ("{\"object\":{\"key\":\"a\",\"metadata\":{\"x-obs-meta-a\":\"b\\nc\"}}}", 1, "control characters"),
        ("{\"object\":{\"key\":\"a\",\"size\":1}}", 1, "unknown field"),
        ("{\"object\":{\"key\":\"a\",\"etag\":\"x\"}}", 1, "32 hexadecimal digits"),
        ("{\"object\":{\"bucket\":\"mine-1\",\"key\":\"a\"}}", 1, "no line before"),
        ("{\"bucket\":{\"name\":\"A\"}}", 1, "cannot be a bucket"),
        ("{\"bucket\":{\"name\":\"emulator-bucket\"}}", 1, "already"),
        ("{\"bytes\":\"\"}", 1, "follow an object"),
        ("{\"object\":{\"key\":\"a\"}}\n{\"bytes\":\"%\"}", 2, "Base64"),
        ("{\"dump\":{\"version\":2}}", 1, "newer program"),
        (&dump(""), 1, "no end"),
        (&dump("{\"end\":{\"packages\":1,\"objects\":0}}"), 2, "other numbers"),
        (&dump("{\"end\":{\"packages\":0,\"objects\":0}}\n{\"bytes\":\"\"}"), 3, "follows the end"),
        (&"x".repeat(2 << 20), 1, "more than"),
        // As curl sends a file with -d.
        (&two.replace('\n', ""), 1, "--data-binary"),
    ] {
        let found = refusal(folder.path(), text).await;
        assert!(found.contains(&format!("line {line}: ")) && found.contains(expected), "{text:.60}: {found}");
    }
    let error = fixed().load(folder.path().join("missing")).start().await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("missing") && text.contains("--load"), "{text}");
    let cause = error.source().unwrap().source().unwrap();
    assert_eq!(cause.downcast_ref::<std::io::Error>().unwrap().kind(), std::io::ErrorKind::NotFound);
}
