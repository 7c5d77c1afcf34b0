//! Operations on buckets: making them, whose they are, listing objects.

use http::Method;
use huaweicloud_signing::obs::Resource;
use iotda_ota_emulator::Emulator;

use super::multipart::{element, elements};
use super::{is, refused};
use crate::client::{Caller, sign};
use crate::signing::Key;

const TWO_USERS: &str = r#"
[[user]]
name = "first"
password = "fake"
domain = "fake-domain"
[[user]]
name = "second"
password = "fake"
domain = "fake-domain"
[[access_key]]
id = "FIRST"
secret = "fake-first"
user = "first"
[[access_key]]
id = "SECOND"
secret = "fake-second"
user = "second"
[[project]]
id = "p"
name = "emulator-1"
user = "first"
"#;

/// A request about a bucket.
async fn of_bucket(caller: &Caller, key: &Key, method: Method, bucket: &str) -> reqwest::Response {
    let resource = Resource { bucket: Some(bucket), key: None, query: &[] };
    let headers = sign(key, &method, &resource, &[("content-length", "0")]);
    let url = format!("{}/{bucket}", caller.emulator.obs_endpoint());
    caller.http.request(method, url).headers(headers).send().await.unwrap()
}

#[tokio::test]
async fn a_bucket_belongs_to_who_made_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("identities.toml");
    std::fs::write(&file, TWO_USERS).unwrap();
    let caller = Caller::of(Emulator::builder().identities(file).start().await.unwrap());
    let key = |id: &str, secret: &str| Key { id: id.to_owned(), secret: secret.to_owned(), token: None };
    let (first, second) = (key("FIRST", "fake-first"), key("SECOND", "fake-second"));

    assert_eq!(refused_status(&caller, &first, "mine-1").await, 404);
    for _ in 0..2 {
        let made = of_bucket(&caller, &first, Method::PUT, "mine-1").await;
        assert_eq!((made.status().as_u16(), &made.headers()["location"]), (200, &"/mine-1".parse().unwrap()));
    }
    assert_eq!(refused_status(&caller, &first, "mine-1").await, 200);
    assert_eq!(refused_status(&caller, &second, "mine-1").await, 403);
    let taken = of_bucket(&caller, &second, Method::PUT, "mine-1").await;
    assert_eq!(refused(taken).await, is(409, "BucketAlreadyExists"));
    let list = of_bucket(&caller, &second, Method::GET, "mine-1").await;
    assert_eq!(refused(list).await, is(403, "AccessDenied"));
    // The one that is there from the start is everybody's.
    assert_eq!(refused_status(&caller, &second, "emulator-bucket").await, 200);
    let wrong = of_bucket(&caller, &first, Method::PUT, "No_Bucket").await;
    assert_eq!(refused(wrong).await, is(400, "InvalidBucketName"));
}

async fn refused_status(caller: &Caller, key: &Key, bucket: &str) -> u16 {
    of_bucket(caller, key, Method::HEAD, bucket).await.status().as_u16()
}

async fn list(caller: &Caller, query: &[(&str, Option<&str>)]) -> String {
    let answer = caller.obs_query(Method::GET, "", query, &[], "").await;
    assert_eq!(answer.status().as_u16(), 200);
    answer.text().await.unwrap()
}

#[tokio::test]
async fn lists_objects_in_the_order_of_their_keys() {
    let caller = Caller::new().await;
    for key in ["b.bin", "a.bin", "fw/2.bin", "fw/1.bin", "fw/old/0.bin"] {
        caller.upload(key, key.as_bytes()).await;
    }
    let xml = list(&caller, &[]).await;
    assert_eq!(elements(&xml, "Key"), ["a.bin", "b.bin", "fw/1.bin", "fw/2.bin", "fw/old/0.bin"]);
    assert_eq!(elements(&xml, "Size"), ["5", "5", "8", "8", "12"]);
    assert_eq!(
        (element(&xml, "Name"), element(&xml, "IsTruncated")),
        ("emulator-bucket".to_owned(), "false".to_owned())
    );
    let head = caller.obs(Method::HEAD, "a.bin", &[], "").await;
    assert_eq!(element(&xml, "ETag").replace("&quot;", "\""), head.headers()["etag"].to_str().unwrap());

    let xml = list(&caller, &[("prefix", Some("fw/")), ("delimiter", Some("/"))]).await;
    assert_eq!(elements(&xml, "Key"), ["fw/1.bin", "fw/2.bin"]);
    assert!(xml.contains("<CommonPrefixes><Prefix>fw/old/</Prefix></CommonPrefixes>"), "{xml}");
}

#[tokio::test]
async fn pages_of_objects_follow_each_other() {
    let caller = Caller::new().await;
    for number in 0..7 {
        caller.upload(&format!("{number}.bin"), b"x").await;
    }
    let (mut keys, mut marker, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let xml = list(&caller, &[("max-keys", Some("3")), ("marker", Some(&marker))]).await;
        keys.extend(elements(&xml, "Key"));
        pages += 1;
        if element(&xml, "IsTruncated") == "false" {
            assert!(!xml.contains("NextMarker"), "{xml}");
            break;
        }
        marker = element(&xml, "NextMarker");
    }
    assert_eq!((keys.len(), pages), (7, 3));
    assert!(keys.is_sorted());
    // What is out of range counts as the default.
    assert_eq!(element(&list(&caller, &[("max-keys", Some("1001"))]).await, "MaxKeys"), "1000");
    let wrong = caller.obs_query(Method::GET, "", &[("max-keys", Some("many"))], &[], "").await;
    assert_eq!(refused(wrong).await, is(400, "InvalidArgument"));
}

#[tokio::test]
async fn keys_that_xml_cannot_have_are_listed_encoded() {
    let caller = Caller::new().await;
    let key = "a&<\u{1}>.bin";
    let headers = caller.signed(&Method::PUT, key, &[]);
    let url = format!("{}/emulator-bucket/a&%3C%01%3E.bin", caller.emulator.obs_endpoint());
    let put = caller.http.put(url).headers(headers).body("x").send().await.unwrap();
    assert_eq!(put.status().as_u16(), 200);
    let plain = list(&caller, &[]).await;
    assert_eq!(element(&plain, "Key"), "a&amp;&lt;\u{fffd}&gt;.bin");
    let encoded = list(&caller, &[("encoding-type", Some("url"))]).await;
    assert_eq!(
        (element(&encoded, "Key"), element(&encoded, "EncodingType")),
        ("a%26%3C%01%3E.bin".to_owned(), "url".to_owned())
    );
}
