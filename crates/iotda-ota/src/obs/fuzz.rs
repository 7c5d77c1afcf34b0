//! What the fuzz targets `answer` and `journal` reach in here.

use super::attempt::Reply;
use super::multipart::{self, Begun, Completed, PartPage, UploadPage};
use super::request::Request;
use super::{journal, refusal};
use crate::auth::{AccessKey, Credentials};
use crate::error::Error;
use crate::error::secrets::Secrets;

/// The errors that an answer would be: a refusal, or a success that is not understood.
pub(crate) async fn errors(response: reqwest::Response) -> Vec<Error> {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.unwrap_or_default();
    let reply = Reply { status, headers: headers.clone(), body: body.clone(), request_id: None, attempt: 1 };
    let read = [
        multipart::read::<Begun>("fuzz", &reply).err(),
        multipart::read::<Completed>("fuzz", &reply).err(),
        multipart::read::<PartPage>("fuzz", &reply).err(),
        multipart::read::<UploadPage>("fuzz", &reply).err(),
    ];
    let request = Request::new("fuzz", http::Method::PUT, "bucket", "key");
    let credentials = Credentials::access_key(AccessKey::new("FAKE-ACCESS-KEY-ID", "fake-secret"));
    let mut response = http::Response::new("");
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    let refused = refusal::read(&request, &credentials, &response.into(), &body, &Secrets::default());
    read.into_iter().flatten().chain([refused]).collect()
}

/// Reads a journal, and what is written of it is read as the same.
pub(crate) fn journal(data: &[u8]) {
    if let Some(record) = journal::parse(data) {
        let written = journal::print(&record).expect("texts and numbers");
        assert_eq!(journal::parse(&written), Some(record));
    }
}
