//! The entries of the fuzz targets `answer` and `journal`, which the tests call with their saved inputs.

#[path = "../../../tests/fuzz/message.rs"]
mod message;
#[cfg(test)]
#[path = "../../../tests/fuzz/replay.rs"]
mod replay;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::error::Error;
use crate::model::Package;
use crate::packages::PackagePage;
use crate::{call, obs, retry};

thread_local! {
    /// Making one takes longer than most inputs.
    static RUNTIME: Runtime = Builder::new_current_thread().enable_time().build().expect("a runtime without threads");
}

/// Reads an answer, a status on a line before headers and body, as every operation would.
pub fn answer(data: &[u8]) {
    let (first, headers, body) = message::split(data);
    let status = StatusCode::from_bytes(first).unwrap_or(StatusCode::OK);
    let response = || {
        let mut response = http::Response::new(Bytes::copy_from_slice(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers.clone();
        reqwest::Response::from(response)
    };
    package(body);
    page(body);
    let _ = retry::asked_for(&headers);
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let ours = call::fuzz::errors(response()).await;
            let of_obs = obs::fuzz::errors(response()).await;
            ours.iter().chain(&of_obs).for_each(check);
        });
    });
}

/// Reads the journal of an upload, writes what was read, and reads it again.
pub fn journal(data: &[u8]) {
    obs::fuzz::journal(data);
}

/// The lenient reading of a package takes whatever the strict one takes, as the same; and what is written is read as the
/// same.
fn package(body: &[u8]) {
    if let Some(lenient) = Package::from_body(body) {
        let written = serde_json::to_vec(&lenient).expect("texts and numbers");
        assert_eq!(Package::from_body(&written), Some(lenient));
    }
    let Some(body) = plain(body) else { return };
    if let Some(strict) = serde_json::from_slice(&body).ok().and_then(Package::from_wire) {
        assert_eq!(Package::from_body(&body), Some(strict));
    }
}

/// The same for a page.
fn page(body: &[u8]) {
    let _ = PackagePage::from_body(body);
    let Some(body) = plain(body) else { return };
    let Some(strict) = serde_json::from_slice(&body).ok().and_then(PackagePage::from_wire) else { return };
    let mut lenient = PackagePage::from_body(&body).expect("the lenient reading takes what the strict one takes");
    // Lists have no locations; the lenient reading takes one that is there.
    lenient.packages.iter_mut().for_each(|package| package.file_location = None);
    assert_eq!(lenient, strict);
}

/// The same JSON without what readers may differ about: a name twice, bytes that are no text where nobody looks, and
/// lists where objects belong, which the generated types take for the fields in their order.
fn plain(body: &[u8]) -> Option<Vec<u8>> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let is_object = |value: &Value| value.is_object() || value.is_null();
    let place = &value["file_location"];
    let items = value["packages"].as_array().into_iter().flatten();
    let objects = [&value, &value["page"], place, &place["obs_location"]].into_iter().chain(items).all(is_object);
    objects.then(|| value.to_string().into_bytes())
}

/// What is printed of an error is on one line and bounded, whatever the service wrote.
fn check(error: &Error) {
    let text = error.to_string();
    assert!(!text.chars().any(char::is_control), "{text:?}");
    assert!(text.len() < 100_000, "{}", text.len());
    let _ = (format!("{error:?}"), error.retry_after(), error.hint(), error.request_id());
    assert!(error.status().is_some());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_corpora_are_survived() {
        replay::corpus("answer", answer);
        replay::corpus("journal", journal);
    }
}
