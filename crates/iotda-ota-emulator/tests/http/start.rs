//! Starting and stopping: addresses, folders, locks.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use iotda_ota_emulator::{Emulator, StartError};

use crate::client::Caller;

#[tokio::test]
async fn two_emulators_run_side_by_side() {
    let (first, second) = (Caller::new().await, Caller::new().await);
    assert_ne!(first.emulator.endpoint(), second.emulator.endpoint());
    assert_eq!(first.list("package_type=firmwarePackage").await.0, 200);
    assert_eq!(second.list("package_type=firmwarePackage").await.0, 200);
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let error = Emulator::builder().obs_listen(address).start().await.unwrap_err();
    assert!(matches!(error, StartError::AddressInUse { .. }));
    let text = error.to_string();
    assert!(text.contains(&address.to_string()) && text.contains("--obs-listen"), "{text}");
}

#[tokio::test]
async fn a_port_that_cannot_be_bound_leaves_the_folder_free() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let builder = Emulator::builder().data_dir(folder.path()).lock_wait(Duration::ZERO);
    let address = taken.local_addr().unwrap();
    assert!(builder.clone().listen(address).start().await.is_err());
    assert!(builder.start().await.is_ok());
}

#[tokio::test]
async fn a_locked_folder_names_its_holder() {
    let folder = tempfile::tempdir().unwrap();
    let builder = Emulator::builder().data_dir(folder.path());
    let first = builder.clone().start().await.unwrap();
    let error = builder.clone().lock_wait(Duration::from_millis(50)).start().await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains(first.endpoint()), "{text}");
    assert!(text.contains(&format!("process {}", std::process::id())), "{text}");

    let waiting = tokio::spawn(builder.start());
    first.shutdown().await;
    assert!(waiting.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_foreign_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), "precious").unwrap();
    let error = Emulator::builder().data_dir(folder.path()).start().await.unwrap_err();
    assert!(matches!(error, StartError::ForeignFolder { .. }), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn dropping_stops_it_and_removes_its_temporary_folder() {
    let caller = Caller::new().await;
    let Caller { emulator, http } = caller;
    let url = format!("{}/emulator/health", emulator.endpoint());
    assert!(http.get(&url).send().await.is_ok());
    drop(emulator);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(crate::client::http_client().get(&url).send().await.is_err());
}

#[tokio::test]
async fn shutdown_does_not_wait_for_idle_connections() {
    let caller = Caller::new().await;
    assert_eq!(caller.list("package_type=firmwarePackage").await.0, 200);
    let start = Instant::now();
    caller.emulator.shutdown().await;
    assert!(start.elapsed() < Duration::from_secs(2));
}
