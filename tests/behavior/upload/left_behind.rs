//! Uploads in parts that are left in the bucket: our own are cancelled, those of others are left alone.

use std::path::Path;
use std::time::{Duration, SystemTime};

use iotda_ota::{Obs, RetryPolicy, Upload};
use support::{Answer, Fault};

use super::resume::{broken_off, cut_after};
use super::{KEY, PART, Setup, begun_and_ended, files};

/// The upload of another machine: the same file to the same key, with state of its own.
fn elsewhere(setup: &Setup, state: &Path) -> Upload {
    setup.upload().journal_dir(state)
}

/// An upload that was killed, as far as anybody can tell, when it had just been begun: nobody got its id.
async fn lost(key: &str) -> Setup {
    let setup = Setup::new(6 * PART, |request| match request.is("POST", "?uploads") {
        true => Fault::LoseAnswer,
        false => Fault::None,
    })
    .await;
    let client = setup.builder().retry(RetryPolicy::none()).build().expect("the settings are valid");
    let obs = client.obs().expect("there is an address");
    let upload = obs.upload(setup.target.bucket(), key, &setup.path).part_size(PART as u64);
    let error = upload.journal_dir(setup.journals.path()).send().await.expect_err("there is no answer");
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(begun_and_ended(&setup.proxy), (1, 0));
    setup
}

#[tokio::test]
async fn an_upload_whose_id_was_lost_is_recognized_and_cancelled() {
    let setup = lost(KEY).await;
    setup.again().await;
    assert_eq!((setup.given_up(), begun_and_ended(&setup.proxy)), (1, (1, 2)));
}

#[tokio::test]
async fn it_is_recognized_whatever_the_key_holds() {
    for key in ["a\nb\u{1}.bin", "a+b c%20&<固件>.bin"] {
        let setup = lost(key).await;
        setup.proxy.turn(|_| Fault::None);
        let upload = setup.obs().upload(setup.target.bucket(), key, &setup.path).part_size(PART as u64);
        upload.journal_dir(setup.journals.path()).send().await.unwrap();
        assert_eq!((setup.given_up(), setup.left()), (1, 0), "{key:?}");
    }
}

#[tokio::test]
async fn it_is_cancelled_too_when_the_file_goes_in_one_piece_or_is_there_already() {
    for small in [true, false] {
        let mut setup = lost(KEY).await;
        match small {
            true => {
                setup.content.truncate(PART);
                std::fs::write(&setup.path, &setup.content).unwrap();
            }
            false => drop(setup.target.upload(KEY, &setup.path).await),
        }
        setup.again().await;
        assert_eq!((setup.given_up(), begun_and_ended(&setup.proxy)), (1, (0, 1)));
    }
}

#[tokio::test]
async fn what_another_machine_is_at_is_left_alone() {
    // Ours was lost before theirs was begun, which has sent something since.
    let setup = lost(KEY).await;
    let theirs = tempfile::tempdir().unwrap();
    setup.proxy.turn(cut_after(3));
    elsewhere(&setup, theirs.path()).send().await.unwrap_err();
    setup.again().await;
    assert_eq!(setup.given_up(), 1);

    // Their upload is still there, and of no use any more.
    setup.proxy.turn(|_| Fault::None);
    assert!(elsewhere(&setup, theirs.path()).send().await.unwrap().existed);
    assert_eq!((setup.given_up(), files(theirs.path()).len()), (1, 0));
}

#[tokio::test]
async fn an_upload_that_was_broken_off_on_another_machine_goes_on_there() {
    let setup = Setup::new(6 * PART, cut_after(2)).await;
    let theirs = tempfile::tempdir().unwrap();
    elsewhere(&setup, theirs.path()).send().await.unwrap_err();
    // Ours is broken off, too, and theirs completed.
    setup.proxy.turn(cut_after(3));
    setup.upload().send().await.unwrap_err();
    setup.proxy.turn(|_| Fault::None);
    assert!(!elsewhere(&setup, theirs.path()).send().await.unwrap().existed);
    assert_eq!((setup.sent(), setup.given_up()), (4, 0));
    setup.again().await;
    assert_eq!((setup.sent(), setup.given_up()), (0, 1));
}

#[tokio::test]
async fn two_machines_at_once_both_succeed_and_leave_nothing() {
    let setup = Setup::new(10 * PART, |_| Fault::None).await;
    let theirs = tempfile::tempdir().unwrap();
    let (ours, theirs) = (setup.upload().in_flight(1), elsewhere(&setup, theirs.path()).in_flight(1));
    let (ours, theirs) = tokio::join!(ours.send(), theirs.send());
    assert_eq!(ours.unwrap().checksum, theirs.unwrap().checksum);
    assert_eq!(setup.stored().await, setup.expected());
    let (begun, ended) = begun_and_ended(&setup.proxy);
    assert!(begun == 2 && ended == 2, "{begun} {ended}");
}

