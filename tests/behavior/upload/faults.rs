//! Requests that fail on their way, and what the store refuses.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use iotda_ota::{AccessKey, ErrorKind, RetryPolicy};
use support::{Answer, Fault, Received, Stub};

use super::{KEY, PART, Setup, begun_and_ended, is_part};
use crate::local_file;

/// Does something to the first request of each kind, and of each part.
fn first_of_each(fault: Fault) -> impl Fn(&Received) -> Fault + Send + Sync + 'static {
    let seen = Mutex::<HashSet<String>>::default();
    move |request| {
        // Two requests that are alike but for the upload are of one kind.
        let target = request.target.split("uploadId=").next().unwrap_or_default();
        let kind = format!("{} {target}", request.method);
        if seen.lock().expect("nobody panicked").insert(kind) { fault.clone() } else { Fault::None }
    }
}

/// Does something to the first request that passes the test.
fn once(fault: Fault, test: impl Fn(&Received) -> bool + Send + Sync + 'static) -> impl Fn(&Received) -> Fault {
    let count = AtomicUsize::new(0);
    move |request| {
        if test(request) && count.fetch_add(1, Ordering::SeqCst) == 0 { fault.clone() } else { Fault::None }
    }
}

#[tokio::test]
async fn every_request_of_an_upload_may_fail_once() {
    for fault in [Fault::Answer(Answer::new(503, "")), Fault::Cut, Fault::LoseAnswer] {
        for size in [5 * PART + 1, PART] {
            let setup = Setup::new(size, first_of_each(fault.clone())).await;
            let uploaded = setup.upload().send().await.unwrap();
            assert_eq!(Some(uploaded.checksum.to_string()), setup.expected());
            assert_eq!(setup.stored().await, setup.expected(), "{fault:?}");
            assert_eq!(setup.left(), 0);
        }
    }
}

#[tokio::test]
async fn an_upload_whose_beginning_was_not_answered_is_given_up() {
    let setup = Setup::new(3 * PART, once(Fault::LoseAnswer, |request| request.is("POST", "?uploads"))).await;
    setup.upload().send().await.unwrap();
    assert_eq!(begun_and_ended(&setup.proxy), (2, 2));
    assert_eq!(setup.proxy.count("DELETE", "uploadId="), 1);
}

#[tokio::test]
async fn a_part_that_fails_is_sent_again_alone() {
    let fault = Fault::Answer(Answer::new(500, ""));
    let setup = Setup::new(6 * PART, once(fault, |request| request.is("PUT", "partNumber=3&"))).await;
    setup.upload().send().await.unwrap();
    assert_eq!(setup.stored().await, setup.expected());
    assert_eq!(setup.proxy.count("PUT", "partNumber=3&"), 2);
    assert_eq!(setup.proxy.count("PUT", "partNumber="), setup.parts() + 1);
}

#[tokio::test]
async fn a_part_that_arrives_damaged_is_sent_again_and_not_for_ever() {
    let setup = Setup::new(4 * PART, once(Fault::Damage, |request| request.is("PUT", "partNumber=2&"))).await;
    setup.upload().send().await.unwrap();
    assert_eq!(setup.stored().await, setup.expected());

    for size in [4 * PART, PART] {
        let setup = Setup::new(size, |request| match request.method.as_str() {
            "PUT" => Fault::Damage,
            _ => Fault::None,
        })
        .await;
        let error = setup.upload().send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch, "{error:?}");
        assert!(error.hint().is_some());
        assert_eq!(setup.stored().await, None);
        let (begun, ended) = begun_and_ended(&setup.proxy);
        assert_eq!(begun, ended);
        assert_eq!(setup.left(), 0);
    }
}

#[tokio::test]
async fn a_completion_without_an_answer_is_found_out() {
    // Every attempt is carried out, as far as there is anything to do, and none is answered.
    let setup = Setup::new(3 * PART, |request| match request.is("POST", "uploadId=") {
        true => Fault::LoseAnswer,
        false => Fault::None,
    })
    .await;
    let uploaded = setup.upload().send().await.unwrap();
    assert_eq!(Some(uploaded.checksum.to_string()), setup.expected());
    assert_eq!(setup.stored().await, setup.expected());
    assert_eq!(setup.left(), 0);
}

