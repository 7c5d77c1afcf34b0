//! Calls that are given up: nothing of them goes on. And the client's own limit on what it sends.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use iotda_ota::{Client, ClientBuilder, ObsLocation, PackageType, RateLimit};
use support::impatient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;

async fn listener() -> (TcpListener, ClientBuilder) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
    let endpoint = format!("http://{}", listener.local_addr().expect("a bound listener has an address"));
    let builder = Client::builder().endpoint(endpoint).project_id("fake-project").token("fake-token");
    (listener, builder.retry(impatient()))
}

/// Takes the next request to its end and tells its first line; a body has to say how long it is.
async fn request(listener: &TcpListener) -> (TcpStream, String) {
    let (mut stream, _) = listener.accept().await.expect("a client connects");
    let mut bytes = Vec::new();
    loop {
        let count = stream.read_buf(&mut bytes).await.expect("the client sends");
        assert_ne!(count, 0, "the request is complete");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if body.len() >= length.map_or(0, |length| length.parse().expect("a length is a number")) {
            return (stream, head.lines().next().unwrap_or_default().to_owned());
        }
    }
}

#[tokio::test]
async fn a_call_that_is_given_up_hangs_up_and_sends_nothing_more() {
    let (listener, builder) = listener().await;
    let client = builder.build().unwrap();
    let location = ObsLocation::new("cn-north-4", "abc", "x.bin");
    let create = client.packages().create("my-app", "my-product", PackageType::Firmware, "2.0", location);
    let call = tokio::spawn(async move { create.send().await });
    let (mut stream, line) = request(&listener).await;
    assert!(line.starts_with("POST "), "{line}");
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    let mut rest = Vec::new();
    // A create that is not answered would be looked up next; instead the connection ends.
    assert_eq!(stream.read_to_end(&mut rest).await.unwrap_or(0), 0);
    // Whatever the call still sent would come before this.
    let show = client.packages().show("sentinel");
    let next = tokio::spawn(async move { show.send().await });
    let (_stream, line) = request(&listener).await;
    assert!(line.contains("/sentinel "), "{line}");
    next.abort();
}

#[tokio::test]
async fn a_call_that_is_given_up_between_two_attempts_makes_no_other() {
    let (listener, builder) = listener().await;
    let hour = Duration::from_secs(3600);
    let policy = iotda_ota::RetryPolicy::default().delays(hour, hour).max_time(2 * hour);
    let client = builder.retry(policy).build().unwrap();
    let list = client.packages().list(PackageType::Firmware);
    let call = tokio::spawn(async move { list.send().await });
    let (mut stream, _) = request(&listener).await;
    let answer = b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: 30\r\nConnection: close\r\n\r\n";
    stream.write_all(answer).await.unwrap();
    let mut rest = Vec::new();
    assert_eq!(stream.read_to_end(&mut rest).await.unwrap_or(0), 0, "the answer was taken");
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    let show = client.packages().show("sentinel");
    let next = tokio::spawn(async move { show.send().await });
    let (_stream, line) = request(&listener).await;
    assert!(line.contains("/sentinel "), "{line}");
    next.abort();
}

#[tokio::test]
async fn clones_share_the_limit_on_requests_in_flight() {
    let (listener, builder) = listener().await;
    let client = builder.rate_limit(RateLimit::only_in_flight(3)).build().unwrap();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = (Arc::clone(&now), Arc::clone(&most));
    // Three are answered together, so three have to be there; and there are never more.
    let three = Arc::new(Barrier::new(3));
    let server = tokio::spawn(async move {
        loop {
            let (mut stream, _) = request(&listener).await;
            let (now, most, three) = (Arc::clone(&counts.0), Arc::clone(&counts.1), Arc::clone(&three));
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::spawn(async move {
                three.wait().await;
                now.fetch_sub(1, Ordering::SeqCst);
                let body = r#"{"packages":[]}"#;
                let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", body.len());
                stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            });
        }
    });
    let calls = (0..15).map(|_| {
        let client = client.clone();
        async move { client.packages().list(PackageType::Firmware).send().await.unwrap() }
    });
    assert_eq!(join_all(calls).await.len(), 15);
    assert_eq!(most.load(Ordering::SeqCst), 3);
    server.abort();
}

#[tokio::test]
async fn a_limit_that_lets_nothing_through_is_refused_and_one_that_leaves_no_time_says_so() {
    let (listener, builder) = listener().await;
    let error = builder.clone().rate_limit(RateLimit::per_second(f64::NAN).in_flight(0)).build().unwrap_err();
    let fields: Vec<_> = error.violations().iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["rate_limit.per_second", "rate_limit.in_flight"]);

    let client = builder.rate_limit(RateLimit::only_in_flight(1)).timeout(Duration::from_secs(600)).build().unwrap();
    let first = client.packages().list(PackageType::Firmware);
    let first = tokio::spawn(async move { first.send().await });
    let _held = request(&listener).await;
    let location = ObsLocation::new("cn-north-4", "abc", "x.bin");
    let create = client.packages().create("my-app", "my-product", PackageType::Firmware, "2.0", location);
    let error = create.deadline(Duration::from_millis(100)).send().await.unwrap_err();
    assert!(error.is_retryable(), "nothing was sent: {error:?}");
    assert!(error.to_string().contains("rate limit"), "{error}");
    first.abort();
}

/// Only compiles if the future may go to another thread, which is what `tokio::spawn` asks for.
fn spawned<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) {
    drop(tokio::spawn(future));
}

#[tokio::test]
async fn every_call_can_be_a_task_of_its_own() {
    let (_listener, builder) = listener().await;
    let client = builder.obs_endpoint("http://127.0.0.1:9").obs_region("none").build().unwrap();
    let (packages, obs) = (client.packages(), client.obs().unwrap());
    let location = ObsLocation::new("cn-north-4", "abc", "x.bin");
    let create = packages.create("my-app", "my-product", PackageType::Firmware, "2.0", location);
    spawned(async move { create.send().await.map(drop) });
    let (list, show, delete) = (packages.list(PackageType::Firmware), packages.show("a"), packages.delete("a"));
    spawned(async move { list.send().await.map(drop) });
    spawned(async move { show.send().await.map(drop) });
    spawned(async move { delete.send().await.map(drop) });
    spawned(async move { packages.delete("a").with_object().send().await.map(drop) });
    spawned(async move { obs.upload("abc", "x.bin", "x.bin").send().await.map(drop) });
    let publish = client.publish("x.bin", "my-app", "my-product", PackageType::Firmware, "2.0").bucket("abc");
    spawned(async move { publish.send().await.map(drop) });
    spawned(async move { client.verify("a").send().await.map(drop) });
}
