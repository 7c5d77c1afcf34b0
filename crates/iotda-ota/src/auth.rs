//! Credentials: where they come from, how they are kept fresh, and how they go onto a request.
//!
//! [`Credentials`] is what one source gave: an IAM token or an [`AccessKey`]. A [`CredentialsSource`] fetches them;
//! the built-in ones are an IAM user name and password ([`Password`]), and the official chain ([`Chain`]) of OIDC-STS,
//! environment, profile file, ECS metadata and pod identity. `keeper` shares and refreshes them, `iam` talks to IAM,
//! `scheme` decides how requests are signed.

mod access_key;
mod chain;
mod credentials;
mod entries;
mod environment;
mod exchange;
pub(crate) mod iam;
mod idp;
pub(crate) mod keeper;
mod login;
mod metadata;
mod oidc;
mod password;
mod pod;
mod profile;
pub(crate) mod scheme;
mod secret_file;
pub(crate) mod session;
mod settings;
mod source;
mod source_http;
mod variables;
pub(crate) mod wiped;

pub(crate) use access_key::{key_id, secret_text};
pub(crate) use wiped::secret;

pub use access_key::AccessKey;
pub use chain::{Chain, Finding};
pub use credentials::{Credentials, Secret};
pub use environment::Environment;
pub use login::Login;
pub use metadata::Metadata;
pub use oidc::Oidc;
pub use password::Password;
pub use pod::Pod;
pub use profile::Profile;
pub use scheme::SigningScheme;
pub use settings::Variables;
pub use source::{BoxFuture, CredentialsSource, Reason, SourceError};
pub use source_http::SourceHttp;
