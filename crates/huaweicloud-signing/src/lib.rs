//! Request signing for Huawei Cloud: sign a request with an access key, or verify one that arrived.
//!
//! ```
//! use http::header::{AUTHORIZATION, DATE};
//! use http::{HeaderMap, HeaderValue, Method};
//! use huaweicloud_signing::{AccessKey, obs};
//!
//! // The client: all headers first, then the signature.
//! let key = AccessKey { id: "FAKEACCESSKEY", secret: "fake-secret" };
//! let resource = obs::Resource { bucket: Some("fw-bucket"), key: Some("bbb/upgrade.bin"), query: &[] };
//! let mut headers = HeaderMap::new();
//! headers.insert(DATE, HeaderValue::from_static("Sat, 11 Feb 2023 12:12:12 GMT"));
//! let authorization = obs::authorization(&key, &Method::PUT, &resource, &headers)?;
//! headers.insert(AUTHORIZATION, authorization);
//!
//! // The server: who says so, and is it true?
//! let claim = obs::parse_authorization(&headers[AUTHORIZATION])?;
//! assert_eq!(claim.access_key_id(), "FAKEACCESSKEY");
//! obs::verify("fake-secret", &claim, &Method::PUT, &resource, &headers)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Each signature scheme is a module, and all take an [`AccessKey`]:
//!
//! - [`obs`]: the native header signature of the object storage service.
//!
//! Everything here is a pure function over [`http`] types: no network, no clock, no logging. A request whose signature
//! the documentation and the official SDK leave in doubt is refused with an error that says which part; it is never
//! signed by a guess. No error and no `Debug` output holds a secret.

#![forbid(unsafe_code)]

mod access_key;
pub mod obs;

pub use access_key::AccessKey;

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
