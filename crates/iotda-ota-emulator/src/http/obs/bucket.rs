//! Operations on a bucket: create it, list what is in it.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;

use super::super::{Shared, set};
use super::target::Target;
use super::xml::Xml;
use super::{Refused, refuse};
use crate::clock::xml_time;
use crate::rejection::Code;
use crate::rules;
use crate::store::{KeyPage, KeyQuery, Last};

/// Makes a bucket for a user; one that the user may use already is as good.
pub(super) async fn create(shared: &Shared, target: Target, user: String) -> Result<Response, Refused> {
    if target.bucket.is_empty() {
        target.require_bucket(&shared.store, None).await?;
    }
    rules::bucket::check(&target.bucket)?;
    let bucket = shared.store.create_bucket(target.bucket.clone(), user.clone()).await?;
    if !bucket.owner.is_empty() && bucket.owner != user {
        return Err(refuse(
            Code::ObsBucketAlreadyExists,
            format!("The bucket {:?} exists and belongs to another user; choose another name", target.bucket),
        ));
    }
    let mut response = StatusCode::OK.into_response();
    set(&mut response, LOCATION.as_str(), &format!("/{}", target.bucket));
    Ok(response)
}

/// Lists objects in the order of their keys.
pub(super) async fn list_objects(shared: &Shared, target: Target) -> Result<Response, Refused> {
    let query = key_query(&target, "marker", "max-keys")?;
    let encoded = target.wants_encoded_keys()?;
    let page = shared.store.list_objects(target.bucket.clone(), query.clone()).await?;

    let mut xml = Xml::answer("ListBucketResult").encode_keys(encoded);
    xml.element("Name", &target.bucket);
    xml.key("Prefix", &query.prefix);
    xml.key("Marker", &query.marker);
    if let Some(next) = last_key(&page, |object| &object.about.key) {
        xml.key("NextMarker", next);
    }
    xml.element("MaxKeys", query.most);
    if let Some(delimiter) = &query.delimiter {
        xml.key("Delimiter", delimiter);
    }
    xml.element("IsTruncated", page.next.is_some());
    for object in &page.items {
        xml.group("Contents", |xml| {
            xml.key("Key", &object.about.key);
            xml.element("LastModified", xml_time(object.modified));
            xml.etag(&object.content.etag);
            xml.element("Size", object.content.size);
            xml.user("Owner");
            xml.element("StorageClass", "STANDARD");
        });
    }
    common_prefixes(&mut xml, &page);
    let mut response = xml.finish(StatusCode::OK);
    set(&mut response, "x-obs-bucket-location", &shared.access.identities.region);
    Ok(response)
}

/// Lists multipart uploads in the order of keys and ids.
pub(super) async fn list_uploads(shared: &Shared, target: Target) -> Result<Response, Refused> {
    let query = key_query(&target, "key-marker", "max-uploads")?;
    let encoded = target.wants_encoded_keys()?;
    let id_marker = target.text("upload-id-marker").unwrap_or_default().to_owned();
    let page = shared.store.list_uploads(target.bucket.clone(), query.clone(), id_marker.clone()).await?;

    let mut xml = Xml::answer("ListMultipartUploadsResult").encode_keys(encoded);
    xml.element("Bucket", &target.bucket);
    xml.key("KeyMarker", &query.marker);
    xml.element("UploadIdMarker", id_marker);
    if let Some(next) = last_key(&page, |upload| &upload.about.key) {
        xml.key("NextKeyMarker", next);
        let id = page.items.last().filter(|_| page.next == Some(Last::Item)).map(|upload| upload.id.as_str());
        xml.element("NextUploadIdMarker", id.unwrap_or_default());
    }
    if let Some(delimiter) = &query.delimiter {
        xml.key("Delimiter", delimiter);
    }
    xml.key("Prefix", &query.prefix);
    xml.element("MaxUploads", query.most);
    xml.element("IsTruncated", page.next.is_some());
    for upload in &page.items {
        xml.group("Upload", |xml| {
            xml.key("Key", &upload.about.key);
            xml.element("UploadId", &upload.id);
            xml.user("Initiator");
            xml.user("Owner");
            xml.element("StorageClass", "STANDARD");
            xml.element("Initiated", xml_time(upload.initiated));
        });
    }
    common_prefixes(&mut xml, &page);
    Ok(xml.finish(StatusCode::OK))
}

fn key_query(target: &Target, marker: &str, most: &str) -> Result<KeyQuery, Refused> {
    let text = |name| target.text(name).unwrap_or_default().to_owned();
    Ok(KeyQuery {
        prefix: text("prefix"),
        marker: text(marker),
        delimiter: target.text("delimiter").filter(|delimiter| !delimiter.is_empty()).map(str::to_owned),
        most: target.most_entries(most)?,
    })
}

/// What the next page comes after, if there is one.
fn last_key<T>(page: &KeyPage<T>, key: impl Fn(&T) -> &String) -> Option<&String> {
    match page.next? {
        Last::Item => page.items.last().map(key),
        Last::CommonPrefix => page.common_prefixes.last(),
    }
}

fn common_prefixes<T>(xml: &mut Xml, page: &KeyPage<T>) {
    for prefix in &page.common_prefixes {
        xml.group("CommonPrefixes", |xml| xml.key("Prefix", prefix));
    }
}
