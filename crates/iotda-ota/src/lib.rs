//! Publish firmware as OTA upgrade packages on Huawei Cloud IoTDA (IoT Device Access).
//!
//! ```no_run
//! use iotda_ota::{AccessKey, Client, PackageType};
//!
//! # async fn example() -> Result<(), iotda_ota::Error> {
//! let client = Client::builder()
//!     .region("cn-north-4")
//!     .access_key(AccessKey::new("my-access-key-id", "my-secret"))
//!     .build()?;
//! let published = client
//!     .publish("upgrade.bin", "my-app", "my-product", PackageType::Firmware, "2.0")
//!     .bucket("firmware")
//!     .send()
//!     .await?;
//! println!("package {}", published.package.package_id);
//! # Ok(()) }
//! ```
//!
//! # How the types relate
//!
//! - [`Client`] is one project at one address, with credentials. It is cheap to clone.
//! - [`Client::publish`] does the whole job: check, hash, upload, create, read back. See [`Publish`].
//! - [`Client::packages`] has the operations one by one: [create](Packages::create), [list](Packages::list),
//!   [show](Packages::show), [delete](Packages::delete). Results come as a [`Response`], which is the value with the
//!   answer's request id.
//! - [`Client::obs`] uploads a file and looks at objects.
//! - [`Client::verify`] compares the registered checksum, the stored object and a local file.
//! - Requests are checked before they are sent; [`Violations`] names everything that is wrong at once.
//!   `send_unchecked` is the way around.
//! - [`Error`] is the only error type. It keeps status, service code, message and request id whatever the answer was.
//!
//! # Credentials
//!
//! A client gets credentials from its builder: an [`AccessKey`], an IAM token, or a [source](CredentialsSource) such as
//! [`Password`] or [`Chain`]. [`Chain::official`] is the chain of the official SDKs: OIDC-STS, environment, profile file,
//! metadata service, pod identity. Nothing is read from the environment unless you ask for it.
//!
//! Any kind serves both services. With an access key, requests to IoTDA are signed, plainly or derived as the address
//! needs it ([`SigningScheme`]); a token is exchanged for a temporary key when OBS needs one. Credentials that expire are
//! fetched anew in time; after a 401 any are, once. The project id may be left out: the source names it, or IAM knows
//! it by the name of the region.
//!
//! Secrets are wiped from memory after use, as far as they are in the hands of this crate: the environment of the process
//! and what HTTP and TLS keep in their buffers are not. Should a service repeat one in an answer, errors and logs show `***` in its place, however it
//! is quoted there; that goes for secrets of six bytes and more, because a shorter text could be a part of any word.
//! Over plain `http://` credentials go only to this machine, unless
//! [that is allowed](ClientBuilder::allow_plain_http).
//!
//! # Whatever happens, the outcome is known
//!
//! What fails in a way that is safe to repeat is repeated, as [`RetryPolicy`] says: for the client, or for one call
//! (`.retry`), within the time that one attempt (`.timeout`) and the whole call (`.deadline`) may take. A create is not
//! safe to repeat, so it is looked up first when its answer was lost; see [`CreatePackage`]. Every call ends in one of
//! three ways: done, not done and why, or [not known](Error::is_outcome_unknown) with what to look for
//! ([`Error::sought`]). Dropping the future of a call ends it, and nothing of it goes on; only a fetch of credentials, which
//! serves all calls, goes on as long as there is a clone of the client. Calls need a tokio runtime with time and I/O.
//!
//! A [`RateLimit`] keeps all clones of a client together below what the service takes. With a subscriber for `tracing`
//! there is a span for every call and every attempt, with operation, attempt, status, request id, milliseconds and signing
//! scheme, and no secret.
//!
//! A large file goes up in parts, and with a [`state_dir`](ClientBuilder::state_dir) an upload that was broken off,
//! however that happened, goes on where it was. Nothing is taken from the environment here either: without such a folder,
//! nothing is kept.
//!
//! # Networks
//!
//! `HTTPS_PROXY`, `NO_PROXY` and their kin are honored, but never for this machine or the metadata address. Redirects
//! are not followed; about a client of the program's own see [`ClientBuilder::http_client`]. There are limits on
//! connecting, on silence, and on one attempt of a call. An HTTP client is made when the first request needs it; only
//! one for `https://` reads the certificates of the machine.
//!
//! # Features
//!
//! - `rustls` (default): TLS by rustls with the ring provider, which needs nothing but a C compiler to build. The first
//!   [`Client`] makes ring the provider of the process unless one is set. A program that makes a `reqwest::Client` of
//!   its own before that, without a TLS feature of its own, has to set the provider first:
//!   `rustls::crypto::ring::default_provider().install_default()`.
//! - `native-tls`: TLS by the platform's own library.
//! - Without either there is no TLS, and only `http://` addresses can be reached.

mod auth;
mod call;
mod client;
mod clock;
mod endpoint;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod lock;
mod model;
mod obs;
mod once;
mod packages;
mod paging;
mod progress;
mod publish;
mod rate;
mod response;
mod retry;
mod spans;
mod transport;
mod validate;
mod verify;

pub use auth::{
    AccessKey, BoxFuture, Chain, Credentials, CredentialsSource, Environment, Finding, Login, Metadata, Oidc, Password,
    Pod, Profile, Reason, Secret, SigningScheme, SourceError, SourceHttp, Variables,
};
pub use client::{Client, ClientBuilder};
pub use error::{Error, ErrorKind, Sought};
pub use model::{
    AppId, Checksum, CreateTime, FileLocation, InstanceId, ObsLocation, Package, PackageId, PackageType,
    PackageVersion, ProductId, ProjectId, SignMethod,
};
pub use obs::{LocalFile, ObjectInfo, Obs, Upload, Uploaded};
pub use packages::{
    CreatePackage, CreateRequest, DeletePackage, DeleteWithObject, DeletedWithObject, ListPackages, PackagePage,
    Packages, ShowPackage,
};
pub use progress::{Phase, Progress};
pub use publish::{Event, IfExists, Outcome, Plan, Publish, Published, PublishedObject};
pub use rate::RateLimit;
pub use response::Response;
pub use retry::RetryPolicy;
pub use validate::{OptionalRule, Violation, Violations, Warning};
pub use verify::{Check, Verification, Verify};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
