//! The two spellings of one signature: the service's own names, and the AWS-style ones.

use http::HeaderName;

/// Which names a request uses: those of OBS, or the AWS-style ones that the service accepts as well.
///
/// The official `esdk-obs-python` 3.26.6 calls them signature `obs` and `v2`. It computes both in the same way
/// (`auth.py`, class `Authentication`) and takes the second when the server is an IP address or a custom domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// `Authorization: OBS …` and headers that begin with `x-obs-`.
    Obs,
    /// `Authorization: AWS …` and headers that begin with `x-amz-`.
    Aws,
}

/// Headers whose value is a secret by itself, without their prefix: the token of a temporary key, and keys for
/// encryption that the customer keeps.
const SECRET_HEADERS: &[&str] =
    &["copy-source-server-side-encryption-customer-key", "security-token", "server-side-encryption-customer-key"];

impl Dialect {
    pub(super) const ALL: [Self; 2] = [Self::Obs, Self::Aws];

    /// The first word of the `Authorization` header.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Obs => "OBS",
            Self::Aws => "AWS",
        }
    }

    /// What the names of all headers begin with that belong to the service and are signed.
    pub fn header_prefix(self) -> &'static str {
        match self {
            Self::Obs => "x-obs-",
            Self::Aws => "x-amz-",
        }
    }

    /// The header that replaces `Date`.
    pub(super) fn date(self) -> HeaderName {
        HeaderName::from_static(match self {
            Self::Obs => "x-obs-date",
            Self::Aws => "x-amz-date",
        })
    }

    pub(super) fn is_secret(self, name: &HeaderName) -> bool {
        name.as_str().strip_prefix(self.header_prefix()).is_some_and(|name| SECRET_HEADERS.contains(&name))
    }
}
