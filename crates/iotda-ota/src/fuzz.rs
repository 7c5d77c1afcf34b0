//! The entries of the fuzz targets `answer` and `journal`, which the tests call with their saved inputs.

#[path = "../../../tests/fuzz/message.rs"]
mod message;
#[cfg(test)]
#[path = "../../../tests/fuzz/replay.rs"]
mod replay;

use bytes::Bytes;
use http::StatusCode;
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

/// The strict and the lenient reading of a package agree, and what is written is read as the same. What one of them
/// refuses, such as bytes that are no text in a field that the other does not look at, the other may take.
fn package(body: &[u8]) {
    let strict = serde_json::from_slice(body).ok().and_then(Package::from_wire);
    let Some(lenient) = Package::from_body(body) else { return };
    assert!(strict.is_none_or(|strict| strict == lenient));
    let written = serde_json::to_vec(&lenient).expect("texts and numbers");
    assert_eq!(Package::from_body(&written), Some(lenient));
}

fn page(body: &[u8]) {
    let strict = serde_json::from_slice(body).ok().and_then(PackagePage::from_wire);
    let lenient = PackagePage::from_body(body);
    if let (Some(strict), Some(lenient)) = (strict, lenient) {
        // Lists have no locations; the lenient reading takes one that is there.
        let ids = |page: &PackagePage| page.packages.iter().map(|one| one.package_id.clone()).collect::<Vec<_>>();
        assert_eq!((ids(&strict), &strict.marker), (ids(&lenient), &lenient.marker));
    }
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
