//! Connections that a fault ends, before or after everything is done.

use std::io::ErrorKind;

use http::Method;
use iotda_ota_emulator::Emulator;
use tokio::io::AsyncReadExt;

use crate::client::Caller;
use crate::faults::{count, try_create, with};
use crate::raw;

#[tokio::test]
async fn a_connection_closed_before_processing_did_nothing() {
    for fault in ["create_ota_package:close-before:times=1", "create_ota_package:close-before:reset=true,times=1"] {
        let caller = with(&[fault]).await;
        assert!(try_create(&caller).await.unwrap_err().is_request(), "{fault}");
        assert_eq!(count(&caller).await, 0, "{fault}");
        assert_eq!(try_create(&caller).await.unwrap().status(), 201, "{fault}");
    }
}

#[tokio::test]
async fn a_connection_closed_after_the_commit_did_everything() {
    for fault in ["*:close-after-commit:times=1", "create_ota_package:close-after-commit:reset=true,times=1"] {
        let caller = with(&[fault]).await;
        assert!(try_create(&caller).await.unwrap_err().is_request(), "{fault}");
        assert_eq!(count(&caller).await, 1, "{fault}");
    }
    let caller = with(&["put_object:close-after-commit:times=1"]).await;
    let (headers, url) = (caller.signed(&Method::PUT, "b.bin", &[]), caller.emulator.obs_endpoint());
    let request = caller.http.put(format!("{url}/{}/b.bin", caller.emulator.bucket())).headers(headers).body("bytes");
    assert!(request.send().await.unwrap_err().is_request());
    assert_eq!(caller.obs(Method::GET, "b.bin", &[], "").await.text().await.unwrap(), "bytes");
}

#[tokio::test]
async fn a_connection_closed_before_the_commit_does_everything_later() {
    let caller = with(&["create_ota_package:close-before-commit:for=1000s,times=1"]).await;
    assert!(try_create(&caller).await.unwrap_err().is_request());
    assert_eq!(count(&caller).await, 0, "not yet");
    caller.emulator.faults().add("create_ota_package:close-before-commit:for=10ms,times=1".parse().unwrap()).unwrap();
    assert!(try_create(&caller).await.unwrap_err().is_request());
    while count(&caller).await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(count(&caller).await, 1);

    // What was not done yet when the emulator stops is never done.
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let caller = Caller::of(Emulator::builder().data_dir(&data).start().await.unwrap());
    caller.upload("a.bin", b"firmware").await;
    let late = "create_ota_package:close-before-commit:for=1000s,reset=true";
    caller.emulator.faults().add(late.parse().unwrap()).unwrap();
    assert!(try_create(&caller).await.unwrap_err().is_request());
    caller.emulator.shutdown().await;
    let caller = Caller::of(Emulator::builder().data_dir(&data).start().await.unwrap());
    assert_eq!(count(&caller).await, 0);
}

#[tokio::test]
async fn what_comes_after_a_reset_has_nothing_of_what_was_late() {
    let caller = Caller::of(Emulator::builder().check_objects(false).start().await.unwrap());
    for _ in 0..2 {
        caller.emulator.reset().await.unwrap();
        let late = "create_ota_package:close-before-commit:for=200ms,times=1";
        caller.emulator.faults().add(late.parse().unwrap()).unwrap();
        assert!(try_create(&caller).await.unwrap_err().is_request());
    }
    // The first of the two would have come before this one.
    while count(&caller).await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    assert_eq!(count(&caller).await, 1);
}

#[tokio::test]
async fn a_close_is_orderly_unless_it_is_a_reset() {
    let caller = with(&["*:close-after-commit:times=1", "*:close-after-commit:reset=true"]).await;
    let (answer, end) = raw::exchange(caller.emulator.endpoint(), &raw::list(&caller)).await;
    assert!(answer.is_empty() && end.is_ok(), "{answer} {end:?}");
    let (answer, end) = raw::exchange(caller.emulator.endpoint(), &raw::list(&caller)).await;
    assert!(answer.is_empty(), "{answer}");
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_refused_connection_is_one_of_its_port() {
    let caller = with(&["obs:refuse:times=1"]).await;
    assert_eq!(count(&caller).await, 0, "the IoTDA port has no faults");
    let mut refused = raw::connect(caller.emulator.obs_endpoint()).await;
    let end = refused.read_to_end(&mut Vec::new()).await;
    assert_eq!(end.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(caller.obs(Method::GET, "a.bin", &[], "").await.status(), 200);
}
