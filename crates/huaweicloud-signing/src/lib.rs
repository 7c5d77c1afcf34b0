//! Request signing for Huawei Cloud: sign a request with an access key, or verify one that arrived.
//!
//! ```
//! use http::header::AUTHORIZATION;
//! use http::{HeaderMap, HeaderValue, Method};
//! use huaweicloud_signing::canonical::{Payload, Request, SignedHeaders};
//! use huaweicloud_signing::{AccessKey, sdk_hmac};
//!
//! // The client: all headers first, then the signature.
//! let key = AccessKey { id: "FAKEACCESSKEY", secret: "fake-secret" };
//! let mut headers = HeaderMap::new();
//! headers.insert("host", HeaderValue::from_static("iotda.example.com"));
//! headers.insert("x-sdk-date", HeaderValue::from_static("20230211T121212Z"));
//! let payload = Payload::Bytes(b"{}");
//! let request = Request { method: &Method::POST, path: "/v5/things", query: None, headers: &headers, payload };
//! let authorization = sdk_hmac::authorization(&key, &request, &SignedHeaders::usual(&headers))?;
//! headers.insert(AUTHORIZATION, authorization);
//!
//! // The server: who says so, and is it true?
//! let claim = sdk_hmac::parse_authorization(&headers[AUTHORIZATION])?;
//! assert_eq!(claim.access_key_id(), "FAKEACCESSKEY");
//! let request = Request { method: &Method::POST, path: "/v5/things", query: None, headers: &headers, payload };
//! sdk_hmac::verify("fake-secret", &claim, &request)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Each signature scheme is a module, and all take an [`AccessKey`]:
//!
//! - [`sdk_hmac`]: SDK-HMAC-SHA256, which most services accept;
//! - [`v11`]: V11-HMAC-SHA256, with a key derived for a day, a region and a service, which dedicated instances of some
//!   services demand;
//! - [`obs`]: the native header signature of the object storage service.
//!
//! The first two sign the same text, which [`canonical`] makes: it has the request, the choice of signed headers, the
//! rules with their sources, and the errors.
//!
//! Everything here is a pure function over [`http`] types: no network, no clock, no logging. A request whose signature
//! the documentation and the official SDKs leave in doubt is refused with an error that says which part; it is never
//! signed by a guess. No error and no `Debug` output holds a secret. Signatures are compared in constant time, and what
//! is derived from a secret is wiped from memory as far as the primitives allow.

#![forbid(unsafe_code)]

mod access_key;
pub mod canonical;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod hex;
pub mod obs;
mod scheme;
pub mod sdk_hmac;
pub mod v11;

pub use access_key::AccessKey;

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