#[tokio::test]
async fn a_completion_that_never_arrives_leaves_an_upload_to_go_on_with() {
    let setup = Setup::new(3 * PART, |request| match request.is("POST", "uploadId=") {
        true => Fault::Cut,
        false => Fault::None,
    })
    .await;
    let error = setup.upload().send().await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(setup.stored().await, None);
    setup.again().await;
    assert_eq!(setup.sent(), 0);
}

/// What the store says of an upload that was cancelled.
fn gone() -> Fault {
    Fault::Answer(Answer::new(404, "<Error><Code>NoSuchUpload</Code><Message>gone</Message></Error>"))
}

#[tokio::test]
async fn an_upload_that_somebody_cancelled_begins_anew() {
    for (method, target) in [("PUT", "partNumber=3&"), ("POST", "uploadId=")] {
        let setup = Setup::new(4 * PART, once(gone(), move |request| request.is(method, target))).await;
        setup.upload().send().await.unwrap();
        assert_eq!(setup.stored().await, setup.expected());
        assert_eq!(setup.left(), 0);
    }
}

#[tokio::test]
async fn an_upload_that_somebody_cancels_again_and_again_is_given_up() {
    let setup = Setup::new(4 * PART, |request| if is_part(request) { gone() } else { Fault::None }).await;
    let error = setup.upload().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(error.to_string().contains("4 times") && error.hint().is_some(), "{error:?}");
    assert_eq!(setup.stored().await, None);
    setup.again().await;
}

#[tokio::test]
async fn an_upload_that_somebody_cancelled_who_stored_the_same_is_done() {
    let setup = Setup::new(4 * PART, |_| Fault::None).await;
    let seen = AtomicUsize::new(0);
    // There is nothing at the first look, and the same content at the next.
    setup.target.upload(KEY, &setup.path).await;
    setup.proxy.turn(move |request| match request.method.as_str() {
        "HEAD" if seen.fetch_add(1, Ordering::SeqCst) == 0 => Fault::Answer(Answer::new(404, "")),
        _ if is_part(request) => gone(),
        _ => Fault::None,
    });
    let uploaded = setup.upload().send().await.unwrap();
    assert_eq!(Some(uploaded.checksum.to_string()), setup.expected());
    assert_eq!((setup.proxy.count("POST", "?uploads"), setup.left()), (1, 0));
}

#[tokio::test]
async fn a_store_that_stays_away_is_given_up_after_as_many_attempts_as_the_policy_says() {
    let setup = Setup::new(PART, |_| Fault::Answer(Answer::new(503, ""))).await;
    for (policy, attempts) in [(RetryPolicy::none(), 1), (support::impatient(), 4)] {
        let before = setup.proxy.count("HEAD", "");
        let client = setup.builder().retry(policy).build().unwrap();
        let error = setup.upload_by(&client.obs().unwrap()).send().await.unwrap_err();
        assert!(error.is_retryable() && error.status() == Some(503), "{error:?}");
        assert_eq!(setup.proxy.count("HEAD", "") - before, attempts);
    }
}

#[tokio::test]
async fn a_refusal_is_not_repeated_and_leaves_no_parts() {
    let no_space = Answer::new(400, "<Error><Code>EntityTooSmall</Code><Message>no</Message></Error>");
    let setup = Setup::new(4 * PART, once(Fault::Answer(no_space), is_part)).await;
    let error = setup.upload().in_flight(1).send().await.unwrap_err();
    assert_eq!((error.kind(), error.error_code()), (ErrorKind::Rejected, Some("EntityTooSmall")));
    assert_eq!(setup.proxy.count("PUT", ""), 1);
    assert_eq!(begun_and_ended(&setup.proxy), (1, 1));
    assert_eq!(setup.left(), 0);
}

