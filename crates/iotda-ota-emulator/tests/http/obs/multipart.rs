//! Multipart uploads: from the first call to the last, and everything that is refused on the way.

use http::Method;
use md5::{Digest, Md5};
use sha2::Sha256;

use super::{is, refused};
use crate::client::Caller;

/// The smallest size of a part that is not the last.
const LEAST: usize = 100 << 10;

/// Bytes that differ from part to part.
fn bytes(number: u32, size: usize) -> Vec<u8> {
    (0..size).map(|n| (n as u32).wrapping_mul(31).wrapping_add(number) as u8).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text of the first element of that name.
pub(super) fn element(xml: &str, name: &str) -> String {
    elements(xml, name).into_iter().next().unwrap_or_else(|| panic!("no {name} in {xml}"))
}

/// The texts of all elements of that name.
pub(super) fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).map(|rest| rest.split_once(&close).unwrap().0.to_owned()).collect()
}

impl Caller {
    pub(crate) async fn create_upload(&self, key: &str) -> String {
        let headers = [("content-type", "application/x-firmware"), ("x-obs-meta-version", "V2.0")];
        let answer = self.obs_query(Method::POST, key, &[("uploads", None)], &headers, "").await;
        assert_eq!(answer.status().as_u16(), 200);
        let xml = answer.text().await.unwrap();
        assert_eq!((element(&xml, "Bucket"), element(&xml, "Key")), ("emulator-bucket".to_owned(), key.to_owned()));
        element(&xml, "UploadId")
    }

