//! List packages: order, pages, filters, and all of them as a stream.

use std::collections::BTreeSet;
use std::pin::pin;

use futures_util::{StreamExt, TryStreamExt, stream};
use iotda_ota::{ListPackages, ObsLocation, Package, PackageType};
use support::{Answer, Stub, Target, target};

use crate::{firmware, object};

/// Creates packages one after the other, with the versions 1 to `count`.
async fn create(target: &Target, count: usize) -> Vec<Package> {
    let location = object(target, "upgrade.bin").await;
    let mut created = Vec::new();
    for version in 1..=count {
        let package = firmware(target, &version.to_string(), &location).send().await;
        created.push(package.expect("the package is created").into_inner());
    }
    created
}

async fn collect(list: ListPackages) -> Vec<Package> {
    pin!(list.stream()).try_collect().await.expect("every page is answered")
}

fn versions(packages: &[Package]) -> Vec<&str> {
    packages.iter().map(|package| package.version.as_str()).collect()
}

#[tokio::test]
async fn lists_newest_first_without_the_location() {
    let target = target().await;
    let created = create(&target, 3).await;
    let page = target.client().packages().list(PackageType::Firmware).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.request_id().is_some());
    assert_eq!(page.count, Some(3));
    let mut expected = created;
    expected.reverse();
    for package in &mut expected {
        package.file_location = None;
    }
    assert_eq!(page.packages, expected);
}

#[tokio::test]
async fn an_empty_list_has_no_packages_and_no_next_page() {
    let target = target().await;
    let list = target.client().packages().list(PackageType::Software);
    let page = list.send().await.unwrap();
    assert_eq!((page.packages.len(), page.count), (0, Some(0)));
    assert_eq!(collect(list).await, []);
}

#[tokio::test]
async fn a_page_has_ten_packages_unless_told_otherwise() {
    let target = target().await;
    create(&target, 12).await;
    let list = target.client().packages().list(PackageType::Firmware);
    assert_eq!(list.send().await.unwrap().packages.len(), 10);
    assert_eq!(list.clone().limit(11).send().await.unwrap().packages.len(), 11);
    assert_eq!(list.limit(50).send().await.unwrap().packages.len(), 12);
}

#[tokio::test]
async fn goes_on_from_the_marker_and_skips_by_offset() {
    let target = target().await;
    create(&target, 7).await;
    let list = target.client().packages().list(PackageType::Firmware).limit(3);
    let first = list.send().await.unwrap();
    assert_eq!(versions(&first.packages), ["7", "6", "5"]);
    let marker = first.marker.clone().expect("a full page has a marker");
    let second = list.clone().marker(&marker).send().await.unwrap();
    assert_eq!(versions(&second.packages), ["4", "3", "2"]);
    assert_eq!(versions(&list.clone().offset(3).send().await.unwrap().packages), ["4", "3", "2"]);
    assert_eq!(versions(&list.clone().marker(&marker).offset(2).send().await.unwrap().packages), ["2", "1"]);
    assert_eq!(versions(&list.clone().offset(7).send().await.unwrap().packages), Vec::<&str>::new());
    assert_eq!(versions(&collect(list.clone().offset(5)).await), ["2", "1"]);
    assert_eq!(versions(&collect(list.marker(marker)).await), ["4", "3", "2", "1"]);
}

#[tokio::test]
async fn each_filter_narrows_the_list() {
    let target = target().await;
    let location = object(&target, "upgrade.bin").await;
    let packages = target.client().packages();
    let all = [
        ("app-1", "product-1", PackageType::Firmware, "1"),
        ("app-1", "product-1", PackageType::Software, "2"),
        ("app-1", "product-2", PackageType::Firmware, "3"),
        ("app-2", "product-1", PackageType::Firmware, "4"),
        ("app-2", "product-2", PackageType::Firmware, "3"),
    ];
    for (app_id, product_id, package_type, version) in all {
        packages.create(app_id, product_id, package_type, version, location.clone()).send().await.unwrap();
    }
    let list = packages.list(PackageType::Firmware);
    assert_eq!(versions(&collect(list.clone()).await), ["3", "4", "3", "1"]);
    assert_eq!(versions(&collect(packages.list(PackageType::Software)).await), ["2"]);
    assert_eq!(versions(&collect(packages.list(PackageType::Module)).await), Vec::<&str>::new());
    assert_eq!(versions(&collect(list.clone().app_id("app-1")).await), ["3", "1"]);
    assert_eq!(versions(&collect(list.clone().product_id("product-1")).await), ["4", "1"]);
    assert_eq!(versions(&collect(list.clone().version("3")).await), ["3", "3"]);
    let one = list.clone().app_id("app-1").product_id("product-2").version("3").send().await.unwrap();
    assert_eq!((one.packages.len(), one.count), (1, Some(1)));
    assert_eq!(versions(&collect(list.app_id("app-3")).await), Vec::<&str>::new());
}

