//! Clients that stop in the middle of a request.

use std::time::{Duration, Instant};

use http::header::DATE;
use http::{HeaderMap, HeaderValue, Method};
use huaweicloud_signing::{AccessKey, obs};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Emulator;

const PATIENCE: Duration = Duration::from_secs(1);

/// More uploads than can be written at the same time.
const STALLED: usize = 100;

async fn start() -> Emulator {
    Emulator::builder().patience(PATIENCE).start().await.unwrap()
}

async fn send(endpoint: &str, bytes: &str) -> TcpStream {
    let mut stream = TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    stream
}

/// Everything until the server closes the connection.
async fn read_to_end(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

/// The head of a signed PUT that promises this many bytes.
fn put(emulator: &Emulator, key: &str, length: usize) -> String {
    format!("{}content-length: {length}\r\n\r\n", signed(emulator, &Method::PUT, key))
}

/// The beginning of the head of a signed request.
fn signed(emulator: &Emulator, method: &Method, key: &str) -> String {
    let date = crate::clock::http_date(crate::clock::unix_seconds(std::time::SystemTime::now()));
    let headers = HeaderMap::from_iter([(DATE, HeaderValue::from_str(&date).unwrap())]);
    let access_key = AccessKey { id: emulator.access_key_id(), secret: emulator.secret_access_key() };
    let resource = obs::Resource { bucket: Some(emulator.bucket()), key: Some(key), query: &[] };
    let authorization = obs::authorization(&access_key, method, &resource, &headers).unwrap();
    format!(
        "{method} /{}/{key} HTTP/1.1\r\nhost: localhost\r\ndate: {date}\r\nauthorization: {}\r\n",
        emulator.bucket(),
        authorization.to_str().unwrap()
    )
}

#[tokio::test]
async fn stalled_uploads_are_answered_and_do_not_block_others() {
    let emulator = Emulator::builder().start().await.unwrap();
    let mut stalled = Vec::new();
    for number in 0..STALLED {
        let head = put(&emulator, &format!("{number}.bin"), 1 << 20);
        stalled.push(send(emulator.obs_endpoint(), &format!("{head}{}", "x".repeat(300 << 10))).await);
    }
    let head = put(&emulator, "good.bin", 5).replace("date:", "connection: close\r\ndate:");
    let good = send(emulator.obs_endpoint(), &format!("{head}bytes")).await;
    let answer = tokio::time::timeout(Duration::from_secs(10), read_to_end(good)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(stalled);
    emulator.shutdown().await;
}

#[tokio::test]
async fn an_upload_that_pauses_too_long_is_refused() {
    let emulator = start().await;
    let begun = Instant::now();
    let head = put(&emulator, "slow.bin", 500);
    let answer = read_to_end(send(emulator.obs_endpoint(), &format!("{head}bytes")).await).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("<Code>RequestTimeout</Code>") && answer.contains("connection: close"), "{answer}");
    assert!(begun.elapsed() >= PATIENCE);
}

#[tokio::test]
async fn an_upload_that_only_is_slow_succeeds() {
    let emulator = start().await;
    let head = put(&emulator, "slow.bin", 5).replace("date:", "connection: close\r\ndate:");
    let mut stream = send(emulator.obs_endpoint(), &head).await;
    for byte in b"bytes" {
        tokio::time::sleep(PATIENCE / 4).await;
        stream.write_all(&[*byte]).await.unwrap();
    }
    let answer = read_to_end(stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_body_that_pauses_too_long_is_refused_on_the_iotda_port() {
    let emulator = start().await;
    for length in [500, 500 << 20] {
        let head = format!("POST /v5/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n{{");
        let begun = Instant::now();
        let answer = read_to_end(send(emulator.endpoint(), &head).await).await;
        let expected = if length == 500 { "EMULATOR.REQUEST_TIMEOUT" } else { "EMULATOR.BODY_TOO_LARGE" };
        assert!(answer.contains(expected), "{answer}");
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn a_body_that_a_fault_waits_for_is_not_waited_for_longer() {
    let emulator = start().await;
    emulator.faults().add("*:close-before-commit:for=1ms".parse().unwrap()).unwrap();
    let head = "POST /v5/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 500\r\n\r\n{";
    let closed = read_to_end(send(emulator.endpoint(), head).await);
    assert_eq!(tokio::time::timeout(Duration::from_secs(10), closed).await.unwrap(), "");
}

#[tokio::test]
async fn a_head_that_is_never_complete_ends_the_connection() {
    let emulator = start().await;
    for endpoint in [emulator.endpoint(), emulator.obs_endpoint()] {
        for begun in ["", "GET /emulator/health HTTP/1.1\r\nhost: local"] {
            let closed = read_to_end(send(endpoint, begun).await);
            tokio::time::timeout(Duration::from_secs(10), closed).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_body_that_trickles_for_too_long_is_refused() {
    let emulator = Emulator::builder().patience(PATIENCE / 5).start().await.unwrap();
    for quickly in [0, 800_000] {
        trickles(&emulator, quickly).await;
    }
}

/// Sends so many bytes of a body at once, which are no credit for later, and then single ones until it is refused.
async fn trickles(emulator: &Emulator, quickly: usize) {
    let head = "POST /v5/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n";
    let begin = format!("{head}{}", "x".repeat(quickly));
    let (mut answers, mut requests) = send(emulator.endpoint(), &begin).await.into_split();
    let trickle = tokio::spawn(async move {
        // Ends when the server has closed the connection.
        while requests.write_all(b"x").await.is_ok() {
            tokio::time::sleep(PATIENCE / 20).await;
        }
    });
    let mut answer = Vec::new();
    // The last byte may meet a closed connection, which is a reset.
    let _ = answers.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("bytes of the request body came in"), "{answer}");
    trickle.await.unwrap();
}

#[tokio::test]
async fn a_client_that_does_not_take_its_answer_loses_the_connection() {
    let emulator = start().await;
    let object = 64 << 20;
    let head = put(&emulator, "large.bin", object).replace("date:", "connection: close\r\ndate:");
    let mut upload = send(emulator.obs_endpoint(), &head).await;
    upload.write_all(&vec![7; object]).await.unwrap();
    assert!(read_to_end(upload).await.starts_with("HTTP/1.1 200"));

    let request = format!("{}\r\n", signed(&emulator, &Method::GET, "large.bin"));
    let mut download = send(emulator.obs_endpoint(), &request).await;
    tokio::time::sleep(PATIENCE * 3).await;
    let mut bytes = Vec::new();
    // Whether the end is an error depends on the system.
    let _ = download.read_to_end(&mut bytes).await;
    assert!(bytes.len() < object, "{}", bytes.len());
}
