//! Uploads a file in parts as the library does, with the digest of each part, but without the digest of the whole.
//!
//! It is one of the bounds of `publish`: nothing that uploads to this store in this way can be quicker. Arguments: FILE
//! OBJECT_KEY, and `--delete` to delete the object instead. Endpoint, keys and bucket come from the environment, by the
//! names that the emulator prints.

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::header::{AUTHORIZATION, DATE, ETAG};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use huaweicloud_signing::AccessKey;
use huaweicloud_signing::obs::{Resource, authorization};
use iotda_ota_bench::{Meter, report};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

type Failure = Box<dyn Error + Send + Sync>;

/// The size and number of parts that the library has by default.
const PART: usize = 8 * 1024 * 1024;
const IN_FLIGHT: usize = 4;

struct Store {
    http: reqwest::Client,
    endpoint: String,
    id: String,
    secret: String,
    bucket: String,
    key: String,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (path, key) = match arguments.as_slice() {
        [path, key, ..] => (path, key),
        _ => return Err("usage: upload_alone FILE OBJECT_KEY [--delete]".into()),
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let store = Arc::new(Store {
        http: reqwest::Client::builder().no_proxy().build()?,
        endpoint: env::var("IOTDA_OTA_OBS_ENDPOINT")?,
        id: env::var("HUAWEICLOUD_SDK_AK")?,
        secret: env::var("HUAWEICLOUD_SDK_SK")?,
        bucket: env::var("IOTDA_OTA_BUCKET")?,
        key: key.clone(),
    });
    let meter = Meter::start();
    if arguments.iter().any(|argument| argument == "--delete") {
        store.send(Method::DELETE, &[], None, Bytes::new()).await?;
    } else {
        store.upload(path).await?;
    }
    report(meter.read(), []);
    Ok(())
}

impl Store {
    async fn upload(self: &Arc<Self>, path: &str) -> Result<(), Failure> {
        if File::open(path)?.metadata()?.len() <= PART as u64 {
            self.send(Method::PUT, &[], Some(()), std::fs::read(path)?.into()).await?;
            return Ok(());
        }
        let (_, begun) = self.send(Method::POST, &[("uploads", None)], None, Bytes::new()).await?;
        let begun = String::from_utf8(begun.to_vec())?;
        let upload = between(&begun, "<UploadId>", "</UploadId>").ok_or("no upload id")?.to_owned();

        let mut file = File::open(path)?;
        let parts = stream::iter(1u32..)
            .map(|number| {
                let mut part = Vec::with_capacity(PART);
                (&mut file).take(PART as u64).read_to_end(&mut part).map(|_| (number, Bytes::from(part)))
            })
            .take_while(|part| std::future::ready(!part.as_ref().is_ok_and(|(_, part)| part.is_empty())));
        let mut etags: Vec<(u32, String)> = parts
            .map(|part| {
                let (store, upload) = (Arc::clone(self), upload.clone());
                async move {
                    let (number, part) = part?;
                    let text = number.to_string();
                    let query = [("partNumber", Some(text.as_str())), ("uploadId", Some(upload.as_str()))];
                    let (headers, _) = store.send(Method::PUT, &query, Some(()), part).await?;
                    let etag = headers.get(ETAG).ok_or("no ETag")?.to_str()?.to_owned();
                    Ok::<_, Failure>((number, etag))
                }
            })
            .buffer_unordered(IN_FLIGHT)
            .try_collect()
            .await?;
        etags.sort_unstable();
        let parts: String = etags
            .iter()
            .map(|(number, etag)| format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"))
            .collect();
        let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        self.send(Method::POST, &[("uploadId", Some(&upload))], None, body.into()).await?;
        Ok(())
    }

    /// Signs and sends; `digest` says whether the body's SHA-256 goes along.
    async fn send(
        &self,
        method: Method,
        query: &[(&str, Option<&str>)],
        digest: Option<()>,
        body: Bytes,
    ) -> Result<(HeaderMap, Bytes), Failure> {
        let mut headers = HeaderMap::new();
        if digest.is_some() {
            let counted = body.clone();
            let digits = tokio::task::spawn_blocking(move || hex(&Sha256::digest(&counted))).await?;
            headers.insert(HeaderName::from_static("x-obs-content-sha256"), HeaderValue::from_str(&digits)?);
        }
        let date = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        headers.insert(DATE, HeaderValue::from_str(&date)?);
        let resource = Resource { bucket: Some(&self.bucket), key: Some(&self.key), query };
        let pair = AccessKey { id: &self.id, secret: &self.secret };
        headers.insert(AUTHORIZATION, authorization(&pair, &method, &resource, &headers)?);
        let mut url = format!("{}/{}/{}", self.endpoint.trim_end_matches('/'), self.bucket, self.key);
        for (index, (name, value)) in query.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(name);
            if let Some(value) = value {
                url.push('=');
                url.push_str(value);
            }
        }
        let answer = self.http.request(method, url).headers(headers).body(body).send().await?.error_for_status()?;
        Ok((answer.headers().clone(), answer.bytes().await?))
    }
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    text.split_once(begin)?.1.split_once(end).map(|(inner, _)| inner)
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