#[tokio::test]
async fn the_stream_goes_past_five_hundred_packages() {
    const COUNT: usize = 620;
    let target = target().await;
    let location: ObsLocation = object(&target, "upgrade.bin").await;
    let client = target.client();
    let created: BTreeSet<String> = stream::iter(0..COUNT)
        .map(|version| {
            let packages = client.packages();
            let version = version.to_string();
            let create = packages.create("my-app", "my-product", PackageType::Firmware, version, location.clone());
            async move { create.send().await.unwrap().into_inner().package_id.into() }
        })
        .buffer_unordered(16)
        .collect()
        .await;
    assert_eq!(created.len(), COUNT);

    let list = client.packages().list(PackageType::Firmware);
    assert_eq!(list.send().await.unwrap().count, Some(620));
    let streamed = collect(list.clone()).await;
    assert_eq!(streamed.len(), COUNT);
    let ids: BTreeSet<String> = streamed.iter().map(|package| package.package_id.to_string()).collect();
    assert_eq!(ids, created);

    // What the offset can reach is the same list, and it ends where the reference says.
    let page = list.clone().limit(50).offset(500).send().await.unwrap();
    assert_eq!(page.packages, streamed[500..550]);
    assert!(list.offset(501).send().await.unwrap_err().is_invalid());
}

#[tokio::test]
async fn the_stream_neither_skips_nor_repeats_while_packages_come_and_go() {
    let target = target().await;
    let created = create(&target, 9).await;
    let packages = target.client().packages();
    let mut stream = pin!(packages.list(PackageType::Firmware).limit(3).stream());
    let mut seen = Vec::new();
    while let Some(package) = stream.try_next().await.unwrap() {
        if package.version == "7" {
            // One that was shown, one that is still to come, and a new one before all others.
            packages.delete(&created[8].package_id).send().await.unwrap();
            packages.delete(&created[2].package_id).send().await.unwrap();
            firmware(&target, "10", &target.location("upgrade.bin")).send().await.unwrap();
        }
        seen.push(package.version.to_string());
    }
    assert_eq!(seen, ["9", "8", "7", "6", "5", "4", "2", "1"]);
}

#[tokio::test]
async fn the_stream_gives_markers_back_as_they_came() {
    let stub = Stub::start(|request| {
        let (id, marker) = match request.target.contains("marker=") {
            false => (r#"{"package_id":"b"}"#, "z of another form"),
            true => ("", ""),
        };
        Answer::new(200, format!(r#"{{"packages":[{id}],"page":{{"count":1,"marker":"{marker}"}}}}"#))
    })
    .await;
    let packages = collect(stub.client().packages().list(PackageType::Firmware).limit(1)).await;
    assert_eq!(packages.len(), 1);
    let received = stub.received();
    assert_eq!(received.len(), 2);
    assert!(received[1].target.contains("marker=z+of+another+form"), "{}", received[1].target);
}

#[tokio::test]
async fn a_limit_out_of_range_has_its_documented_code() {
    let target = target().await;
    let list = target.client().packages().list(PackageType::Firmware).limit(51);
    let error = list.send_unchecked().await.unwrap_err();
    assert_eq!((error.status(), error.error_code()), (Some(400), Some("IOTDA.000017")));
}

#[tokio::test]
async fn a_wrong_token_and_another_project_are_refused() {
    let target = target().await;
    let stranger = target.builder().token("another-fake-token").build().unwrap();
    assert!(stranger.packages().list(PackageType::Firmware).send().await.unwrap_err().is_unauthenticated());
    let elsewhere = target.builder().project_id("another-project").build().unwrap();
    let error = pin!(elsewhere.packages().list(PackageType::Firmware).stream()).try_next().await.unwrap_err();
    assert!(error.is_denied(), "{error:?}");
}
