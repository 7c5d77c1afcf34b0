//! What OBS refuses: a bucket of somebody else, and bytes for which there is no room. Nothing is registered then.

use crate::emulator::Server;
use crate::harness::{Home, Run, large, publish, sample};
use crate::store;

/// Two users, each with a key and a project.
const IDENTITIES: &str = "\
region = 'factory-1'
[[user]]
name = 'ours'
password = 'fake-password-1'
domain = 'd'
[[access_key]]
id = 'FAKE-OURS'
secret = 'fake-secret-1'
user = 'ours'
[[project]]
id = 'p1'
name = 'factory-1'
user = 'ours'
[[user]]
name = 'theirs'
password = 'fake-password-2'
domain = 'd'
[[access_key]]
id = 'FAKE-THEIRS'
secret = 'fake-secret-2'
user = 'theirs'
[[project]]
id = 'p2'
name = 'factory-1'
user = 'theirs'
";

fn packages(home: &Home, server: &Server) -> u64 {
    let list = ["package", "list", "--type", "firmware", "--format", "json"];
    server.run(home, &list).succeeded().json()["page"]["count"].as_u64().unwrap()
}

#[test]
fn a_bucket_of_somebody_else_takes_nothing() {
    let home = Home::new();
    home.file("identities.toml", IDENTITIES);
    home.file("load.jsonl", "{\"bucket\": {\"name\": \"their-bucket\", \"owner\": \"theirs\"}}\n");
    let more = ["--in-memory", "--identities", "identities.toml", "--load", "load.jsonl"];
    let server = Server::start(&home, &more);
    let large = large(&home, 2);
    for file in [&sample(), &large] {
        let run = server.run(&home, &publish(file, &["--bucket", "their-bucket", "--format", "json"])).failed(3);
        let error = run.error();
        assert_eq!(error["status"], 403, "{error}");
        assert!(error["message"].as_str().unwrap().contains("their-bucket"), "{error}");
    }
    assert_eq!(packages(&home, &server), 0);

    let mut command = home.command(&publish(&large, &["--bucket", "their-bucket"]));
    command.envs(&server.variables).env_remove("IOTDA_OTA_TOKEN").env("HUAWEICLOUD_SDK_PROJECT_ID", "p2");
    command.env("HUAWEICLOUD_SDK_AK", "FAKE-THEIRS").env("HUAWEICLOUD_SDK_SK", "fake-secret-2");
    Run::new(&command.output().unwrap(), &home.path(".")).succeeded();
}

#[test]
fn a_file_for_which_there_is_no_room_is_not_registered() {
    let home = Home::new();
    let server = Server::start(&home, &["--in-memory", "--limit-storage", "9000000"]);
    let file = large(&home, 2);
    let run = server.run(&home, &publish(&file, &["--format", "json"]));
    assert_eq!(run.error()["error_code"], "InsufficientStorageSpace");
    assert_eq!((packages(&home, &server), store::objects(&server.variables).len()), (0, 0));

    // With a file that fits, what the first one has left goes.
    home.file("large.bin", vec![7; 8 << 20]);
    server.run(&home, &publish(&file, &[])).succeeded();
    assert_eq!((packages(&home, &server), store::objects(&server.variables).len()), (1, 1));
    assert_eq!(store::uploads(&server.variables), [""; 0]);
}
