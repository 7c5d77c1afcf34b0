//! What is kept, for how long, and without which secrets.

use futures_util::StreamExt;

use super::watched::MOST_BODY_BYTES;
use super::*;

const CALL: Call = Call { service: Service::Iotda, operation: Some(Operation::ListOtaPackages) };

fn parts(uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = http::Request::builder().uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

/// Records one request and returns what is told about it.
async fn recorded(call: Call, uri: &str, headers: &[(&str, &str)], body: &'static str) -> RecordedRequest {
    let journal = Arc::new(Journal::new(10));
    let (_, body) = journal.begin(call, &parts(uri, headers), Body::from(body), &[]);
    let mut stream = body.into_data_stream();
    while stream.next().await.is_some() {}
    journal.list().remove(0)
}

#[tokio::test]
async fn secrets_are_masked() {
    let headers = [
        ("Host", "localhost:8790"),
        ("X-Auth-Token", "planted"),
        ("X-Security-Token", "planted"),
        ("Authorization", "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=planted"),
    ];
    let found = recorded(CALL, "/a?x=1&Signature=planted&X-Obs-Security-Token=planted", &headers, "{}").await;
    assert!(!format!("{found:?}").contains("planted"), "{found:?}");
    assert_eq!(found.header("host"), Some("localhost:8790"));
    let authorization = "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=***";
    assert_eq!(found.header("authorization"), Some(authorization));
    assert_eq!(found.query.as_deref(), Some("x=1&Signature=***&X-Obs-Security-Token=***"));

    for (value, expected) in [("OBS AK:planted", "OBS AK:***"), ("planted", "***"), ("Bearer planted", "***")] {
        let found = recorded(CALL, "/a", &[("Authorization", value)], "").await;
        assert_eq!(found.header("authorization"), Some(expected));
        assert_eq!(found.query, None);
    }
}

#[tokio::test]
async fn bodies_of_iam_have_no_passwords_and_tokens() {
    let iam = Call { service: Service::Iam, operation: Some(Operation::CreateToken) };
    let body =
        r#"{"auth":{"identity":{"password":{"user":{"name":"u","password":"planted"}},"token":{"id":"planted"}}}}"#;
    let text = String::from_utf8(recorded(iam, "/v3/auth/tokens", &[], body).await.body).unwrap();
    assert!(!text.contains("planted") && text.contains(r#""name":"u""#), "{text}");
    assert_eq!(recorded(iam, "/v3/auth/tokens", &[], "password=planted").await.body, b"***");
    assert_eq!(recorded(CALL, "/a", &[], "password").await.body, b"password");
}

#[tokio::test]
async fn a_long_body_is_kept_in_part() {
    let journal = Arc::new(Journal::new(10));
    let long = "x".repeat(MOST_BODY_BYTES + 5);
    let (number, body) = journal.begin(CALL, &parts("/a", &[]), Body::from(long), &[7]);
    axum::body::to_bytes(body, usize::MAX).await.unwrap();
    journal.end(number, 413, Some(HeaderValue::from_static("id")));
    let found = journal.list().remove(0);
    assert_eq!((found.body.len(), found.body_bytes), (MOST_BODY_BYTES, MOST_BODY_BYTES as u64 + 5));
    assert_eq!((found.status, found.request_id.as_deref(), found.faults), (Some(413), Some("id"), vec![7]));
}

#[test]
fn the_oldest_go_first() {
    let journal = Arc::new(Journal::new(3));
    for _ in 0..5 {
        let _ = journal.begin(CALL, &parts("/a", &[]), Body::empty(), &[]);
    }
    // The answer of one that is gone is nobody's.
    journal.end(1, 200, None);
    journal.end(4, 201, None);
    let found: Vec<_> = journal.list().iter().map(|request| (request.number, request.status)).collect();
    assert_eq!(found, [(3, None), (4, Some(201)), (5, None)]);
    journal.clear();
    journal.end(5, 200, None);
    assert!(journal.list().is_empty());
    let _ = journal.begin(CALL, &parts("/a", &[]), Body::empty(), &[]);
    assert_eq!(journal.list()[0].number, 6);
}

#[test]
fn memory_is_bounded_in_bytes() {
    let journal = Arc::new(Journal::new(usize::MAX));
    let long = "x".repeat(60_000);
    for _ in 0..1000 {
        let _ = journal.begin(CALL, &parts("/a", &[("x-long", &long)]), Body::empty(), &[]);
    }
    let kept: usize = journal.list().iter().map(|request| request.headers[0].1.len()).sum();
    assert!(kept > MOST_BYTES / 2 && kept <= MOST_BYTES, "{kept}");
}

#[test]
fn none_is_kept_if_none_is_wanted() {
    let journal = Arc::new(Journal::new(0));
    let (number, _) = journal.begin(CALL, &parts("/a", &[]), Body::empty(), &[]);
    journal.end(number, 200, None);
    assert!(journal.list().is_empty());
}

/// The bytes that the journal counts.
fn counted(journal: &Journal) -> usize {
    journal.kept().bytes
}

#[tokio::test]
async fn room_for_a_body_is_reserved_and_given_back() {
    let journal = Arc::new(Journal::new(10));
    let _ = journal.begin(CALL, &parts("/a", &[]), Body::empty(), &[]);
    let bare = counted(&journal);

    // Its length is not known.
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>("bytes")]);
    let (_, body) = journal.begin(CALL, &parts("/a", &[]), Body::from_stream(chunks), &[]);
    assert!(counted(&journal) >= 2 * bare + MOST_BODY_BYTES);
    axum::body::to_bytes(body, usize::MAX).await.unwrap();
    assert!(counted(&journal) < 2 * bare + MOST_BODY_BYTES, "{}", counted(&journal));
    assert_eq!(journal.list()[1].body, b"bytes");

    // Its connection breaks before a byte of it was read.
    let before = counted(&journal);
    let (_, body) = journal.begin(CALL, &parts("/a", &[]), Body::from("x".repeat(5000)), &[]);
    assert!(counted(&journal) >= before + bare + 5000);
    drop(body);
    assert!(counted(&journal) < before + bare + 5000);
}

#[tokio::test]
async fn a_request_that_ends_after_a_reset_is_nobodys() {
    let journal = Arc::new(Journal::new(10));
    let (old, body) = journal.begin(CALL, &parts("/a", &[]), Body::from("old"), &[]);
    journal.reset();
    let (new, _) = journal.begin(CALL, &parts("/b", &[]), Body::empty(), &[]);
    let before = counted(&journal);
    drop(body);
    assert_eq!(counted(&journal), before);
    journal.end(old, 500, None);
    let told = || journal.list().iter().map(|request| (request.number, request.status)).collect::<Vec<_>>();
    assert_eq!(told(), [(1, None)], "numbers begin anew");
    journal.end(new, 200, None);
    assert_eq!(told(), [(1, Some(200))]);
}
