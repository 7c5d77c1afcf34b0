//! A service that takes one package of a version. Whether the real one does is not known.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use iotda_ota::{Error, ErrorKind, Event, IfExists, Outcome, Package, PackageType, Publish, Published, Sought};
use support::{Answer, Fault, Proxy, Received, Target, impatient, strict_target};
use tempfile::TempDir;

use super::{packages, publish};
use crate::{local_file, sha256};

const KEY: &str = "ota/my-app/my-product/firmwarePackage/2.0/upgrade.bin";

/// Publishes the same from as many machines at once, each with state of its own.
async fn at_once(target: &Target, file: &Path, if_exists: IfExists, machines: usize) -> Vec<Result<Published, Error>> {
    let states: Vec<TempDir> = (0..machines).map(|_| tempfile::tempdir().expect("there is room")).collect();
    let publishes: Vec<Publish> = states
        .iter()
        .map(|state| publish(target, file, "2.0").if_exists(if_exists).journal_dir(state.path()))
        .collect();
    join_all(publishes.iter().map(Publish::send)).await
}

/// The only package there is.
async fn only(target: &Target) -> Package {
    assert_eq!(packages(target).await, Some(1));
    let listed =
        target.client().packages().list(PackageType::Firmware).send().await.expect("it is answered").into_inner();
    let shown = target.client().packages().show(&listed.packages[0].package_id).send().await;
    shown.expect("it is there").into_inner()
}

#[tokio::test]
async fn of_four_machines_at_once_one_creates_and_the_others_find_what_they_asked_for() {
    for (if_exists, other) in [
        (IfExists::Verify, Outcome::Verified),
        (IfExists::Skip, Outcome::Skipped),
        (IfExists::Replace, Outcome::Verified),
    ] {
        for _ in 0..2 {
            let target = strict_target().await;
            let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
            let published = at_once(&target, &path, if_exists, 4).await;
            let published: Vec<_> = published.into_iter().map(Result::unwrap).collect();
            let id = only(&target).await.package_id;
            assert!(published.iter().all(|published| published.package.package_id == id));
            let outcomes = |wanted| published.iter().filter(|published| published.outcome == wanted).count();
            assert_eq!((outcomes(Outcome::Created), outcomes(other)), (1, 3), "{published:?}");
        }
    }
}

#[tokio::test]
async fn who_asked_to_fail_fails_and_is_told_of_the_object() {
    let target = strict_target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let published = at_once(&target, &path, IfExists::Fail, 4).await;
    let failed: Vec<_> = published.into_iter().filter_map(Result::err).collect();
    assert_eq!(failed.len(), 3);
    assert!(failed.iter().all(Error::is_already_exists), "{failed:?}");
    only(&target).await;
}

#[tokio::test]
async fn a_version_that_somebody_else_published_from_another_file_meanwhile_is_a_mismatch() {
    let target = strict_target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let (_folder, other) = local_file("other.bin", b"other firmware");
    let theirs = publish(&target, &other, "2.0");
    // The list does not show theirs yet when ours begins.
    let lists = AtomicUsize::new(0);
    let proxy = Proxy::start(target.endpoint(), move |request| match request.is("GET", "?") {
        true if lists.fetch_add(1, Ordering::SeqCst) == 0 => Fault::Answer(Answer::new(200, r#"{"packages":[]}"#)),
        _ => Fault::None,
    })
    .await;
    let theirs = theirs.send().await.unwrap();
    let error = by(&proxy, &target, &path).if_exists(IfExists::Verify).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains(KEY)), "{error:?}");
    assert_eq!(only(&target).await, theirs.package);
}

/// Replaces by way of a proxy before IoTDA.
fn by(proxy: &Proxy, target: &Target, file: &Path) -> Publish {
    let client = target.builder().endpoint(proxy.endpoint()).retry(impatient()).build().expect("it is valid");
    let publish = client.publish(file, "my-app", "my-product", "firmware", "2.0").bucket(target.bucket());
    publish.if_exists(IfExists::Replace)
}

/// A package that was published, and a file that is to replace it by way of a proxy.
struct Setup {
    target: Target,
    old: Package,
    path: std::path::PathBuf,
    proxy: Proxy,
    _folder: TempDir,
}

impl Setup {
    async fn new(decide: impl Fn(&Received) -> Fault + Send + Sync + 'static) -> Self {
        let target = strict_target().await;
        let (folder, path) = local_file("upgrade.bin", b"fake firmware");
        let first = publish(&target, &path, "2.0").description("the first").support_source_versions(["1.0"]);
        let old = first.send().await.expect("the first package is published").package;
        std::fs::write(&path, b"mended firmware").expect("the file can be written");
        let proxy = Proxy::start(target.endpoint(), decide).await;
        Self { target, old, path, proxy, _folder: folder }
    }

    fn replace(&self) -> Publish {
        by(&self.proxy, &self.target, &self.path)
    }

    /// The old package is there again, as it was but for its id.
    async fn assert_restored(&self) {
        let mut now = only(&self.target).await;
        now.package_id.clone_from(&self.old.package_id);
        now.create_time.clone_from(&self.old.create_time);
        assert_eq!(now, self.old);
    }
}

