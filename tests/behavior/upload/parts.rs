//! The way a larger file takes.

use std::sync::{Arc, Mutex};

use iotda_ota::Phase;
use support::{Answer, Fault};

use super::{KEY, PART, Setup, begun_and_ended, is_part};
use crate::{local_file, sha256};

#[tokio::test]
async fn a_larger_file_goes_in_parts_and_is_stored_byte_by_byte() {
    // Not a whole number of parts, and one that is.
    for size in [10 * PART + 17, 10 * PART, PART + 1] {
        let setup = Setup::new(size, |_| Fault::None).await;
        let uploaded = setup.upload().send().await.unwrap();
        assert_eq!(Some(uploaded.checksum.to_string()), setup.expected());
        assert_eq!((uploaded.object.size, uploaded.existed), (size as u64, false));
        assert_eq!(uploaded.warnings, []);
        assert_eq!(setup.stored().await, setup.expected());
        let head = setup.obs().head(setup.target.bucket(), KEY).await.unwrap();
        assert_eq!(head.etag, uploaded.object.etag);

        let received = setup.proxy.received();
        let parts: Vec<_> = received.iter().filter(|request| is_part(request)).collect();
        assert_eq!(parts.len(), setup.parts());
        assert!(parts.iter().all(|part| part.header("x-obs-content-sha256").is_some_and(|sha256| sha256.len() == 64)));
        assert_eq!(begun_and_ended(&setup.proxy), (1, 1));
        assert!(received.iter().all(|request| request.method != "PUT" || is_part(request)));
        assert_eq!(setup.left(), 0);
    }
}

#[tokio::test]
async fn keys_of_larger_files_may_hold_any_character_too() {
    let setup = Setup::new(2 * PART, |_| Fault::None).await;
    for key in [" a b.bin ", "a\nb\u{1}.bin", "固件//<升级>&\"'.bin", "a+b%20c?d#e"] {
        let upload = || setup.obs().upload(setup.target.bucket(), key, &setup.path).part_size(PART as u64);
        upload().journal_dir(setup.journals.path()).send().await.unwrap();
        let stored = setup.obs().checksum(setup.target.bucket(), key).await.unwrap();
        assert_eq!(Some(stored.to_string()), setup.expected(), "{key:?}");
    }
}

#[tokio::test]
async fn a_file_of_one_part_goes_in_one_piece() {
    for size in [PART, 1] {
        let setup = Setup::new(size, |_| Fault::None).await;
        setup.upload().send().await.unwrap();
        assert_eq!(setup.stored().await, setup.expected());
        let puts: Vec<_> = setup.proxy.received().into_iter().filter(|request| request.method == "PUT").collect();
        assert_eq!(puts.len(), 1);
        assert_eq!(puts[0].header("x-obs-content-sha256").map(str::to_owned), setup.expected());
        assert_eq!(setup.proxy.count("POST", ""), 0);
        assert_eq!(setup.left(), 0);
    }
}

#[tokio::test]
async fn parts_are_sent_several_at_a_time_or_one_by_one_as_told() {
    for in_flight in [1, 3, 100] {
        let setup = Setup::new(7 * PART + 1, |_| Fault::None).await;
        setup.upload().in_flight(in_flight).send().await.unwrap();
        assert_eq!(setup.stored().await, setup.expected(), "{in_flight}");
        if in_flight == 1 {
            let received = setup.proxy.received();
            let numbers = received.iter().filter(|request| is_part(request)).map(|request| request.target.clone());
            assert!(numbers.collect::<Vec<_>>().is_sorted());
        }
    }
}