#[tokio::test]
async fn an_upload_of_more_than_a_day_ago_is_cancelled_whoever_began_it() {
    let listed = |begun: SystemTime| {
        let begun = jiff::Timestamp::try_from(begun).unwrap();
        let upload =
            format!("<Upload><Key>{KEY}</Key><UploadId>theirs</UploadId><Initiated>{begun}</Initiated></Upload>");
        Answer::new(200, format!("<ListMultipartUploadsResult>{upload}</ListMultipartUploadsResult>"))
    };
    for (hours, cancelled) in [(23, 0), (25, 1)] {
        let answer = listed(SystemTime::now() - Duration::from_secs(hours * 3600));
        let setup = Setup::new(3 * PART, move |request| match request.is("GET", "?uploads") {
            true => Fault::Answer(answer.clone()),
            false => Fault::None,
        })
        .await;
        setup.upload().send().await.unwrap();
        assert_eq!(setup.proxy.count("DELETE", "uploadId=theirs"), cancelled, "{hours}");
    }
}

#[tokio::test]
async fn an_upload_that_is_not_wanted_any_more_is_cancelled_with_the_next_file_of_any_size() {
    let mut setup = broken_off().await;
    setup.content.truncate(PART / 2);
    std::fs::write(&setup.path, &setup.content).unwrap();
    setup.again().await;
    assert_eq!((setup.given_up(), begun_and_ended(&setup.proxy)), (1, (0, 1)));
}

#[tokio::test]
async fn an_upload_that_cannot_be_cancelled_now_is_cancelled_later() {
    let mut setup = broken_off().await;
    setup.content.truncate(PART / 2);
    std::fs::write(&setup.path, &setup.content).unwrap();
    setup.proxy.turn(|request| if request.method == "DELETE" { Fault::Cut } else { Fault::None });
    setup.upload().send().await.unwrap();
    assert_eq!(setup.left(), 1);
    setup.again().await;
    assert_eq!(setup.given_up(), 1);
}

/// Lets a month go by for all journals.
fn a_month_later(setup: &Setup) {
    let long_ago = SystemTime::now() - Duration::from_secs(31 * 24 * 3600);
    for file in files(setup.journals.path()) {
        let file = std::fs::File::options().append(true).open(file).expect("it can be written");
        file.set_modified(long_ago).expect("its time can be set");
    }
}

/// Uploads to another key, with the same folder for journals.
async fn another(setup: &Setup, obs: &Obs) {
    let upload = obs.upload(setup.target.bucket(), "ota/other.bin", &setup.path);
    upload.replace(true).journal_dir(setup.journals.path()).send().await.expect("the upload succeeds");
}

#[tokio::test]
async fn an_upload_that_nobody_goes_on_with_for_a_month_is_cancelled_with_any_other() {
    // One with parts, and one of which only the journal knows that it may have been begun.
    for setup in [broken_off().await, lost(KEY).await] {
        a_month_later(&setup);
        setup.proxy.turn(|_| Fault::None);
        another(&setup, &setup.obs()).await;
        assert_eq!((setup.given_up(), setup.left()), (1, 0));
    }
}

#[tokio::test]
async fn one_that_cannot_be_cancelled_after_a_month_is_kept_in_mind() {
    for setup in [broken_off().await, lost(KEY).await] {
        a_month_later(&setup);
        for answer in [Fault::Cut, Fault::Answer(Answer::new(403, ""))] {
            a_month_later(&setup);
            setup.proxy.turn(move |request| if request.method == "DELETE" { answer.clone() } else { Fault::None });
            another(&setup, &setup.obs()).await;
            assert_eq!((setup.given_up(), setup.left()), (1, 1));
            // It is not tried with each upload.
            another(&setup, &setup.obs()).await;
            assert_eq!((setup.given_up(), setup.left()), (1, 1));
        }
        a_month_later(&setup);
        setup.proxy.turn(|_| Fault::None);
        another(&setup, &setup.obs()).await;
        assert_eq!((setup.given_up(), setup.left()), (1, 0));
    }
}

#[tokio::test]
async fn one_at_another_store_is_left_to_who_uploads_there() {
    let setup = broken_off().await;
    a_month_later(&setup);
    // The same store under another address, as far as anybody can tell another one.
    another(&setup, &setup.target.client().obs().unwrap()).await;
    assert_eq!(setup.left(), 1);
    setup.proxy.turn(|_| Fault::None);
    another(&setup, &setup.obs()).await;
    assert_eq!((setup.given_up(), setup.left()), (1, 0));
}
