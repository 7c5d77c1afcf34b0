//! Deleting a package together with the object that holds its file.

use std::pin::pin;

use futures_util::TryStreamExt;

use super::DeletePackage;
use crate::call::CallOptions;
use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::model::{ObsLocation, PackageId, PackageType};
use crate::obs::Obs;

/// Deletes a package, and then its object in OBS.
///
/// ```
/// # async fn example(client: iotda_ota::Client) -> Result<(), iotda_ota::Error> {
/// let deleted = client.packages().delete("28f61af50fc9452aa0ed5ea25c3cc3d3").with_object().send().await?;
/// println!("{:?}", deleted.object);
/// # Ok(()) }
/// ```
///
/// Before anything is deleted, every other package of the project and instance is looked at: one call for each, because
/// lists do not tell where files are. If one of them has its file in the same object, nothing is done. A package that
/// somebody creates meanwhile is not seen.
///
/// # Errors
///
/// [`ErrorKind::InUse`] if another package needs the object; [`is_not_found`](Error::is_not_found) if there is no such
/// package.
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before send"]
pub struct DeleteWithObject {
    delete: DeletePackage,
}

/// What was deleted.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DeletedWithObject {
    /// The package.
    pub package_id: PackageId,
    /// The object; `None` if the package named none.
    pub object: Option<ObsLocation>,
}

impl DeleteWithObject {
    pub(super) fn new(delete: DeletePackage) -> Self {
        Self { delete }
    }

    /// Looks whether anybody needs the object, then deletes the package and the object.
    ///
    /// # Errors
    ///
    /// See [`DeleteWithObject`].
    pub async fn send(&self) -> Result<DeletedWithObject, Error> {
        let DeletePackage { client, package_id, options } = &self.delete;
        let options = &options.begun();
        let obs = client.obs()?.with_options(options);
        let package = client.packages().show(package_id).with_options(options).send().await?.into_inner();
        // Without both names there is nothing that could be deleted.
        let object = package.obs_location().filter(|object| is_named(object)).cloned();
        if let Some(object) = &object {
            require_reachable(client, object)?;
            // A key that OBS refuses is better known before the package is gone. An object that is gone is fine.
            match obs.head(&object.bucket_name, &object.object_key).await {
                Err(error) if !error.is_not_found() => return Err(error),
                _ => {}
            }
            require_unused(client, package_id, object, options).await?;
        }
        self.delete.clone().with_options(options).send().await?;
        if let Some(object) = &object {
            delete(&obs, package_id, object).await?;
        }
        Ok(DeletedWithObject { package_id: package_id.clone(), object })
    }
}

fn is_named(object: &ObsLocation) -> bool {
    !object.bucket_name.is_empty() && !object.object_key.is_empty()
}

/// An error if the object is in a region whose OBS is not the client's.
fn require_reachable(client: &Client, object: &ObsLocation) -> Result<(), Error> {
    let theirs = object.region_name.as_str();
    match client.obs_region() {
        Some(ours) if !theirs.is_empty() && theirs != ours => {
            let message = format!("the object is in region {theirs}, and OBS in {ours} cannot delete it");
            Err(Error::new(ErrorKind::Configuration, message)
                .with_hint(format!("nothing was deleted; give the region {theirs} and its OBS address")))
        }
        _ => Ok(()),
    }
}

/// An error if another package has its file in the same object.
async fn require_unused(
    client: &Client,
    package_id: &PackageId,
    object: &ObsLocation,
    options: &CallOptions,
) -> Result<(), Error> {
    for package_type in [PackageType::Firmware, PackageType::Software, PackageType::Module] {
        let mut packages = pin!(client.packages().list(package_type).with_options(options).stream());
        while let Some(other) = packages.try_next().await? {
            if other.package_id == *package_id {
                continue;
            }
            let shown = match client.packages().show(&other.package_id).with_options(options).send().await {
                Ok(shown) => shown.into_inner(),
                // It was deleted meanwhile.
                Err(error) if error.is_not_found() => continue,
                Err(error) => return Err(error),
            };
            if shown.obs_location().is_some_and(|location| is_same(location, object)) {
                let (key, id, version) = (&object.object_key, &shown.package_id, &shown.version);
                let message = format!("object {key:?} is also the file of package {id}, version {version}");
                return Err(Error::new(ErrorKind::InUse, message)
                    .with_hint("nothing was deleted; delete the package alone, or that other package first"));
            }
        }
    }
    Ok(())
}

/// True if both may be the same object. Bucket names exist once, so the region says nothing more.
fn is_same(one: &ObsLocation, other: &ObsLocation) -> bool {
    one.bucket_name == other.bucket_name && one.object_key == other.object_key
}

async fn delete(obs: &Obs, package_id: &PackageId, object: &ObsLocation) -> Result<(), Error> {
    let (bucket, key) = (&object.bucket_name, &object.object_key);
    obs.delete(bucket, key).await.map_err(|error| {
        let message = format!("package {package_id} is deleted, but object {key:?} in bucket {bucket:?} is not");
        Error::new(error.kind(), message)
            .with_source(error)
            .with_operation("obs_delete_object")
            .with_hint("delete the object by other means, such as the console of OBS")
    })
}
