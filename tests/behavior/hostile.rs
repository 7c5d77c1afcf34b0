//! A service that sends what no service should: bounded memory and time, and a clear error.
//!
//! The servers here write bytes as they are, and count how many of them were taken (`endless`). What is here is about
//! IoTDA; OBS and IAM have files of their own.

mod endless;
mod iam;
mod obs;

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use iotda_ota::{Client, Error, ErrorKind, ObsLocation, PackageType};
use support::{Answer, Stub, impatient};

use endless::Endless;

/// What the sockets of this machine may hold on the way.
const ON_THE_WAY: u64 = 24 << 20;

/// The error of a list, which takes no more from the server than is reasonable.
async fn list_error(server: &Endless) -> Error {
    let list = client(server).packages().list(PackageType::Firmware);
    let error = list.send().await.expect_err("no such answer is a success");
    assert!(server.taken() < 2 * ON_THE_WAY, "{} bytes were taken", server.taken());
    error
}

fn client(server: &Endless) -> Client {
    server.builder().token("fake-token").build().expect("the settings are valid")
}

/// Waits for something that has to end by itself.
async fn ends<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it ends by itself")
}

/// The error of a list that is answered like this.
async fn answered(answer: Answer) -> Error {
    let stub = Stub::always(answer).await;
    stub.client().packages().list(PackageType::Firmware).send().await.expect_err("no such answer is a success")
}

#[tokio::test]
async fn headers_without_end_are_not_read_to_their_end() {
    let header = b"x-fake: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(100);
    for rest in [header, b"a".repeat(65536)] {
        let server = Endless::start(b"HTTP/1.1 200 OK\r\nx-first: ", rest).await;
        let error = list_error(&server).await;
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
        assert!(error.to_string().contains("broke before the answer"), "{error}");
    }
}

#[tokio::test]
async fn interim_answers_without_end_are_a_time_out() {
    let server = Endless::start(b"", b"HTTP/1.1 100 Continue\r\n\r\n".repeat(8)).await;
    let client = client(&server);
    let error = client.packages().list(PackageType::Firmware).retry(impatient().max_attempts(1)).send().await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn ten_gigabytes_are_not_read_to_their_end() {
    let block = b" ".repeat(65536);
    let known = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n";
    let unknown = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    for head in [&known[..], &unknown[..]] {
        let server = Endless::start(head, block.clone()).await;
        let error = list_error(&server).await;
        assert_eq!(error.kind(), ErrorKind::Unintelligible);
        assert!(error.to_string().contains("longer than 8388608 bytes"), "{error}");
    }
    let mut chunk = b"10000\r\n".to_vec();
    chunk.extend([&block[..], b"\r\n"].concat());
    let server = Endless::start(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk).await;
    assert_eq!(list_error(&server).await.kind(), ErrorKind::Unintelligible);
    // An error of that size says what it is, too.
    let server = Endless::start(b"HTTP/1.1 400 Bad\r\nContent-Length: 10000000000\r\n\r\n", block).await;
    assert_eq!(list_error(&server).await.kind(), ErrorKind::Rejected);
}

#[tokio::test]
async fn a_body_that_drips_is_a_time_out() {
    let server = Endless::start(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", *b" ").await;
    let client = client(&server);
    let list = client.packages().list(PackageType::Firmware).timeout(Duration::from_millis(200));
    let error = list.send().await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 2));
    assert!(error.to_string().contains("did not end within the time limit"), "{error}");
}

#[tokio::test]
async fn compressed_answers_are_not_unpacked() {
    // Ten bytes of gzip that announce whatever may follow; nothing asks for such an answer, and nothing unpacks it.
    let bomb = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255].repeat(1000);
    for encoding in ["gzip", "deflate", "br", "zstd"] {
        let stub = Stub::always(Answer::new(200, bomb.clone()).header("content-encoding", encoding)).await;
        let error = stub.client().packages().list(PackageType::Firmware).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unintelligible, "{encoding}");
        assert_eq!(stub.received()[0].header("accept-encoding"), None);
    }
}