/// A temporary key that the store has just refused.
fn refused_key() -> Fault {
    Fault::Answer(Answer::new(403, "<Error><Code>InvalidAccessKeyId</Code><Message>expired</Message></Error>"))
}

#[tokio::test]
async fn a_temporary_key_that_expires_on_the_way_is_replaced_and_the_upload_goes_on() {
    let setup = Setup::new(5 * PART, once(refused_key(), |request| request.is("PUT", "partNumber=4&"))).await;
    let client = setup.target.addresses().credentials(setup.target.user()).obs_endpoint(setup.proxy.endpoint());
    let obs = client.project_id(setup.target.project_id()).build().unwrap().obs().unwrap();
    setup.upload_by(&obs).send().await.unwrap();
    assert_eq!(setup.stored().await, setup.expected());
    let tokens: HashSet<_> = setup
        .proxy
        .received()
        .iter()
        .map(|request| request.header("x-obs-security-token").unwrap_or_default().to_owned())
        .collect();
    assert_eq!(tokens.len(), 2);
}

#[tokio::test]
async fn a_permanent_key_that_is_refused_is_not_tried_again_and_the_upload_can_go_on() {
    let setup = Setup::new(5 * PART, once(refused_key(), |request| request.is("PUT", "partNumber=4&"))).await;
    let error = setup.upload().in_flight(1).send().await.unwrap_err();
    assert!(error.is_denied(), "{error:?}");
    assert_eq!(setup.proxy.count("PUT", "partNumber=4&"), 1);
    setup.upload().send().await.unwrap();
    assert_eq!(setup.proxy.count("PUT", "partNumber=1&"), 1);
    assert_eq!(setup.stored().await, setup.expected());
}

#[tokio::test]
async fn a_bucket_in_another_region_is_named_with_its_address() {
    let body = "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message>\
                <Endpoint>obs.cn-east-3.myhuaweicloud.com</Endpoint></Error>";
    let located = Answer::new(307, "")
        .header("location", "http://obs.cn-south-1.myhuaweicloud.com/abc/a.bin")
        .header("x-obs-request-id", "fake-request-1");
    for (answer, expected) in
        [(Answer::new(301, body), "obs.cn-east-3.myhuaweicloud.com"), (located, "obs.cn-south-1.myhuaweicloud.com")]
    {
        let stub = Stub::start(move |request| match request.method.as_str() {
            "HEAD" => Answer::new(301, ""),
            _ => answer.clone(),
        })
        .await;
        let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
        let obs = stub.client().obs().unwrap();
        for replace in [false, true] {
            let error = obs.upload("abc", KEY, &path).replace(replace).send().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Rejected, "{error:?}");
            assert!(error.to_string().contains(expected) && error.hint().is_some(), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_bucket_that_is_missing_or_of_somebody_else_ends_an_upload_in_parts() {
    let setup = Setup::new(3 * PART, |_| Fault::None).await;
    let upload = setup.obs().upload("no-such-bucket", KEY, &setup.path).part_size(PART as u64);
    let error = upload.journal_dir(setup.journals.path()).send().await.unwrap_err();
    assert!(error.is_not_found() && error.to_string().contains("no-such-bucket"), "{error:?}");
    let stranger = AccessKey::new("NOBODYS-KEY", "fake-secret");
    let client = setup.builder().access_key(stranger).build().unwrap();
    let error = setup.upload_by(&client.obs().unwrap()).send().await.unwrap_err();
    assert!(error.is_denied(), "{error:?}");
    assert_eq!((setup.stored().await, setup.left()), (None, 0));
}

#[tokio::test]
async fn a_key_that_may_not_list_uploads_can_upload() {
    let denied = || Fault::Answer(Answer::new(403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"));
    let setup = Setup::new(3 * PART, move |request| match request.is("GET", "?uploads") {
        true => denied(),
        false => Fault::None,
    })
    .await;
    setup.upload().send().await.unwrap();
    assert_eq!(setup.stored().await, setup.expected());
}