#[tokio::test]
async fn progress_of_all_parts_is_added_up_and_only_grows() {
    let setup = Setup::new(9 * PART + 5, |_| Fault::None).await;
    let heard = Arc::<Mutex<Vec<_>>>::default();
    let listener = Arc::clone(&heard);
    setup.upload().on_progress(move |progress| listener.lock().unwrap().push(progress)).send().await.unwrap();
    let heard = heard.lock().unwrap();
    let total = setup.content.len() as u64;
    assert!(heard.iter().all(|progress| progress.phase == Phase::Upload && progress.total == total), "{heard:?}");
    assert!(heard.len() > 9 && heard.is_sorted_by_key(|progress| progress.bytes), "{heard:?}");
    assert_eq!((heard[0].bytes, heard[heard.len() - 1].bytes), (0, total));
}

#[tokio::test]
async fn an_object_with_the_same_content_is_used_and_nothing_sent() {
    let setup = Setup::new(3 * PART, |_| Fault::None).await;
    setup.target.upload(KEY, &setup.path).await;
    let uploaded = setup.upload().send().await.unwrap();
    assert!(uploaded.existed);
    assert_eq!(Some(uploaded.checksum.to_string()), setup.expected());
    assert_eq!(setup.proxy.count("PUT", "") + setup.proxy.count("POST", ""), 0);
}

#[tokio::test]
async fn an_object_with_other_content_is_replaced_only_when_asked_for() {
    let setup = Setup::new(3 * PART, |_| Fault::None).await;
    let mut other = setup.content.clone();
    other[PART] ^= 1;
    for other in [other, b"short".to_vec()] {
        let (_folder, path) = local_file("other.bin", &other);
        setup.target.upload(KEY, &path).await;
        let error = setup.upload().send().await.unwrap_err();
        assert!(error.is_already_exists() && error.hint().is_some(), "{error:?}");
        assert!(error.to_string().contains(KEY), "{error}");
        assert_eq!(setup.stored().await, Some(sha256(&other)));
        setup.upload().replace(true).send().await.unwrap();
        assert_eq!(setup.stored().await, setup.expected());
    }
}

/// A proxy that hides the object from the first look.
async fn setup_with_a_late_object(content: impl Fn(&Setup) -> Vec<u8>) -> (Setup, Vec<u8>) {
    let looks = Mutex::new(0);
    let setup = Setup::new(3 * PART, move |request| {
        let mut looks = looks.lock().expect("nobody panicked");
        *looks += u32::from(request.method == "HEAD");
        if request.method == "HEAD" && *looks == 1 { Fault::Answer(Answer::new(404, "")) } else { Fault::None }
    })
    .await;
    let late = content(&setup);
    let (_folder, path) = local_file("late.bin", &late);
    setup.target.upload(KEY, &path).await;
    (setup, late)
}

#[tokio::test]
async fn an_object_that_appears_meanwhile_is_not_overwritten() {
    let (setup, late) = setup_with_a_late_object(|_| b"somebody was faster".to_vec()).await;
    let error = setup.upload().send().await.unwrap_err();
    assert!(error.is_already_exists(), "{error:?}");
    assert_eq!(setup.stored().await, Some(sha256(&late)));
    assert_eq!(begun_and_ended(&setup.proxy), (1, 1));
    assert_eq!(setup.left(), 0);
}

#[tokio::test]
async fn an_object_with_the_same_content_that_appears_meanwhile_is_used() {
    let (setup, _) = setup_with_a_late_object(|setup| setup.content.clone()).await;
    setup.upload().send().await.unwrap();
    assert_eq!(setup.stored().await, setup.expected());
    assert_eq!(setup.proxy.count("DELETE", "uploadId="), 1);
    assert_eq!(setup.left(), 0);
}

#[tokio::test]
async fn two_uploads_of_the_same_file_at_once_both_succeed_and_send_it_once() {
    let setup = Setup::new(6 * PART, |_| Fault::None).await;
    let (first, second) = (setup.upload(), setup.upload());
    let (first, second) = tokio::join!(first.send(), second.send());
    assert_ne!(first.unwrap().existed, second.unwrap().existed);
    assert_eq!(setup.proxy.count("PUT", "partNumber="), setup.parts());
    assert_eq!(setup.stored().await, setup.expected());
    assert_eq!(setup.left(), 0);
}
