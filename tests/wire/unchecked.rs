//! The way around the rules: what they refuse is sent as it was given, and never to another address.

use iotda_ota::Error;
use support::{Stub, call, fixture};

use crate::{block_on, success};

#[test]
fn what_create_rejects_goes_out_unchecked_as_it_was_given() {
    insta::glob!("../fixtures/packages/create", "reject_*.json", |path| {
        let mut fixture = fixture::load(path);
        // Settings of the client have no way around: without them no request can be made.
        if fixture.get("client").is_some() {
            return;
        }
        fixture["send"] = "unchecked".into();
        let received = block_on(async {
            let stub = Stub::start(success).await;
            call::send("create", &fixture, stub.builder()).await.expect("the stub says yes");
            stub.received()
        });
        let body: serde_json::Value = serde_json::from_slice(&received[0].body).expect("the body is JSON");
        let mut expected = fixture["request"].clone();
        // An empty part of a location counts as not given.
        if let Some(location) = expected["file_location"]["obs_location"].as_object_mut() {
            let parts = ["region_name", "bucket_name", "object_key"];
            location.retain(|name, value| !(parts.contains(&name.as_str()) && value == ""));
        }
        assert_eq!(body, expected, "{}", path.display());
    });
}

#[test]
fn what_list_rejects_goes_out_unchecked_as_it_was_given() {
    insta::glob!("../fixtures/packages/list", "reject_*.json", |path| {
        let mut fixture = fixture::load(path);
        fixture["send"] = "unchecked".into();
        let received = block_on(async {
            let stub = Stub::start(success).await;
            call::send("list", &fixture, stub.builder()).await.expect("the stub says yes");
            stub.received()
        });
        let url = reqwest::Url::parse(&format!("http://stub{}", received[0].target)).expect("the target is an address");
        let sent: Vec<_> = url.query_pairs().into_owned().collect();
        let request = fixture["request"].as_object().expect("the request is an object");
        assert_eq!(sent.len(), request.len(), "{}: {sent:?}", path.display());
        for (name, value) in sent {
            let expected = &request[&name];
            let expected = expected.as_str().map_or_else(|| expected.to_string(), str::to_owned);
            assert_eq!(value, expected, "{}: {name}", path.display());
        }
    });
}

#[test]
fn an_id_never_changes_the_path_around_it() {
    // An address has no segments `.` and `..`, and an empty one is another path: such ids are refused even unchecked.
    for id in ["", ".", "..", "../packages", "a/../b", "%2e%2e", "a?b", "a#b", "a/b"] {
        block_on(async {
            let stub = Stub::start(success).await;
            let package = stub.client().packages().delete(id);
            let sent: Result<_, Error> = package.send_unchecked().await;
            for request in stub.received() {
                let prefix = "/v5/iot/fake-project/ota-upgrades/packages/";
                let segment = request.target.strip_prefix(prefix);
                let one = segment.is_some_and(|segment| !segment.is_empty() && !segment.contains(['/', '?']));
                assert!(one, "{id}: {}", request.target);
            }
            if stub.received().is_empty() {
                assert!(sent.unwrap_err().is_invalid(), "{id}");
            }
        });
    }
}
