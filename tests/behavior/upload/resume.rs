//! Going on after an upload was broken off.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use support::{Fault, Received};
use tokio::sync::Notify;

use super::{PART, Setup, begun_and_ended, is_part};

/// Lets so many parts through, and then nothing at all.
pub(super) fn cut_after(parts: usize) -> impl Fn(&Received) -> Fault + Send + Sync + 'static {
    let count = AtomicUsize::new(0);
    move |request| {
        let passed = if is_part(request) { count.fetch_add(1, Ordering::SeqCst) } else { count.load(Ordering::SeqCst) };
        if passed >= parts { Fault::Cut } else { Fault::None }
    }
}

/// An upload of ten parts that broke off after eight.
pub(super) async fn broken_off() -> Setup {
    let setup = Setup::new(10 * PART - 3, cut_after(8)).await;
    let error = setup.upload().send().await.expect_err("the connection breaks");
    assert!(error.is_retryable(), "{error:?}");
    assert_eq!(setup.stored().await, None);
    assert_eq!(setup.left(), 1);
    setup
}

#[tokio::test]
async fn an_upload_that_was_cut_off_sends_only_what_is_missing() {
    let setup = broken_off().await;
    setup.again().await;
    assert_eq!(setup.sent(), 2);
    assert_eq!(begun_and_ended(&setup.proxy), (0, 1));
}

#[tokio::test]
async fn it_can_be_cut_off_again_and_again() {
    let setup = Setup::new(10 * PART, |_| Fault::Cut).await;
    let mut sent = 0;
    for parts in [1, 2, 3] {
        setup.proxy.turn(cut_after(parts));
        setup.upload().send().await.unwrap_err();
        sent += parts;
    }
    setup.again().await;
    assert_eq!(setup.sent(), 10 - sent);
}

#[tokio::test]
async fn what_is_there_already_counts_as_done() {
    let setup = broken_off().await;
    let heard = Arc::<Mutex<Vec<_>>>::default();
    let listener = Arc::clone(&heard);
    setup.proxy.turn(|_| Fault::None);
    let upload = setup.upload().on_progress(move |progress| listener.lock().unwrap().push(progress.bytes));
    upload.send().await.unwrap();
    let heard = heard.lock().unwrap();
    assert!(heard.is_sorted(), "{heard:?}");
    assert_eq!(heard.last(), Some(&(setup.content.len() as u64)));
}

#[tokio::test]
async fn an_upload_whose_future_is_dropped_goes_on_where_it_was() {
    let setup = Setup::new(10 * PART, |_| Fault::None).await;
    let half = Arc::new(Notify::new());
    let reached = Arc::clone(&half);
    let upload = setup.upload().in_flight(1).on_progress(move |progress| {
        if progress.bytes > progress.total / 2 {
            reached.notify_one();
        }
    });
    tokio::select! {
        _ = upload.send() => panic!("it was to be dropped"),
        () = half.notified() => {}
    }
    assert_eq!(setup.stored().await, None);
    setup.again().await;
    let sent = setup.sent();
    assert!((1..=6).contains(&sent), "{sent}");
}

#[tokio::test]
async fn uploads_of_other_keys_are_left_alone() {
    let setup = Setup::new(6 * PART, cut_after(3)).await;
    // A key that begins in the same way is another key.
    let other = format!("{}.other", super::KEY);
    let to_other = || {
        let upload = setup.obs().upload(setup.target.bucket(), &other, &setup.path).part_size(PART as u64);
        upload.journal_dir(setup.journals.path())
    };
    to_other().send().await.unwrap_err();
    setup.proxy.turn(|_| Fault::None);
    setup.upload().send().await.unwrap();
    assert_eq!((setup.given_up(), setup.sent()), (0, 6));
    to_other().send().await.unwrap();
    assert_eq!((setup.given_up(), setup.sent()), (0, 6 + 3));
}

#[tokio::test]
async fn a_file_that_changed_since_is_uploaded_anew_and_the_old_parts_are_removed() {
    let mut setup = broken_off().await;
    setup.content[5 * PART] ^= 1;
    std::fs::write(&setup.path, &setup.content).unwrap();
    setup.again().await;
    assert_eq!((setup.sent(), setup.given_up()), (10, 1));
}

#[tokio::test]
async fn a_change_that_leaves_size_and_time_as_they_were_is_noticed_in_the_content() {
    let mut setup = broken_off().await;
    let modified = std::fs::metadata(&setup.path).unwrap().modified().unwrap();
    setup.content[2 * PART + 7] ^= 1;
    std::fs::write(&setup.path, &setup.content).unwrap();
    std::fs::File::options().write(true).open(&setup.path).unwrap().set_modified(modified).unwrap();
    setup.again().await;
    // The changed part is sent besides those that were missing.
    assert_eq!(setup.sent(), 3);
    assert_eq!(setup.proxy.count("PUT", "partNumber=3&"), 1);
}

#[tokio::test]
async fn other_parts_than_before_start_over() {
    let setup = broken_off().await;
    setup.proxy.turn(|_| Fault::None);
    setup.upload().part_size(2 * PART as u64).send().await.unwrap();
    assert_eq!(setup.stored().await, setup.expected());
    assert_eq!((setup.sent(), setup.given_up(), setup.left()), (5, 1, 0));
}

#[tokio::test]
async fn an_upload_that_was_completed_without_anybody_noticing_is_found() {
    let setup = broken_off().await;
    setup.target.upload(super::KEY, &setup.path).await;
    setup.again().await;
    // What the first attempt had sent is of no use any more.
    assert_eq!((setup.proxy.count("PUT", ""), setup.given_up()), (0, 1));
}
