//! Packages that may be the one that was made: what is compared, and where it is told.

use support::{Answer, impatient};

use super::{Create, ID, OTHER, Service, failed, shown};

/// A service where another package exists already, which list and show answer like this.
async fn beside(listed: &str, shown: String, creates: impl IntoIterator<Item = Create>) -> Service {
    let page = format!(r#"{{"packages":[{listed}],"page":{{"count":1}}}}"#);
    Service::with(creates, move |request| match request.method.as_str() {
        "GET" if request.target.contains('?') => Some(Answer::new(200, page.clone())),
        "GET" if request.target.ends_with(OTHER) => Some(Answer::new(200, shown.clone())),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_package_that_does_not_tell_where_its_file_is_does_not_pass_for_the_one_that_was_made() {
    let with = |location: &str| {
        let known = shown(OTHER, "20260101T000000Z", "x.bin");
        let start = known.split_once(r#""file_location""#).unwrap().0;
        format!(r#"{start}"file_location":{location}}}"#)
    };
    // What is told says that it is another file, whatever the rest is.
    for other in [
        r#"{"obs_location":{"region_name":null,"bucket_name":"abc","object_key":"y.bin"}}"#,
        r#"{"obs_location":{"region_name":7,"bucket_name":"abc","object_key":"y.bin"}}"#,
        r#"{"obs_location":{"bucket_name":"abd","object_key":["x.bin"]}}"#,
    ] {
        let listed = shown(OTHER, "20260101T000000Z", "y.bin");
        let service = beside(&listed, with(other), [Create::Not(failed(500)), Create::Done(ID)]).await;
        let package = service.send(impatient()).await.unwrap();
        assert!(package.package_id == ID && !package.is_found(), "{other}");
        assert_eq!(service.methods(), "CLSCLS");
    }
    for untold in [
        "null",
        "7",
        r#"{"obs_location":"abc/x.bin"}"#,
        r#"{"obs_location":{"bucket_name":"abc","object_key":7}}"#,
        r#"{"obs_location":{"region_name":"cn-north-4"}}"#,
    ] {
        let listed = shown(OTHER, "20260101T000000Z", "x.bin");
        let service = beside(&listed, with(untold), [Create::Not(failed(500))]).await;
        let error = service.send(impatient()).await.unwrap_err();
        assert!(error.is_outcome_unknown() && error.sought().is_some(), "{untold}: {error:?}");
        assert!(error.to_string().contains("does not tell where its file is"), "{error}");
        assert_eq!(service.methods(), "CLS");
    }
}

#[tokio::test]
async fn what_a_list_leaves_out_is_looked_at_where_it_is_shown() {
    let bare = format!(r#"{{"package_id":"{OTHER}"}}"#);
    let known = shown(OTHER, "20260101T000000Z", "x.bin");
    for (name, value, another) in [
        ("app_id", "my-app", "another-app"),
        ("product_id", "my-product", "another-product"),
        ("version", "2.0", "1.0"),
        ("package_type", "firmwarePackage", "softwarePackage"),
    ] {
        let another = known.replace(&format!(r#""{name}":"{value}""#), &format!(r#""{name}":"{another}""#));
        assert_ne!(another, known);
        for listed in [&bare, &another] {
            let service = beside(listed, another.clone(), [Create::Not(failed(500)), Create::Done(ID)]).await;
            let package = service.send(impatient()).await.unwrap();
            assert!(package.package_id == ID && !package.is_found(), "{name}: {listed}");
        }
    }
    let service = beside(&bare, known, [Create::Lost(OTHER, failed(500))]).await;
    assert!(service.send(impatient()).await.unwrap().is_found());
}