/// Refuses the creates, counted from 0, for which this is true.
fn without(
    refused: impl Fn(usize) -> bool + Send + Sync + 'static,
) -> impl Fn(&Received) -> Fault + Send + Sync + 'static {
    let count = AtomicUsize::new(0);
    move |request| match request.method == "POST" && refused(count.fetch_add(1, Ordering::SeqCst)) {
        true => Fault::Answer(Answer::new(400, r#"{"error_code":"FAKE.1","error_msg":"no"}"#)),
        false => Fault::None,
    }
}

#[tokio::test]
async fn replace_makes_room_for_the_new_package() {
    let setup = Setup::new(|_| Fault::None).await;
    let published = setup.replace().send().await.unwrap();
    assert_eq!((published.outcome, &published.replaced), (Outcome::Replaced, &vec![setup.old.package_id.clone()]));
    let now = only(&setup.target).await;
    assert_eq!(now, published.package);
    assert_eq!(now.sign().unwrap().as_str(), sha256(b"mended firmware"));
    let obs = setup.target.client().obs().unwrap();
    assert_eq!(obs.checksum(setup.target.bucket(), KEY).await.unwrap().as_str(), sha256(b"fake firmware"));
    assert_eq!(setup.replace().send().await.unwrap().outcome, Outcome::Verified);
}

#[tokio::test]
async fn replace_by_the_same_file_with_other_fields_needs_no_other_object() {
    let setup = Setup::new(|_| Fault::None).await;
    std::fs::write(&setup.path, b"fake firmware").unwrap();
    let published = setup.replace().description("the second").send().await.unwrap();
    assert_eq!(published.outcome, Outcome::Replaced);
    assert_eq!(published.object.unwrap().object_key, KEY);
    assert_eq!(only(&setup.target).await.description.as_deref(), Some("the second"));
}

#[tokio::test]
async fn an_old_package_whose_delete_has_no_answer_is_not_said_to_be_there() {
    let setup = Setup::new(|request| if request.method == "DELETE" { Fault::Cut } else { Fault::None }).await;
    let error = setup.replace().send().await.unwrap_err();
    let told = format!("package {}, which is to be replaced, may be deleted or not", setup.old.package_id);
    assert!(error.to_string().contains(&told), "{error}");
}

#[tokio::test]
async fn when_the_new_package_cannot_be_created_the_old_one_comes_back() {
    // The first create is refused because of the old one, the second by the proxy, and the third is that of the old one.
    let setup = Setup::new(without(|at| at == 1)).await;
    let error = setup.replace().send().await.unwrap_err();
    assert_eq!((error.kind(), error.error_code()), (ErrorKind::Rejected, Some("FAKE.1")), "{error:?}");
    setup.assert_restored().await;
    let now = only(&setup.target).await.package_id;
    let told =
        format!("package {} was deleted to make room, and is created again as package {now}", setup.old.package_id);
    assert!(error.hint().is_some_and(|hint| hint.contains(&told)), "{error:?}");
    assert_eq!(setup.replace().send().await.unwrap().outcome, Outcome::Replaced);
}

#[tokio::test]
async fn when_the_old_one_cannot_come_back_everything_is_told_that_it_takes() {
    let setup = Setup::new(without(|at| at > 0)).await;
    let error = setup.replace().send().await.unwrap_err();
    assert!(error.to_string().contains("version 2.0 has no package now"), "{error:?}");
    assert_eq!((error.kind(), error.status(), error.error_code()), (ErrorKind::Rejected, Some(400), Some("FAKE.1")));
    let hint = error.hint().unwrap();
    let request: serde_json::Value = serde_json::from_str(&hint[hint.find('{').unwrap()..]).unwrap();
    assert_eq!((&request["description"], &request["version"]), (&"the first".into(), &"2.0".into()));
    assert_eq!(request["file_location"]["obs_location"]["object_key"], KEY);
    assert_eq!(packages(&setup.target).await, Some(0));
    setup.proxy.turn(|_| Fault::None);
    assert_eq!(setup.replace().send().await.unwrap().outcome, Outcome::Created);
}

#[tokio::test]
async fn when_nobody_knows_whether_the_new_one_was_created_the_error_tells_what_to_look_for() {
    // The first create is refused because of the old one, and no other one is answered.
    let count = AtomicUsize::new(0);
    let setup = Setup::new(move |request| match request.method == "POST" && count.fetch_add(1, Ordering::SeqCst) > 0 {
        true => Fault::Cut,
        false => Fault::None,
    })
    .await;
    let error = setup.replace().send().await.unwrap_err();
    assert!(error.is_outcome_unknown() && error.to_string().contains("version 2.0 has no package now"), "{error:?}");
    let sought = error.sought().unwrap();
    assert!(matches!(sought, Sought::Package(request) if request.version == "2.0"), "{sought:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains(&sought.hint())), "{error:?}");
}

#[tokio::test]
async fn when_the_old_package_may_not_be_deleted_it_stays_as_it_is() {
    let denied = || Fault::Answer(Answer::new(403, r#"{"error_code":"FAKE.2","error_msg":"no"}"#));
    let setup = Setup::new(move |request| if request.method == "DELETE" { denied() } else { Fault::None }).await;
    let error = setup.replace().send().await.unwrap_err();
    assert!(error.is_denied() && error.to_string().contains(setup.old.package_id.as_str()), "{error:?}");
    assert_eq!((error.status(), error.error_code()), (Some(403), Some("FAKE.2")));
    assert_eq!(only(&setup.target).await, setup.old);
}

#[tokio::test]
async fn when_nobody_knows_whether_the_old_package_was_deleted_it_comes_back() {
    let setup = Setup::new(|request| if request.method == "DELETE" { Fault::LoseAnswer } else { Fault::None }).await;
    setup.replace().send().await.unwrap_err();
    setup.assert_restored().await;
}

#[tokio::test]
async fn a_create_without_an_answer_ends_in_one_package() {
    let setup = Setup::new(|request| if request.method == "POST" { Fault::LoseAnswer } else { Fault::None }).await;
    // Refused without anybody knowing, so that it is not clear that there has to be room.
    let error = setup.replace().send().await.unwrap_err();
    assert!(error.hint().is_some(), "{error:?}");
    assert_eq!(only(&setup.target).await, setup.old);
}

#[tokio::test]
async fn two_that_replace_at_once_leave_one_package_and_both_succeed() {
    for _ in 0..2 {
        let setup = Setup::new(|_| Fault::None).await;
        let states = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let publishes = [0, 1].map(|at: usize| setup.replace().journal_dir(states[at].path()));
        let (one, other) = tokio::join!(publishes[0].send(), publishes[1].send());
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(one.package.package_id, other.package.package_id);
        assert_eq!(only(&setup.target).await.package_id, one.package.package_id);
    }
}

/// Events as names with ids.
type Told = Arc<Mutex<Vec<(&'static str, String)>>>;

/// The same publish, and what is told in it.
fn told(publish: Publish) -> (Publish, Told) {
    let told = Told::default();
    let heard = Arc::clone(&told);
    let publish = publish.on_event(move |event| {
        let (name, id) = match event {
            Event::Created { package_id, .. } => ("created", package_id),
            Event::MakingRoom { package_id, .. } => ("making room", package_id),
            Event::Withdrawing { package_id, .. } => ("withdrawing", package_id),
            Event::Restored { package_id, .. } => ("restored", package_id),
            other => panic!("{other:?}"),
        };
        heard.lock().expect("no listener panics").push((name, id.to_string()));
    });
    (publish, told)
}

#[tokio::test]
async fn what_is_created_is_told_before_it_is_read_back() {
    let target = strict_target().await;
    let (_folder, path) = local_file("upgrade.bin", b"fake firmware");
    let (publish, told) = told(publish(&target, &path, "2.0"));
    let published = publish.send().await.unwrap();
    publish.send().await.unwrap();
    assert_eq!(*told.lock().unwrap(), [("created", published.package.package_id.to_string())]);
}

#[tokio::test]
async fn that_the_old_package_makes_room_is_told_and_what_ends_that() {
    let setup = Setup::new(|_| Fault::None).await;
    let (publish, heard) = told(setup.replace());
    let new = publish.send().await.unwrap().package.package_id.to_string();
    let old = setup.old.package_id.to_string();
    assert_eq!(*heard.lock().unwrap(), [("making room", old), ("created", new)]);

    // It comes back when there is no new one.
    let setup = Setup::new(without(|at| at == 1)).await;
    let (publish, heard) = told(setup.replace());
    publish.send().await.unwrap_err();
    let old = setup.old.package_id.to_string();
    assert_eq!(*heard.lock().unwrap(), [("making room", old.clone()), ("restored", old)]);
}

#[tokio::test]
async fn a_new_package_that_is_not_right_is_told_to_go_and_the_old_one_comes_back() {
    // What is shown of a package is the object of somebody else, once there is the new one.
    let created = AtomicUsize::new(0);
    let setup = Setup::new(move |request| {
        if request.method == "POST" {
            created.fetch_add(1, Ordering::SeqCst);
        }
        match request.method == "GET" && !request.target.contains('?') && created.load(Ordering::SeqCst) == 2 {
            true => {
                let id = request.target.rsplit('/').next().unwrap();
                let location = r#"{"obs_location":{"object_key":"theirs.bin"}}"#;
                Fault::Answer(Answer::new(200, format!(r#"{{"package_id":"{id}","file_location":{location}}}"#)))
            }
            false => Fault::None,
        }
    })
    .await;
    let (publish, heard) = told(setup.replace());
    let error = publish.send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch, "{error:?}");
    let heard = heard.lock().unwrap();
    let names: Vec<_> = heard.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["making room", "created", "withdrawing", "restored"]);
    assert_eq!((&heard[0].1, &heard[1].1), (&heard[3].1, &heard[2].1));
}
