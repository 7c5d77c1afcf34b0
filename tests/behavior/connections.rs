//! Connections that fail: refused, closed, silent, endless. What was done is told apart from what may have been.
//!
//! That loopback never goes through a proxy is a case of the cli suite, which can set a process's environment.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use iotda_ota::{Client, Error, ErrorKind, ObsLocation, PackageType};
use support::{Answer, Stub, impatient};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The errors of every operation, create first.
async fn errors(client: &Client) -> Vec<Error> {
    let packages = client.packages();
    let location = ObsLocation::new("cn-north-4", "abc", "bbb/upgrade.bin");
    let id = "28f61af50fc9452aa0ed5ea25c3cc3d3";
    vec![
        packages
            .create("my-app", "my-product", PackageType::Firmware, "2.0", location)
            .send()
            .await
            .expect_err("create"),
        packages.list(PackageType::Firmware).send().await.expect_err("list"),
        packages.show(id).send().await.expect_err("show"),
        packages.delete(id).send().await.expect_err("delete"),
    ]
}

fn assert_only_create_is_open(errors: &[Error]) {
    for (at, error) in errors.iter().enumerate() {
        let expected = if at == 0 { ErrorKind::OutcomeUnknown } else { ErrorKind::Unavailable };
        assert_eq!(error.kind(), expected, "{error:?}");
        assert_eq!(error.is_retryable(), at != 0, "{error:?}");
        assert!(error.hint().is_some(), "{error:?}");
        assert_eq!(error.status(), None, "{error:?}");
    }
}

#[tokio::test]
async fn a_refused_connection_did_nothing_and_names_the_address() {
    // The port was free a moment ago, and nothing listens on it.
    let address = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let builder = Client::builder().endpoint(format!("http://{address}")).project_id("fake-project");
    for error in errors(&builder.token("fake-token").retry(impatient()).build().unwrap()).await {
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
        assert!(error.is_retryable());
        assert!(error.to_string().contains(&address.to_string()), "{error}");
    }
}

#[tokio::test]
async fn a_connection_closed_instead_of_an_answer_leaves_create_open() {
    let stub = Stub::always(Answer::nothing()).await;
    let client = stub.builder().retry(impatient().max_attempts(1)).build().unwrap();
    assert_only_create_is_open(&errors(&client).await);
    let methods: Vec<_> = stub.received().into_iter().map(|request| request.method).collect();
    assert_eq!(methods, ["POST", "GET", "GET", "GET", "DELETE"], "a create is looked up, and nothing is sent again");
}

#[tokio::test]
async fn silence_ends_with_the_time_limit() {
    let stub = Stub::always(Answer::silence()).await;
    let client = stub.builder().timeout(Duration::from_millis(200)).retry(impatient().max_attempts(1)).build().unwrap();
    let started = Instant::now();
    assert_only_create_is_open(&errors(&client).await);
    // Far below the limit that holds unless told otherwise.
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let endless = vec![b' '; 40 * 1024 * 1024];
    let stub = Stub::always(Answer::new(200, endless)).await;
    let error = stub.client().packages().list(PackageType::Firmware).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unintelligible);
    assert!(error.to_string().contains("8388608"), "{error}");
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let stub = Stub::always(Answer::new(200, "{}")).await;
    let client = Client::builder().endpoint(stub.endpoint()).project_id("fake-project").build().unwrap();
    for error in errors(&client).await {
        assert!(error.is_unauthenticated(), "{error:?}");
        assert!(error.hint().is_some_and(|hint| hint.contains("IAM token")), "{error:?}");
        assert!(error.operation().is_some());
    }
    assert!(stub.received().is_empty());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Stub::always(Answer::new(200, r#"{"packages":[]}"#)).await;
    let stub = Stub::always(Answer::new(307, "").header("location", &elsewhere.endpoint())).await;
    let error = stub.client().packages().list(PackageType::Firmware).send().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unintelligible, Some(307)));
    assert!(elsewhere.received().is_empty(), "the token stays where it was meant to go");
}

/// A SOCKS proxy on this machine that keeps the first connection waiting, as one of whose packets nothing comes back, and
/// answers whatever is asked through the others with 404; and how many requests arrived.
async fn slow_to_connect() -> std::io::Result<(String, Arc<AtomicUsize>)> {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    let proxy = format!("socks5://{}", listener.local_addr()?);
    let requests = Arc::<AtomicUsize>::default();
    let arrived = Arc::clone(&requests);
    tokio::spawn(async move {
        let _waiting = listener.accept().await?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            // The greeting with one way to authenticate, then a request for an IPv4 address.
            stream.read_exact(&mut [0; 3]).await?;
            stream.write_all(&[5, 0]).await?;
            stream.read_exact(&mut [0; 10]).await?;
            stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await?);
            }
            arrived.fetch_add(1, Ordering::Relaxed);
            stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await?;
            if stream.shutdown().await.is_err() {
                break std::io::Result::Ok(());
            }
        }
    });
    Ok((proxy, requests))
}

#[tokio::test]
async fn a_delete_that_found_no_connection_in_time_deleted_nothing() {
    let (proxy, requests) = slow_to_connect().await.unwrap();
    // A client of the program's own has whatever TLS the process chose.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // It has no limit on connecting that would tell that no connection was made.
    let http = reqwest::Client::builder().proxy(reqwest::Proxy::all(proxy).unwrap()).build().unwrap();
    let builder = Client::builder().endpoint("http://127.0.0.1:9").project_id("fake-project").token("fake-token");
    let client = builder.http_client(http).retry(impatient()).build().unwrap();
    let delete = client.packages().delete("28f61af50fc9452aa0ed5ea25c3cc3d3").timeout(Duration::from_millis(500));
    let error = delete.send().await.unwrap_err();
    assert!(error.is_not_found() && error.attempts() == 2, "{error:?}");
    assert_eq!(requests.load(Ordering::Relaxed), 1);
}
