//! Uploads a file in parts as the library does, with the digest of each part, but without the digest of the whole, without
//! a look at what is there already, and without a journal.
//!
//! It is one of the bounds of `publish`: nothing that uploads to this store in this way can be quicker. As in the library,
//! a thread reads ahead into buffers that are used again, and as many parts are on their way. Arguments: FILE OBJECT_KEY,
//! and `--delete` to delete the object instead. Endpoint, keys and bucket come from the environment, by the names that the
//! emulator prints.

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use http::header::{AUTHORIZATION, DATE, ETAG};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use huaweicloud_signing::AccessKey;
use huaweicloud_signing::obs::{Resource, authorization};
use iotda_ota_bench::{Meter, report};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

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

/// A part of the file, whose memory goes back to the reader with the last use of it.
struct Buffer {
    bytes: Vec<u8>,
    home: mpsc::Sender<Vec<u8>>,
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
        // As in the library: reading the certificates of the machine takes longer than a small upload.
        http: reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?,
        endpoint: env::var("IOTDA_OTA_OBS_ENDPOINT")?,
        id: env::var("HUAWEICLOUD_SDK_AK")?,
        secret: env::var("HUAWEICLOUD_SDK_SK")?,
        bucket: env::var("IOTDA_OTA_BUCKET")?,
        key: key.clone(),
    });
    let meter = Meter::start();
    if arguments.iter().any(|argument| argument == "--delete") {
        store.send(Method::DELETE, &[], Digested::No, Bytes::new()).await?;
    } else {
        store.upload(path).await?;
    }
    report(meter.read(), []);
    Ok(())
}

/// Whether the SHA-256 of a body goes along with it.
#[derive(PartialEq, Eq)]
enum Digested {
    Yes,
    No,
}

impl Store {
    async fn upload(self: Arc<Self>, path: &str) -> Result<(), Failure> {
        let file = File::open(path)?;
        if file.metadata()?.len() <= PART as u64 {
            self.send(Method::PUT, &[], Digested::Yes, std::fs::read(path)?.into()).await?;
            return Ok(());
        }
        let (_, begun) = self.send(Method::POST, &[("uploads", None)], Digested::No, Bytes::new()).await?;
        let begun = String::from_utf8(begun.to_vec())?;
        let upload: Arc<str> = between(&begun, "<UploadId>", "</UploadId>").ok_or("no upload id")?.into();

        let (parts, mut read_ahead) = tokio::sync::mpsc::channel(1);
        let reader = tokio::task::spawn_blocking(move || read(file, &parts));
        let places = Arc::new(Semaphore::new(IN_FLIGHT));
        let mut sending = JoinSet::new();
        let mut count: u32 = 0;
        loop {
            let place = Arc::clone(&places).acquire_owned().await?;
            let Some(part) = read_ahead.recv().await else { break };
            count += 1;
            let (store, upload, number) = (Arc::clone(&self), Arc::clone(&upload), count);
            sending.spawn(async move {
                let etag = store.part(&upload, number, part).await;
                drop(place);
                etag.map(|etag| (number, etag))
            });
        }
        reader.await??;
        let mut etags = Vec::new();
        while let Some(etag) = sending.join_next().await {
            etags.push(etag??);
        }
        etags.sort_unstable();
        let parts: String = etags
            .iter()
            .map(|(number, etag)| format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>"))
            .collect();
        let body = format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>");
        self.send(Method::POST, &[("uploadId", Some(&upload))], Digested::No, body.into()).await?;
        Ok(())
    }

    async fn part(&self, upload: &str, number: u32, part: Bytes) -> Result<String, Failure> {
        let number = number.to_string();
        let query = [("partNumber", Some(number.as_str())), ("uploadId", Some(upload))];
        let (headers, _) = self.send(Method::PUT, &query, Digested::Yes, part).await?;
        Ok(headers.get(ETAG).ok_or("no ETag")?.to_str()?.to_owned())
    }

    /// Signs and sends.
    async fn send(
        &self,
        method: Method,
        query: &[(&str, Option<&str>)],
        digested: Digested,
        body: Bytes,
    ) -> Result<(HeaderMap, Bytes), Failure> {
        let mut headers = HeaderMap::new();
        if digested == Digested::Yes {
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

/// Reads the file part by part, with one buffer more than are on their way.
fn read(mut file: File, parts: &tokio::sync::mpsc::Sender<Bytes>) -> Result<(), Failure> {
    let (home, free) = mpsc::channel();
    for _ in 0..=IN_FLIGHT {
        home.send(Vec::with_capacity(PART))?;
    }
    loop {
        let mut bytes = free.recv()?;
        bytes.clear();
        if (&mut file).take(PART as u64).read_to_end(&mut bytes)? == 0 {
            return Ok(());
        }
        // Who takes the parts goes away only when sending one of them failed, and says so itself.
        if parts.blocking_send(Bytes::from_owner(Buffer { bytes, home: home.clone() })).is_err() {
            return Ok(());
        }
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // At the end nobody reads any more.
        let _ = self.home.send(std::mem::take(&mut self.bytes));
    }
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    text.split_once(begin)?.1.split_once(end).map(|(inner, _)| inner)
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
