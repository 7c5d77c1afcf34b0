//! An OBS that sends what no OBS should.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use iotda_ota::{AccessKey, Error, ErrorKind, Obs};
use support::{Answer, Received, Stub};

use super::{ON_THE_WAY, ends};
use crate::hostile::Endless;
use crate::local_file;

/// The size of a part of these uploads, the least that OBS takes.
const PART: usize = 100 * 1024;

const HEAD_13: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\n";

fn obs(server: &Endless) -> Obs {
    let key = AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret");
    server.builder().access_key(key).build().expect("the settings are valid").obs().expect("there is an address")
}

/// No more is taken from the server than is reasonable.
fn assert_little(server: &Endless) {
    assert!(server.taken() < 2 * ON_THE_WAY, "{} bytes were taken", server.taken());
}

fn chunk(length: usize) -> Vec<u8> {
    [format!("{length:x}\r\n").as_bytes(), &b"x".repeat(length), b"\r\n"].concat()
}

#[tokio::test]
async fn headers_without_end_are_not_read_to_their_end() {
    let header = b"x-fake: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(100);
    for rest in [header, b"a".repeat(65536)] {
        let server = Endless::start(b"HTTP/1.1 200 OK\r\nx-first: ", rest).await;
        let obs = obs(&server);
        for error in
            [ends(obs.head("abc", "a.bin")).await.unwrap_err(), ends(obs.checksum("abc", "a.bin")).await.unwrap_err()]
        {
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 2), "{error:?}");
            assert!(error.hint().is_some());
        }
        assert_little(&server);
    }
}

#[tokio::test]
async fn interim_answers_without_end_are_a_time_out() {
    let server = Endless::start(b"", b"HTTP/1.1 100 Continue\r\n\r\n".repeat(8)).await;
    let obs = obs(&server).timeout(Duration::from_millis(200));
    let error = ends(obs.head("abc", "a.bin")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("within the time limit"), "{error}");
}

#[tokio::test]
async fn content_beyond_the_size_of_the_object_is_not_read() {
    let unknown: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let known: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n";
    for (get, rest, found) in [
        (unknown, chunk(65536), "more"),
        (known, b"x".repeat(65536), "10000000000"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x".repeat(65536), "more"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345", Vec::new(), "5"),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n12345", Vec::new(), "5"),
    ] {
        let server = Endless::answering(move |request| match request.starts_with("HEAD") {
            true => (HEAD_13, Vec::new()),
            false => (get, rest.clone()),
        })
        .await;
        // Whether the object is what is to be uploaded is told only by its content.
        let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
        let error = ends(obs(&server).upload("abc", "a.bin", &path).send()).await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Mismatch, Some("obs_get_object")), "{error:?}");
        assert!(error.to_string().contains(&format!("has 13 bytes, but its content has {found}")), "{error}");
        assert!(error.hint().is_some());
        assert_little(&server);
    }
}

#[tokio::test]
async fn content_that_promises_no_end_has_no_checksum() {
    let server = Endless::start(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk(65536)).await;
    let error = ends(obs(&server).checksum("abc", "a.bin")).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Unintelligible, Some(200)), "{error:?}");
    assert_little(&server);
}

#[tokio::test]
async fn content_that_drips_is_given_up() {
    let server = Endless::start(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", *b"x").await;
    let builder = server.builder().access_key(AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret"));
    let client = builder.idle_timeout(Duration::from_millis(200)).build().unwrap();
    let error = ends(client.obs().unwrap().checksum("abc", "a.bin")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 2), "{error:?}");
    assert!(error.to_string().contains("sent less than 262144 bytes in 0.2 s"), "{error}");
}

#[tokio::test]
async fn an_answer_without_content_has_to_end_in_time() {
    let server = Endless::start(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", *b" ").await;
    let error = ends(obs(&server).timeout(Duration::from_millis(200)).delete("abc", "a.bin")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 2), "{error:?}");
    assert!(error.to_string().contains("within the time limit"), "{error}");
    // What a refusal says is heard no longer than the call may take.
    let server = Endless::start(b"HTTP/1.1 400 Bad\r\nContent-Length: 100000000\r\n\r\n", *b" ").await;
    let begun = std::time::Instant::now();
    let obs = obs(&server).deadline(Duration::from_millis(200));
    let error = ends(obs.delete("abc", "a.bin")).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Rejected, Some(400)), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn ten_gigabytes_are_not_read_to_their_end() {
    for (head, kind) in [
        (&b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n"[..], ErrorKind::Unintelligible),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", ErrorKind::Unintelligible),
        (b"HTTP/1.1 400 Bad\r\nContent-Length: 10000000000\r\n\r\n", ErrorKind::Rejected),
    ] {
        let server = Endless::start(head, b" ".repeat(65536)).await;
        let error = ends(obs(&server).delete("abc", "a.bin")).await.unwrap_err();
        assert!(error.kind() == kind && error.hint().is_some(), "{error:?}");
        assert_little(&server);
    }
}

#[tokio::test]
async fn compressed_answers_are_not_unpacked() {
    let bomb = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255].repeat(1000);
    for encoding in ["gzip", "deflate", "br", "zstd"] {
        let answer = Answer::new(200, bomb.clone()).header("content-encoding", encoding);
        let stub = Stub::always(answer).await;
        let checksum = stub.client().obs().unwrap().checksum("abc", "a.bin").await.unwrap();
        assert_eq!(checksum.as_str(), crate::sha256(&bomb), "{encoding}");
        assert_eq!(stub.received()[0].header("accept-encoding"), None);
    }
}

