//! The lists of parts and of uploads, page by page.

use std::collections::{BTreeMap, HashSet};

use http::Method;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer};

use super::{Place, read};
use crate::error::service::ServiceError;
use crate::error::{Error, ErrorKind};
use crate::obs::Obs;
use crate::obs::attempt::Reply;
use crate::obs::refusal::NOT_OBS;
use crate::obs::request::Request;

/// The most pages of a list that are read; each has up to a thousand entries.
const MOST_PAGES: usize = 200;

/// The most bytes of a list that are read, all pages together; ten thousand parts take some megabytes.
const LONGEST_LIST: usize = 32 * 1024 * 1024;

/// A part that the store lists.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(in crate::obs) struct ListedPart {
    #[serde(rename = "PartNumber")]
    number: u32,
    #[serde(rename = "ETag")]
    pub(in crate::obs) etag: String,
    #[serde(rename = "Size")]
    pub(in crate::obs) size: u64,
}

#[derive(Deserialize)]
pub(in crate::obs) struct PartPage {
    #[serde(rename = "IsTruncated", default)]
    truncated: bool,
    #[serde(rename = "NextPartNumberMarker", default)]
    next: Option<String>,
    #[serde(rename = "Part", default)]
    parts: Vec<ListedPart>,
}

#[derive(Deserialize)]
pub(in crate::obs) struct UploadPage {
    #[serde(rename = "EncodingType", default)]
    encoding: Option<String>,
    #[serde(rename = "IsTruncated", default)]
    truncated: bool,
    #[serde(rename = "NextKeyMarker", default)]
    next_key: Option<String>,
    #[serde(rename = "NextUploadIdMarker", default)]
    next_upload_id: Option<String>,
    #[serde(rename = "Upload", default)]
    uploads: Vec<ListedUpload>,
}

/// An upload that the store lists.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::obs) struct ListedUpload {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "UploadId")]
    pub(in crate::obs) upload_id: String,
    /// When it was begun; `None` if the answer does not say it in a way that is understood.
    #[serde(rename = "Initiated", default, deserialize_with = "lenient_time")]
    pub(in crate::obs) initiated: Option<Timestamp>,
}

impl Obs {
    /// The parts that the store has, by number.
    pub(in crate::obs) async fn list_parts(&self, place: Place<'_>) -> Result<BTreeMap<u32, ListedPart>, Error> {
        const OPERATION: &str = "obs_list_parts";
        let (mut found, mut pages) = (BTreeMap::new(), Pages::new(OPERATION));
        let mut marker = None;
        loop {
            let mut request = Request::new(OPERATION, Method::GET, place.bucket, place.key)
                .query("uploadId", place.upload_id.to_owned())
                .query("max-parts", "1000".to_owned());
            if let Some(marker) = marker.take() {
                request = request.query("part-number-marker", marker);
            }
            let reply = self.call(&request).await?;
            let page: PartPage = read(OPERATION, &reply)?;
            found.extend(page.parts.into_iter().map(|part| (part.number, part)));
            let Some(next) = page.next.filter(|next| page.truncated && !next.is_empty()) else { return Ok(found) };
            pages.follow(&reply, &next)?;
            marker = Some(next);
        }
    }

    /// All uploads of this very key that are neither completed nor given up.
    ///
    /// Keys are asked for in the form of addresses, because XML cannot hold every character (esdk-obs-python 3.26.6,
    /// `trans_list_multipart_uploads`); a store that does not know of that answers them as they are.
    pub(in crate::obs) async fn list_uploads(&self, bucket: &str, key: &str) -> Result<Vec<ListedUpload>, Error> {
        const OPERATION: &str = "obs_list_multipart_uploads";
        let (mut found, mut pages) = (Vec::new(), Pages::new(OPERATION));
        let mut marker: Option<(String, String)> = None;
        loop {
            let mut request = Request::new(OPERATION, Method::GET, bucket, "")
                .query("uploads", None)
                .query("prefix", key.to_owned())
                .query("encoding-type", "url".to_owned())
                .query("max-uploads", "1000".to_owned());
            if let Some((key, upload_id)) = &marker {
                request = request.query("key-marker", key.clone());
                if !upload_id.is_empty() {
                    request = request.query("upload-id-marker", upload_id.clone());
                }
            }
            let reply = self.call(&request).await?;
            let page: UploadPage = read(OPERATION, &reply)?;
            let encoded = page.encoding.as_deref() == Some("url");
            let plain = |key: &str| if encoded { decoded(key) } else { key.to_owned() };
            found.extend(page.uploads.into_iter().filter(|upload| plain(&upload.key) == key));
            let next = page.next_key.filter(|next| page.truncated && !next.is_empty());
            let Some(next_key) = next else { return Ok(found) };
            let next = (plain(&next_key), page.next_upload_id.unwrap_or_default());
            pages.follow(&reply, &format!("{next:?}"))?;
            marker = Some(next);
        }
    }
}

/// The pages of a list so far, so that none is followed for ever.
struct Pages {
    operation: &'static str,
    bytes: usize,
    markers: HashSet<String>,
}

impl Pages {
    fn new(operation: &'static str) -> Self {
        Self { operation, bytes: 0, markers: HashSet::new() }
    }

    /// Goes on from a page to the one that its marker leads to.
    fn follow(&mut self, reply: &Reply, marker: &str) -> Result<(), Error> {
        self.bytes += reply.body.len();
        let message = if !self.markers.insert(marker.to_owned()) {
            "the list goes round in circles".to_owned()
        } else if self.markers.len() >= MOST_PAGES {
            format!("the list has more than {MOST_PAGES} pages")
        } else if self.bytes > LONGEST_LIST {
            format!("the list is longer than {LONGEST_LIST} bytes")
        } else {
            return Ok(());
        };
        let service = ServiceError::read(reply.status, &reply.headers, b"");
        Err(Error::new(ErrorKind::Unintelligible, message)
            .with_operation(self.operation)
            .with_service(service)
            .with_hint(NOT_OBS))
    }
}

/// A key in the form of addresses, in which a blank may be a plus sign.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// A time that cannot be understood is none.
fn lenient_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(String::deserialize(deserializer)?.parse().ok())
}

#[cfg(test)]
mod tests;