    pub(crate) async fn part(
        &self,
        key: &str,
        id: &str,
        number: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> reqwest::Response {
        let query = [("partNumber", Some(number)), ("uploadId", Some(id))];
        self.obs_query(Method::PUT, key, &query, headers, body).await
    }

    /// Puts a part and returns its ETag.
    pub(crate) async fn put_part(&self, key: &str, id: &str, number: u32, size: usize) -> String {
        let answer = self.part(key, id, &number.to_string(), &[], bytes(number, size)).await;
        assert_eq!(answer.status().as_u16(), 200);
        answer.headers()["etag"].to_str().unwrap().to_owned()
    }

    pub(crate) async fn complete(&self, key: &str, id: &str, parts: &[(u32, String)]) -> reqwest::Response {
        let part = |(number, etag): &(u32, String)| {
            format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
        };
        let parts: String = parts.iter().map(part).collect();
        let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        self.obs_query(Method::POST, key, &[("uploadId", Some(id))], &[], body).await
    }

    pub(crate) async fn abort(&self, key: &str, id: &str) -> reqwest::Response {
        self.obs_query(Method::DELETE, key, &[("uploadId", Some(id))], &[], "").await
    }

    async fn list_parts(&self, key: &str, id: &str, more: &[(&str, Option<&str>)]) -> String {
        let mut query = vec![("uploadId", Some(id))];
        query.extend_from_slice(more);
        let answer = self.obs_query(Method::GET, key, &query, &[], "").await;
        assert_eq!(answer.status().as_u16(), 200);
        answer.text().await.unwrap()
    }
}

#[tokio::test]
async fn parts_in_any_order_become_one_object() {
    let caller = Caller::new().await;
    let key = "bbb/upgrade.bin";
    let id = caller.create_upload(key).await;
    let mut parts = Vec::new();
    for (number, size) in [(7, 1000), (2, LEAST), (5, LEAST + 1)] {
        parts.push((number, caller.put_part(key, &id, number, size).await));
    }
    parts.sort();
    assert_eq!(caller.obs(Method::HEAD, key, &[], "").await.status().as_u16(), 404);

    let answer = caller.complete(key, &id, &parts).await;
    assert_eq!(answer.status().as_u16(), 200);
    let xml = answer.text().await.unwrap();
    assert_eq!(element(&xml, "Location"), "/emulator-bucket/bbb/upgrade.bin");
    let etag = element(&xml, "ETag").replace("&quot;", "\"");
    assert!(etag.ends_with("-3\""), "{etag}");

    let expected = [bytes(2, LEAST), bytes(5, LEAST + 1), bytes(7, 1000)].concat();
    let answer = caller.obs(Method::GET, key, &[], "").await;
    let headers = answer.headers().clone();
    assert_eq!(
        (&headers["etag"], &headers["content-type"]),
        (&etag.parse().unwrap(), &"application/x-firmware".parse().unwrap())
    );
    assert_eq!(headers["x-obs-meta-version"], "V2.0");
    assert_eq!(answer.bytes().await.unwrap(), expected);

    for gone in [caller.complete(key, &id, &parts).await, caller.abort(key, &id).await] {
        assert_eq!(refused(gone).await, is(404, "NoSuchUpload"));
    }
}

#[tokio::test]
async fn the_etag_of_a_part_is_its_md5_only_when_the_request_has_it() {
    let caller = Caller::new().await;
    let id = caller.create_upload("a.bin").await;
    let body = bytes(1, 100);
    let (md5, sha256) = (Md5::digest(&body), hex(&Sha256::digest(&body)));
    let quoted = |text: &str| format!("\"{text}\"");
    let header = {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(md5)
    };
    for (headers, etag) in [
        (vec![("content-md5", header.as_str())], quoted(&hex(&md5))),
        (vec![("x-obs-content-sha256", sha256.as_str())], quoted(&sha256[..32])),
        (vec![], quoted(&sha256[..32])),
    ] {
        let answer = caller.part("a.bin", &id, "1", &headers, body.clone()).await;
        assert_eq!(answer.headers()["etag"], etag, "{headers:?}");
    }
}

#[tokio::test]
async fn the_etag_of_the_object_is_the_md5_of_those_of_its_parts() {
    let caller = Caller::new().await;
    let id = caller.create_upload("a.bin").await;
    let etags = [(1, caller.put_part("a.bin", &id, 1, LEAST).await), (2, caller.put_part("a.bin", &id, 2, 5).await)];
    let xml = caller.complete("a.bin", &id, &etags).await.text().await.unwrap();
    let digests = [(1, LEAST), (2, 5)].map(|(number, size)| Sha256::digest(bytes(number, size))[..16].to_vec());
    assert_eq!(element(&xml, "ETag"), format!("&quot;{}-2&quot;", hex(&Md5::digest(digests.concat()))));
}

#[tokio::test]
async fn a_part_that_differs_from_its_checksum_is_not_stored() {
    let caller = Caller::new().await;
    let id = caller.create_upload("a.bin").await;
    let md5 = caller.part("a.bin", &id, "1", &[("content-md5", super::MD5)], "other").await;
    assert_eq!(refused(md5).await, is(400, "BadDigest"));
    let sha256 = caller.part("a.bin", &id, "1", &[("x-obs-content-sha256", super::SHA256)], "other").await;
    assert_eq!(refused(sha256).await, is(400, "EMULATOR.ContentSha256Mismatch"));
    assert!(!caller.list_parts("a.bin", &id, &[]).await.contains("<Part>"));
}

#[tokio::test]
async fn refuses_numbers_and_uploads_that_are_none() {
    let caller = Caller::new().await;
    let id = caller.create_upload("a.bin").await;
    for number in ["0", "10001", "one"] {
        let answer = caller.part("a.bin", &id, number, &[], "bytes").await;
        assert_eq!(refused(answer).await, is(400, "InvalidArgument"), "{number}");
    }
    for (key, id) in [("a.bin", "nothing"), ("b.bin", &id)] {
        let part = caller.part(key, id, "1", &[], "bytes").await;
        assert_eq!(refused(part).await, is(404, "NoSuchUpload"));
        let list = caller.obs_query(Method::GET, key, &[("uploadId", Some(id))], &[], "").await;
        assert_eq!(refused(list).await, is(404, "NoSuchUpload"));
        let complete = caller.complete(key, id, &[(1, "\"00\"".to_owned())]).await;
        assert_eq!(refused(complete).await, is(404, "NoSuchUpload"));
        assert_eq!(refused(caller.abort(key, id).await).await, is(404, "NoSuchUpload"));
    }
}

#[tokio::test]
async fn refuses_lists_of_parts_that_do_not_fit() {
    let caller = Caller::new().await;
    let id = caller.create_upload("a.bin").await;
    let mut etags = Vec::new();
    for (number, size) in [(1, LEAST), (2, LEAST - 1), (3, 1)] {
        etags.push((number, caller.put_part("a.bin", &id, number, size).await));
    }
    let [one, two, three] = [etags[0].clone(), etags[1].clone(), etags[2].clone()];
    for (parts, code) in [
        (vec![two.clone(), one.clone()], "InvalidPartOrder"),
        (vec![one.clone(), one.clone()], "InvalidPartOrder"),
        (vec![one.clone(), (4, one.1.clone())], "InvalidPart"),
        (vec![(1, three.1.clone())], "InvalidPart"),
        (vec![one.clone(), two.clone(), three], "EntityTooSmall"),
        (vec![], "MalformedXML"),
    ] {
        let answer = caller.complete("a.bin", &id, &parts).await;
        assert_eq!(refused(answer).await, is(400, code), "{parts:?}");
    }
    for (body, code) in
        [("", "MissingRequestBodyError"), ("{}", "MalformedXML"), ("<CompleteMultipartUpload><Part>", "MalformedXML")]
    {
        let answer = caller.obs_query(Method::POST, "a.bin", &[("uploadId", Some(&id))], &[], body).await;
        assert_eq!(refused(answer).await, is(400, code), "{body}");
    }
    // A refusal costs nothing, and an ETag may come without its quotation marks.
    let bare = |(number, etag): (u32, String)| (number, etag.trim_matches('"').to_owned());
    assert_eq!(caller.complete("a.bin", &id, &[bare(one), bare(two)]).await.status().as_u16(), 200);
}

#[tokio::test]
async fn lists_the_parts_of_an_upload_in_pages() {
    let caller = Caller::new().await;
    let id = caller.create_upload("a.bin").await;
    for number in [3, 1, 10_000, 20] {
        caller.put_part("a.bin", &id, number, number as usize).await;
    }
    let second = caller.put_part("a.bin", &id, 20, 21).await;
    let xml = caller.list_parts("a.bin", &id, &[]).await;
    assert_eq!(elements(&xml, "PartNumber"), ["1", "3", "20", "10000"]);
    assert_eq!(elements(&xml, "Size"), ["1", "3", "21", "10000"]);
    assert_eq!(elements(&xml, "ETag")[2], second.replace('"', "&quot;"));
    assert_eq!((element(&xml, "IsTruncated"), element(&xml, "MaxParts")), ("false".to_owned(), "1000".to_owned()));

    let xml = caller.list_parts("a.bin", &id, &[("max-parts", Some("2"))]).await;
    assert_eq!(elements(&xml, "PartNumber"), ["1", "3"]);
    assert_eq!(
        (element(&xml, "IsTruncated"), element(&xml, "NextPartNumberMarker")),
        ("true".to_owned(), "3".to_owned())
    );
    let xml = caller.list_parts("a.bin", &id, &[("max-parts", Some("2")), ("part-number-marker", Some("3"))]).await;
    assert_eq!(elements(&xml, "PartNumber"), ["20", "10000"]);
    assert!(!xml.contains("NextPartNumberMarker"), "{xml}");
}

#[tokio::test]
async fn lists_the_uploads_of_a_bucket_in_pages() {
    let caller = Caller::new().await;
    let mut ids = vec![caller.create_upload("fw/a.bin").await, caller.create_upload("fw/a.bin").await];
    ids.sort();
    ids.push(caller.create_upload("fw/b.bin").await);
    let other = caller.create_upload("other.bin").await;
    let list = async |query: &[(&str, Option<&str>)]| {
        let query = [&[("uploads", None)], query].concat();
        let answer = caller.obs_query(Method::GET, "", &query, &[], "").await;
        assert_eq!(answer.status().as_u16(), 200);
        answer.text().await.unwrap()
    };
    let xml = list(&[("prefix", Some("fw/"))]).await;
    assert_eq!(elements(&xml, "UploadId"), ids);
    assert_eq!(elements(&xml, "Key"), ["fw/a.bin", "fw/a.bin", "fw/b.bin"]);

    let first = list(&[("prefix", Some("fw/")), ("max-uploads", Some("1"))]).await;
    assert_eq!(
        (element(&first, "IsTruncated"), elements(&first, "UploadId")),
        ("true".to_owned(), vec![ids[0].clone()])
    );
    let (key, id) = (element(&first, "NextKeyMarker"), element(&first, "NextUploadIdMarker"));
    let rest = list(&[("prefix", Some("fw/")), ("key-marker", Some(&key)), ("upload-id-marker", Some(&id))]).await;
    assert_eq!(elements(&rest, "UploadId"), ids[1..]);
    let after_key = list(&[("key-marker", Some(&key))]).await;
    assert_eq!(elements(&after_key, "UploadId"), [ids[2].clone(), other.clone()]);
    let grouped = list(&[("delimiter", Some("/"))]).await;
    assert_eq!(
        (elements(&grouped, "UploadId"), grouped.contains("<CommonPrefixes><Prefix>fw/</Prefix>")),
        (vec![other], true)
    );

    caller.abort("fw/b.bin", &ids[2]).await;
    let xml = list(&[("prefix", Some("fw/b"))]).await;
    assert!(!xml.contains("<Upload>"), "{xml}");
}

#[tokio::test]
async fn strict_reads_an_object_of_parts_to_compare_its_sign() {
    let emulator = iotda_ota_emulator::Emulator::builder().strict(true).start().await.unwrap();
    let caller = Caller::of(emulator);
    let id = caller.create_upload("a.bin").await;
    let etags = [(1, caller.put_part("a.bin", &id, 1, LEAST).await), (2, caller.put_part("a.bin", &id, 2, 5).await)];
    assert_eq!(caller.complete("a.bin", &id, &etags).await.status().as_u16(), 200);
    let mut body = crate::client::minimal("a.bin");
    let mut create = async |sign: String| {
        body["file_location"]["obs_location"]["sign"] = sign.into();
        caller.create(&body).await
    };
    let wrong = create("0".repeat(64)).await;
    assert_eq!(crate::client::code(&wrong), (400, "EMULATOR.SIGN_MISMATCH"));
    let right = hex(&Sha256::digest([bytes(1, LEAST), bytes(2, 5)].concat()));
    assert_eq!(create(right).await.0, 201);
}
