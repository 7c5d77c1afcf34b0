//! An IAM that sends what no IAM should.

use std::time::Duration;

use iotda_ota::{ClientBuilder, Error, ErrorKind, Password};
use support::{Answer, Stub};

use super::{ON_THE_WAY, ends};
use crate::hostile::Endless;

/// The error of whoever wants a token.
async fn token_error(builder: ClientBuilder) -> Error {
    let user = Password::new("fake-user", "fake-password", "fake-domain");
    let client = builder.credentials(user).build().expect("the settings are valid");
    ends(client.current_credentials()).await.expect_err("no such answer is a success")
}

async fn answered(answer: Answer) -> (Error, Stub) {
    let stub = Stub::always(answer).await;
    let builder = iotda_ota::Client::builder().endpoint(stub.endpoint()).iam_endpoint(stub.endpoint());
    let error = token_error(builder.region("cn-north-4").no_proxy()).await;
    (error, stub)
}

#[tokio::test]
async fn what_has_no_end_is_not_read_to_its_end() {
    let header = b"x-fake: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(100);
    let blanks = || b" ".repeat(65536);
    for (head, rest) in [
        (&b"HTTP/1.1 201 Created\r\nx-first: "[..], header),
        (b"HTTP/1.1 201 Created\r\nx-first: ", b"a".repeat(65536)),
        (b"HTTP/1.1 201 Created\r\nX-Subject-Token: fake-token\r\nContent-Length: 10000000000\r\n\r\n", blanks()),
        (b"HTTP/1.1 201 Created\r\nX-Subject-Token: fake-token\r\nConnection: close\r\n\r\n", blanks()),
        (b"HTTP/1.1 401 No\r\nContent-Length: 10000000000\r\n\r\n", blanks()),
    ] {
        let server = Endless::start(head, rest).await;
        let error = token_error(server.builder()).await;
        let kinds = [ErrorKind::Unavailable, ErrorKind::Unintelligible];
        assert!(kinds.contains(&error.kind()) && error.hint().is_some(), "{error:?}");
        assert!(server.taken() < 2 * ON_THE_WAY, "{} bytes were taken", server.taken());
    }
}

#[tokio::test]
async fn what_drips_is_a_time_out() {
    let limit = Duration::from_millis(200);
    for (head, rest) in [
        (&b"HTTP/1.1 201 Created\r\nContent-Length: 60000\r\n\r\n"[..], &b" "[..]),
        (b"HTTP/1.1 201 Created\r\nx-first: ", b"a"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ] {
        let server = Endless::start(head, rest).await;
        let error = token_error(server.builder().timeout(limit)).await;
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    }
}

#[tokio::test]
async fn what_is_no_token_is_not_taken_for_one() {
    let bomb = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255].repeat(1000);
    for body in [&bomb[..], b"{\"token\":{\"expires_at\":\"\xff\xfe\"}}", b"<html>", b"", b"[[[[", b"NaN"] {
        let (error, stub) = answered(Answer::new(201, body).header("content-encoding", "gzip")).await;
        assert!(error.kind() == ErrorKind::Unintelligible && error.hint().is_some(), "{error:?}");
        assert_eq!(stub.received().len(), 1);
        assert_eq!(stub.received()[0].header("accept-encoding"), None);
    }
    // A token that comes with such a body may be one; projects can only be in the body.
    for body in [bomb, b"{\"projects\":[{\"name\":\"\xff\"}]}".to_vec(), "[".repeat(20_000).into_bytes()] {
        let stub = Stub::always(Answer::new(200, body)).await;
        let builder = iotda_ota::Client::builder().endpoint(stub.endpoint()).iam_endpoint(stub.endpoint()).no_proxy();
        let key = iotda_ota::AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret");
        let client = builder.region("cn-north-4").access_key(key).build().unwrap();
        let error = ends(client.find_project_id()).await.unwrap_err();
        assert!(error.kind() == ErrorKind::Unintelligible && error.hint().is_some(), "{error:?}");
    }
}

#[tokio::test]
async fn a_redirect_that_leads_back_is_not_followed() {
    let (error, stub) = answered(Answer::new(307, "").header("location", "/v3/auth/tokens")).await;
    assert_eq!(stub.received().len(), 1);
    assert!(error.hint().is_some(), "{error:?}");
}
