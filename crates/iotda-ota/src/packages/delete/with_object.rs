//! Deleting a package together with the object that holds its file.

use std::pin::pin;

use futures_util::TryStreamExt;

use super::DeletePackage;
use crate::call::CallOptions;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Sought};
use crate::model::{ObsLocation, Package, PackageId, PackageType};
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
/// lists do not tell where files are. If one of them has its file in the same object, nothing is done. One that is shown
/// without a location has no object.
///
/// Not seen is a package that somebody creates meanwhile, and, because lists are of one type each, one of a type that is
/// neither known here ([`PackageType::KNOWN`]) nor that of the package.
///
/// # Errors
///
/// [`ErrorKind::InUse`] if another package needs the object; [`is_not_found`](Error::is_not_found) if there is no such
/// package; [`ErrorKind::Unintelligible`] if where its file is, or that of another package, cannot be read. Nothing is done
/// then.
///
/// Once the package is gone, nothing but the error knows its object, so repeating the call is of no use:
/// [`ErrorKind::Incomplete`] if the package is deleted and the object is not, or not surely, and
/// [`is_outcome_unknown`](Error::is_outcome_unknown) if the package may be deleted and the object is not. Both name the
/// object, which is to be deleted by other means.
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
        let unreadable = |error: Error| error.with_hint("nothing was deleted; the package can be deleted alone");
        let object = package.readable_location().map_err(unreadable)?.cloned();
        if let Some(object) = &object {
            require_reachable(client, object)?;
            // A key that OBS refuses is better known before the package is gone. An object that is gone is fine.
            match obs.head(&object.bucket_name, &object.object_key).await {
                Err(error) if !error.is_not_found() => return Err(error),
                _ => {}
            }
            require_unused(client, &package, object, options).await?;
        }
        let deleted = self.delete.clone().with_options(options).send().await;
        if let Some(object) = &object {
            deleted.map_err(|error| may_be_deleted(error, package_id, object))?;
            delete(&obs, package_id, object).await?;
        } else {
            deleted?;
        }
        Ok(DeletedWithObject { package_id: package_id.clone(), object })
    }
}

/// An error if the object is in a region whose OBS is not the client's.
fn require_reachable(client: &Client, object: &ObsLocation) -> Result<(), Error> {
    let Some((theirs, ours)) = client.out_of_reach(object) else { return Ok(()) };
    let message = format!("the object is in region {theirs}, and OBS in {ours} cannot delete it");
    Err(Error::new(ErrorKind::Configuration, message)
        .with_hint(format!("nothing was deleted; give the region {theirs} and its OBS address")))
}

/// An error if another package has its file in the same object, or may have it there.
async fn require_unused(
    client: &Client,
    package: &Package,
    object: &ObsLocation,
    options: &CallOptions,
) -> Result<(), Error> {
    let own = Some(&package.package_type).filter(|own| !own.as_str().is_empty() && !PackageType::KNOWN.contains(own));
    for package_type in PackageType::KNOWN.iter().chain(own) {
        let mut packages =
            pin!(client.packages().list(package_type.clone()).unchecked().with_options(options).stream());
        while let Some(other) = packages.try_next().await? {
            if other.package_id == package.package_id {
                continue;
            }
            let shown = match client.packages().show(&other.package_id).with_options(options).send_unchecked().await {
                Ok(shown) => shown.into_inner(),
                // It was deleted meanwhile.
                Err(error) if error.is_not_found() => continue,
                Err(error) => return Err(error),
            };
            let Some(location) = shown.obs_location() else { continue };
            let (key, id, version) = (&object.object_key, &shown.package_id, &shown.version);
            let (kind, message, also) = match location.is_object_of(object) {
                Some(false) => continue,
                Some(true) => (
                    ErrorKind::InUse,
                    format!("object {key:?} is also the file of package {id}, version {version}"),
                    ", or that other package first",
                ),
                None => (
                    ErrorKind::Unintelligible,
                    format!(
                        "where the file of package {id}, version {version}, is cannot be read; it may be object {key:?}"
                    ),
                    "",
                ),
            };
            return Err(
                Error::new(kind, message).with_hint(format!("nothing was deleted; delete the package alone{also}"))
            );
        }
    }
    Ok(())
}

/// The error of a delete that left the object where it is. Repeated, it would find no package and not know the object.
fn may_be_deleted(error: Error, package_id: &PackageId, object: &ObsLocation) -> Error {
    let (bucket, key) = (&object.bucket_name, &object.object_key);
    let stays = format!("object {key:?} in bucket {bucket:?} is not deleted");
    if error.is_retryable() && error.may_have_acted() {
        return error.unknown(&stays, Sought::Deleted { package_id: package_id.clone() });
    }
    match error.hint().map(|hint| format!("{hint}; {stays}")) {
        Some(hint) if error.is_outcome_unknown() => error.with_hint(hint),
        _ => error,
    }
}

async fn delete(obs: &Obs, package_id: &PackageId, object: &ObsLocation) -> Result<(), Error> {
    let (bucket, key) = (&object.bucket_name, &object.object_key);
    match obs.delete(bucket, key).await {
        Err(error) if !error.is_not_found() => {
            let message = format!("package {package_id} is deleted, but object {key:?} in bucket {bucket:?} is not");
            Err(Error::new(ErrorKind::Incomplete, message)
                .with_source(error)
                .with_operation("obs_delete_object")
                .with_hint("delete the object by other means, such as the console of OBS; there is no package to repeat this with"))
        }
        _ => Ok(()),
    }
}