#[tokio::test]
async fn a_redirect_that_leads_back_is_not_followed() {
    let stub = Stub::start(|request| Answer::new(302, "").header("location", &request.target)).await;
    let obs = stub.client().obs().unwrap();
    for error in [obs.head("abc", "a.bin").await.unwrap_err(), obs.checksum("abc", "a.bin").await.unwrap_err()] {
        assert_eq!((error.kind(), error.status()), (ErrorKind::Unintelligible, Some(302)));
    }
    assert_eq!(stub.received().len(), 2);
}

/// A store in which there is nothing, and which lists like this.
async fn listing(list: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> Stub {
    Stub::start(move |request| match request.method.as_str() {
        "HEAD" => Answer::new(404, ""),
        "POST" if request.target.ends_with("?uploads") => {
            Answer::new(200, "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>")
        }
        "POST" => Answer::new(200, "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>"),
        "PUT" if request.target.contains("partNumber=2") => Answer::new(503, ""),
        "PUT" => Answer::new(200, "").header("etag", "x"),
        "DELETE" => Answer::new(204, ""),
        _ => list(request),
    })
    .await
}

/// Uploads until the second part, which is refused, and then again; tells how often a list was asked for and how the
/// second upload ended.
async fn lists(stub: &Stub) -> (usize, Error) {
    let (folder, path) = local_file("upgrade.bin", &vec![7; 2 * PART]);
    let obs = stub.client().obs().expect("there is an address");
    let upload = obs.upload("abc", "a.bin", &path).part_size(PART as u64).journal_dir(folder.path().join("journals"));
    ends(upload.send()).await.expect_err("the second part is refused");
    let error = ends(upload.send()).await.expect_err("the second part is refused");
    (stub.received().iter().filter(|request| request.method == "GET").count(), error)
}

#[tokio::test]
async fn markers_that_stand_still_go_round_or_never_end_do_no_harm() {
    for (period, most) in [(1, 2), (3, 4), (usize::MAX, 200)] {
        for of_parts in [false, true] {
            let page = AtomicUsize::new(0);
            let stub = listing(move |request| {
                let next = page.fetch_add(1, Ordering::SeqCst) % period;
                // Backwards, as far as numbers go.
                let (number, next) = (10_000 - next % 9_000, usize::MAX - next);
                match (request.target.contains("uploads"), of_parts) {
                    (true, false) => Answer::new(
                        200,
                        format!(
                            "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>{next}\
                             </NextKeyMarker><Upload><Key>a.bin</Key><UploadId>1</UploadId></Upload>\
                             </ListMultipartUploadsResult>"
                        ),
                    ),
                    (true, true) => Answer::new(200, "<ListMultipartUploadsResult></ListMultipartUploadsResult>"),
                    (false, true) => Answer::new(
                        200,
                        format!(
                            "<ListPartsResult><IsTruncated>true</IsTruncated><NextPartNumberMarker>{next}\
                             </NextPartNumberMarker><Part><PartNumber>{number}</PartNumber><ETag>x</ETag>\
                             <Size>1</Size></Part></ListPartsResult>"
                        ),
                    ),
                    (false, false) => Answer::new(200, "<ListPartsResult></ListPartsResult>"),
                }
            })
            .await;
            let (lists, error) = lists(&stub).await;
            assert_eq!((error.kind(), error.operation()), (ErrorKind::Unavailable, Some("obs_put_part")), "{error:?}");
            // The bad list to its last page; besides it the one of parts, or the one of uploads of each attempt.
            let expected = if of_parts { most + 2 } else { most + 1 };
            assert!((3..=expected).contains(&lists), "period {period}, of parts: {of_parts}: {lists}");
        }
    }
}

#[tokio::test]
async fn lists_that_are_none_do_no_harm() {
    for body in [
        &b"<ListPartsResult><Part><PartNumber>1"[..],
        b"<ListPartsResult><Part><PartNumber>-1</PartNumber><ETag>x</ETag><Size>1</Size></Part></ListPartsResult>",
        b"<ListPartsResult><Part><PartNumber>1</PartNumber><ETag>\xff\xfe</ETag></Part></ListPartsResult>",
        b"<!DOCTYPE a [<!ENTITY b \"cc\">]><ListPartsResult><UploadId>&b;</UploadId></ListPartsResult>",
        b"\x00\x00",
        b"{}",
        b"",
    ] {
        let (_, error) = lists(&listing(move |_| Answer::new(200, body)).await).await;
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Unavailable, Some("obs_put_part")), "{body:?}");
    }
    let deep = "<a>".repeat(1_000_000);
    let (_, error) = lists(&listing(move |_| Answer::new(200, deep.clone())).await).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn an_upload_that_begins_with_such_an_answer_is_not_understood() {
    for body in [&b"<InitiateMultipartUploadResult><UploadId>\xff"[..], b"<html>", b"", b"{\"upload_id\":1}"] {
        let stub = Stub::start(move |request| match request.method.as_str() {
            "HEAD" => Answer::new(404, ""),
            _ => Answer::new(200, body),
        })
        .await;
        let (_folder, path) = local_file("upgrade.bin", &vec![7; 2 * PART]);
        let upload = stub.client().obs().unwrap().upload("abc", "a.bin", &path).part_size(PART as u64);
        let error = ends(upload.send()).await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Unintelligible, Some(200)), "{body:?}");
        assert!(error.hint().is_some());
    }
}
