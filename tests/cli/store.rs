//! What the OBS of an emulator holds, asked with requests that are signed here.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// The keys of all objects.
pub(crate) fn objects(variables: &BTreeMap<String, String>) -> Vec<String> {
    texts(&request(variables, "GET", "", ""), "Key")
}

/// The ids of all multipart uploads that were neither completed nor cancelled.
pub(crate) fn uploads(variables: &BTreeMap<String, String>) -> Vec<String> {
    texts(&request(variables, "GET", "?uploads", ""), "UploadId")
}

/// Puts an object there.
pub(crate) fn put(variables: &BTreeMap<String, String>, key: &str, content: &str) {
    request(variables, "PUT", key, content);
}

/// Deletes an object, as somebody may who does not know what it is for.
pub(crate) fn delete(variables: &BTreeMap<String, String>, key: &str) {
    request(variables, "DELETE", key, "");
}

/// The answer to a request about the bucket, or about something in it.
fn request(variables: &BTreeMap<String, String>, method: &str, what: &str, body: &str) -> String {
    let host = variables["IOTDA_OTA_OBS_ENDPOINT"].strip_prefix("http://").unwrap();
    let (id, secret) = (&variables["HUAWEICLOUD_SDK_AK"], &variables["HUAWEICLOUD_SDK_SK"]);
    let path = format!("/{}/{what}", variables["IOTDA_OTA_BUCKET"]);
    let date = jiff::Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{method}\n\n\n{date}\n{path}").as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());

    let mut connection = TcpStream::connect(host).unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nDate: {date}\r\nConnection: close");
    let length = body.len();
    write!(connection, "{head}\r\nAuthorization: OBS {id}:{signature}\r\nContent-Length: {length}\r\n\r\n{body}")
        .unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 20"), "{answer}");
    answer
}

/// What stands in all elements of this name.
fn texts(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).filter_map(|rest| Some(rest.split_once(&close)?.0.to_owned())).collect()
}
