//! Bodies of answers that a fault breaks in the middle.

use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::faults::{count, with};
use crate::raw;

#[tokio::test]
async fn a_cut_body_ends_where_it_is_told_to() {
    let caller =
        with(&["list_ota_packages:cut:at=7,times=1", "list_ota_packages:cut:times=1", "*:cut:at=0,times=1"]).await;
    for expected in [r#"{"packa"#, r#"{"packages":[],"p"#, ""] {
        let (answer, _) = raw::exchange(caller.emulator.endpoint(), &raw::list(&caller)).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200") && head.contains("content-length: 34"), "{head}");
        assert_eq!(body, expected);
    }
    assert_eq!(count(&caller).await, 0);
}

#[tokio::test]
async fn large_bodies_are_cut_and_empty_ones_are_not_answered() {
    let caller = with(&["get_object:cut:at=1000000", "delete_object:cut"]).await;
    caller.upload("b.bin", &[7; 2_000_000]).await;
    let request = caller.signed(&Method::GET, "b.bin", &[]);
    let headers: String =
        request.iter().map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap())).collect();
    let request = format!("GET /{}/b.bin HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n", caller.emulator.bucket());
    let mut stream = raw::connect(caller.emulator.obs_endpoint()).await;
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // Whether the end is an error depends on the system.
    let _ = stream.read_to_end(&mut answer).await;
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    assert_eq!(answer.len() - head, 1_000_000);

    let headers = caller.signed(&Method::DELETE, "b.bin", &[]);
    let url = format!("{}/{}/b.bin", caller.emulator.obs_endpoint(), caller.emulator.bucket());
    assert!(caller.http.delete(url).headers(headers).send().await.is_err());
    assert_eq!(caller.obs(Method::HEAD, "b.bin", &[], "").await.status(), 404, "it was deleted");
}

#[tokio::test]
async fn a_streamed_body_is_cut_in_its_middle_and_one_without_bytes_is_not_answered() {
    let caller = with(&["get_object:cut"]).await;
    caller.upload("b.bin", &[7; 1_000_000]).await;
    caller.obs(Method::PUT, "empty.bin", &[("content-length", "0")], "").await;
    for (key, range, expected) in
        [("b.bin", None, Some(500_000)), ("b.bin", Some("bytes=10-209"), Some(100)), ("empty.bin", None, None)]
    {
        let lines = range.map(|range| ("range", range));
        let headers: String = caller
            .signed(&Method::GET, key, lines.as_slice())
            .iter()
            .map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap()))
            .collect();
        let bucket = caller.emulator.bucket();
        let request = format!("GET /{bucket}/{key} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        let (answer, _) = raw::exchange(caller.emulator.obs_endpoint(), &request).await;
        assert_eq!(answer.split_once("\r\n\r\n").map(|(_, body)| body.len()), expected, "{key} {range:?}");
    }
}

#[tokio::test]
async fn a_stalled_body_comes_in_two_pieces() {
    let caller = with(&["list_ota_packages:stall:at=7,times=1", "list_ota_packages:stall:for=10ms"]).await;
    let mut stream = raw::connect(caller.emulator.endpoint()).await;
    stream.write_all(raw::list(&caller).as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(br#"{"packa"#) {
        stream.read_buf(&mut answer).await.unwrap();
    }
    assert_eq!(count(&caller).await, 0, "the second stall is over soon");
    // Only the end of the emulator ends the first one.
    let stopping = tokio::spawn(caller.emulator.shutdown());
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(String::from_utf8(answer).unwrap().ends_with(r#"{"packages":[],"page":{"count":0}}"#));
    stopping.await.unwrap();
}
