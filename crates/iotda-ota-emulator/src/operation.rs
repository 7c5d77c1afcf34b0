//! The operations of the services by name, to say which requests a fault is for ([`scope`]) and what a recorded request was.
//!
//! Those of IoTDA are the operation ids of the OpenAPI document. The operation of a request is recognized by method and
//! address, before anything else looks at it: by [`Call::of_iotda`] and, for the OBS port, in `http/obs/call.rs`.

mod scope;

use std::fmt;

use http::Method;
use http::request::Parts;
use serde::{Serialize, Serializer};

pub use self::scope::{Scope, UnknownScope};

/// One of the services that the emulator plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Service {
    /// IoTDA, on the IoTDA port; what no other service has there counts as its own.
    Iotda,
    /// IAM, on the IoTDA port.
    Iam,
    /// The metadata service of a cloud server, on the IoTDA port.
    Metadata,
    /// OBS, on the OBS port.
    Obs,
}

impl Service {
    const ALL: [Self; 4] = [Self::Iotda, Self::Iam, Self::Metadata, Self::Obs];

    /// The name in faults and recorded requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Iotda => "iotda",
            Self::Iam => "iam",
            Self::Metadata => "metadata",
            Self::Obs => "obs",
        }
    }
}

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $service:ident;)*) => {
        /// One operation of a service.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Operation {
            $($(#[$doc])* $name,)*
        }

        impl Operation {
            /// Every operation.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name in faults and recorded requests.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// Whose operation it is.
            pub fn service(self) -> Service {
                match self {
                    $(Self::$name => Service::$service,)*
                }
            }
        }
    };
}

operations! {
    /// `POST …/ota-upgrades/packages`
    CreateOtaPackage = "create_ota_package", Iotda;
    /// `GET …/ota-upgrades/packages`
    ListOtaPackages = "list_ota_packages", Iotda;
    /// `GET …/ota-upgrades/packages/{package_id}`
    ShowOtaPackage = "show_ota_package", Iotda;
    /// `DELETE …/ota-upgrades/packages/{package_id}`
    DeleteOtaPackage = "delete_ota_package", Iotda;
    /// `POST /v3/auth/tokens`
    CreateToken = "create_token", Iam;
    /// `GET /v3/projects`
    ListProjects = "list_projects", Iam;
    /// `POST /v3.0/OS-CREDENTIAL/securitytokens`
    CreateSecurityToken = "create_security_token", Iam;
    /// `PUT /meta-data/latest/api/token`
    CreateMetadataToken = "create_metadata_token", Metadata;
    /// `GET /openstack/latest/securitykey`
    ShowSecurityKey = "show_security_key", Metadata;
    /// `PUT` of an object
    PutObject = "put_object", Obs;
    /// `PUT` of an object with `x-obs-copy-source`
    CopyObject = "copy_object", Obs;
    /// `GET` of an object
    GetObject = "get_object", Obs;
    /// `HEAD` of an object
    HeadObject = "head_object", Obs;
    /// `DELETE` of an object
    DeleteObject = "delete_object", Obs;
    /// `POST` of an object with `uploads`
    InitiateMultipartUpload = "initiate_multipart_upload", Obs;
    /// `PUT` of an object with `uploadId`
    UploadPart = "upload_part", Obs;
    /// `GET` of an object with `uploadId`
    ListParts = "list_parts", Obs;
    /// `POST` of an object with `uploadId`
    CompleteMultipartUpload = "complete_multipart_upload", Obs;
    /// `DELETE` of an object with `uploadId`
    AbortMultipartUpload = "abort_multipart_upload", Obs;
    /// `GET` of a bucket with `uploads`
    ListMultipartUploads = "list_multipart_uploads", Obs;
    /// `PUT` of a bucket
    CreateBucket = "create_bucket", Obs;
    /// `GET` of a bucket
    ListObjects = "list_objects", Obs;
    /// `HEAD` of a bucket
    HeadBucket = "head_bucket", Obs;
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Operation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for Service {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Which of the two ports a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    /// Also has IAM, the metadata service and the control calls.
    Iotda,
    Obs,
}

/// What a request asks for, as far as its address tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) service: Service,
    /// Nothing when the emulator has no such operation.
    pub(crate) operation: Option<Operation>,
}

impl Call {
    /// Reads a request of the IoTDA port.
    pub(crate) fn of_iotda(parts: &Parts) -> Self {
        let path = parts.uri.path();
        let operation = iotda(&parts.method, path);
        let service = match operation {
            Some(operation) => operation.service(),
            None if path.starts_with("/v3") => Service::Iam,
            None => Service::Iotda,
        };
        Self { service, operation }
    }
}

fn iotda(method: &Method, path: &str) -> Option<Operation> {
    if let Some(rest) = path.strip_prefix("/v5/iot/") {
        let (_, rest) = rest.split_once('/')?;
        let rest = rest.strip_prefix("ota-upgrades/packages")?;
        return match (method.as_str(), rest.strip_prefix('/')) {
            ("POST", None) if rest.is_empty() => Some(Operation::CreateOtaPackage),
            ("GET" | "HEAD", None) if rest.is_empty() => Some(Operation::ListOtaPackages),
            ("GET" | "HEAD", Some(id)) if !id.contains('/') => Some(Operation::ShowOtaPackage),
            ("DELETE", Some(id)) if !id.contains('/') => Some(Operation::DeleteOtaPackage),
            _ => None,
        };
    }
    match (method.as_str(), path) {
        ("POST", "/v3/auth/tokens") => Some(Operation::CreateToken),
        ("GET" | "HEAD", "/v3/projects") => Some(Operation::ListProjects),
        ("POST", "/v3.0/OS-CREDENTIAL/securitytokens") => Some(Operation::CreateSecurityToken),
        ("PUT", "/meta-data/latest/api/token") => Some(Operation::CreateMetadataToken),
        ("GET" | "HEAD", "/openstack/latest/securitykey") => Some(Operation::ShowSecurityKey),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(method: &str, uri: &str) -> Option<&'static str> {
        let request = http::Request::builder().method(method).uri(uri).body(()).unwrap();
        Call::of_iotda(&request.into_parts().0).operation.map(Operation::as_str)
    }

    #[test]
    fn recognizes_the_operations_of_the_iotda_port() {
        let packages = "/v5/iot/p/ota-upgrades/packages";
        let package = "/v5/iot/p/ota-upgrades/packages/1";
        let cases = [
            ("POST", packages, Some("create_ota_package")),
            ("GET", packages, Some("list_ota_packages")),
            ("GET", package, Some("show_ota_package")),
            ("DELETE", package, Some("delete_ota_package")),
            ("PUT", package, None),
            ("GET", "/v5/iot/p/ota-upgrades/packagesx", None),
            ("POST", "/v3/auth/tokens", Some("create_token")),
            ("GET", "/v3/projects?name=a", Some("list_projects")),
            ("GET", "/nothing", None),
        ];
        for (method, uri, expected) in cases {
            assert_eq!(read(method, uri), expected, "{method} {uri}");
        }
    }
}
