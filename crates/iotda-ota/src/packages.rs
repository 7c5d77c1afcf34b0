//! The operations on upgrade packages, one file each.
//!
//! [`Packages`] is the handle: `client.packages()`. Every operation is a builder whose required values are
//! arguments; `send` checks the documented rules first, `send_unchecked` does not.

use crate::call::Call;
use crate::client::Client;
use crate::model::{AppId, ObsLocation, PackageId, PackageType, PackageVersion, ProductId};

pub(crate) mod alike;
mod create;
mod delete;
mod list;
mod show;

pub(crate) use create::described;
pub use create::{CreatePackage, CreateRequest};
pub use delete::{DeletePackage, DeleteWithObject, DeletedWithObject};
pub use list::{ListPackages, PackagePage};
pub use show::ShowPackage;

/// The packages of a client's project, as [`Client::packages`] gives them.
///
/// ```
/// # async fn example(client: iotda_ota::Client) -> Result<(), iotda_ota::Error> {
/// use iotda_ota::PackageType;
///
/// let packages = client.packages();
/// let newest = packages.list(PackageType::Firmware).limit(1).send().await?;
/// if let Some(package) = newest.packages.first() {
///     println!("{:?}", packages.show(&package.package_id).send().await?.obs_location());
/// }
/// # Ok(()) }
/// ```
///
/// The operations are those of the reference's section [OTA Upgrade Package Management][section]. The service has none
/// that changes a package; [`IfExists::Replace`](crate::IfExists::Replace) puts another one in its place.
///
/// [section]: https://support.huaweicloud.com/intl/en-us/api-iothub/topic_300000017.html
#[derive(Clone, Debug)]
pub struct Packages {
    client: Client,
}

impl Packages {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Registers an object that is already in OBS as a package. [`Client::publish`] uploads it, too.
    pub fn create(
        &self,
        app_id: impl Into<AppId>,
        product_id: impl Into<ProductId>,
        package_type: impl Into<PackageType>,
        version: impl Into<PackageVersion>,
        location: ObsLocation,
    ) -> CreatePackage {
        let request =
            CreateRequest::new(app_id.into(), product_id.into(), package_type.into(), version.into(), location);
        CreatePackage::new(self.client.clone(), request)
    }

    /// Lists packages of one type, newest first: a page, or all of them as a stream.
    pub fn list(&self, package_type: impl Into<PackageType>) -> ListPackages {
        ListPackages::new(self.client.clone(), package_type.into())
    }

    /// Shows one package, with the location of its file.
    pub fn show(&self, package_id: impl Into<PackageId>) -> ShowPackage {
        ShowPackage::new(self.client.clone(), package_id.into())
    }

    /// Deletes one package. The object in OBS stays unless it is asked for, too.
    pub fn delete(&self, package_id: impl Into<PackageId>) -> DeletePackage {
        DeletePackage::new(self.client.clone(), package_id.into())
    }
}

/// The segments of the path of all packages, or of one.
fn path<'a>(call: &'a Call, package_id: Option<&'a str>) -> Vec<&'a str> {
    let mut segments = vec!["v5", "iot", call.project_id(), "ota-upgrades", "packages"];
    segments.extend(package_id);
    segments
}
