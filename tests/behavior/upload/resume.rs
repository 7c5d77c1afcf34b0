//! Going on after an upload was broken off.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use support::{Fault, Proxy, Received};
use tokio::sync::Notify;

use super::{PART, Setup, begun_and_ended, files, is_part, open_proxy};
use crate::sha256;

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

/// Uploads again without faults, and tells which proxy saw it.
pub(super) async fn again(setup: &Setup) -> Proxy {
    let proxy = open_proxy(&setup.target).await;
    let uploaded = setup.undisturbed(&proxy).send().await.expect("the upload succeeds");
    assert_eq!(Some(uploaded.checksum.to_string()), setup.expected());
    assert_eq!(setup.stored().await, setup.expected());
    assert_eq!(setup.left(), 0);
    proxy
}

#[tokio::test]
async fn an_upload_that_was_cut_off_sends_only_what_is_missing() {
    let setup = broken_off().await;
    let proxy = again(&setup).await;
    assert_eq!(proxy.count("PUT", "partNumber="), 2);
    assert_eq!(begun_and_ended(&proxy), (0, 1));
}

#[tokio::test]
async fn it_can_be_cut_off_again_and_again() {
    let setup = Setup::new(10 * PART, |_| Fault::Cut).await;
    let mut sent = 0;
    for parts in [1, 2, 3] {
        let proxy = Proxy::start(setup.target.obs_endpoint(), cut_after(parts)).await;
        setup.undisturbed(&proxy).send().await.unwrap_err();
        sent += parts;
    }
    let proxy = again(&setup).await;
    assert_eq!(proxy.count("PUT", "partNumber="), 10 - sent);
}

#[tokio::test]
async fn what_is_there_already_counts_as_done() {
    let setup = broken_off().await;
    let heard = Arc::<Mutex<Vec<_>>>::default();
    let listener = Arc::clone(&heard);
    let proxy = open_proxy(&setup.target).await;
    let upload = setup.undisturbed(&proxy).on_progress(move |progress| listener.lock().unwrap().push(progress.bytes));
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
    let proxy = again(&setup).await;
    let sent = proxy.count("PUT", "partNumber=");
    assert!((1..=6).contains(&sent), "{sent}");
}

#[tokio::test]
async fn parts_that_nobody_will_complete_are_removed() {
    let setup = Setup::new(6 * PART, cut_after(3)).await;
    let client = setup.builder().build().unwrap();
    // Without a journal nobody knows of the upload when the process is gone.
    let upload = client.obs().unwrap().upload(setup.target.bucket(), super::KEY, &setup.path).part_size(PART as u64);
    upload.send().await.unwrap_err();
    assert_eq!(setup.proxy.count("POST", "?uploads"), 1);
    let proxy = again(&setup).await;
    assert_eq!((proxy.count("DELETE", "uploadId="), proxy.count("PUT", "partNumber=")), (1, 6));
}

#[tokio::test]
async fn uploads_of_other_keys_are_left_alone() {
    let setup = Setup::new(6 * PART, cut_after(3)).await;
    // A key that begins in the same way is another key.
    let other = format!("{}.other", super::KEY);
    let upload = setup.obs().upload(setup.target.bucket(), &other, &setup.path).part_size(PART as u64);
    upload.journal_dir(setup.journals.path()).send().await.unwrap_err();
    let proxy = open_proxy(&setup.target).await;
    setup.undisturbed(&proxy).send().await.unwrap();
    assert_eq!(proxy.count("DELETE", "uploadId="), 0);
    let upload = setup.obs().upload(setup.target.bucket(), &other, &setup.path).part_size(PART as u64);
    let straight = setup.builder().obs_endpoint(proxy.endpoint()).build().unwrap().obs().unwrap();
    drop(upload);
    let upload = straight.upload(setup.target.bucket(), &other, &setup.path).part_size(PART as u64);
    upload.journal_dir(setup.journals.path()).send().await.unwrap();
    // Six of the first key, and three that were missing of the second.
    assert_eq!(proxy.count("PUT", "partNumber="), 6 + 3);
}

#[tokio::test]
async fn a_file_that_changed_since_is_uploaded_anew_and_the_old_parts_are_removed() {
    let mut setup = broken_off().await;
    setup.content[5 * PART] ^= 1;
    std::fs::write(&setup.path, &setup.content).unwrap();
    let proxy = again(&setup).await;
    assert_eq!((proxy.count("PUT", "partNumber="), proxy.count("DELETE", "uploadId=")), (10, 1));
}

#[tokio::test]
async fn a_change_that_leaves_size_and_time_as_they_were_is_noticed_in_the_content() {
    let mut setup = broken_off().await;
    let modified = std::fs::metadata(&setup.path).unwrap().modified().unwrap();
    setup.content[2 * PART + 7] ^= 1;
    std::fs::write(&setup.path, &setup.content).unwrap();
    std::fs::File::options().write(true).open(&setup.path).unwrap().set_modified(modified).unwrap();
    let proxy = again(&setup).await;
    // The changed part is sent besides those that were missing.
    assert_eq!(proxy.count("PUT", "partNumber="), 3);
    assert_eq!(proxy.count("PUT", "partNumber=3&"), 1);
}

#[tokio::test]
async fn other_parts_than_before_start_over() {
    let setup = broken_off().await;
    let proxy = open_proxy(&setup.target).await;
    setup.undisturbed(&proxy).part_size(2 * PART as u64).send().await.unwrap();
    assert_eq!(setup.stored().await, Some(sha256(&setup.content)));
    assert_eq!((proxy.count("PUT", "partNumber="), proxy.count("DELETE", "uploadId=")), (5, 1));
    assert_eq!(files(setup.journals.path()).len(), 0);
}

#[tokio::test]
async fn an_upload_that_was_completed_without_anybody_noticing_is_found() {
    let setup = broken_off().await;
    setup.target.upload(super::KEY, &setup.path).await;
    let proxy = again(&setup).await;
    assert_eq!(proxy.count("PUT", ""), 0);
    // What the first attempt had sent is of no use any more.
    assert_eq!(proxy.count("DELETE", "uploadId="), 1);
}