#[tokio::test]
async fn a_page_of_a_million_items_is_refused_before_it_is_held() {
    for item in ["{}", "null", "[]", "0", "\"\"", "{\"a\":0}"] {
        let items = vec![item; 1_000_000].join(",");
        let body = format!(r#"{{"packages":[{items}],"page":{{"count":1000000}}}}"#);
        let error = answered(Answer::new(200, body)).await;
        assert_eq!(error.kind(), ErrorKind::Unintelligible, "{item}");
        assert!(error.to_string().contains("more than 50000 values"), "{error}");
    }
    // The largest page that anybody documents is far from that bound.
    let package = format!(r#"{{"package_id":"a","support_source_versions":[{}]}}"#, vec!["\"1\""; 20].join(","));
    let body = format!(r#"{{"packages":[{}]}}"#, vec![package; 50].join(","));
    let stub = Stub::always(Answer::new(200, body)).await;
    assert_eq!(stub.client().packages().list(PackageType::Firmware).send().await.unwrap().packages.len(), 50);
}

#[tokio::test]
async fn json_that_is_none_or_says_a_thing_twice_is_not_understood() {
    for body in [
        &br#"{"packages":[],"page":{"count":NaN}}"#[..],
        br#"{"packages":[],"page":{"count":Infinity}}"#,
        br#"{"packages":[],"packages":[{"package_id":"a"}]}"#,
        b"{\"packages\":[{\"package_id\":\"\xff\xfe\"}]}",
        b"\xef\xbb\xbf{\"packages\":[]}",
        b"\x00\x00\x00",
        br#"{"packages":{}}"#,
        br#"{"packages":[{"package_id":"\ud800"}]}"#,
    ] {
        let error = answered(Answer::new(200, body)).await;
        assert_eq!((error.kind(), error.status()), (ErrorKind::Unintelligible, Some(200)), "{body:?}");
        assert!(error.hint().is_some());
    }
    let deep = "[".repeat(20_000);
    assert_eq!(answered(Answer::new(200, deep)).await.kind(), ErrorKind::Unintelligible);
}

#[tokio::test]
async fn numbers_beyond_every_bound_do_no_harm() {
    for count in ["-1", "1e400", "99999999999999999999999", "1.5"] {
        let body = format!(r#"{{"packages":[],"page":{{"count":{count}}}}}"#);
        let stub = Stub::always(Answer::new(200, body)).await;
        // Whether the count is understood or the whole page is not: there is an answer.
        match stub.client().packages().list(PackageType::Firmware).send().await {
            Ok(page) => assert_eq!(page.count, None, "{count}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::Unintelligible, "{count}"),
        }
    }
}

#[tokio::test]
async fn markers_that_stand_still_or_go_back_end_a_stream() {
    use futures_util::TryStreamExt;
    for markers in [["5ea000000000000000000000"; 2], ["5ea000000000000000000000", "5fa000000000000000000000"]] {
        let stub = Stub::start(move |request| {
            let marker = markers[usize::from(request.target.contains("marker="))];
            Answer::new(200, format!(r#"{{"packages":[{{"package_id":"a"}}],"page":{{"marker":"{marker}"}}}}"#))
        })
        .await;
        let stream = stub.client().packages().list(PackageType::Firmware).limit(1).stream();
        let error = stream.try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unintelligible);
        assert_eq!(stub.received().len(), 2, "{markers:?}");
    }
}

#[tokio::test]
async fn pages_with_nothing_new_end_a_stream_however_far_their_markers_go() {
    use futures_util::TryStreamExt;
    let count = AtomicU64::new(0);
    let stub = Stub::start(move |_| {
        let marker = format!("{:024x}", u64::MAX - count.fetch_add(1, Ordering::Relaxed));
        Answer::new(200, format!(r#"{{"packages":[{{"package_id":"a"}}],"page":{{"marker":"{marker}"}}}}"#))
    })
    .await;
    let stream = stub.client().packages().list(PackageType::Firmware).limit(1).stream();
    let error = stream.try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unintelligible);
    assert!(error.to_string().contains("all listed before"), "{error}");
    assert_eq!(stub.received().len(), 2);

    let empty = r#"{"packages":[],"page":{"marker":"5ea000000000000000000000"}}"#;
    let stub = Stub::always(Answer::new(200, empty)).await;
    let stream = stub.client().packages().list(PackageType::Firmware).stream();
    assert!(stream.try_collect::<Vec<_>>().await.unwrap().is_empty());
    assert_eq!(stub.received().len(), 1);
}

#[tokio::test]
async fn a_redirect_that_leads_back_is_not_followed() {
    let stub = Stub::start(|request| Answer::new(302, "").header("location", &request.target)).await;
    let error = stub.client().packages().list(PackageType::Firmware).send().await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unintelligible, Some(302)));
    assert_eq!(stub.received().len(), 1);
}

#[tokio::test]
async fn a_create_that_is_answered_with_such_things_is_not_sent_twice() {
    let items = vec!["{}"; 100_000].join(",");
    for body in [
        format!(r#"{{"package_id":"a","x":[{items}]}}"#),
        "NaN".to_owned(),
        r#"{"package_id":"a","package_id":"b"}"#.to_owned(),
    ] {
        let stub = Stub::start(move |request| match request.method.as_str() {
            "POST" => Answer::new(201, body.clone()),
            _ => Answer::new(200, r#"{"packages":[]}"#),
        })
        .await;
        let location = ObsLocation::new("cn-north-4", "abc", "x.bin");
        let create = stub.client().packages().create("my-app", "my-product", PackageType::Firmware, "2.0", location);
        assert!(create.send().await.unwrap_err().is_outcome_unknown());
        assert_eq!(stub.received().iter().filter(|request| request.method == "POST").count(), 1);
    }
}
