//! The vocabulary: identifiers, versions, locations, checksums, and packages as the service shows them.
//!
//! Values carry their text as it was given. Whether a text keeps to the documented rules is decided when a request
//! is sent, so that one call reports every mistake (see [`Violations`](crate::Violations)), and so that whatever the
//! service answers can be held.

mod checksum;
mod ids;
pub(crate) mod lenient;
mod obs_location;
mod package;
mod package_type;

pub use checksum::{Checksum, SignMethod};
pub use ids::{AppId, InstanceId, PackageId, PackageVersion, ProductId, ProjectId};
pub use obs_location::{FileLocation, ObsLocation};
pub use package::{CreateTime, Package};
pub use package_type::PackageType;
