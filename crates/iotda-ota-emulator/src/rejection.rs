//! Refusals: every error code the emulator can answer with, and its HTTP status.
//!
//! Codes that begin with `IOTDA.` are documented by the service or reported by its users, `APIGW.0301` is documented in
//! the API Request Signing Guide (page "Common Errors Related to IAM Authentication Information"), and the plain OBS
//! codes in the OBS reference (page "Error Codes" / "错误码"). Where no documented code is known, the emulator uses one of
//! its own that begins with `EMULATOR.`; the README explains each of those. How a refusal is written as JSON or XML is
//! decided in `http.rs`; the refusals of IAM, which have no codes, are made in `http/iam.rs`.

use http::StatusCode;

/// One refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    pub(crate) code: Code,
    pub(crate) message: String,
}

impl Rejection {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:ident;)*) => {
        /// An error code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            /// The code on the wire.
            pub(crate) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The HTTP status it is answered with.
            pub(crate) fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)*
                }
            }
        }
    };
}

codes! {
    // The IoTDA port, documented codes.
    Internal = "IOTDA.000001", INTERNAL_SERVER_ERROR;
    NotAuthenticated = "IOTDA.000002", UNAUTHORIZED;
    /// A parameter breaks its rule.
    InvalidInput = "IOTDA.000006", BAD_REQUEST;
    /// Broken JSON or a wrong media type.
    InvalidFormat = "IOTDA.000008", BAD_REQUEST;
    LimitOutOfRange = "IOTDA.000017", BAD_REQUEST;

    // The IoTDA port, codes that users of the service report.
    /// Not subscribed, the wrong instance, or a missing permission.
    NotPermitted = "IOTDA.000021", FORBIDDEN;
    /// The API gateway in front of the service does not accept the token or the signature.
    Gateway = "APIGW.0301", UNAUTHORIZED;
    /// The API gateway knows no such path.
    UnknownPath = "APIGW.0101", NOT_FOUND;

    // The IoTDA port, codes of the emulator's own.
    TokenHeaderMissing = "EMULATOR.TOKEN_HEADER_MISSING", BAD_REQUEST;
    ProjectMismatch = "EMULATOR.PROJECT_MISMATCH", FORBIDDEN;
    PackageNotFound = "EMULATOR.PACKAGE_NOT_FOUND", NOT_FOUND;
    ObsObjectNotFound = "EMULATOR.OBS_OBJECT_NOT_FOUND", BAD_REQUEST;
    SignMismatch = "EMULATOR.SIGN_MISMATCH", BAD_REQUEST;
    ObjectTooLarge = "EMULATOR.OBJECT_TOO_LARGE", BAD_REQUEST;
    DuplicateVersion = "EMULATOR.DUPLICATE_VERSION", CONFLICT;
    PackageQuota = "EMULATOR.PACKAGE_QUOTA", FORBIDDEN;
    MethodNotAllowed = "EMULATOR.METHOD_NOT_ALLOWED", METHOD_NOT_ALLOWED;
    BodyTooLarge = "EMULATOR.BODY_TOO_LARGE", PAYLOAD_TOO_LARGE;
    RequestTimeout = "EMULATOR.REQUEST_TIMEOUT", REQUEST_TIMEOUT;
    Stopping = "EMULATOR.STOPPING", SERVICE_UNAVAILABLE;
    DataDamaged = "EMULATOR.DATA_DAMAGED", INTERNAL_SERVER_ERROR;

    // Both ports.
    /// Also in answers of another status, as a fault has it.
    Fault = "EMULATOR.FAULT", INTERNAL_SERVER_ERROR;

    UnknownHost = "EMULATOR.UNKNOWN_HOST", FORBIDDEN;
    ForeignOrigin = "EMULATOR.FOREIGN_ORIGIN", FORBIDDEN;

    // Control calls.
    InvalidControlCall = "EMULATOR.INVALID_CONTROL_CALL", BAD_REQUEST;
    FaultNotFound = "EMULATOR.FAULT_NOT_FOUND", NOT_FOUND;

    // The OBS port, documented codes.
    ObsAccessDenied = "AccessDenied", FORBIDDEN;
    ObsInvalidAccessKeyId = "InvalidAccessKeyId", FORBIDDEN;
    ObsSignatureDoesNotMatch = "SignatureDoesNotMatch", FORBIDDEN;
    ObsRequestTimeTooSkewed = "RequestTimeTooSkewed", FORBIDDEN;
    ObsNoSuchBucket = "NoSuchBucket", NOT_FOUND;
    ObsNoSuchKey = "NoSuchKey", NOT_FOUND;
    ObsNoSuchUpload = "NoSuchUpload", NOT_FOUND;
    ObsBucketAlreadyExists = "BucketAlreadyExists", CONFLICT;
    ObsInvalidBucketName = "InvalidBucketName", BAD_REQUEST;
    /// Documented for a quota that is exceeded.
    ObsInsufficientStorageSpace = "InsufficientStorageSpace", FORBIDDEN;
    ObsInvalidPart = "InvalidPart", BAD_REQUEST;
    ObsInvalidPartOrder = "InvalidPartOrder", BAD_REQUEST;
    ObsInvalidRange = "InvalidRange", RANGE_NOT_SATISFIABLE;
    ObsMalformedXml = "MalformedXML", BAD_REQUEST;
    ObsMissingRequestBody = "MissingRequestBodyError", BAD_REQUEST;
    ObsEntityTooSmall = "EntityTooSmall", BAD_REQUEST;
    ObsBadDigest = "BadDigest", BAD_REQUEST;
    ObsEntityTooLarge = "EntityTooLarge", BAD_REQUEST;
    ObsIncompleteBody = "IncompleteBody", BAD_REQUEST;
    ObsInvalidArgument = "InvalidArgument", BAD_REQUEST;
    ObsKeyTooLong = "KeyTooLongError", BAD_REQUEST;
    ObsMissingContentLength = "MissingContentLength", LENGTH_REQUIRED;
    ObsMethodNotAllowed = "MethodNotAllowed", METHOD_NOT_ALLOWED;
    ObsRequestTimeout = "RequestTimeout", REQUEST_TIMEOUT;
    ObsNotImplemented = "ServiceNotImplemented", NOT_IMPLEMENTED;
    ObsInternal = "InternalError", INTERNAL_SERVER_ERROR;
    ObsUnavailable = "ServiceUnavailable", SERVICE_UNAVAILABLE;

    // The OBS port, codes of the emulator's own.
    ObsSecurityToken = "EMULATOR.InvalidSecurityToken", FORBIDDEN;
    ObsSha256Mismatch = "EMULATOR.ContentSha256Mismatch", BAD_REQUEST;
    ObsDataDamaged = "EMULATOR.DataDamaged", INTERNAL_SERVER_ERROR;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_of_our_own_is_explained_in_the_readme() {
        let readme = include_str!("../README.md");
        for code in Code::ALL {
            let text = code.as_str();
            if text.starts_with("EMULATOR.") {
                let row = format!("| `{text}` | {} |", code.status().as_u16());
                assert!(readme.contains(&row), "README.md lacks the row {row}");
            }
        }
    }

    #[test]
    fn every_code_that_the_readme_explains_exists() {
        let (_, table) = include_str!("../README.md").split_once("## Error codes of its own").unwrap();
        let names = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        for name in names {
            assert!(
                Code::ALL.iter().any(|code| code.as_str() == name),
                "README.md explains {name}, which does not exist"
            );
        }
    }

    #[test]
    fn every_row_of_the_ledger_says_how_and_when_it_was_checked() {
        let (_, ledger) = include_str!("../README.md").split_once("### What is known to be the same").unwrap();
        let (ledger, _) = ledger.split_once("### What `strict` adds").unwrap();
        let rows: Vec<&str> =
            ledger.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| rule")).collect();
        assert!(rows.iter().any(|row| row.starts_with("| OBS ")) && rows.len() > 90, "{}", rows.len());
        for row in rows {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let [_, _, _, source, checked, date] = cells[..] else { panic!("not six cells: {row}") };
            assert!(![source, checked, date].contains(&""), "{row}");
            assert_eq!(source == "—", checked == "no", "{row}");
            assert_eq!(checked == "no", date == "—", "{row}");
        }
    }
}
