//! What an OBS request is called in faults and in recorded requests.

use http::request::Parts;

use super::dialect;
use super::operation::Operation;
use super::target::Target;
use crate::operation::{self, Call, Service};
use crate::store::Store;

/// Reads what a request asks for, before anything else looks at it.
pub(in crate::http) async fn call(parts: &Parts, store: &Store) -> Call {
    let operation = match Target::of(parts, store).await {
        Ok(target) => name(parts, &target),
        // The request is going to be refused.
        Err(_) => None,
    };
    Call { service: Service::Obs, operation }
}

fn name(parts: &Parts, target: &Target) -> Option<operation::Operation> {
    if target.bucket.is_empty() {
        return None;
    }
    if target.is_version_question(&parts.method) {
        return Some(operation::Operation::HeadBucket);
    }
    let copies = || {
        let prefix = dialect::of(&parts.headers).header_prefix();
        parts.headers.contains_key(format!("{prefix}copy-source"))
    };
    Some(match Operation::of(&parts.method, target).ok()? {
        Operation::CreateBucket => operation::Operation::CreateBucket,
        Operation::HeadBucket => operation::Operation::HeadBucket,
        Operation::ListObjects => operation::Operation::ListObjects,
        Operation::ListUploads => operation::Operation::ListMultipartUploads,
        Operation::PutObject if copies() => operation::Operation::CopyObject,
        Operation::PutObject => operation::Operation::PutObject,
        Operation::GetObject => operation::Operation::GetObject,
        Operation::HeadObject => operation::Operation::HeadObject,
        Operation::DeleteObject => operation::Operation::DeleteObject,
        Operation::CreateUpload => operation::Operation::InitiateMultipartUpload,
        Operation::PutPart => operation::Operation::UploadPart,
        Operation::ListParts => operation::Operation::ListParts,
        Operation::CompleteUpload => operation::Operation::CompleteMultipartUpload,
        Operation::AbortUpload => operation::Operation::AbortMultipartUpload,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: &str, uri: &str, headers: &[(&str, &str)]) -> Option<&'static str> {
        let mut request = http::Request::builder().method(method).uri(uri);
        for (header, value) in headers {
            request = request.header(*header, *value);
        }
        let parts = request.body(()).unwrap().into_parts().0;
        let target = Target::in_path(&parts.uri).unwrap();
        name(&parts, &target).map(operation::Operation::as_str)
    }

    #[test]
    fn recognizes_the_operations() {
        let cases = [
            ("PUT", "/b", Some("create_bucket")),
            ("HEAD", "/b", Some("head_bucket")),
            ("HEAD", "/b/", Some("head_bucket")),
            ("HEAD", "/b?apiversion", Some("head_bucket")),
            ("GET", "/b?prefix=a&max-keys=2", Some("list_objects")),
            ("GET", "/b?uploads", Some("list_multipart_uploads")),
            ("PUT", "/b/k", Some("put_object")),
            ("GET", "/b/k", Some("get_object")),
            ("HEAD", "/b/k", Some("head_object")),
            ("DELETE", "/b/a/c", Some("delete_object")),
            ("POST", "/b/k?uploads", Some("initiate_multipart_upload")),
            ("PUT", "/b/k?partNumber=1&uploadId=2", Some("upload_part")),
            ("GET", "/b/k?uploadId=2", Some("list_parts")),
            ("POST", "/b/k?uploadId=2", Some("complete_multipart_upload")),
            ("DELETE", "/b/a/c?uploadId=2", Some("abort_multipart_upload")),
            ("HEAD", "/?apiversion", None),
            ("GET", "/", None),
            ("PATCH", "/b/k", None),
            ("PUT", "/b/k?acl", None),
        ];
        for (method, uri, expected) in cases {
            assert_eq!(read(method, uri, &[]), expected, "{method} {uri}");
        }
    }

    #[test]
    fn a_copy_is_named_in_the_names_of_its_request() {
        let aws = ("authorization", "AWS A:AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        assert_eq!(read("PUT", "/b/k", &[("x-obs-copy-source", "/b/a")]), Some("copy_object"));
        assert_eq!(read("PUT", "/b/k", &[("x-amz-copy-source", "/b/a"), aws]), Some("copy_object"));
        assert_eq!(read("PUT", "/b/k", &[("x-obs-copy-source", "/b/a"), aws]), Some("put_object"));
    }
}
