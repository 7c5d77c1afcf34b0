//! Multipart uploads: begin, put parts, list them, complete, abort.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use serde::Deserialize;

use super::super::Shared;
use super::super::body::{BodyError, Chunks};
use super::put::{about, refuse_copy, stored};
use super::receive::{Checksums, receive};
use super::target::Target;
use super::xml::Xml;
use super::{Refused, refuse};
use crate::clock::xml_time;
use crate::rejection::{Code, Rejection};
use crate::rules::multipart::{self, ListedPart, MOST_PARTS};
use crate::store::{Digests, UploadName, Wanted, hex};

/// Most bytes of a list of parts; one of the most parts there can be is far smaller.
const MOST_LIST_BYTES: usize = 4 << 20;

/// Begins an upload.
pub(super) async fn create(shared: &Shared, parts: &Parts, target: Target) -> Result<Response, Refused> {
    let encoded = target.wants_encoded_keys()?;
    let upload = shared.store.create_upload(about(&parts.headers, target)?).await?;
    let mut xml = Xml::answer("InitiateMultipartUploadResult").encode_keys(encoded);
    xml.element("Bucket", &upload.about.bucket);
    xml.key("Key", &upload.about.key);
    xml.element("UploadId", &upload.id);
    Ok(xml.finish(StatusCode::OK))
}

/// Stores a part in place of the one that had the number before.
pub(super) async fn put_part(
    shared: &Shared,
    parts: &Parts,
    body: &mut Option<Body>,
    target: Target,
) -> Result<Response, Refused> {
    refuse_copy(&parts.headers)?;
    let number = multipart::number(target.text("partNumber").unwrap_or_default())?;
    let checksums = Checksums::read(&parts.headers)?;
    let name = upload_name(target);
    // Asked again when the part is complete; but nobody should have to send it to learn that.
    shared.store.upload(name.clone()).await?;
    let md5 = checksums.has_md5();
    let received = receive(shared, parts, body, &checksums, Wanted { md5, sha256: !md5 }).await?;
    let etag = part_etag(&received.digests);
    shared.store.put_part(name, number, etag.clone(), received).await?;
    Ok(stored(&etag))
}

/// The MD5 if the request had one, else as many digits of the SHA-256: it costs half as much to compute, and the two
/// cannot be told apart by their form.
fn part_etag(digests: &Digests) -> String {
    match (digests.md5, digests.sha256) {
        (Some(md5), _) => hex(&md5),
        (None, sha256) => hex(&sha256.unwrap_or_default()[..16]),
    }
}

/// Lists the parts of an upload.
pub(super) async fn list_parts(shared: &Shared, target: Target) -> Result<Response, Refused> {
    let most = target.most_entries("max-parts")?;
    let encoded = target.wants_encoded_keys()?;
    let after = target.number("part-number-marker")?.unwrap_or_default();
    let after = u32::try_from(after.clamp(0, MOST_PARTS.into())).unwrap_or(MOST_PARTS);
    let name = upload_name(target);
    // One more tells whether there is more.
    let mut parts = shared.store.list_parts(name.clone(), after, most + 1).await?;
    let truncated = parts.len() > most;
    parts.truncate(most);

    let mut xml = Xml::answer("ListPartsResult").encode_keys(encoded);
    xml.element("Bucket", &name.bucket);
    xml.key("Key", &name.key);
    xml.element("UploadId", &name.id);
    xml.user("Initiator");
    xml.user("Owner");
    xml.element("StorageClass", "STANDARD");
    xml.element("PartNumberMarker", after);
    if let Some(last) = parts.last().filter(|_| truncated) {
        xml.element("NextPartNumberMarker", last.number);
    }
    xml.element("MaxParts", most);
    xml.element("IsTruncated", truncated);
    for part in &parts {
        xml.group("Part", |xml| {
            xml.element("PartNumber", part.number);
            xml.element("LastModified", xml_time(part.modified));
            xml.etag(&part.etag);
            xml.element("Size", part.size);
        });
    }
    Ok(xml.finish(StatusCode::OK))
}

/// Makes the parts that the body lists an object.
pub(super) async fn complete(shared: &Shared, body: &mut Option<Body>, target: Target) -> Result<Response, Refused> {
    let encoded = target.wants_encoded_keys()?;
    let name = upload_name(target);
    shared.store.upload(name.clone()).await?;
    let listed = read_list(&read_body(shared, body).await?)?;
    let object = shared.store.complete_upload(name, listed).await?;
    let mut xml = Xml::answer("CompleteMultipartUploadResult").encode_keys(encoded);
    xml.key("Location", &format!("/{}/{}", object.about.bucket, object.about.key));
    xml.element("Bucket", &object.about.bucket);
    xml.key("Key", &object.about.key);
    xml.etag(&object.content.etag);
    Ok(xml.finish(StatusCode::OK))
}

/// Gives an upload up.
pub(super) async fn abort(shared: &Shared, target: Target) -> Result<Response, Refused> {
    shared.store.abort_upload(upload_name(target)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn upload_name(target: Target) -> UploadName {
    let id = target.text("uploadId").unwrap_or_default().to_owned();
    UploadName { bucket: target.bucket, key: target.key, id }
}

async fn read_body(shared: &Shared, body: &mut Option<Body>) -> Result<String, Refused> {
    let mut chunks = Chunks::new(body.take().unwrap_or_default(), shared.patience);
    let mut bytes = Vec::new();
    loop {
        match chunks.next().await {
            Ok(None) => break,
            Ok(Some(chunk)) if bytes.len() + chunk.len() > MOST_LIST_BYTES => {
                chunks.discard().await;
                let message = format!("A list of parts may have {MOST_LIST_BYTES} bytes");
                return Err(refuse(Code::ObsEntityTooLarge, message));
            }
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Err(BodyError::Stalled(message)) => return Err(refuse(Code::ObsRequestTimeout, message)),
            Err(BodyError::Broken(message)) => return Err(refuse(Code::ObsIncompleteBody, message)),
        }
    }
    String::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))
}

#[derive(Deserialize)]
#[serde(rename = "CompleteMultipartUpload")]
struct List {
    #[serde(rename = "Part", default)]
    parts: Vec<PartElement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PartElement {
    part_number: u32,
    #[serde(rename = "ETag")]
    etag: String,
}

fn read_list(text: &str) -> Result<Vec<ListedPart>, Refused> {
    if text.trim().is_empty() {
        return Err(refuse(Code::ObsMissingRequestBody, "The body must list the parts of the object"));
    }
    let list: List = quick_xml::de::from_str(text).map_err(|error| malformed(&error.to_string()))?;
    if list.parts.is_empty() {
        return Err(malformed("it lists no part"));
    }
    let part = |part: PartElement| ListedPart {
        number: part.part_number,
        etag: part.etag.trim().trim_matches('"').to_owned(),
    };
    Ok(list.parts.into_iter().map(part).collect())
}

fn malformed(problem: &str) -> Refused {
    Rejection::new(
        Code::ObsMalformedXml,
        format!("The body must be a CompleteMultipartUpload with Part elements of PartNumber and ETag: {problem}"),
    )
    .into()
}
