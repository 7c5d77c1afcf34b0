//! The metadata source against a stub.

use http::HeaderMap;
use proptest::prelude::*;
use secrecy::zeroize::Zeroizing;

use super::*;
use crate::auth::Secret;
use crate::auth::exchange::stub::{Reply, Stub, http};

const KEY: &str = r#"{"credential":{"access":"FAKE-KEY","secret":"fake-secret","securitytoken":"fake-token","expires_at":"2099-01-01T00:00:00.000000Z"}}"#;

fn token(text: &str) -> Reply {
    Reply::with_header(200, "content-type: text/plain", text)
}

async fn fetch(replies: Vec<Reply>) -> (Result<Credentials, SourceError>, Vec<String>) {
    let stub = Stub::start(replies).await;
    let metadata = Metadata::at(&stub.address).timeout(Duration::from_millis(300));
    let result = metadata.fetch(&http()).await;
    (result, stub.heard())
}

async fn absent(replies: Vec<Reply>) -> String {
    match fetch(replies).await.0 {
        Err(SourceError::Absent(text)) => text,
        other => panic!("{other:?}"),
    }
}

async fn broken(replies: Vec<Reply>) -> String {
    match fetch(replies).await.0 {
        Err(SourceError::Broken(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn asks_for_a_token_first_and_sends_it() {
    let (result, heard) = fetch(vec![token("fake-metadata-token\n"), Reply::json(200, KEY)]).await;
    let credentials = result.unwrap();
    let Secret::AccessKey(key) = credentials.secret() else { panic!("a token") };
    assert_eq!((key.id(), key.secret(), key.token()), ("FAKE-KEY", "fake-secret", Some("fake-token")));
    assert_eq!(credentials.expires_at(), Some("2099-01-01T00:00:00Z".parse().unwrap()));
    assert!(heard[0].starts_with("PUT /meta-data/latest/api/token HTTP/1.1\r\n"));
    assert!(heard[0].contains("x-metadata-token-ttl-seconds: 21600\r\n"));
    assert!(heard[1].starts_with("GET /openstack/latest/securitykey HTTP/1.1\r\n"));
    assert!(heard[1].contains("x-metadata-token: fake-metadata-token\r\n"));
}

#[tokio::test]
async fn goes_on_without_a_token_where_the_service_knows_none() {
    for status in [404, 405, 503] {
        let (result, heard) = fetch(vec![Reply::json(status, ""), Reply::json(200, KEY)]).await;
        assert!(result.is_ok(), "{status}");
        assert!(!heard[1].contains("x-metadata-token"), "{status}");
    }
}

#[tokio::test]
async fn renews_the_token_once_after_a_401() {
    let refused = || Reply::json(401, "");
    let (result, heard) = fetch(vec![token("fake-1"), refused(), token("fake-2"), Reply::json(200, KEY)]).await;
    assert!(result.is_ok());
    assert!(heard[3].contains("x-metadata-token: fake-2\r\n"));
    let text = absent(vec![token("fake-1"), refused(), token("fake-2"), refused()]).await;
    assert!(text.ends_with("refused with status 401"), "{text}");
    let text = absent(vec![Reply::json(404, ""), refused(), Reply::json(404, "")]).await;
    assert!(text.ends_with("asks for a token and gives none"), "{text}");
}

#[tokio::test]
async fn a_server_without_an_agency_is_told_so_at_once() {
    let no_agency = || Reply::json(401, r#"{"message":"Please configure Cloud Service Agency first."}"#);
    let (result, heard) = fetch(vec![token("fake-1"), no_agency()]).await;
    assert!(result.unwrap_err().to_string().contains("has no agency; configure one"));
    assert_eq!(heard.len(), 2);
}

#[tokio::test]
async fn what_is_no_metadata_service_counts_as_absent() {
    let html = || Reply::with_header(200, "content-type: text/html", "<html><body>sign in</body></html>");
    for (replies, wanted) in [
        (vec![Reply::Hang], "gave no answer within 0.3 s"),
        (vec![token("fake-1"), Reply::Hang], "gave no answer within 0.3 s"),
        (vec![Reply::json(404, ""), Reply::json(404, "")], "refused with status 404"),
        (vec![Reply::json(400, "")], "refused with status 400"),
        (vec![Reply::with_header(302, "location: http://127.0.0.1:1/", "")], "redirect"),
        (vec![token("")], "no token"),
        (vec![html(), html()], "no JSON object"),
        (vec![Reply::json(404, ""), Reply::json(200, r#"{"credential":{"acc"#)], "no JSON object"),
        (vec![Reply::Raw("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nfake".into())], "cut off"),
        (vec![Reply::Raw("SSH-2.0\r\n".into())], "cannot be reached"),
    ] {
        let text = absent(replies).await;
        assert!(text.starts_with("the metadata service at http://127.0.0.1:") && text.contains(wanted), "{text}");
    }
}

#[tokio::test]
async fn keys_that_cannot_be_used_are_broken() {
    for (body, wanted) in [
        (KEY.replace("2099", "2020"), "expired at 2020-01-01T00:00:00Z, while the clock"),
        (KEY.replace("2099-01", "soon"), "expires_at that is no time"),
        (KEY.replace("fake-secret", ""), "without the field secret"),
        (KEY.replace("fake-secret", "fake-ключ"), "secret that no header can carry"),
        (r#"{"credential":null}"#.to_owned(), "without a credential"),
    ] {
        let text = broken(vec![token("fake-1"), Reply::json(200, &body)]).await;
        assert!(text.contains(wanted) && !text.contains("fake-"), "{text}");
    }
}

proptest! {
    #[test]
    fn any_answer_is_read_without_panic_and_never_shown(
        status in 200_u16..600,
        body in prop_oneof![
            "SECRET[A-Za-z0-9]{20,60}".prop_map(String::into_bytes),
            "SECRET[A-Za-z0-9]{20,60}".prop_map(|text| KEY.replace("fake-secret", &text).into_bytes()),
            "SECRET[A-Za-z0-9]{20,60}".prop_map(|text| KEY.replace("2099", &text).into_bytes()),
            prop::collection::vec(any::<u8>(), 0..120),
        ],
    ) {
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Answer { status, headers: HeaderMap::new(), body: Zeroizing::new(body) };
        let metadata = Metadata::default();
        for error in [metadata.read_token(&answer).err(), metadata.read_key(&answer).err()].into_iter().flatten() {
            prop_assert!(!error.to_string().contains("SECRET"), "{}", error);
        }
    }
}

#[test]
fn asks_at_the_official_address_and_early() {
    assert!(format!("{:?}", Metadata::default()).contains("\"http://169.254.169.254\""));
    assert_eq!(Metadata::default().refresh_ahead(), Duration::from_secs(2400));
}
