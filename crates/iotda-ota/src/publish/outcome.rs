//! What publishing comes to.

use serde::Serialize;

use crate::model::{Checksum, Package, PackageId};
use crate::packages::CreateRequest;
use crate::validate::Warning;

/// What publishing came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Outcome {
    /// The package was created.
    Created,
    /// It existed and was made from the same file: the registered checksum is the file's and the stored object has its
    /// size; without a registered checksum, the content of the object was read and compared.
    Verified,
    /// It existed and was not looked into.
    Skipped,
    /// It was created, or existed with this content, and all others of the same version are deleted.
    Replaced,
}

/// A published package.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Published {
    /// The package, as the service shows it.
    pub package: Package,
    /// The object that holds its file; `None` if the package was skipped and names none.
    pub object: Option<PublishedObject>,
    /// What was done.
    pub outcome: Outcome,
    /// The packages that were deleted because this one replaces them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<PackageId>,
    /// What is allowed but probably not meant.
    #[serde(skip)]
    pub warnings: Vec<Warning>,
}

/// The object that a published package points at.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PublishedObject {
    /// The region of the bucket.
    pub region_name: String,
    /// The bucket.
    pub bucket_name: String,
    /// The object's name.
    pub object_key: String,
    /// The size in bytes; `None` if it was not looked at.
    pub size: Option<u64>,
    /// The SHA-256 of its content.
    pub sign: Option<Checksum>,
}

/// What would be done, from [`Publish::plan`](crate::Publish::plan).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Plan {
    /// The request that would create the package, with the computed checksum.
    pub request: CreateRequest,
    /// What is allowed but probably not meant.
    #[serde(skip)]
    pub warnings: Vec<Warning>,
}
