//! Which operation a request asks for, by its method, its address and the names in its query.

use http::Method;

use super::target::Target;
use crate::rejection::{Code, Rejection};

/// An operation the emulator has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    CreateBucket,
    HeadBucket,
    ListObjects,
    ListUploads,
    PutObject,
    GetObject,
    HeadObject,
    DeleteObject,
    CreateUpload,
    PutPart,
    ListParts,
    CompleteUpload,
    AbortUpload,
}

/// How an operation is asked for.
struct Form {
    of_object: bool,
    method: Method,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    operation: Operation,
}

const LIST_UPLOADS: &[&str] =
    &["prefix", "delimiter", "key-marker", "upload-id-marker", "max-uploads", "encoding-type"];

const fn of_bucket(
    method: Method,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    operation: Operation,
) -> Form {
    Form { of_object: false, method, required, optional, operation }
}

const fn of_object(
    method: Method,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    operation: Operation,
) -> Form {
    Form { of_object: true, method, required, optional, operation }
}

static FORMS: [Form; 13] = [
    of_bucket(Method::PUT, &[], &[], Operation::CreateBucket),
    of_bucket(Method::HEAD, &[], &[], Operation::HeadBucket),
    of_bucket(
        Method::GET,
        &[],
        &["prefix", "marker", "max-keys", "delimiter", "encoding-type"],
        Operation::ListObjects,
    ),
    of_bucket(Method::GET, &["uploads"], LIST_UPLOADS, Operation::ListUploads),
    of_object(Method::PUT, &[], &[], Operation::PutObject),
    of_object(Method::GET, &[], &[], Operation::GetObject),
    of_object(Method::HEAD, &[], &[], Operation::HeadObject),
    of_object(Method::DELETE, &[], &[], Operation::DeleteObject),
    of_object(Method::POST, &["uploads"], &["encoding-type"], Operation::CreateUpload),
    of_object(Method::PUT, &["partNumber", "uploadId"], &[], Operation::PutPart),
    of_object(Method::GET, &["uploadId"], &["max-parts", "part-number-marker", "encoding-type"], Operation::ListParts),
    of_object(Method::POST, &["uploadId"], &["encoding-type"], Operation::CompleteUpload),
    of_object(Method::DELETE, &["uploadId"], &[], Operation::AbortUpload),
];

impl Operation {
    /// Finds the operation; every other one is refused, so that nothing is taken for something else.
    pub(super) fn of(method: &Method, target: &Target) -> Result<Self, Rejection> {
        let names: Vec<&str> = target.query.iter().map(|(name, _)| name.as_str()).collect();
        let is_object = !target.key.is_empty();
        let found = FORMS.iter().find(|form| {
            form.of_object == is_object
                && form.method == *method
                && form.required.iter().all(|name| names.contains(name))
                && names.iter().all(|name| form.required.contains(name) || form.optional.contains(name))
        });
        if let Some(form) = found {
            return Ok(form.operation);
        }
        Err(match names.first() {
            Some(name) => Rejection::new(
                Code::ObsNotImplemented,
                format!("The emulator has no {method} with {name:?} in the query, or not with this query"),
            ),
            None if is_object => {
                Rejection::new(Code::ObsMethodNotAllowed, format!("{method} is not possible on an object"))
            }
            None => Rejection::new(Code::ObsNotImplemented, format!("The emulator has no {method} of a bucket")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: Method, path: &str) -> Result<Operation, Code> {
        let target = Target::in_path(&path.parse().unwrap()).unwrap();
        Operation::of(&method, &target).map_err(|rejection| rejection.code)
    }

    #[test]
    fn tells_operations_by_their_query() {
        for (method, path, expected) in [
            (Method::GET, "/b", Operation::ListObjects),
            (Method::GET, "/b/?prefix=a&max-keys=3", Operation::ListObjects),
            (Method::GET, "/b?uploads&prefix=a", Operation::ListUploads),
            (Method::PUT, "/b", Operation::CreateBucket),
            (Method::GET, "/b/k", Operation::GetObject),
            (Method::GET, "/b/k?uploadId=1&max-parts=3", Operation::ListParts),
            (Method::PUT, "/b/k?uploadId=1&partNumber=3", Operation::PutPart),
            (Method::POST, "/b/k?uploads", Operation::CreateUpload),
            (Method::POST, "/b/k?uploadId=1", Operation::CompleteUpload),
            (Method::DELETE, "/b/k?uploadId=1", Operation::AbortUpload),
        ] {
            assert_eq!(of(method.clone(), path), Ok(expected), "{method} {path}");
        }
    }

    #[test]
    fn takes_nothing_for_something_else() {
        for (method, path, code) in [
            (Method::POST, "/b/k", Code::ObsMethodNotAllowed),
            (Method::DELETE, "/b", Code::ObsNotImplemented),
            (Method::PUT, "/b/k?acl", Code::ObsNotImplemented),
            (Method::PUT, "/b/k?uploadId=1", Code::ObsNotImplemented),
            (Method::DELETE, "/b/k?versionId=1", Code::ObsNotImplemented),
            (Method::DELETE, "/b/k?uploadId=1&acl", Code::ObsNotImplemented),
            (Method::GET, "/b?location", Code::ObsNotImplemented),
        ] {
            assert_eq!(of(method.clone(), path), Err(code), "{method} {path}");
        }
    }
}
